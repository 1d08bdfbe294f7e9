import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from addons.simple.page import Page, versions_of
from addons.sources.index import Index
from addons.sources.source import ProjectAbsent, SourceUnavailable
from tests.addons.sources.places import DEMO, Time, only_file, private_index, public_index, whole
from tests.fakepypi import (
    ContentType,
    FakeFile,
    FakePyPI,
    GzipBody,
    Hang,
    LoginPage,
    Redirect,
    Reset,
    Status,
    Truncate,
)

PATH = "/simple/demo/"
JSON = "application/vnd.pypi.simple.v1+json"


def names(page: Page) -> list[str]:
    return [file.filename for file in page.files]


def document(pypi: FakePyPI, body: object, content_type: str = JSON) -> None:
    """Let the page be anything at all."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    pypi.fault(PATH, Status(200, content, content_type))


def entry(file: FakeFile, **changes: Any) -> dict[str, Any]:
    """Make an entry of a JSON page."""
    return {"filename": file.filename, "url": file.url, "hashes": dict(file.hashes), **changes}


# Pages


async def test_page__in_json__keeps_every_field(pypi: FakePyPI, index: Index) -> None:
    """What upstream says of a file is on our page, known and unknown keys alike."""
    file = pypi.release(
        *("demo", "1.0"), requires_python=">=3.9", yanked="broken", announce_metadata=True, extra={"x-new": [1]}
    )
    pypi.extra("demo", meta={"_last-serial": 77})
    page = await index.page(DEMO)
    [listed] = page.files
    assert (listed.filename, listed.url, listed.hashes, listed.size) == (
        file.filename,
        file.url,
        file.hashes,
        file.size,
    )
    assert (listed.requires_python, listed.yanked, listed.upload_time) == (">=3.9", "broken", file.upload_time)
    assert (listed.core_metadata, listed.unknown) == (file.metadata_hashes, {"x-new": [1]})
    assert (page.meta, page.versions, page.source) == ({"_last-serial": 77}, ("1.0",), "pypi")
    assert pypi.requests[0].headers["accept"].startswith(f"{JSON}, ")


async def test_page__from_an_html_only_index__is_read_as_well(pypi: FakePyPI, index: Index) -> None:
    """NEG-10: it is the answer's type that counts."""
    file = pypi.release("demo", "1.0", requires_python=">=3.9", yanked="a & b")
    pypi.html_only("demo")
    listed = await only_file(index)
    assert (listed.url, listed.hashes, listed.requires_python) == (file.url, file.hashes, ">=3.9")
    assert (listed.yanked, listed.size) == ("a & b", None)


async def test_page__over_a_redirect__resolves_against_where_it_came_from(pypi: FakePyPI, index: Index) -> None:
    """HTM-09: relative links are those of the final address."""
    file = pypi.release("demo", "1.0")
    body = json.dumps(
        {"meta": {"api-version": "1.0"}, "name": "demo", "files": [entry(file, url=f"d/{file.filename}")]}
    )
    pypi.document("files.pythonhosted.org", "/mirror/there", body.encode(), JSON)
    pypi.fault(PATH, Redirect("https://files.pythonhosted.org/mirror/there"))
    assert (await only_file(index)).url == f"https://files.pythonhosted.org/mirror/d/{file.filename}"


async def test_page__of_thousands_of_files__is_read(pypi: FakePyPI, index: Index) -> None:
    """A big document is parsed beside the event loop, with the same outcome."""
    file = pypi.release("demo", "1.0")
    files = [
        entry(
            file,
            filename=f"demo-{n}-py3-none-any.whl",
            url=f"https://files.pythonhosted.org/p/demo-{n}-py3-none-any.whl",
        )
        for n in range(2000)
    ]
    document(pypi, {"meta": {"api-version": "1.0"}, "name": "demo", "files": files})
    assert len((await index.page(DEMO)).files) == 2000


@pytest.mark.parametrize("status", [404, 410])
async def test_page__that_upstream_says_is_not_there__is_absent(pypi: FakePyPI, index: Index, status: int) -> None:
    """Only a definite answer says so."""
    pypi.fault(PATH, Status(status))
    with pytest.raises(ProjectAbsent):
        await index.page(DEMO)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        *(
            (Status(code), f"pypi.org answered {code}")
            for code in (201, 204, 206, 304, 400, 401, 403, 429, 500, 502, 503)
        ),
        (Status(302), "pypi.org answered 302"),
        (Reset("headers"), "broke the connection"),
        (Reset("body", 20), "broke off"),
        (Truncate(20), "broke off"),
        (Hang("headers"), "did not answer in time"),
        (Hang("body", 20), "stopped sending"),
        (LoginPage(), "is no page"),
        (ContentType("text/plain"), "answered with text/plain, which is no page"),
        (ContentType("application/json"), "answered with application/json"),
        (ContentType(None), "answered with no content type"),
        (ContentType("text/html"), "is no page"),
        (GzipBody(labelled=False), "is no page"),
        (Redirect("https://example.org/simple/demo/"), "no host that the configuration lets"),
        (Redirect("http://pypi.org/simple/demo/"), "no host that the configuration lets"),
        (Status(200, b"{}", JSON), "is no page"),
        (Status(200, b"[]", JSON), "is no page"),
        (Status(200, b"", JSON), "is no page"),
        (Status(200, b"", "text/html"), "is no page"),
        (Status(200, b'{"files": {}}', JSON), "is no page"),
        (Status(200, b'{"meta": {"api-version": "2.0"}, "files": []}', JSON), "API version"),
    ],
)
async def test_page__from_an_upstream_at_fault__is_unavailable_never_absent(
    pypi: FakePyPI, kind: Any, words: str
) -> None:
    """NEG-11, MRG-03: errors, time-outs, login pages and damaged pages are no answer, and say so with the source's name."""
    pypi.release("demo", "1.0")
    pypi.fault(PATH, kind)
    async with public_index(pypi, read_seconds=0.3) as index:
        with pytest.raises(SourceUnavailable, match=f"source pypi: .*{words}"):
            await index.page(DEMO)


async def test_page__that_is_too_large__is_unavailable(pypi: FakePyPI) -> None:
    """No page can fill the memory."""
    document(pypi, b" " * 1_000_001)
    async with public_index(pypi, max_page_mb=1) as index:
        with pytest.raises(SourceUnavailable, match="more than 1 MB"):
            await index.page(DEMO)


async def test_page__while_nothing_listens__is_unavailable(pypi: FakePyPI) -> None:
    """An index that is down is not one that has nothing."""
    pypi.fault("", Reset("connect"))
    async with public_index(pypi) as index:
        with pytest.raises(SourceUnavailable, match=r"pypi\.org could not be reached"):
            await index.page(DEMO)


# Which files


async def test_files__on_hosts_that_may_not_be_dialled__are_left_out_and_said(
    pypi: FakePyPI, index: Index, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a foreign host, nor one that only looks like ours, nor plain HTTP; their versions go with them."""
    good = pypi.release("demo", "1.0")
    urls = {
        "2.0": "https://example.org/x/",
        "3.0": "https://files.pythonhosted.org.example.org/x/",
        "4.0": "http://files.pythonhosted.org/x/",
        "5.0": "https://127.0.0.1/x/",
    }
    bad = [
        entry(good, filename=name, url=url + name)
        for name, url in ((f"demo-{version}-py3-none-any.whl", url) for version, url in urls.items())
    ]
    meta = {"api-version": "1.0"}
    document(pypi, {"meta": meta, "name": "demo", "versions": ["1.0", *urls], "files": [entry(good), *bad]})
    page = await index.page(DEMO)
    assert names(page) == [good.filename]
    assert versions_of(page) == ("1.0",)
    assert "source pypi: 4 files of demo lie on hosts that are not in its files_hosts" in caplog.text


async def test_files__of_pypi_on_a_further_host__are_left_out(pypi: FakePyPI) -> None:
    """URLs of PyPI reach clients unchanged: on a host that is not PyPI's no policy would see the request."""
    file = pypi.release("demo", "1.0")
    other = entry(file, filename="demo-2.0-py3-none-any.whl", url="https://example.org/demo-2.0-py3-none-any.whl")
    document(pypi, {"meta": {"api-version": "1.0"}, "name": "demo", "files": [entry(file), other]})
    async with public_index(pypi, files_hosts=("example.org",)) as index:
        assert names(await index.page(DEMO)) == [file.filename]


async def test_files__of_a_private_index_on_its_own_hosts__are_kept(pypi: FakePyPI) -> None:
    """Its own host always counts, and the further ones that are configured."""
    private = pypi.private()
    own = private.release("demo", "1.0")
    far = replace(own, filename="demo-2.0-py3-none-any.whl", url="https://example.org/demo-2.0-py3-none-any.whl")
    private.add(far)
    async with private_index(pypi, private) as index:
        assert names(await index.page(DEMO)) == [own.filename]
    async with private_index(pypi, private, files_hosts=("example.org",)) as index:
        assert sorted(names(await index.page(DEMO))) == [own.filename, far.filename]


# How long a page is good


async def test_page__within_its_max_age__is_not_asked_again(pypi: FakePyPI, index: Index, time: Time) -> None:
    """Cache-Control counts by the injected clock; then it is revalidated with upstream's own ETag, and kept again."""
    pypi.cache_control = "max-age=120, public"
    pypi.release("demo", "1.0")
    first = await index.page(DEMO)
    for seconds, asked in ((119, 1), (2, 2), (119, 2), (2, 3)):
        time.now += seconds
        assert await index.page(DEMO) == first
        assert len(pypi.asked(PATH)) == asked
    assert [seen.status for seen in pypi.requests] == [200, 304, 304]
    assert "if-none-match" not in pypi.requests[0].headers
    assert pypi.requests[1].headers["if-none-match"].startswith('"')


@pytest.mark.parametrize(
    ("cache_control", "fresh"),
    [
        ("max-age=0", 0),
        ("no-cache, max-age=500", 0),
        ("no-store", 0),
        ("max-age=-5", 0),
        (None, 60),
        ("public", 60),
        ("max-age=soon", 60),
        ("max-age=599", 599),
        ("max-age=365000000, immutable, public", 600),
    ],
)
async def test_page__by_cache_control__is_good_for_so_long(
    pypi: FakePyPI, index: Index, time: Time, cache_control: str | None, fresh: int
) -> None:
    """CCH-06: upstream's word counts up to ten minutes, the configured one where there is none."""
    pypi.cache_control = cache_control
    pypi.release("demo", "1.0")
    await index.page(DEMO)
    time.now += max(fresh - 0.5, 0)
    await index.page(DEMO)
    assert len(pypi.asked(PATH)) == (1 if fresh else 2)
    time.now += 1
    await index.page(DEMO)
    assert len(pypi.asked(PATH)) == (2 if fresh else 3)


async def test_page__changed_upstream__is_the_new_one_after_its_time(pypi: FakePyPI, index: Index, time: Time) -> None:
    """Releases, yanks and removals show as soon as the page is asked for again."""
    file = pypi.release("demo", "1.0")
    await index.page(DEMO)
    pypi.release("demo", "2.0")
    pypi.yank("demo", "1.0", "broken")
    assert len((await index.page(DEMO)).files) == 1
    time.now += 601
    page = await index.page(DEMO)
    assert {f.filename: f.yanked for f in page.files} == {file.filename: "broken", "demo-2.0-py3-none-any.whl": False}


async def test_project__taken_down_upstream__is_absent_and_forgotten(pypi: FakePyPI, index: Index, time: Time) -> None:
    """A confirmed takedown outweighs what was kept, also when the index fails right afterwards."""
    pypi.release("demo", "1.0")
    await index.page(DEMO)
    pypi.remove("demo")
    time.now += 601
    with pytest.raises(ProjectAbsent):
        await index.page(DEMO)
    pypi.fault(PATH, Status(304))
    with pytest.raises(SourceUnavailable):
        await index.page(DEMO)
    assert "if-none-match" not in pypi.requests[-1].headers


async def test_project__quarantined_upstream__offers_nothing(pypi: FakePyPI, index: Index, time: Time) -> None:
    """YNK-09: its status comes through, and no file."""
    pypi.release("demo", "1.0")
    await index.page(DEMO)
    pypi.quarantine("demo", reason="malware")
    time.now += 601
    page = await index.page(DEMO)
    assert (page.files, page.status, page.status_reason) == ((), "quarantined", "malware")


async def test_page__without_an_etag__is_asked_for_anew(pypi: FakePyPI, index: Index, time: Time) -> None:
    """An index without validators is asked without a condition."""
    file = pypi.release("demo", "1.0")
    document(pypi, {"meta": {"api-version": "1.0"}, "name": "demo", "files": [entry(file)]})
    await index.page(DEMO)
    time.now += 61
    assert names(await index.page(DEMO)) == [file.filename]
    assert ["if-none-match" in seen.headers for seen in pypi.requests] == [False, False]


async def test_page__asked_by_many_at_once__is_fetched_once(pypi: FakePyPI, index: Index) -> None:
    """A burst of clients is one request upstream."""
    pypi.release("demo", "1.0")
    gate = pypi.gate(PATH)
    asking = [asyncio.create_task(index.page(DEMO)) for _ in range(20)]
    await asyncio.to_thread(gate.reached.wait, 10)
    gate.open()
    assert len({id(page) for page in await asyncio.gather(*asking)}) == 1
    assert len(pypi.asked(PATH)) == 1


async def test_page__failing_for_many_at_once__fails_for_all_and_is_asked_again(pypi: FakePyPI, index: Index) -> None:
    """A fault is shared as well, but never kept."""
    pypi.release("demo", "1.0")
    pypi.fault(PATH, Status(500, b"down"), times=1)
    gate = pypi.gate(PATH)
    asking = [asyncio.create_task(index.page(DEMO)) for _ in range(5)]
    await asyncio.to_thread(gate.reached.wait, 10)
    gate.open()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {SourceUnavailable}
    assert len((await index.page(DEMO)).files) == 1


# Credentials


async def test_credentials__of_a_private_index__open_page_file_and_metadata(pypi: FakePyPI) -> None:
    """The index's own host gets them for all that lies there, and PyPI never does."""
    private = pypi.private()
    made = private.release("demo", "1.0", announce_metadata=True)
    async with private_index(pypi, private) as index, public_index(pypi) as public:
        file = await only_file(index)
        assert await whole(index, file) == made.content
        assert await index.core_metadata(file) == made.metadata
        with pytest.raises(ProjectAbsent):
            await public.page(DEMO)
    assert all("authorization" in seen.headers for seen in pypi.asked(host="localhost"))
    assert all("authorization" not in seen.headers for seen in pypi.asked(host="pypi.org"))


async def test_credentials__that_are_wrong__make_it_unavailable(pypi: FakePyPI) -> None:
    """A 401 is no answer: nobody else is asked instead."""
    private = pypi.private()
    private.release("demo", "1.0")
    pypi.fault("/private/", Status(401))
    async with private_index(pypi, private) as index:
        with pytest.raises(SourceUnavailable, match="source registry: localhost answered 401"):
            await index.page(DEMO)
