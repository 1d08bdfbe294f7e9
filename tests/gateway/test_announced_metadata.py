"""What pages announce of core metadata is served, with those very bytes, to whoever may have the file; and nothing else is."""

import gzip
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import zstandard

from tests.addons.metadata.archives import tarred
from tests.fakepypi import FakeFile, FakePyPI, IgnoreRange, NoContentLength
from tests.fakepypi.building import Recipe, sdist, wheel
from tests.gateway.announced import (
    fetched,
    hashed,
    head_of,
    metadata_of,
    said,
    unannounced,
    until,
    until_announced,
    wheel_of,
    wholes,
)
from tests.gateway.conftest import Start
from tests.gateway.listing import PUBLIC, listed
from tests.gateway.running import RunningGateway

LONG = b"".join(b"%d: \xc3\xa4 line that nobody reads\n" % number for number in range(7000))
PECULIAR = {
    "windows": head_of("windows").replace(b"\n", b"\r\n") + b"\r\nline\r\n",
    "marked": head_of("marked") + b"\n\xef\xbb\xbfwith a mark, and no line break at the end",
    "latin": head_of("latin") + b"Author: Ren\xe9 M\xfcller\n",
    "newer": head_of("newer", metadata_version="2.5") + b"Import-Name: newer\n",
    "newest": head_of("newest", metadata_version="2.6") + b"X-Nobody-Knows: this\nDynamic: version\n",
    "long": head_of("long") + b"\n" + LONG,
}


def test_metadata__in_hand__is_announced_in_every_form_with_its_hash(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """MET-01, MET-02, CCH-02: the page is another one then, and a client that has the one before gets it."""
    file = unannounced(pypi, "demo", "1.0")
    before = gateway.page("demo").headers["ETag"]
    assert said(gateway, file) is False
    served = metadata_of(gateway, file).content
    until_announced(gateway, file, served)
    assert served == file.metadata
    html = gateway.page("demo", Accept="text/html").text
    assert f'data-core-metadata="sha256={hashed(served)["sha256"]}"' in html
    [legacy] = gateway.get("https://pypi.org/pypi/demo/json").json()["urls"]
    assert legacy["core-metadata"] == hashed(served)
    after = gateway.page("demo", If_None_Match=before)
    assert after.status_code == 200
    assert gateway.page("demo", If_None_Match=after.headers["ETag"]).status_code == 304


@pytest.mark.parametrize("way", ["metadata", "ranges", "whole"])
def test_metadata__however_peculiar__is_passed_on_byte_for_byte(
    gateway: RunningGateway, pypi: FakePyPI, way: str
) -> None:
    """MET-03, MET-15: line ends, marks, encodings, unknown headers and 200 KB, wherever it comes from."""
    for project, metadata in PECULIAR.items():
        file = wheel_of(pypi, project, metadata)
        pypi.add(replace(file, metadata=metadata if way == "metadata" else None))
        if way == "whole":
            pypi.fault(file.path, IgnoreRange())
            pypi.fault(file.path, NoContentLength())  # else the whole is taken where it is no more than was asked for
        answer = metadata_of(gateway, file)
        assert answer.content == metadata, answer.text
        until_announced(gateway, file, metadata)
    assert len(wholes(pypi)) == (len(PECULIAR) if way == "whole" else 0)


def test_metadata__that_upstream_announces_and_is_empty__is_passed_on(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """MET-15: what an index has hashed is its word, and not ours to judge."""
    file = pypi.add(replace(pypi.release("demo", "1.0"), metadata=b"", metadata_hashes=hashed(b"")))
    answer = metadata_of(gateway, file)
    assert (answer.status_code, answer.content) == (200, b"")
    assert said(gateway, file) == hashed(b"")


@pytest.mark.parametrize("folder", ["Foo.Bar-1.0", "foo-bar-1.0", "FOO_BAR-1"])
def test_metadata__in_a_folder_that_is_spelled_otherwise__is_found(
    gateway: RunningGateway, pypi: FakePyPI, folder: str
) -> None:
    """MET-06: old tools wrote the name as they liked."""
    file = wheel_of(pypi, "foo-bar", head_of("Foo.Bar"), folder)
    assert metadata_of(gateway, file).content == head_of("Foo.Bar")


@pytest.mark.parametrize(
    ("metadata", "folders", "why"),
    [
        (head_of("demo"), ("demo-1.0", "other-1.0"), "has not exactly one .dist-info/METADATA of its project"),
        (head_of("demo"), ("other-1.0",), "has not exactly one .dist-info/METADATA of its project"),
        (head_of("other"), ("demo-1.0",), "has core metadata of 'other' '1.0', but is named demo 1.0"),
        (b"", ("demo-1.0",), "has core metadata without exactly one Name and one Version"),
    ],
    ids=["two", "none", "of another", "empty"],
)
def test_wheel__without_one_metadata_of_its_own__is_not_announced(
    start: Start, pypi: FakePyPI, caplog: pytest.LogCaptureFixture, metadata: bytes, folders: tuple[str, ...], why: str
) -> None:
    """MET-05, MET-02: also where that of all wheels was: it is 502 once, the log says why, and announced no more."""
    caplog.set_level("INFO")
    gateway = start(metadata={"ahead": True})
    good = unannounced(pypi, "good", "1.0")
    assert said(gateway, good)  # the index is known to serve metadata from here on
    file = wheel_of(pypi, "demo", metadata, *folders)
    asked = gateway.page("demo")
    if asked.json()["files"][0].get("core-metadata"):
        assert metadata_of(gateway, file).status_code in (404, 502)
    until(lambda: said(gateway, file) is False)
    assert metadata_of(gateway, file).status_code == 404
    assert f"source pypi: no metadata is announced of {file.filename}: it {why}" in caplog.text
    assert gateway.get(file.url).content == file.content  # the file is its user's to judge


def test_metadata__by_every_way_of_asking__is_one_answer(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """MET-13, MET-16: HEAD, codings as pip, uv and poetry ask for them, conditional; as immutable as the file."""
    file = pypi.add(replace(wheel_of(pypi, "long", PECULIAR["long"]), metadata=PECULIAR["long"]))
    plain = metadata_of(gateway, file, Accept_Encoding="identity")
    packed = _raw(gateway, file, "gzip")
    assert gzip.decompress(packed[1]) == plain.content == PECULIAR["long"]
    small = _raw(gateway, file, "zstd,gzip,deflate")
    assert zstandard.ZstdDecompressor().decompress(small[1], max_output_size=10**6) == plain.content
    assert len({plain.headers["ETag"], packed[0]["ETag"], small[0]["ETag"]}) == 3
    assert (packed[0]["Content-Encoding"], small[0]["Content-Encoding"]) == ("gzip", "zstd")
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Content-Type"] == "application/octet-stream"
    assert plain.headers["Cache-Control"] == "max-age=365000000, immutable, public"
    assert plain.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["ETag"].startswith('"')
    head = gateway.get(f"{file.url}.metadata", "HEAD", Accept_Encoding="identity")
    dated = {"date"}
    assert (head.status_code, head.content) == (200, b"")
    assert {k: v for k, v in head.headers.items() if k not in dated} == {
        k: v for k, v in plain.headers.items() if k not in dated
    }
    for tag in (plain.headers["ETag"], f'"x", W/{plain.headers["ETag"]}', "*"):
        again = metadata_of(gateway, file, Accept_Encoding="identity", If_None_Match=tag)
        assert (again.status_code, again.content) == (304, b"")
    other = metadata_of(gateway, file, Accept_Encoding="identity", If_None_Match=packed[0]["ETag"])
    assert other.content == plain.content


def _raw(gateway: RunningGateway, file: FakeFile, coding: str) -> tuple[dict[str, str], bytes]:
    """Give headers and the body as it came."""
    with (
        gateway.client() as client,
        client.stream("GET", f"{file.url}.metadata", headers={"Accept-Encoding": coding}) as answer,
    ):
        headers = {name.title().replace("Etag", "ETag"): value for name, value in answer.headers.items()}
        return headers, b"".join(answer.iter_raw())


def test_metadata__of_what_nobody_may_have__is_refused_as_the_file_is(start: Start, pypi: FakePyPI) -> None:
    """MET-14: denied, taken off the page, or never on one: the same status and words; upstream is asked for nothing of it."""
    pypi.cache_control = "max-age=0"
    denied, gone = unannounced(pypi, "demo", "1.0"), unannounced(pypi, "other", "1.0")
    first = start()
    for file in (denied, gone):
        assert metadata_of(first, file).status_code == 200  # it is in hand, which has no say in it
    first.stop()
    pypi.unlist(gone, keep_bytes=True)
    gateway = start(policies=[{"deny": [{"project": "demo", "reason": "steals tokens"}]}], fresh_seconds=0)
    never = replace(denied, url=denied.url.replace("demo-1.0", "demo-7.0"))
    for file in (denied, gone, never):
        before = len(pypi.requests)
        wanted = gateway.get(file.url)
        got = metadata_of(gateway, file)
        assert wanted.status_code == got.status_code == 403
        assert got.reason_phrase == wanted.reason_phrase
        assert all("/simple/" in seen.path for seen in pypi.requests[before:])
    assert "steals tokens" in metadata_of(gateway, denied).reason_phrase


def test_metadata__under_policies__follows_the_page(start: Start, pypi: FakePyPI) -> None:
    """MET-14: what is yanked can be had and is announced; what is denied is neither, nor fetched ahead."""
    files = {version: unannounced(pypi, "demo", version) for version in ("1.0", "2.0", "3.0")}
    rules = [
        {"deny": [{"project": "demo", "versions": "==3.0", "reason": "bad"}]},
        {"yank": [{"project": "demo", "versions": "==2.0", "reason": "old"}]},
    ]
    gateway = start(policies=rules, refusals="hide", metadata={"ahead": True})
    until_announced(gateway, files["1.0"], files["1.0"].metadata)
    assert metadata_of(gateway, files["2.0"]).content == files["2.0"].metadata
    until_announced(gateway, files["2.0"], files["2.0"].metadata)
    assert [str(entry["filename"]) for entry in listed(gateway, "demo")] == [
        files["1.0"].filename,
        files["2.0"].filename,
    ]
    assert fetched(pypi, files["3.0"]) == 0


@pytest.mark.parametrize("sdists", [False, True])
def test_own_files__of_a_folder__have_all_that_a_resolver_wants(start: Start, tmp_path: Path, sdists: bool) -> None:
    """MET-02: hash, size, upload time and metadata, which is served; an sdist's only where that is configured (MET-07)."""
    folder = tmp_path / "own"
    folder.mkdir()
    for make in (wheel, sdist):
        name, content = make(Recipe(name="lens", version="1.0", requires=["prism>=2"]))
        (folder / name).write_bytes(content)
    gateway = start(sources=[{"name": "own", "folder": str(folder)}, PUBLIC], metadata={"sdists": sdists})
    files = {str(entry["filename"]): entry for entry in listed(gateway, "lens")}
    for name, entry in files.items():
        content = (folder / name).read_bytes()
        assert (entry["hashes"], entry["size"]) == (hashed(content), len(content))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", str(entry["upload-time"]))
    answer = gateway.get(f"{files['lens-1.0-py3-none-any.whl']['url']}.metadata")
    assert b"Requires-Dist: prism>=2" in answer.content
    assert files["lens-1.0-py3-none-any.whl"]["core-metadata"] == hashed(answer.content)
    assert answer.headers["Cache-Control"] == "max-age=0"  # it may be replaced under its name
    assert bool(files["lens-1.0.tar.gz"].get("core-metadata")) is sdists
    assert gateway.get(f"{files['lens-1.0.tar.gz']['url']}.metadata").status_code == (200 if sdists else 404)


SDISTS = {
    "final": head_of("final", metadata_version="2.2"),
    "newer": head_of("newer", metadata_version="2.4") + b"Requires-Dist: x\n",
    "dynamic": head_of("dynamic", metadata_version="2.2") + b"Dynamic: Requires-Dist\n",
    "older": head_of("older", metadata_version="2.1"),
}


@pytest.mark.parametrize("sdists", [False, True])
def test_sdist__that_is_kept__is_announced_only_if_final_and_configured(
    start: Start, pypi: FakePyPI, caplog: pytest.LogCaptureFixture, sdists: bool
) -> None:
    """MET-07: PKG-INFO of the one folder, from 2.2 on, with nothing dynamic, of what is here; off by default."""
    caplog.set_level("INFO")
    files = {}
    for project, info in SDISTS.items():
        members = [(f"{project}-1.0/PKG-INFO", info), (f"{project}-1.0/{project}.egg-info/PKG-INFO", b"Name: no\n")]
        files[project] = pypi.add_bytes(project, "1.0", f"{project}-1.0.tar.gz", tarred(*members))
    unasked = pypi.release("unasked", "1.0", kind="sdist")
    gateway = start(metadata={"sdists": sdists, "ahead": True})
    for file in files.values():
        assert gateway.get(file.url).content == file.content
    announced = ("final", "newer") if sdists else ()
    for project in announced:
        until_announced(gateway, files[project], SDISTS[project])
        assert metadata_of(gateway, files[project]).content == SDISTS[project]
    for project in SDISTS.keys() - set(announced):
        why = f"no metadata is announced of {files[project].filename}: it has a PKG-INFO "
        until(lambda words=why: not sdists or words in caplog.text)  # type: ignore[misc] # bound
        assert said(gateway, files[project]) is False
        assert metadata_of(gateway, files[project]).status_code == 404
    assert said(gateway, unasked) is False
    assert fetched(pypi, unasked) == 0
    assert not [seen for seen in pypi.requests if seen.path.endswith(".metadata")]


def test_metadata_url__with_query_or_fragment_on_the_page__is_the_files_path(
    gateway: RunningGateway, pypi: FakePyPI
) -> None:
    """MET-01: the address is the file's own, and `.metadata` behind it."""
    file = unannounced(pypi, "demo", "1.0")
    metadata_of(gateway, file)
    html = gateway.page("demo", Accept="text/html").text
    [link] = re.findall(r'href="([^"]+)"', html)
    address = urlsplit(link)._replace(query="", fragment="").geturl()
    assert gateway.get(f"{address}.metadata").content == file.metadata
    assert pypi.asked(f"{file.path}.metadata")
