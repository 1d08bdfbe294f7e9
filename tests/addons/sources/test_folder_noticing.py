"""A folder that is watched: answers without waiting, and none of them of what lay there before."""

import asyncio
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.metadata.archive import core_metadata
from addons.simple.names import ProjectName
from addons.simple.page import File, Page
from addons.sources.folder import Folder
from addons.sources.noticing import Noticing, Unnoticing, notice
from addons.sources.source import FileGone, ProjectAbsent, SourceUnavailable
from tests.addons.sources.places import DEMO, Time, age, own_folder, put_wheel, whole
from tests.fakepypi.building import Recipe, wheel

OTHER = ProjectName("other")
NAME = "demo-1.0-py3-none-any.whl"
LONG_AFTER = 4e9  # a time at which all that a test changed has settled, whenever it runs


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """The folder itself, with one file in it."""
    put_wheel(tmp_path / "wheels", "demo", "1.0")
    return tmp_path / "wheels"


class Looks:
    """Counts the looks into a folder."""

    def __init__(self, begin: Callable[[Path], Noticing] = notice) -> None:
        self.begin = begin
        self.count = 0

    def __call__(self, folder: Path) -> Noticing:
        self.count += 1
        return self.begin(folder)


def _unnoticed(folder: Path) -> Noticing:
    return Unnoticing("nobody watches")


def move(here: Path, there: Path) -> None:
    here.rename(there)


def at_once(folder: Folder, project: ProjectName) -> Page | None:
    """Give the page without an event loop: whoever waits for anything fails here; None if it is absent."""
    asking = folder.page(project)
    try:
        asking.send(None)
    except StopIteration as answer:
        page: Page = answer.value
        return page
    except ProjectAbsent:
        return None
    asking.close()
    raise AssertionError("it waited")


async def files(folder: Folder, project: ProjectName) -> tuple[File, ...]:
    """Give the project's files; none if it is absent."""
    with suppress(ProjectAbsent):
        return (await folder.page(project)).files
    return ()


# Without waiting


async def test_page__of_a_folder_that_nothing_happened_to__is_given_without_waiting(wheels: Path, time: Time) -> None:
    """An own project's and an absent one's: requests for what is not in the folder at all are most."""
    folder = own_folder(wheels, time)
    page = await folder.page(DEMO)
    assert at_once(folder, DEMO) is page
    assert at_once(folder, OTHER) is None
    await folder.close()


@pytest.mark.parametrize("begin", [notice, _unnoticed])
async def test_folder__that_nothing_happened_to__is_not_read_again(
    wheels: Path, begin: Callable[[Path], Noticing]
) -> None:
    """Watched or not: a page costs no walk through all files."""
    looks = Looks(begin)
    age(wheels, 1_700_000_000)
    folder = Folder("acme", wheels, core_metadata, lambda: LONG_AFTER, looks)
    for project in (DEMO, OTHER, DEMO):
        await files(folder, project)
    assert looks.count == 1
    put_wheel(wheels, "demo", "2.0")
    age(wheels, 1_700_000_000)  # a time that was set says nothing
    assert len(await files(folder, DEMO)) == 2
    assert looks.count == 2
    await folder.close()


async def test_names__of_a_folder_that_nothing_happened_to__need_no_look(wheels: Path, tmp_path: Path) -> None:
    """The list is of what lies there now, and one look serves it and pages."""
    looks = Looks()
    folder = Folder("acme", wheels, core_metadata, begin=looks)
    first = await folder.projects(tmp_path / "list")
    assert await folder.projects(tmp_path / "list", first) is first
    assert looks.count == 1
    put_wheel(wheels, "other", "1.0")
    assert await folder.projects(tmp_path / "list", first) != first
    await folder.close()


async def test_folder__that_is_written_to_all_the_time__is_not_read_for_every_request(wheels: Path) -> None:
    """While a file is copied in place, other projects' pages cost a look at times only, as they do unwatched."""
    looks, time = Looks(), Time()
    folder = Folder("acme", wheels, core_metadata, lambda: LONG_AFTER + time.now, looks)
    await files(folder, OTHER)
    with (wheels / NAME).open("ab", buffering=0) as copying:
        for _ in range(10):
            copying.write(b"x")
            await files(folder, OTHER)
        assert looks.count == 1
        time.now += 3
        await files(folder, OTHER)
        assert looks.count == 2
        assert at_once(folder, OTHER) is None
    await folder.close()


# Never of what lay there before


async def test_project__put_there__is_had_by_the_next_request(wheels: Path) -> None:
    """MRG-06: a hundred times, with nothing between the rename and the request but the call itself."""
    folder = own_folder(wheels)
    for n in range(100):
        project = ProjectName(f"acme-{n}")
        assert await files(folder, project) == ()
        put_wheel(wheels, project, "1.0").rename(wheels / "last")
        assert await files(folder, project) == ()
        (wheels / "last").rename(wheels / f"acme_{n}-1.0-py3-none-any.whl")
        assert len(await files(folder, project)) == 1
        (wheels / f"acme_{n}-1.0-py3-none-any.whl").unlink()
    await folder.close()


class Place:
    """Two folders of which a link names one, and what can be done to them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.count = 0
        self.wheels = home / "current"
        for name in ("a", "b"):
            (home / name / "below").mkdir(parents=True)
        self.wheels.symlink_to("a")

    def content(self, project: str) -> bytes:
        """Give a wheel that there never was."""
        self.count += 1
        return wheel(Recipe(name=project, version="1.0"), self.count)[1]

    def path(self, project: str, below: bool) -> Path:
        return self.wheels / ("below" if below else ".") / f"{project}-1.0-py3-none-any.whl"

    def put(self, project: str, below: bool) -> None:
        """Rename a file into place."""
        (self.home / "new").write_bytes(self.content(project))
        with suppress(OSError):
            (self.home / "new").rename(self.path(project, below))

    def write(self, project: str, below: bool) -> None:
        """Write a file in place."""
        with suppress(OSError):
            self.path(project, below).write_bytes(self.content(project))

    def remove(self, project: str, below: bool) -> None:
        with suppress(OSError):
            self.path(project, below).unlink()

    def move(self, project: str, below: bool) -> None:
        """Move a file up or down."""
        with suppress(OSError):
            self.path(project, below).rename(self.path(project, not below))

    def touch(self, project: str, below: bool) -> None:
        self.count += 1
        with suppress(OSError):
            os.utime(self.path(project, below), (self.count, self.count))

    def link(self, project: str, below: bool) -> None:
        """Put a link to a file beside the folders there, which may not be there yet."""
        with suppress(OSError):
            self.path(project, below).symlink_to(self.home / f"{project}.target")

    def aim(self, project: str, below: bool) -> None:
        """Change what that link leads to."""
        (self.home / "new").write_bytes(self.content(project))
        (self.home / "new").rename(self.home / f"{project}.target")

    def swap(self, project: str, below: bool) -> None:
        """Have the link name the other folder."""
        (self.home / "next").symlink_to("b" if self.wheels.readlink().name == "a" else "a")
        (self.home / "next").rename(self.wheels)

    def exchange(self, project: str, below: bool) -> None:
        """Exchange the folders under their names."""
        for one, other in (("a", "c"), ("b", "a"), ("c", "b")):
            (self.home / one).rename(self.home / other)

    def take(self, project: str, below: bool) -> None:
        """Move the other folder's sub-folder in, or this one's out."""
        inside, outside = self.wheels / "below", self.home / "outside"
        if inside.exists():
            inside.rename(self.home / f"gone-{self.count}" if outside.exists() else outside)
        elif outside.exists():
            outside.rename(inside)
        self.count += 1


STEPS = [
    Place.put, Place.write, Place.remove, Place.move, Place.touch, Place.link, Place.aim, Place.swap, Place.exchange,
    Place.take,
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(STEPS), st.sampled_from(["demo", "other"]), st.booleans()), min_size=1, max_size=12
    )
)
def test_law__after_any_changes__a_watched_folder_says_what_a_first_look_says(
    steps: list[tuple[Callable[[Place, str, bool], None], str, bool]],
) -> None:
    """MRG-06: after each single change, for each project, at once."""
    home = Path(tempfile.mkdtemp())
    try:
        asyncio.run(_law(Place(home), steps))
    finally:
        shutil.rmtree(home)


async def _law(place: Place, steps: list[tuple[Callable[[Place, str, bool], None], str, bool]]) -> None:
    folder = own_folder(place.wheels)
    await files(folder, DEMO)
    for step, project, below in steps:
        step(place, project, below)
        first = own_folder(place.wheels)
        for asked in (OTHER, DEMO):
            assert await files(folder, asked) == await files(first, asked)
        await first.close()
    await folder.close()


# What is not seen from the folder


async def test_file__changed_through_another_name__is_noticed_within_a_second(wheels: Path, tmp_path: Path) -> None:
    """A hard link elsewhere changes the content and tells nobody: the files' own times do, once a second."""
    (tmp_path / "elsewhere").hardlink_to(wheels / NAME)
    time = Time()
    folder = own_folder(wheels, time)
    [old] = await files(folder, DEMO)
    _write(tmp_path / "elsewhere", wheel(Recipe(name="demo", version="1.0"), 10)[1])
    time.now += 1
    [new] = await files(folder, DEMO)
    assert new.hashes != old.hashes
    assert at_once(folder, DEMO) is not None
    await folder.close()


async def test_file__changed_through_another_name_and_read__is_refused_and_looked_at(
    wheels: Path, tmp_path: Path, time: Time
) -> None:
    """Bytes that nobody hashed go to nobody even in that second, and who was refused finds the right page next."""
    (tmp_path / "elsewhere").hardlink_to(wheels / NAME)
    folder = own_folder(wheels, time)
    [old] = await files(folder, DEMO)
    content = wheel(Recipe(name="demo", version="1.0"), 10)[1]
    _write(tmp_path / "elsewhere", content)
    with pytest.raises(FileGone):
        await whole(folder, old)
    [new] = await files(folder, DEMO)
    assert await whole(folder, new) == content
    assert at_once(folder, DEMO) is not None
    await folder.close()


async def test_file__changed_through_another_name_twice__is_noticed_each_time(wheels: Path, tmp_path: Path) -> None:
    """What was checked a moment ago is checked again a second later."""
    (tmp_path / "elsewhere").hardlink_to(wheels / NAME)
    time = Time()
    folder = Folder("acme", wheels, core_metadata, lambda: LONG_AFTER + time.now)
    seen = set()
    page = await folder.page(DEMO)
    for padding in range(3):
        _write(tmp_path / "elsewhere", wheel(Recipe(name="demo", version="1.0"), padding)[1])
        for _ in range(3):
            time.now += 1
            page = await folder.page(DEMO)
            assert at_once(folder, DEMO) is page
        seen.add(page.files[0].hashes["sha256"])
    assert len(seen) == 3
    await folder.close()


def _write(path: Path, content: bytes) -> None:
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()


async def test_link__whose_file_is_replaced_or_comes__is_seen_by_the_next_request(wheels: Path, tmp_path: Path) -> None:
    """MRG-06: a link's own folder tells nothing of where it leads, so each request looks; others' pages do not wait."""
    (wheels / "other-1.0-py3-none-any.whl").symlink_to(tmp_path / "target")
    folder = Folder("acme", wheels, core_metadata, lambda: LONG_AFTER)
    assert await files(folder, OTHER) == ()
    seen = set()
    for padding in range(3):
        (tmp_path / "new").write_bytes(wheel(Recipe(name="other", version="1.0"), padding)[1])
        (tmp_path / "new").rename(tmp_path / "target")
        [file] = await files(folder, OTHER)
        seen.add(file.hashes["sha256"])
    assert len(seen) == 3
    assert at_once(folder, DEMO) is not None
    await folder.close()


# Where nobody notices


async def test_folder__that_cannot_be_watched__is_looked_at_and_says_so_once(
    wheels: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As exact as before, and the log says why it takes longer."""
    caplog.set_level(logging.INFO)
    folder = Folder("acme", wheels, core_metadata, begin=_unnoticed)
    for n in range(2, 5):
        put_wheel(wheels, "demo", f"{n}.0")
        assert len(await files(folder, DEMO)) == n
    assert [record.getMessage() for record in caplog.records] == [
        "source acme: its folder is looked at for each request, as nobody watches"
    ]


async def test_folder__exchanged_for_one_of_the_same_age__is_seen(tmp_path: Path, wheels: Path) -> None:
    """Unpacked archives may all have one time: another folder is another one."""
    put_wheel(tmp_path / "next", "other", "1.0")
    for folder in (wheels, tmp_path / "next"):
        age(folder, 1_700_000_000)
    (tmp_path / "current").symlink_to("wheels")
    source = Folder("acme", tmp_path / "current", core_metadata, lambda: LONG_AFTER, _unnoticed)
    assert await files(source, OTHER) == ()
    (tmp_path / "new").symlink_to("next")
    move(tmp_path / "new", tmp_path / "current")
    assert len(await files(source, OTHER)) == 1


async def test_folder__whose_look_fails__is_sure_of_nothing_until_one_succeeds(wheels: Path, time: Time) -> None:
    """An old look's word counts no more, and what was watched is given back."""
    folder = own_folder(wheels, time)
    await files(folder, DEMO)
    watched = _descriptors()
    move(wheels, wheels.with_name("unmounted"))
    for _ in range(3):
        with pytest.raises(SourceUnavailable, match="cannot be read"):
            await folder.page(OTHER)
    assert _descriptors() < watched
    move(wheels.with_name("unmounted"), wheels)
    assert await files(folder, OTHER) == ()
    assert at_once(folder, OTHER) is None
    await folder.close()


async def test_folder__that_is_let_go__keeps_nothing_open(wheels: Path) -> None:
    """A configuration that comes and goes a thousand times leaves nothing behind; who asks still is answered."""
    before = _descriptors()
    folder = own_folder(wheels)
    for let_go in (folder.retire, folder.close):
        for version in ("2.0", "3.0", "4.0"):
            put_wheel(wheels, "demo", version)
            await files(folder, DEMO)
        assert _descriptors() > before
        await let_go()
        assert _descriptors() == before


def _descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
