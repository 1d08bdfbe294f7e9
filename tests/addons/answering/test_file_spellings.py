"""FIL-06: one decision for a file in whatever way its URL is written, and for the URLs that people make up."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from addons.answering.request import Request
from addons.answers import Answer
from addons.origin.tickets import Delivery
from addons.policies.deny import Deny, DenyRule
from addons.sources.index import Index
from tests.addons.answering.asking import AT, answer, answering, get
from tests.addons.answering.file_paths import predictable, spellings
from tests.addons.sources.places import own_folder, public_index, put_wheel
from tests.fakepypi import FakePyPI, Status

HOSTS = ["https://files.pythonhosted.org", "https://pypi.org"]
WORDS = "Blocked by wheelgate: deny: steals tokens. Ask #help"
DENY = Deny([DenyRule(project="demo", versions=SpecifierSet("==1.0"), reason="steals tokens")], "Ask #help")


@pytest.fixture
async def index(pypi: FakePyPI) -> AsyncIterator[Index]:
    async with public_index(pypi) as running:
        yield running


def raw(host: str, target: str) -> Request:
    """Ask for a target to the letter."""
    return Request("GET", host.partition("//")[2], target, {}, AT)


@pytest.mark.parametrize("host", HOSTS)
async def test_file__in_every_spelling__is_had_alike(pypi: FakePyPI, index: Index, host: str) -> None:
    """FIL-06, NAM-09, NAM-11, NAM-12: escapes, capitals of the hash, a query and a fragment make no other file of it."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    asked = answering(index)
    for path in spellings(file.path):
        found = await asked.answer(raw(host, path))
        assert isinstance(found, Delivery), path
        assert found.file.url == file.url
    metadata = [await asked.answer(raw(host, path)) for path in spellings(file.path + ".metadata")]
    assert all(isinstance(each, Answer) and each.body == file.metadata for each in metadata)


@pytest.mark.parametrize("number", range(4))
async def test_file__whose_page_spells_it_with_capitals_or_escapes__is_had(
    pypi: FakePyPI, index: Index, number: int
) -> None:
    """FIL-06: what the page offers can be had, by its own spelling and by the usual one."""
    file = pypi.release("demo", "1.0")
    path = spellings(file.path)[number]
    pypi.add(replace(file, url=HOSTS[0] + path))
    for wanted in (path, file.path):
        found = await answering(index).answer(raw(HOSTS[0], wanted))
        assert isinstance(found, Delivery)
        assert found.file.url == HOSTS[0] + path


@pytest.mark.parametrize("host", HOSTS)
async def test_denied_file__in_every_spelling__is_refused_alike(pypi: FakePyPI, index: Index, host: str) -> None:
    """FIL-06, FIL-09, MET-14: with every method that reads, and with a range."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    asked = answering(index, policies=[DENY])
    for path in [*spellings(file.path), *spellings(file.path + ".metadata"), *predictable(file)]:
        for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"range": "bytes=0-9"})):
            found = await asked.answer(raw(host, path)._replace(method=method, headers=headers))
            assert isinstance(found, Answer)
            assert (found.status, found.reason, found.headers["Cache-Control"]) == (403, WORDS, "no-store"), path
    assert pypi.asked(host="files.pythonhosted.org") == []


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    "tail", [".asc", ".provenance", ".sig", ".metadata.metadata", ".metadata.asc", "/", "/x", ";x"]
)
async def test_file__with_a_tail_that_no_page_lists__is_not_had(
    pypi: FakePyPI, index: Index, host: str, tail: str
) -> None:
    """FIL-06, FIL-07: signatures and whatever else may lie beside a file are on no page."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    found = await answer(answering(index), host + file.path + tail)
    assert found.status in (400, 403, 404)
    assert pypi.asked(host="files.pythonhosted.org") == []


@pytest.mark.parametrize(
    "way", ["//packages/{}", "/packages//{}", "/packages/./{}", "/x/../packages/{}", "/packages/%2e/{}"]
)
async def test_file__by_a_path_of_two_meanings__is_refused(pypi: FakePyPI, index: Index, way: str) -> None:
    """NAM-09, NAM-10: and nothing is asked upstream."""
    file = pypi.release("demo", "1.0")
    for host in HOSTS:
        found = await answering(index).answer(raw(host, way.format(file.path.removeprefix("/packages/"))))
        assert isinstance(found, Answer)
        assert found.status == 400
    assert pypi.requests == []


# Predictable URLs


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("part", ["", ".metadata"])
async def test_predictable_url__of_a_file_on_its_page__leads_there(
    pypi: FakePyPI, index: Index, host: str, part: str
) -> None:
    """LEG-11, FIL-06, NAM-05: 302, kept by nobody, as where it leads may change; the file there is policed again."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    for path in predictable(file, part):
        found = await answer(answering(index), host + path)
        assert (found.status, found.headers["Location"]) == (302, file.url + part)
        assert found.headers["Cache-Control"] == "no-store"


async def test_predictable_url__of_a_denied_file__is_refused_in_the_policys_words(pypi: FakePyPI, index: Index) -> None:
    """LEG-11: at once: a client that follows no redirect is told as well."""
    file = pypi.release("demo", "1.0")
    for path in predictable(file):
        assert (await answer(answering(index, policies=[DENY]), HOSTS[0] + path)).reason == WORDS


async def test_predictable_url__of_what_no_page_lists__is_refused(pypi: FakePyPI, index: Index, tmp_path: Path) -> None:
    """LEG-11, FIL-07, MRG-02: gone from its page, of no project, or of the organisation's own project."""
    gone = pypi.release("demo", "1.0")
    pypi.unlist(gone, keep_bytes=True)
    name = put_wheel(tmp_path, "mine", "1.0").name
    asked = answering(own_folder(tmp_path), index)
    pypi.clear_log()
    for path in (f"/packages/py3/m/mine/{name}", f"/packages/source/m/mine/{name.replace('1.0', '2.0')}"):
        assert (await answer(asked, HOSTS[0] + path)).status == 403
    assert pypi.requests == []
    for path in (*predictable(gone), "/packages/py3/n/none/none-1.0-py3-none-any.whl", "/packages/source/o/odd/odd"):
        assert (await answer(asked, HOSTS[0] + path)).status == 403


async def test_predictable_url__of_an_ambiguous_sdist__leads_to_the_page_that_lists_it(
    pypi: FakePyPI, index: Index
) -> None:
    """FIL-08, LEG-11: `foo-1.0-1.tar.gz` is 1 of `foo-1.0` or 1.0.post1 of `foo`."""
    pypi.release("foo-1-0", "3.0")
    file = pypi.add_bytes("foo", "1.0.post1", "foo-1.0-1.tar.gz", b"x")
    found = await answer(answering(index), f"{HOSTS[0]}/packages/source/f/foo/foo-1.0-1.tar.gz")
    assert (found.status, found.headers["Location"]) == (302, file.url)


async def test_predictable_url__while_the_index_is_down__is_503(pypi: FakePyPI, index: Index) -> None:
    """Nothing is known, so nothing is refused for ever."""
    file = pypi.release("demo", "1.0")
    pypi.fault("/simple/", Status(500))
    found = await get(answering(index), HOSTS[0] + predictable(file)[0])
    assert isinstance(found, Answer)
    assert found.status == 503
