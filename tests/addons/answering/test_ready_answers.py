"""Answers that are ready: nothing is done twice, and what an answer comes from changes it, and nothing else does."""

import gzip
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard
from packaging.specifiers import SpecifierSet

from addons.answering.request import Request
from addons.answers import Answer
from addons.assembly import Present
from addons.origin.tickets import Delivery
from addons.policies.deny import DenyRule
from addons.policies.yank import YankRule
from addons.simple.names import ProjectName
from addons.simple.page import Page
from addons.sources.index import Index
from addons.view_parts import Memory
from proxyconf.rules import Policy
from proxyconf.settings import PYPI, Merge, Settings, Source
from tests.addons.answering.asking import AT, HTML, JSON, answering, page, request
from tests.addons.answering.in_hand import Counting, Embargo, InHand, at_once
from tests.addons.fetch.upstreams import upstream_settings
from tests.addons.policies.rules import page as page_of
from tests.addons.policies.rules import wheel
from tests.addons.sources.places import own_folder, public_index, put_wheel
from tests.fakepypi import FakePyPI

URL = "https://pypi.org/simple/foo-bar/"
FORMS = [JSON, HTML, "text/html"]
CODINGS = ["gzip", "zstd", "identity"]


def small(version: str = "v1", **more: Any) -> Page:
    """A page of two files, in the version that its source says."""
    return page_of(wheel("1.0"), wheel("2.0"), version=version, **more)


def large(version: str = "v1") -> Page:
    """A page of many files."""
    return page_of(*(wheel(f"{number}.0") for number in range(300)), version=version)


@pytest.fixture
async def index(pypi: FakePyPI) -> AsyncIterator[Index]:
    async with public_index(pypi) as running:
        yield running


# Warm


@pytest.mark.parametrize("shown", [small(), large()], ids=["small", "large"])
@pytest.mark.parametrize("accept", FORMS)
@pytest.mark.parametrize("code", CODINGS)
async def test_page__asked_again__is_the_very_answer_without_any_work(shown: Page, accept: str, code: str) -> None:
    """CCH-10: no policy, no rendering, no compression and no wait: the same object, for 200, 304 and HEAD alike."""
    policy = Counting()
    asked = answering(InHand(shown), policies=[policy])
    headers = {"Accept": accept, "Accept_Encoding": code}
    first = await asked.answer(request(URL, **headers))
    again = at_once(asked, request(URL, **headers))
    assert isinstance(first, Answer)
    assert first.status == 200
    assert again is first is at_once(asked, request(URL, "HEAD", **headers))
    tag = first.headers["ETag"]
    unchanged = [at_once(asked, request(URL, If_None_Match=tag, **headers)) for _ in range(2)]
    assert unchanged[0] is unchanged[1]
    assert isinstance(unchanged[0], Answer)
    assert unchanged[0].status == 304
    assert policy.judged == [shown.project]


async def test_page__of_an_index__asked_again__is_neither_fetched_nor_read_nor_waited_for(
    pypi: FakePyPI, index: Index
) -> None:
    """The warm way through the real source: upstream hears one request."""
    pypi.release("foo-bar", "1.0")
    asked = answering(index)
    first = await page(asked, "foo-bar")
    assert at_once(asked, request(URL, Accept=JSON)) is first
    assert len(pypi.requests) == 1


async def test_page__asked_in_other_words__is_the_very_answer() -> None:
    """CCH-10, NAM-12: neither a client's own Accept nor its query nor its other headers split the memory."""
    asked = answering(InHand(small()))
    first = await page(asked, "foo-bar")
    others: list[tuple[str, dict[str, str]]] = [
        ("", {"Accept": f"{JSON}, */*;q=0.1"}),
        (
            "",
            {"Accept": f"{JSON}, {HTML}; q=0.1, text/html; q=0.01", "User_Agent": "pip/26", "Authorization": "Basic x"},
        ),
        ("?x=1", {"Accept": "application/vnd.pypi.simple.latest+json"}),
        (f"?utm=a&format={JSON}", {"Accept": "text/html"}),
    ]
    assert all(at_once(asked, request(URL + query, **headers)) is first for query, headers in others)


async def test_metadata__asked_again__is_the_very_answer(pypi: FakePyPI, index: Index) -> None:
    """PEP 658: fetched, checked and compressed once."""
    file = pypi.release("foo-bar", "1.0", announce_metadata=True)
    asked = answering(index)
    wanted = request(file.url + ".metadata", Accept_Encoding="zstd")
    first = await asked.answer(wanted)
    assert at_once(asked, wanted) is first
    assert len(pypi.asked(host="files.pythonhosted.org")) == 1


async def test_file__on_a_page_in_hand__is_decided_without_waiting(pypi: FakePyPI, index: Index) -> None:
    """Its page decides, and that is ready."""
    file = pypi.release("foo-bar", "1.0")
    asked = answering(index)
    await page(asked, "foo-bar")
    found = at_once(asked, request(file.url))
    assert isinstance(found, Delivery)
    assert found.file.url == file.url
    assert len(pypi.requests) == 1


# What changes an answer


async def test_page__that_upstream_changed__is_another_and_judged_once_more() -> None:
    """CCH-02: upstream's new page; and the same page said once more is the same answer."""
    policy, source = Counting(), InHand(small())
    asked = answering(source, policies=[policy])
    first = await page(asked, "foo-bar")
    source.put(small())
    assert await page(asked, "foo-bar") is first
    source.put(page_of(wheel("1.0"), version="v2"))
    second = await page(asked, "foo-bar")
    assert second.headers["ETag"] != first.headers["ETag"]
    source.put(small())
    assert await page(asked, "foo-bar") is first
    assert len(policy.judged) == 2


async def test_page__of_a_project_that_a_policy_learned_of__is_judged_again_and_no_other() -> None:
    """An edit makes those pages again whose project it is about: the others are not even judged."""
    memory, other = Memory(), page_of("other-1.0.tar.gz", project=ProjectName("other"), version="o")
    source = InHand(small(), other)
    before = answering(source, policies=[Counting({"foo-bar": 1, "other": 1})], memory=memory)
    first = {name: await page(before, name) for name in ("foo-bar", "other")}
    policy = Counting({"foo-bar": 2, "other": 1})
    after = answering(source, policies=[policy], memory=memory)
    assert await page(after, "other") is first["other"]
    assert await page(after, "foo-bar") is not first["foo-bar"]
    assert policy.judged == ["foo-bar"]


def later(**passed: float) -> Request:
    """The request for the page, some time later."""
    return request(URL, Accept=JSON)._replace(at=AT + timedelta(**passed))


async def test_page__under_a_rule_that_knows_the_time__changes_when_the_rule_says() -> None:
    """A time rule is asked once, and again when its instant has come: not earlier, not later, not twice."""
    policy = Embargo(until=AT + timedelta(hours=1))
    asked = answering(InHand(small()), policies=[policy], hide=True)
    early = await asked.answer(request(URL, Accept=JSON))
    assert at_once(asked, later(minutes=59)) is early
    assert len(policy.judged) == 1
    late = await asked.answer(later(hours=1))
    assert at_once(asked, later(days=1)) is late
    assert isinstance(early, Answer)
    assert isinstance(late, Answer)
    assert (b"foo_bar-1.0" in early.body, b"foo_bar-1.0" in late.body) == (False, True)
    assert early.headers["ETag"] != late.headers["ETag"]
    assert len(policy.judged) == 2


async def test_page__of_a_folder__changes_with_a_new_file_of_its_project_only(tmp_path: Path) -> None:
    """A file that came is seen on the next request, and the other projects' pages are the same answers."""
    put_wheel(tmp_path, "foo_bar", "1.0")
    put_wheel(tmp_path, "other", "1.0")
    asked = answering(own_folder(tmp_path))
    first = {name: await page(asked, name) for name in ("foo-bar", "other")}
    put_wheel(tmp_path, "foo_bar", "2.0")
    second = {name: await page(asked, name) for name in ("foo-bar", "other")}
    assert second["other"] is first["other"]
    assert b"foo_bar-2.0" in second["foo-bar"].body


# What an edit of the configuration changes


type Make = Callable[..., Settings]


@pytest.fixture
def made(pypi: FakePyPI) -> Make:
    """Make settings whose PyPI is the fake."""
    return lambda **changes: Settings(**{"upstream": upstream_settings(pypi), **changes})


DENY = Policy(name="deny", rules=(DenyRule(project="demo", versions=SpecifierSet("==2.0"), reason="x"),))
DENY_OTHERWISE = Policy(name="deny", rules=(DenyRule(project="demo", versions=SpecifierSet("==2.0"), reason="y"),))
DENY_NOTHING_HERE = Policy(
    name="deny", rules=(DenyRule(project="elsewhere", reason="x"), DenyRule(project="more", reason="x"))
)
YANK = Policy(name="yank", rules=(YankRule(project="demo", reason="x"),))


async def answers_of(present: Present) -> list[Answer]:
    """Give the answers for a project that rules are about, and for another."""
    return [await page(present.assembly.view.answering, name) for name in ("demo", "other")]


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ({}, {"policies": (DENY,)}, [True, False]),
        ({"policies": (DENY,)}, {}, [True, False]),
        ({"policies": (DENY,)}, {"policies": (DENY_OTHERWISE,)}, [True, False]),
        ({"policies": (DENY,)}, {"policies": (DENY, YANK)}, [True, False]),
        ({"policies": (DENY,)}, {"policies": (DENY,), "contact": "Ask us"}, [True, False]),
        ({"policies": (DENY,)}, {"policies": (DENY,), "refusals": "hide"}, [True, True]),
        ({"policies": (DENY,)}, {"policies": (DENY,), "max_age_seconds": 5}, [True, True]),
        ({"policies": (DENY,)}, {"policies": (DENY_NOTHING_HERE, DENY)}, [False, False]),
        ({"policies": (DENY,)}, {"policies": (DENY,), "reserved": ("acme-*",)}, [False, False]),
        ({"policies": (DENY,)}, {"policies": (DENY,), "fresh_seconds": 5}, [False, False]),
    ],
)
async def test_swap__of_the_configuration__makes_what_it_is_about_again_and_nothing_else(
    pypi: FakePyPI, made: Make, before: Mapping[str, Any], after: Mapping[str, Any], changed: list[bool]
) -> None:
    """CCH-02: what an edit is not about is the very answer that was there before."""
    for name in ("demo", "other"):
        for version in ("1.0", "2.0"):
            pypi.release(name, version)
    present = Present(made(**before))
    try:
        first = await answers_of(present)
        await present.swap(made(**after))
        second = await answers_of(present)
    finally:
        await present.close()
    assert [now is not then for then, now in zip(first, second, strict=True)] == changed


async def test_swap__of_the_hosts_that_files_may_lie_on__shows_what_lies_there(
    pypi: FakePyPI, made: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CCH-02: the index says the very same bytes; which of it counts is another matter now."""
    monkeypatch.setenv("REGISTRY_SECRET", "secret")
    private = pypi.private()
    near = private.release("demo", "1.0")
    private.add(replace(near, filename="demo-2.0.tar.gz", url="https://example.org/demo-2.0.tar.gz"))
    registry = Source(
        name="registry", index=private.place.simple_url, username="reader", password_env="REGISTRY_SECRET"
    )
    present = Present(made(sources=(registry,)))
    try:
        before = await page(present.assembly.view.answering, "demo")
        await present.swap(made(sources=(msgspec.structs.replace(registry, files_hosts=("example.org",)),)))
        after = await page(present.assembly.view.answering, "demo")
    finally:
        await present.close()
    assert (b"demo-2.0" in before.body, b"demo-2.0" in after.body) == (False, True)


async def test_swap__of_what_is_merged__makes_that_page_again_and_nothing_else(
    pypi: FakePyPI, made: Make, tmp_path: Path
) -> None:
    """MRG-14, CCH-02: into one page and back again: what was not merged is the very answer that was there before."""
    put_wheel(tmp_path, "demo", "3.0")
    pypi.release("demo", "1.0")
    pypi.release("other", "1.0")
    sources = (Source(name="acme", folder=tmp_path), PYPI)
    merge = (Merge(project="demo", sources=("acme", "pypi")),)
    present = Present(made(sources=sources))
    try:
        alone, other = await answers_of(present)
        await present.swap(made(sources=sources, merge=merge))
        together, still = await answers_of(present)
        await present.swap(made(sources=sources))
        assert await answers_of(present) == [alone, other]
    finally:
        await present.close()
    assert (b"demo-1.0" in alone.body, b"demo-1.0" in together.body) == (False, True)
    assert still is other


async def test_etag__after_a_restart__is_the_same_for_the_same_page(pypi: FakePyPI, made: Make) -> None:
    """CCH-02: two gateways, one after the other, give one tag in each form and coding; clients need nothing anew."""
    for version in ("1.0", "2.0"):
        pypi.release("demo", version)
    tags = []
    for _ in range(2):
        present = Present(made(policies=(DENY,)))
        try:
            tags.append(
                [
                    (await page(present.assembly.view.answering, "demo", Accept=form, Accept_Encoding=code)).headers[
                        "ETag"
                    ]
                    for form in FORMS
                    for code in CODINGS
                ]
            )
        finally:
            await present.close()
    assert tags[0] == tags[1]
    assert len(set(tags[0])) == len(FORMS) * len(CODINGS)


# Codings


@pytest.mark.parametrize("compressing", [False, True])
@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        *(("gzip, deflate", "gzip"), ("gzip, deflate, zstd", "zstd"), ("zstd,gzip,deflate", "zstd")),
        *((refusing, "") for refusing in ("Identity", "gzip;q=0", "gzip;q=0, zstd;q=0", "br", "*")),
        ("zstd;q=0.5, gzip", "gzip"),
    ],
)
async def test_page__for_each_accept_encoding__is_coded_as_asked(
    pypi: FakePyPI, index: Index, compressing: bool, wanted: str, code: str
) -> None:
    """CCH-13: whether upstream compresses or not; never labelled as what it is not."""
    pypi.compress_pages = compressing
    pypi.release("foo-bar", "1.0")
    asked = answering(index)
    plain = await page(asked, "foo-bar")
    coded = await page(asked, "foo-bar", Accept_Encoding=wanted)
    assert coded.headers.get("Content-Encoding", "") == code
    assert decoded(coded.body, code) == plain.body
    assert (coded.headers["ETag"] == plain.headers["ETag"]) is (code == "")


def decoded(body: bytes, code: str) -> bytes:
    """Take a body out of its coding."""
    if code == "zstd":
        return zstandard.ZstdDecompressor().decompress(body)
    return gzip.decompress(body) if code == "gzip" else body
