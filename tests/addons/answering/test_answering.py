import hashlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from addons.answers import CROSS_ORIGIN, Answer
from addons.origin.tickets import Delivery
from addons.policies.deny import Deny, DenyRule
from addons.policies.policy import Policy
from addons.policies.yank import Yank, YankRule
from addons.sources.index import Index
from tests.addons.answering.asking import answer, answering, get, page
from tests.addons.sources.places import own_folder, public_index, put_sdist, put_wheel, whole
from tests.fakepypi import Corrupt, FakePyPI, Hang, Status

WORDS = "Blocked by wheelgate: deny SEC-1: steals tokens. Ask #help"


@pytest.fixture
async def index(pypi: FakePyPI) -> AsyncIterator[Index]:
    async with public_index(pypi) as running:
        yield running


def deny(versions: str | None = None, project: str = "demo") -> Policy:
    specifiers = None if versions is None else SpecifierSet(versions)
    return Deny([DenyRule(project=project, versions=specifiers, reason="steals tokens", id="SEC-1")], "Ask #help")


# Pages


async def test_page__of_a_project__is_answered(pypi: FakePyPI, index: Index) -> None:
    """The way through, from request to bytes."""
    file = pypi.release("demo", "1.0")
    found = await page(answering(index, max_age_seconds=7), "demo")
    assert (found.status, found.headers["Cache-Control"]) == (200, "max-age=7")
    assert [entry["url"] for entry in json.loads(found.body)["files"]] == [file.url]


@pytest.mark.parametrize(("spelling", "query"), [("Demo", ""), ("d_e.mo", "?x=1"), ("DEMO", "?format=text/html")])
async def test_page__of_a_name_spelled_otherwise__moves_to_the_one_spelling(
    pypi: FakePyPI, index: Index, spelling: str, query: str
) -> None:
    """NAM-04, NAM-05: a pure function of the request, asked of nobody; the query is kept."""
    found = await answer(answering(index), f"https://pypi.org/simple/{spelling}/{query}")
    normal = spelling.lower().replace("_", "-").replace(".", "-")
    assert (found.status, found.headers["Location"]) == (301, f"/simple/{normal}/{query}")
    assert pypi.requests == []


@pytest.mark.parametrize("spelling", ["-", "%E2%84%AAube", "a%0Bb", "a b", "demo;x", "..."])
async def test_page__of_what_is_no_name__asks_nobody(pypi: FakePyPI, index: Index, spelling: str) -> None:
    """NAM-02: never looked up, in no spelling."""
    found = await answer(answering(index), f"https://pypi.org/simple/{spelling}/")
    assert found.status in (400, 404)
    assert pypi.requests == []


async def test_page__of_no_project__is_404_in_words(index: Index) -> None:
    """NAM-15: absent is 404, and says of what."""
    found = await page(answering(index), "nothing")
    assert (found.status, found.reason) == (404, "wheelgate: no source has a project nothing")


async def test_page__while_the_index_is_down__is_503_in_words(
    pypi: FakePyPI, index: Index, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault that may pass: the client may ask again, the log has it as well."""
    pypi.fault("/simple/", Status(500))
    found = await page(answering(index), "demo")
    assert (found.status, found.headers["Retry-After"]) == (503, "5")
    assert found.reason == "wheelgate: source pypi: pypi.org answered 500"
    assert "source pypi: pypi.org answered 500" in caplog.text


async def test_request__without_a_route__is_answered_at_once(pypi: FakePyPI, index: Index) -> None:
    """What the routes refuse, nobody is asked about."""
    asked = answering(index)
    assert (await answer(asked, "https://pypi.org/stats/")).status == 403
    assert (await answer(asked, "https://pypi.org/simple/demo/", "DELETE")).status == 405
    assert pypi.requests == []


# Files


async def test_file__on_the_page__is_delivered(pypi: FakePyPI, index: Index) -> None:
    """FIL-02, FIL-05: the very file of the page, with its hash as tag, and for ever where it lies under its hash."""
    file = pypi.release("demo", "1.0")
    for method in ("GET", "HEAD"):
        found = await get(answering(index), file.url, method)
        assert isinstance(found, Delivery)
        assert (found.file.url, found.source) == (file.url, index)
        assert found.headers == {
            "Content-Type": "application/octet-stream",
            "Accept-Ranges": "bytes",
            "Cache-Control": "max-age=365000000, immutable, public",
            "ETag": f'"{file.sha256}"',
            **CROSS_ORIGIN,
        }
    assert pypi.asked(host="files.pythonhosted.org") == []


async def test_file__of_the_organisation__is_delivered_and_revalidated(tmp_path: Path) -> None:
    """FIL-05: it can be removed or replaced, so nobody keeps it for ever."""
    wheel = put_wheel(tmp_path, "demo", "1.0")
    folder = own_folder(tmp_path)
    asked = answering(folder)
    [entry] = json.loads((await page(asked, "demo")).body)["files"]
    found = await get(asked, entry["url"])
    assert isinstance(found, Delivery)
    assert await whole(folder, found.file) == wheel.read_bytes()
    assert found.headers["Cache-Control"] == "max-age=0"


async def test_file__without_a_hash__has_no_tag_and_is_not_kept_for_ever(pypi: FakePyPI, index: Index) -> None:
    """What cannot be proven is not called immutable."""
    made = pypi.release("demo", "1.0")
    pypi.add(replace(made, hashes={}))
    found = await get(answering(index), made.url)
    assert isinstance(found, Delivery)
    assert "ETag" not in found.headers
    assert found.headers["Cache-Control"] == "max-age=0"


@pytest.mark.parametrize("template", ['"{}"', 'W/"{}"', '"x", "{}"', "*"])
async def test_file__that_the_client_has__is_304(pypi: FakePyPI, index: Index, template: str) -> None:
    """Nothing is read from anywhere."""
    file = pypi.release("demo", "1.0")
    found = await answer(answering(index), file.url, If_None_Match=template.format(file.sha256))
    assert (found.status, found.body, found.headers["ETag"]) == (304, b"", f'"{file.sha256}"')
    assert isinstance(await get(answering(index), file.url, If_None_Match='"other"'), Delivery)


async def test_file__that_no_page_offers__is_refused_in_words(pypi: FakePyPI, index: Index) -> None:
    """FIL-07: direct references get what the page offers, and nothing else."""
    file = pypi.release("demo", "1.0")
    pypi.unlist(file, keep_bytes=True)
    for part in ("", ".metadata"):
        found = await answer(answering(index), file.url + part)
        assert (found.status, found.reason) == (403, f"wheelgate: no page offers {file.filename} at this address")
    assert pypi.asked(host="files.pythonhosted.org") == []


# Refusals


@pytest.mark.parametrize("hide", [False, True])
@pytest.mark.parametrize("versions", ["==2.0", None])
async def test_denied_file__by_every_way__is_refused_in_the_policys_words(
    pypi: FakePyPI, index: Index, caplog: pytest.LogCaptureFixture, versions: str | None, hide: bool
) -> None:
    """FIL-09, MET-14: file and metadata, GET and HEAD, with Range, with a tag that matches: one refusal, one wording."""
    caplog.set_level(logging.INFO)
    file = pypi.release("demo", "2.0", announce_metadata=True)
    asked = answering(index, policies=[deny(versions)], hide=hide)
    for part in ("", ".metadata"):
        for headers in ({}, {"Range": "bytes=0-5"}, {"If_None_Match": "*"}, {"If_None_Match": f'"{file.sha256}"'}):
            for method in ("GET", "HEAD"):
                found = await get(asked, file.url + part, method, **headers)
                assert isinstance(found, Answer)
                assert (found.status, found.reason) == (403, WORDS)
                document = json.loads(found.body)
                assert (document["code"], document["detail"]) == ("deny", f"demo 2.0: {WORDS}")
    assert pypi.asked(host="files.pythonhosted.org") == []
    assert f"refused {file.filename}: {WORDS}" in caplog.text


async def test_denied_file__without_a_version__is_named_in_the_detail(pypi: FakePyPI, index: Index) -> None:
    """uv prints the detail: which file it was can be told in any case."""
    file = pypi.add_bytes("demo", "0", "demo-nightly.tar.gz", b"x")
    found = await answer(answering(index, policies=[deny("==1.0")]), file.url)
    assert json.loads(found.body)["detail"] == f"demo demo-nightly.tar.gz: {WORDS}"


async def test_denied_own_file__at_its_own_address__is_refused(tmp_path: Path) -> None:
    """A policy is written once, and holds for every source."""
    name = put_wheel(tmp_path, "demo", "1.0").name
    asked = answering(own_folder(tmp_path), policies=[deny()])
    found = await answer(asked, f"https://files.pythonhosted.org/wheelgate/acme/demo/{name}")
    assert (found.status, found.reason) == (403, WORDS)


async def test_yanked_file__is_delivered(pypi: FakePyPI, index: Index) -> None:
    """YNK-05: a yank blocks nobody; the page has the warning."""
    file = pypi.release("demo", "1.0")
    asked = answering(index, policies=[Yank([YankRule(project="demo", reason="old")])])
    assert isinstance(await get(asked, file.url), Delivery)
    [entry] = json.loads((await page(asked, "demo")).body)["files"]
    assert entry["yanked"] == "Yanked by wheelgate: yank: old"


@pytest.mark.parametrize("versions", ["==1.0", "==2.0", "<2", None, ">9"])
async def test_files__of_a_hiding_page__can_be_had_exactly_if_they_are_on_it(
    pypi: FakePyPI, index: Index, versions: str | None
) -> None:
    """A file, and its metadata, can be had exactly when the page offers it; the two never disagree."""
    files = [pypi.release("demo", version, announce_metadata=True) for version in ("1.0", "1.5rc1", "2.0")]
    asked = answering(index, policies=[deny(versions)], hide=True)
    listed = {entry["url"] for entry in json.loads((await page(asked, "demo")).body)["files"]}
    for file in files:
        assert isinstance(await get(asked, file.url), Delivery) is (file.url in listed)
        assert ((await answer(asked, file.url + ".metadata")).status == 200) is (file.url in listed)


# Metadata


async def test_metadata__that_is_announced__is_answered_with_its_own_tag(pypi: FakePyPI, index: Index) -> None:
    """MET-03, MET-13: byte for byte, with a strong tag of its own and not the file's."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    assert file.metadata is not None
    asked = answering(index)
    found = await answer(asked, file.url + ".metadata")
    tag = found.headers["ETag"]
    assert (found.status, found.body) == (200, file.metadata)
    assert tag.startswith('"')
    assert file.sha256 not in tag
    assert found.headers["Cache-Control"] == "max-age=365000000, immutable, public"
    again = await answer(asked, file.url + ".metadata", If_None_Match=tag)
    assert (again.status, again.body) == (304, b"")
    assert (await answer(asked, file.url + ".metadata", If_None_Match=f'"{file.sha256}"')).status == 200


async def test_metadata__of_an_own_wheel__is_that_of_the_page(tmp_path: Path) -> None:
    """MET-02: what is announced is served, and hashes to what was announced; for an sdist nothing is announced."""
    put_wheel(tmp_path, "demo", "1.0")
    put_sdist(tmp_path, "demo", "1.0")
    asked = answering(own_folder(tmp_path))
    wheel, sdist = sorted(
        json.loads((await page(asked, "demo")).body)["files"], key=lambda entry: "whl" not in entry["url"]
    )
    found = await answer(asked, wheel["url"] + ".metadata")
    assert {"sha256": hashlib.sha256(found.body).hexdigest()} == wheel["core-metadata"]
    assert (await answer(asked, sdist["url"] + ".metadata")).status == 404


async def test_metadata__that_is_not_announced__is_404(pypi: FakePyPI, index: Index) -> None:
    """Nothing is fetched on a guess."""
    file = pypi.release("demo", "1.0")
    assert (await answer(answering(index), file.url + ".metadata")).status == 404
    assert pypi.asked(host="files.pythonhosted.org") == []


@pytest.mark.parametrize(("kind", "status"), [(Corrupt(), 502), (Status(404), 502), (Status(500), 503), (Hang(), 503)])
async def test_metadata__that_cannot_be_had_as_announced__is_an_error_in_words(
    pypi: FakePyPI, caplog: pytest.LogCaptureFixture, kind: Corrupt | Status | Hang, status: int
) -> None:
    """A wrong one is 502, an outage 503; never the wrong bytes."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    pypi.fault(file.path + ".metadata", kind)
    async with public_index(pypi, read_seconds=0.3) as index:
        found = await answer(answering(index), file.url + ".metadata")
    assert found.status == status
    assert found.reason.startswith("wheelgate: ")
    assert caplog.records


async def test_page__of_an_own_project__never_names_the_public_one(
    pypi: FakePyPI, index: Index, tmp_path: Path
) -> None:
    """MRG-01, MRG-02: on page and file alike."""
    put_wheel(tmp_path, "demo", "1.0")
    public = pypi.release("demo", "97.0")
    asked = answering(own_folder(tmp_path), index)
    assert b"97.0" not in (await page(asked, "demo")).body
    assert (await answer(asked, public.url)).status == 403
    assert pypi.requests == []
