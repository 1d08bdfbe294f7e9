"""PyPI's documents beside the pages: kept as pages are, and never taken for what they are not."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from addons.simple.page import File
from addons.sources.index import Index
from addons.sources.source import LegacyDocument, SourceUnavailable, Told
from tests.addons.simple.drawing import json_values
from tests.addons.sources.places import DEMO, Time, only_file, own_folder, private_index, public_index
from tests.fakepypi import ContentType, FakePyPI, LoginPage, Reset, Status, Truncate
from tests.fakepypi.faults import Kind

PATH = "/pypi/demo/json"
PROVENANCE = "/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance"


async def asked(index: Index, version: str | None = None) -> LegacyDocument:
    """Give a document that there is."""
    found = await index.legacy(DEMO, version)
    assert found is not None
    return found


async def test_legacy__of_a_project_and_of_a_release__is_what_pypi_says(pypi: FakePyPI, index: Index) -> None:
    """LEG-01: the bytes as they came, and which release they describe."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "2.0")
    whole, one = await asked(index), await asked(index, "1.0")
    assert (whole.describes, one.describes) == ("2.0", "1.0")
    assert json.loads(whole.content)["releases"].keys() == {"1.0", "2.0"}
    assert whole.version != one.version
    assert pypi.requests[0].headers["accept"] == "application/json"


async def test_legacy__that_pypi_does_not_have__is_none(pypi: FakePyPI, index: Index) -> None:
    """LEG-01: plain mirrors lack the documents of releases; that is an answer, not a fault."""
    pypi.release("demo", "1.0")
    pypi.legacy = "projects"
    assert await index.legacy(DEMO, "1.0") is None
    assert await index.legacy(DEMO, None) is not None


async def test_legacy__within_its_max_age__is_not_asked_again__then_revalidated(
    pypi: FakePyPI, index: Index, time: Time
) -> None:
    """CCH-03: kept as long as upstream says, then asked about with upstream's own tag; equal words, equal version."""
    pypi.release("demo", "1.0")
    first = await asked(index)
    for seconds, times in ((599, 1), (2, 2), (599, 2)):
        time.now += seconds
        assert await asked(index) == first
        assert len(pypi.asked(PATH)) == times
    assert pypi.asked(PATH)[1].headers["if-none-match"].startswith('"')
    pypi.release("demo", "2.0")
    time.now += 2
    assert (await asked(index)).describes == "2.0"


async def test_legacy__that_is_missing__is_asked_for_again_after_a_minute(
    pypi: FakePyPI, index: Index, time: Time
) -> None:
    """CCH-09: "not there" is remembered for a minute at most, however long upstream would have it remembered."""
    pypi.release("demo", "1.0")
    pypi.fault(PATH, Status(404, headers={"Cache-Control": "max-age=600"}))
    assert await index.legacy(DEMO, None) is None
    pypi.lift()
    time.now += 59
    assert await index.legacy(DEMO, None) is None
    time.now += 2
    assert (await asked(index)).describes == "1.0"


@pytest.mark.parametrize("version", ["1.0+local.1", "1!2.0", "a b/c?d#e", "../..", "..", "%2e%2e", ""])
async def test_legacy__of_any_version_text__stays_one_segment_of_the_path(
    pypi: FakePyPI, index: Index, version: str
) -> None:
    """NAM-09: a version cannot lead to another address."""
    assert await index.legacy(DEMO, version) is None
    assert all(seen.path in (f"/pypi/demo/{version}/json", PATH) for seen in pypi.requests)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Status(500), "answered 500"),
        (Status(403), "answered 403"),
        (LoginPage(), "text/html"),
        (ContentType("text/plain"), "text/plain"),
        (ContentType(None), "no content type"),
        (Truncate(100), "no such document|broke"),
        (Reset(), "broke the connection"),
    ],
)
async def test_legacy__that_is_no_document__is_unavailable_in_words(
    pypi: FakePyPI, index: Index, fault: Kind, words: str
) -> None:
    """LEG-02: an error, a login page, a wrong label, half a document: never taken for "not there"."""
    pypi.release("demo", "1.0")
    pypi.fault(PATH, fault)
    with pytest.raises(SourceUnavailable, match=f"source pypi: .*({words})"):
        await index.legacy(DEMO, None)
    pypi.lift()
    assert (await asked(index)).describes == "1.0"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"info": null}',
        b'{"info": []}',
        b"{}",
        b'{"info": {}, "a": "\xff"}',
        b"[" * 100_000,
    ],
)
async def test_legacy__of_json_that_is_no_document__is_unavailable(pypi: FakePyPI, index: Index, body: bytes) -> None:
    """LEG-02: an object with `info` is the least; everything else about it may be odd."""
    pypi.document("pypi.org", PATH, body)
    with pytest.raises(SourceUnavailable, match="document"):
        await index.legacy(DEMO, None)


async def test_legacy__larger_than_a_page_may_be__is_unavailable(pypi: FakePyPI) -> None:
    """Memory does not grow with what upstream sends."""
    pypi.document("pypi.org", PATH, b'{"info": {}, "x": "' + b"x" * 1_000_000 + b'"}')
    async with public_index(pypi, max_page_mb=1) as index:
        with pytest.raises(SourceUnavailable, match="more than 1 MB"):
            await index.legacy(DEMO, None)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.builds(lambda value: json.dumps(value).encode(), json_values))
async def test_legacy__of_any_bytes__is_a_document_or_unavailable(pypi: FakePyPI, body: bytes) -> None:
    """LEG-02: whatever upstream sends, there is an answer in words."""
    pypi.document("pypi.org", PATH, body)
    async with public_index(pypi) as index:
        try:
            found = await index.legacy(DEMO, None)
        except SourceUnavailable:
            return
        assert found is not None
        assert isinstance(json.loads(found.content)["info"], dict)


async def test_documents__of_other_sources_than_pypi__are_none(pypi: FakePyPI, tmp_path: Path) -> None:
    """LEG-01, LEG-08: a folder has none, and an index that is not PyPI is not asked for any."""
    private = pypi.private()
    private.release("demo", "1.0", extra={"provenance": f"https://pypi.org{PROVENANCE}"})
    async with private_index(pypi, private) as index:
        [file] = (await index.page(DEMO)).files
        pypi.clear_log()
        for source in (index, own_folder(tmp_path)):
            assert await source.legacy(DEMO, None) is None
            assert await source.provenance(file) is None
            assert await source.classifiers() is None
    assert pypi.asked() == []


async def test_provenance__is_what_the_page_leads_to(pypi: FakePyPI, index: Index) -> None:
    """LEG-08: PyPI's own object, byte for byte, asked once."""
    pypi.release("demo", "1.0", extra={"provenance": f"https://pypi.org{PROVENANCE}"})
    pypi.document("pypi.org", PROVENANCE, b'{"version": 1}', "application/vnd.pypi.integrity.v1+json")
    file = await only_file(index)
    assert [await index.provenance(file) for _ in range(2)] == [Told(b'{"version": 1}')] * 2
    assert len(pypi.asked(PROVENANCE)) == 1
    assert "application/vnd.pypi.integrity.v1+json" in pypi.asked(PROVENANCE)[0].headers["accept"]


async def test_provenance__without_an_address_on_the_page__is_none(pypi: FakePyPI, index: Index) -> None:
    """LEG-08: PyPI is not asked what its page has answered."""
    pypi.release("demo", "1.0")
    file = await only_file(index)
    pypi.clear_log()
    assert await index.provenance(file) is None
    assert pypi.asked() == []
    assert await index.provenance(replace_provenance(file, "https://pypi.org/integrity/none")) is None


@pytest.mark.parametrize("url", ["https://example.org/provenance", "https://localhost/provenance"])
async def test_provenance__elsewhere__is_not_fetched(pypi: FakePyPI, index: Index, url: str) -> None:
    """LEG-08: an address on a page leads to no host but PyPI's."""
    pypi.release("demo", "1.0")
    with pytest.raises(SourceUnavailable, match="no host that the configuration lets this source dial"):
        await index.provenance(replace_provenance(await only_file(index), url))


async def test_classifiers__are_pypi_s(pypi: FakePyPI, index: Index) -> None:
    """LEG-12: the list as it is; none where PyPI has none there."""
    assert await index.classifiers() is None
    assert pypi.requests[0].query == "%3Aaction=list_classifiers"


def replace_provenance(file: File, url: str) -> File:
    """Give the file with another address of its provenance."""
    return File(filename=file.filename, url=file.url, hashes=file.hashes, provenance=url)
