"""Laws of answering: whatever is asked, there is an answer in words; and every route says the same of a file."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from addons.answering.answering import Answering
from addons.answering.request import Request
from addons.answers import Answer
from addons.origin.tickets import Delivery, Receiving
from addons.policies.deny import Deny
from addons.policies.policy import Policy
from addons.simple.page import File, Page
from proxyconf import hosts
from tests.addons.answering.asking import AT, JSON, answer, answering, get
from tests.addons.answering.in_hand import InHand
from tests.addons.policies.rules import deny_rule, policies
from tests.addons.policies.rules import page as page_of
from tests.addons.simple.drawing import PROJECT

FILES = "https://files.pythonhosted.org"
quick = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def listed(filename: str) -> File:
    """An entry of PyPI's page, at an address under its hash."""
    digest = filename.encode().hex().ljust(64, "0")[:64]
    url = f"{FILES}/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{quote(filename)}"
    announced = filename.endswith(".whl")
    return File(filename=filename, url=url, hashes={"sha256": "ab" * 32}, core_metadata=announced)


def a_page(*filenames: str) -> Page:
    """A page of PyPI's."""
    return msgspec.structs.replace(page_of(version="v"), files=tuple(map(listed, filenames)))


# Anything at all

WHEEL = "foo_bar-1.0-py3-none-any.whl"
some_files = [WHEEL, "foo_bar-2.0-py3-none-any.whl", "foo-bar-1.0.tar.gz"]
some_hosts = st.sampled_from([*sorted(hosts.INDEX), *sorted(hosts.FILES), *sorted(hosts.UPLOAD), "x.pypi.org", "[::1"])
pieces = st.sampled_from(
    [urlsplit(listed(name).url).path for name in some_files]
    + ["/simple/", "/pypi/", "/json", "/project/", "/integrity/", "/provenance", "/packages/", "/wheelgate/pypi/", "/rss/"]
    + ["foo-bar", "Foo_Bar", "none", "-", "1.0", "2.0", WHEEL, "foo-bar-1.0-1.tar.gz", ".metadata", ".asc", "/", "//", "/p/"]
    + ["..", ".", "%2e", "%2F", "%5c", "%00", "%", "%zz", "%ff", "%C3%A9", "%E2%84%AA", "?", "#", "&", "=", "+", "%2B", ";", ":"]
    + ["?format=", JSON, "text/html", ":action=list_classifiers", "\\", "\u00e9", "\r\n", " ", "\x00", "a" * 300, "(" * 40]
)  # fmt: skip
targets = (
    st.lists(pieces, max_size=7).map("".join) | st.lists(pieces, max_size=7).map(lambda p: "/" + "".join(p)) | st.text()
)
values = st.sampled_from([
    *(JSON, "*/*", "text/html;q=0.1, */*;q=2", "gzip, zstd", "*;q=0", '"a", W/"b"', "*", '"', "W/", "bytes=0-5", "bytes=9-1"),
    *("max-age=0", "no-cache", "max-age=" + "9" * 5000, "x=" + "\\" * 50, ",;,;=\"\x00", ", " * 2000, "(" * 500, "q=" * 500),
])  # fmt: skip
headers = st.dictionaries(
    st.sampled_from(
        [
            "accept",
            "accept-encoding",
            "if-none-match",
            "range",
            "if-range",
            "cache-control",
            "pragma",
            "origin",
            "host",
            "x",
        ]
    ),
    values | st.text(max_size=20),
)
methods = st.sampled_from(["GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "PUT", "get", ""]) | st.text(max_size=8)


def in_words(found: Answer) -> bool:
    """Tell whether an answer can be written to the wire, and says why if it refuses."""
    heads = [*found.headers.values(), *found.headers, found.reason]
    is_text = found.headers.get("Content-Type", "").startswith("text/plain")  # an upload's, where JSON is not preferred
    clean = all(text.isascii() and text.isprintable() for text in heads)
    return clean and (found.status < 400 or bool(found.reason and (is_text or json.loads(found.body))))


@pytest.fixture
def everything() -> Answering:
    """A project of PyPI's, partly denied."""
    return answering(InHand(a_page(*some_files)), policies=[Deny([deny_rule(versions="==2.0")])])


@quick
@given(method=methods, host=some_hosts | st.text(max_size=10), target=targets, sent=headers)
@example("GET", "pypi.org", "/simple/foo-bar/", {"cache-control": "max-age=" + "9" * 400})
@example("GET", "pypi.org", "/simple/foo-bar/?format=%00", {"accept": "\ud800", "if-none-match": '"\ud800'})
@example("GET", "pypi.org", "/pypi/foo-bar/\u00e9/json", {})
async def test_request__of_any_kind__has_an_answer_in_words(
    everything: Answering, method: str, host: str, target: str, sent: Mapping[str, str]
) -> None:
    """NAM-16: no exception and nothing unfiltered; a refusal is never a question for a password, nor a fault of ours."""
    found = await everything.answer(Request(method, host, target, sent, AT))
    if isinstance(found, Delivery):
        assert found.file.refused is None
        return
    assert not isinstance(found, Receiving)
    assert in_words(found)
    assert (
        found.status in (200, 204, 301, 302, 304, 308, 400, 403, 404, 405, 406, 410, 422)
        or target.partition("?")[0] == "/simple/"
    )
    assert b"foo_bar-2.0" not in found.body or b"Blocked by wheelgate" in found.body or found.status >= 400


# Every route agrees

versions = ["1.0", "1.0.post1", "1.5rc1", "2.0", "2.0+local.1", "3!1.0"]
wheels = st.sampled_from(versions).map(lambda version: f"foo_bar-{version}-py3-none-any.whl")
sdists = st.sampled_from(versions).map(lambda version: f"foo-bar-{version}.tar.gz")
odd = st.sampled_from(
    ["foo-bar-nightly.tar.gz", "foo_bar-1.0.win32.exe", "foo_bar-2.0-py3.8.egg", "foo-bar-1.0-1.tar.gz"]
)
some = st.lists(wheels | sdists | odd, unique=True, max_size=6)


def reach(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Give a file's URL on its page and the one that people make up."""
    return str(entry["url"]), f"{FILES}/packages/py3/f/{PROJECT}/{quote(str(entry['filename']))}"


@quick
@given(filenames=some, rules=st.lists(policies, max_size=3), hide=st.booleans(), own=st.booleans())
async def test_file__under_any_policies__is_had_exactly_if_the_page_offers_it(
    filenames: list[str], rules: list[Policy], hide: bool, own: bool
) -> None:
    """FIL-06, MET-14, YNK-05, LEG-11, MRG-02: page, file, metadata, predictable URL and provenance are one decision."""
    asked = answering(InHand(a_page(*filenames), own=own), policies=rules, hide=hide)
    shown = json.loads((await answer(asked, f"https://pypi.org/simple/{PROJECT}/", Accept=JSON)).body)
    whole = json.loads((await answer(answering(InHand(a_page(*filenames), own=own)), _page_url(), Accept=JSON)).body)
    on_page = {entry["filename"]: entry for entry in shown["files"]}
    quarantined = shown.get("project-status", {}).get("status") == "quarantined"
    for entry in whole["files"]:
        now = on_page.get(entry["filename"])
        blocked = quarantined or (now is not None and "Blocked by" in str(now.get("yanked", "")))
        await _one_decision(asked, entry, offered=now is not None and not blocked, own=own)
    assert on_page.keys() <= {entry["filename"] for entry in whole["files"]}


def _page_url() -> str:
    return f"https://pypi.org/simple/{PROJECT}/"


async def _one_decision(asked: Answering, entry: Mapping[str, Any], *, offered: bool, own: bool) -> None:
    url, predictable = reach(entry)
    assert isinstance(await get(asked, url), Delivery) is offered
    metadata = await answer(asked, url + ".metadata")
    announced = bool(entry.get("core-metadata"))
    assert metadata.status == ((200 if announced else 404) if offered else 403)
    assert (await answer(asked, predictable)).status == (302 if offered and not own else 403)
    head = await get(asked, url, "HEAD", Range="bytes=0-1")
    assert isinstance(head, Delivery) is offered


@quick
@given(filenames=some, rules=st.lists(policies, max_size=3), hide=st.booleans())
async def test_legacy_json__under_any_policies__names_the_files_of_the_page(
    filenames: list[str], rules: list[Policy], hide: bool
) -> None:
    """LEG-02, MRG-02: no file more and none less that belongs to a release, with the same marks, in HTML as well."""
    asked = answering(InHand(a_page(*filenames)), policies=rules, hide=hide)
    shown = json.loads((await answer(asked, _page_url(), Accept=JSON)).body)
    html = (await answer(asked, _page_url(), Accept="text/html")).body.decode()
    found = await answer(asked, f"https://pypi.org/pypi/{PROJECT}/json")
    document = json.loads(found.body) if found.status == 200 else {"releases": {}}
    named = {file["url"]: bool(file["yanked"]) for files in document["releases"].values() for file in files}
    marked = {entry["url"]: bool(entry.get("yanked", False)) for entry in shown["files"]}
    assert named.items() <= marked.items()
    assert all(url in html for url in marked)
    assert html.count("<a ") == len(marked)
