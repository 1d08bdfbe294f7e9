import hashlib
import logging
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from addons.simple.distributions import Distribution
from addons.simple.names import ProjectName
from addons.simple.page import File, Page
from addons.sources.folder import Folder
from addons.sources.source import FileGone, ProjectAbsent, SourceUnavailable, Span
from tests.addons.sources.places import DEMO, Time, age, own_folder, put, put_sdist, put_wheel, rest, whole

NAME = "demo-1.0-py3-none-any.whl"


@pytest.fixture
def folder(tmp_path: Path, time: Time) -> Folder:
    return own_folder(tmp_path / "wheels", time)


@pytest.fixture(autouse=True)
def wheels(tmp_path: Path) -> Path:
    """The folder itself."""
    (tmp_path / "wheels").mkdir()
    return tmp_path / "wheels"


async def later(folder: Folder, time: Time, project: ProjectName = DEMO) -> Page:
    """Ask when a new look is due."""
    time.now += 10
    return await folder.page(project)


def move(here: Path, there: Path) -> None:
    here.rename(there)


def names(page: Page) -> list[str]:
    return [file.filename for file in page.files]


# What is on the page


async def test_page__of_a_wheel__says_all_that_a_client_needs(folder: Folder, wheels: Path) -> None:
    """Hash, size, requires-python, upload time and metadata are those of the very bytes that lie there."""
    wheel = put_wheel(wheels, "demo", "1.0", requires_python=">=3.9, <4")
    age(wheel, 1_700_000_000.25)
    [file] = (await folder.page(DEMO)).files
    content = wheel.read_bytes()
    metadata = await folder.core_metadata(file)
    assert (file.filename, file.size, file.requires_python) == (NAME, len(content), ">=3.9, <4")
    assert file.hashes == {"sha256": hashlib.sha256(content).hexdigest()}
    assert file.upload_time == "2023-11-14T22:13:20.250000Z"
    assert datetime.fromisoformat(file.upload_time) == datetime.fromtimestamp(1_700_000_000.25, UTC)
    assert file.core_metadata == {"sha256": hashlib.sha256(metadata).hexdigest()}
    assert metadata.startswith(b"Metadata-Version: 2.2\nName: demo\n")


async def test_page__of_an_sdist__announces_no_metadata(folder: Folder, wheels: Path) -> None:
    """MET-07: sdists are listed without metadata beside them; what documents are made of is there all the same."""
    put_sdist(wheels, "demo", "1.0", requires_python=">=3.9")
    [file] = (await folder.page(DEMO)).files
    assert (file.filename, file.requires_python, file.core_metadata) == ("demo-1.0.tar.gz", ">=3.9", False)
    assert (await folder.core_metadata(file)).startswith(b"Metadata-Version: 2.2\nName: demo\n")


@pytest.mark.parametrize("line", [None, "", "   "])
async def test_page__of_a_file_without_requires_python__has_none(
    folder: Folder, wheels: Path, line: str | None
) -> None:
    """An empty line is no constraint."""
    put_wheel(wheels, "demo", "1.0", requires_python=line)
    [file] = (await folder.page(DEMO)).files
    assert file.requires_python is None


async def test_page__with_files_in_sub_folders__lists_them_in_a_stable_order(folder: Folder, wheels: Path) -> None:
    """Any depth counts; hidden files and folders do not; the order is the same at each look."""
    put_wheel(wheels / "a" / "b", "demo", "3.0")
    put_wheel(wheels, "demo", "1.0")
    put_wheel(wheels / "c", "Demo", "2.0")
    put_wheel(wheels / ".trash", "demo", "9.0")
    (wheels / f".{NAME.replace('1.0', '8.0')}").write_bytes(b"")
    page = await folder.page(DEMO)
    assert sorted(names(page)) == [NAME, NAME.replace("1.0", "2.0"), NAME.replace("1.0", "3.0")]
    assert names(await own_folder(wheels).page(DEMO)) == names(page)
    assert page.source == "acme"


async def test_page__with_links__follows_those_to_files_only(folder: Folder, wheels: Path, tmp_path: Path) -> None:
    """A link to a file is that file; one to a folder could lead in a circle, and a broken one leads nowhere."""
    put_wheel(tmp_path / "elsewhere", "demo", "1.0")
    (wheels / NAME).symlink_to(tmp_path / "elsewhere" / NAME)
    (wheels / "loop").symlink_to(wheels)
    (wheels / "demo-7.0-py3-none-any.whl").symlink_to(tmp_path / "nothing")
    assert names(await folder.page(DEMO)) == [NAME]


async def test_page__of_a_project_without_files__is_absent(folder: Folder, wheels: Path) -> None:
    """Only what lies there is had."""
    put_wheel(wheels, "demo", "1.0")
    with pytest.raises(ProjectAbsent):
        await folder.page(ProjectName("other"))


# What is left out


@pytest.mark.parametrize(
    ("filename", "content", "words"),
    [
        ("notes.txt", b"", "is not named like a wheel or an sdist"),
        (f"{NAME}.part", b"", "is not named like a wheel or an sdist"),
        ("demo-1.0-py3-none-any.whl", b"no archive", "is no readable ZIP archive"),
        ("demo-1.0.tar.gz", b"no archive", "is no readable archive"),
    ],
)
async def test_stray_file__in_the_folder__is_said_in_the_log_once(
    folder: Folder,
    wheels: Path,
    time: Time,
    caplog: pytest.LogCaptureFixture,
    filename: str,
    content: bytes,
    words: str,
) -> None:
    """The name at fault and why, once and not at each look; the others are had all the same."""
    put(wheels, filename, content)
    put_wheel(wheels, "demo", "2.0")
    for _ in range(3):
        assert names(await later(folder, time)) == [NAME.replace("1.0", "2.0")]
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert f"source acme: {filename} is left out: it {words}" in record.getMessage()


async def test_stray_file__changed__is_looked_at_again(
    folder: Folder, wheels: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """A copy that was under way is listed once it is whole."""
    whole_wheel = put_wheel(wheels / ".aside", "demo", "1.0").read_bytes()
    (wheels / NAME).write_bytes(whole_wheel[:100])
    assert names(await later(folder, time)) == []
    (wheels / NAME).write_bytes(whole_wheel)
    assert names(await later(folder, time)) == [NAME]
    assert len(caplog.records) == 1


async def test_file__that_may_not_be_read__is_listed_once_it_may(wheels: Path, time: Time) -> None:
    """A change of rights changes no content; it is noticed by the inode's own time, and the name is kept until then."""
    may = iter([False, True])

    def reader(path: Path, named: Distribution) -> bytes:
        if not next(may):
            raise PermissionError(13, "Permission denied")
        return b"Name: demo\n"

    put_wheel(wheels, "demo", "1.0").chmod(0o600)
    folder = Folder("acme", wheels, reader, time)
    assert names(await later(folder, time)) == []
    (wheels / NAME).chmod(0o644)
    assert names(await later(folder, time)) == [NAME]


async def test_file__lying_there_twice__counts_once_and_is_said_once(
    folder: Folder, wheels: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """JSN-17: one entry for a name, always the same one; the log tells of it once, and again if it comes back."""
    first, second = put_wheel(wheels / "a", "demo", "1.0"), put_wheel(wheels / "b", "demo", "1.0", padding=10)
    for _ in range(3):
        [file] = (await later(folder, time)).files
        assert await whole(folder, file) == first.read_bytes()
    [record] = caplog.records
    assert f"{NAME} lies there twice; {wheels / 'a'} counts" in record.getMessage()
    second.unlink()
    await later(folder, time)
    put_wheel(wheels / "b", "demo", "1.0", padding=20)
    await later(folder, time)
    assert len(caplog.records) == 2


async def test_file__lying_there_twice_with_the_same_bytes__is_nothing_to_tell(
    folder: Folder, wheels: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The same file in two places is one file."""
    for place in ("a", "b"):
        put_wheel(wheels / place, "demo", "1.0")
    assert names(await folder.page(DEMO)) == [NAME]
    assert caplog.records == []


# When it cannot be read


async def test_page__of_a_folder_that_is_gone__is_unavailable_never_absent(
    folder: Folder, wheels: Path, time: Time
) -> None:
    """A share that is not mounted says nothing about what is on it; when it is back, so are its projects."""
    put_wheel(wheels, "demo", "1.0")
    assert names(await folder.page(DEMO)) == [NAME]
    move(wheels, wheels.with_name("unmounted"))
    for project in ("demo", "other"):
        with pytest.raises(SourceUnavailable, match="its folder cannot be read"):
            await later(folder, time, ProjectName(project))
    move(wheels.with_name("unmounted"), wheels)
    assert names(await later(folder, time)) == [NAME]


# What changes


async def test_project__put_there_just_now__is_there(folder: Folder, wheels: Path) -> None:
    """MRG-06: not for a moment is an own project absent, so that the public index would be asked about it."""
    put_wheel(wheels / "below", "other", "1.0")
    for version in ("1.0", "2.0", "3.0"):
        count = int(version[0])
        if count == 1:
            with pytest.raises(ProjectAbsent):
                await folder.page(DEMO)
        put_wheel(wheels / "below", "demo", version)
        assert len((await folder.page(DEMO)).files) == count


async def test_file__rewritten_in_an_old_folder__is_looked_at_again(wheels: Path) -> None:
    """Writing into a file changes no folder; its own times tell."""
    folder = own_folder(wheels)
    wheel = put_wheel(wheels, "demo", "1.0")
    age(wheels, 1_700_000_000)
    [old] = (await folder.page(DEMO)).files
    _rewritten(wheels, put_wheel(wheels / ".aside", "demo", "1.0", padding=10).read_bytes())
    age(wheels, 1_700_000_000)
    [new] = (await folder.page(DEMO)).files
    assert new.hashes == {"sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()} != old.hashes


async def test_file__removed__leaves_page_and_address(folder: Folder, wheels: Path, time: Time) -> None:
    """What is taken out of the folder cannot be had any more, not even by who has the old page."""
    wheel = put_wheel(wheels, "demo", "1.0")
    put_wheel(wheels, "demo", "2.0")
    gone = next(file for file in (await folder.page(DEMO)).files if file.filename == NAME)
    wheel.unlink()
    with pytest.raises(FileGone, match="cannot be read any more"):
        await whole(folder, gone)
    assert NAME not in names(await later(folder, time))
    with pytest.raises(FileGone, match="lies in its folder no more"):
        await whole(folder, gone)
    with pytest.raises(FileGone, match="lies in its folder no more"):
        await folder.core_metadata(gone)


async def test_project__whose_last_file_is_removed__is_absent(folder: Folder, wheels: Path, time: Time) -> None:
    """The name is kept by files, not by memory; to keep it longer is what `reserved` is for."""
    wheel = put_wheel(wheels, "demo", "1.0")
    await folder.page(DEMO)
    wheel.unlink()
    with pytest.raises(ProjectAbsent):
        await later(folder, time)


def _replaced(wheels: Path) -> None:
    put_wheel(wheels, "demo", "1.0", requires_python=">=3.12")


def _rewritten(wheels: Path, content: bytes = b"") -> None:
    before = (wheels / NAME).stat().st_ctime_ns
    content = content or (wheels / NAME).read_bytes()[:-1] + b"x"
    while (wheels / NAME).stat().st_ctime_ns == before:  # file systems' clocks tick every few milliseconds
        (wheels / NAME).write_bytes(content)


def _rewritten_secretly(wheels: Path) -> None:
    before = (wheels / NAME).stat()
    _rewritten(wheels)
    os.utime(wheels / NAME, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [_replaced, _rewritten, _rewritten_secretly])
async def test_file__replaced_between_page_and_read__is_never_given_out(
    folder: Folder, wheels: Path, time: Time, change: object
) -> None:
    """Bytes that nobody hashed go to nobody, even if size and time are those of before; the next look hashes them."""
    put_wheel(wheels, "demo", "1.0")
    [old] = (await folder.page(DEMO)).files
    assert callable(change)
    change(wheels)
    for span in (None, Span(0, 10)):
        with pytest.raises(FileGone, match="was changed since its page was made"):
            await whole(folder, old, span)
    if change is _replaced:
        [new] = (await later(folder, time)).files
        assert new.hashes == {"sha256": hashlib.sha256((wheels / NAME).read_bytes()).hexdigest()} != old.hashes
        assert await whole(folder, new) == (wheels / NAME).read_bytes()
        with pytest.raises(FileGone, match="no more"):
            await whole(folder, old)


async def test_file__truncated_while_it_is_read__breaks_off(folder: Folder, wheels: Path) -> None:
    """A part is never taken for the whole."""
    put_wheel(wheels, "demo", "1.0", padding=600_000)
    [file] = (await folder.page(DEMO)).files
    async with folder.read(file, None) as reading:
        assert len(await anext(reading.chunks)) == 1 << 18
        os.truncate(wheels / NAME, 1 << 18)
        with pytest.raises(FileGone, match="became shorter"):
            await rest(reading)


async def test_file__replaced_while_it_is_read__is_given_out_as_it_was(folder: Folder, wheels: Path) -> None:
    """Renaming into place disturbs no download: the open file is the old one to its end."""
    old = put_wheel(wheels, "demo", "1.0", padding=600_000).read_bytes()
    [file] = (await folder.page(DEMO)).files
    async with folder.read(file, None) as reading:
        first = await anext(reading.chunks)
        _replaced(wheels)
        assert first + await rest(reading) == old


# Reading


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (0, 600_000), (262_143, 262_145), (5, 5), (599_000, 600_000)])
async def test_read__of_a_span__gives_these_bytes(folder: Folder, wheels: Path, start: int, stop: int) -> None:
    """Any stretch, across the borders of what is read at a time; the size is that of the whole file."""
    content = put_wheel(wheels, "demo", "1.0", padding=600_000).read_bytes()
    [file] = (await folder.page(DEMO)).files
    async with folder.read(file, Span(start, stop)) as reading:
        assert (reading.size, await rest(reading)) == (len(content), content[start:stop])


@pytest.mark.parametrize("filename", ["odd", "demo-9.0-py3-none-any.whl", "../demo-1.0-py3-none-any.whl"])
async def test_read__of_a_file_that_no_page_listed__is_gone(folder: Folder, wheels: Path, filename: str) -> None:
    """A name leads to a file through the page only, never to a path."""
    put_wheel(wheels, "demo", "1.0")
    [file] = (await folder.page(DEMO)).files
    with pytest.raises(FileGone):
        await whole(folder, File(filename=filename, url=file.url, hashes=file.hashes))


async def test_read__left_in_the_middle__closes_the_file(folder: Folder, wheels: Path) -> None:
    """A client that hangs up leaves no open file behind."""
    put_wheel(wheels, "demo", "1.0", padding=600_000)
    [file] = (await folder.page(DEMO)).files
    before = _descriptors()
    for _ in range(3):
        async with folder.read(file, None) as reading:
            await anext(reading.chunks)
    assert _descriptors() == before


def _descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
