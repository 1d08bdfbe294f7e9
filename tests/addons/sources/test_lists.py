"""What sources say their projects are: indexes over HTTP, folders by what lies in them."""

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from addons.sources.asking import Asking
from addons.sources.index import Index
from addons.sources.index_list import IndexList
from addons.sources.listed import ListDocument
from addons.sources.source import SourceUnavailable
from tests.addons.fetch.upstreams import upstream
from tests.addons.sources.places import Time, age, own_folder, private_index, public_index, put, put_wheel
from tests.fakepypi import (
    ContentType,
    FakePyPI,
    GzipBody,
    Hang,
    LoginPage,
    NoContentLength,
    Redirect,
    Reset,
    Status,
    Truncate,
)
from tests.fakepypi.faults import Kind

LIST = "/simple/"
JSON = "application/vnd.pypi.simple.v1+json"


def names(path: Path, *, gzipped: bool = False) -> list[str]:
    """Read the names of a document in JSON."""
    body = path.read_bytes()
    return [entry["name"] for entry in json.loads(gzip.decompress(body) if gzipped else body)["projects"]]


# An index


async def test_list__of_an_index__is_written_as_it_came(pypi: FakePyPI, index: Index, tmp_path: Path) -> None:
    """NEG-10: JSON is asked for first; type, ETag, serial and freshness are told, and the bytes are not touched."""
    pypi.create("alpha")
    document = await index.projects(tmp_path / "list")
    [seen] = pypi.asked(LIST)
    assert seen.headers["accept"].startswith(JSON)
    assert names(tmp_path / "list") == ["alpha"]
    assert (document.media_type, document.gzipped, document.serial) == (JSON, False, str(pypi.serial))
    assert document.etag
    assert document.fresh_seconds == 600


async def test_list__that_was_sent_compressed__is_kept_so(pypi: FakePyPI, index: Index, tmp_path: Path) -> None:
    """CCH-14: the coding is told, not passed on; nothing is decoded while it comes."""
    pypi.create("alpha")
    pypi.compress_pages = True
    document = await index.projects(tmp_path / "list")
    assert document.gzipped
    assert names(tmp_path / "list", gzipped=True) == ["alpha"]


async def test_list__that_is_known__is_not_sent_again(pypi: FakePyPI, index: Index, tmp_path: Path) -> None:
    """CCH-03: our own stored ETag goes upstream; after a 304 nothing is written and the version is the same."""
    pypi.create("alpha")
    known = await index.projects(tmp_path / "one")
    assert await index.projects(tmp_path / "two", known) == known
    assert not (tmp_path / "two").exists()
    assert pypi.asked(LIST)[1].headers["if-none-match"] == known.etag
    pypi.create("beta")
    changed = await index.projects(tmp_path / "three", known)
    assert changed.version != known.version
    assert names(tmp_path / "three") == ["alpha", "beta"]


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [("max-age=5", 5), ("max-age=31536000, immutable", 600), ("no-cache, max-age=60", 0), ("no-store", 0), (None, 60)],
)
async def test_freshness__is_what_upstream_says_up_to_ten_minutes(
    pypi: FakePyPI, index: Index, tmp_path: Path, cache_control: str | None, seconds: float
) -> None:
    """CCH-06: upstream's word counts, a long one only so far, and the configuration where there is none."""
    pypi.cache_control = cache_control
    assert (await index.projects(tmp_path / "list")).fresh_seconds == seconds


@pytest.mark.parametrize(
    "fault",
    [
        Status(503),
        Status(404),
        Status(204),
        Status(200, b"", "text/plain"),
        ContentType("application/json"),
        ContentType(None),
        Reset(),
        Reset("body", after_bytes=20),
        Truncate(after_bytes=20),
        Redirect("https://example.org/simple/"),
        Status(200, b"x", JSON, {"Content-Encoding": "br"}),
    ],
    ids=repr,
)
async def test_list__that_does_not_come_whole__is_unavailable(
    pypi: FakePyPI, index: Index, tmp_path: Path, fault: Kind
) -> None:
    """NEG-11: anything but a whole list of a type that lists have is no list, and no empty one."""
    pypi.create("alpha")
    pypi.fault(LIST, fault)
    with pytest.raises(SourceUnavailable, match="source pypi: "):
        await index.projects(tmp_path / "list")


@pytest.mark.parametrize("fault", [LoginPage(), NoContentLength(), GzipBody()], ids=repr)
async def test_list__of_a_type_that_lists_have__is_for_the_reader_to_judge(
    pypi: FakePyPI, index: Index, tmp_path: Path, fault: Kind
) -> None:
    """Here nothing is read: what the bytes mean is found where they are."""
    pypi.fault(LIST, fault)
    assert isinstance(await index.projects(tmp_path / "list"), ListDocument)


async def fetched(pypi: FakePyPI, path: Path, **limits: Any) -> None:
    """Fetch the list within limits."""
    async with upstream(pypi) as road:
        asking = Asking(source="pypi", upstream=road, fresh_seconds=60)
        await IndexList("https://pypi.org/simple/", asking, **limits).fetch(path, None)


async def test_list__that_is_too_long__is_broken_off(pypi: FakePyPI, tmp_path: Path) -> None:
    """What never ends fills no disk."""
    pypi.fault(LIST, Status(200, b" " * 3_000_000, JSON))
    with pytest.raises(SourceUnavailable, match="more than 2 MB"):
        await fetched(pypi, tmp_path / "list", most_bytes=2_000_000)
    assert (tmp_path / "list").stat().st_size <= 2_000_000


async def test_list__that_does_not_come__is_waited_for_no_longer(pypi: FakePyPI, tmp_path: Path) -> None:
    """Who waits hears of it in the end."""
    pypi.fault(LIST, Hang())
    with pytest.raises(SourceUnavailable, match=r"within 0\.05 s"):
        await fetched(pypi, tmp_path / "list", most_seconds=0.05)


async def test_list__that_nobody_waits_for__is_not_fetched_on(pypi: FakePyPI, index: Index, tmp_path: Path) -> None:
    """Whoever leaves ends the download."""
    gate = pypi.gate(LIST, after_bytes=5)
    task = asyncio.ensure_future(index.projects(tmp_path / "list"))
    await asyncio.to_thread(gate.reached.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_list__of_a_private_index__is_asked_for_with_its_password(pypi: FakePyPI, tmp_path: Path) -> None:
    """An own index lists its projects to those who may see them."""
    private = pypi.private()
    private.create("mine")
    async with private_index(pypi, private) as registry:
        await registry.projects(tmp_path / "list")
    assert names(tmp_path / "list") == ["mine"]


async def test_list__after_a_redirect__is_that_of_the_place_it_leads_to(
    pypi: FakePyPI, time: Time, tmp_path: Path
) -> None:
    """A redirect within the hosts of the source is followed."""
    pypi.create("alpha")
    pypi.fault(LIST, Redirect("https://pypi.org/simple/"), times=1)
    async with public_index(pypi, time) as index:
        await index.projects(tmp_path / "list")
    assert names(tmp_path / "list") == ["alpha"]


# A folder


async def test_list__of_a_folder__has_the_projects_that_have_a_page(tmp_path: Path) -> None:
    """MRG-12: whatever has a page is listed, nothing else that lies there is."""
    wheels = tmp_path / "wheels"
    put_wheel(wheels, "Acme.Pad", "1.0")
    put_wheel(wheels / "below", "zebra", "1.0")
    put(wheels, "damaged-1.0-py3-none-any.whl", b"no wheel")
    put(wheels, "README.txt", b"")
    put(wheels, ".hidden-1.0.tar.gz", b"")
    document = await own_folder(wheels).projects(tmp_path / "list")
    assert names(tmp_path / "list") == ["acme-pad", "damaged", "zebra"]
    assert (document.media_type, document.fresh_seconds) == (JSON, 0)


async def test_list__of_a_folder__is_that_of_this_moment(tmp_path: Path) -> None:
    """A project that came is there at once; while none comes or goes, the version stays and nothing is written."""
    wheels = tmp_path / "wheels"
    put_wheel(wheels, "alpha", "1.0")
    source = own_folder(wheels)
    known = await source.projects(tmp_path / "one")
    put_wheel(wheels, "alpha", "2.0")
    assert await source.projects(tmp_path / "two", known) == known
    assert not (tmp_path / "two").exists()
    put_wheel(wheels, "beta", "1.0")
    changed = await source.projects(tmp_path / "three", known)
    assert changed.version != known.version
    for path in wheels.glob("alpha*"):
        path.unlink()
    await source.projects(tmp_path / "four", changed)
    assert names(tmp_path / "four") == ["beta"]


async def test_list__of_a_settled_folder__takes_no_second_look(tmp_path: Path) -> None:
    """A folder that has not changed is not read again: only the times of its folders are."""
    wheels = tmp_path / "wheels"
    path = put_wheel(wheels, "alpha", "1.0")
    for each in (path, wheels):
        age(each, 1000)
    source = own_folder(wheels)
    known = await source.projects(tmp_path / "one")
    age(path, 2000)  # only a look at the file itself would see it
    assert await source.projects(tmp_path / "two", known) == known


async def test_list__of_a_folder_that_is_gone__is_unavailable(tmp_path: Path) -> None:
    """MRG-03: a folder that cannot be read is no empty one."""
    with pytest.raises(SourceUnavailable, match="acme"):
        await own_folder(tmp_path / "none").projects(tmp_path / "list")
