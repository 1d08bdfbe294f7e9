"""What Linux says of changes: each is known of as soon as it is made, and silence is certain."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from inotify_simple import INotify  # type: ignore[import-untyped] # it has no types

from addons.sources.inotified import Inotified, way
from addons.sources.look import walk
from addons.sources.noticing import Noticing, notice

ROUNDS = 20  # of each change: what depends on timing shows in one of them
type Change = Callable[[Path], object]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the folders are: `current` is a link to `real`, and `real/wheels` has a file and a sub-folder."""
    _made(tmp_path / "real" / "wheels")
    (tmp_path / "current").symlink_to("real")
    return tmp_path


def _made(wheels: Path) -> None:
    (wheels / "below").mkdir(parents=True)
    (wheels / "file").write_bytes(b"content")
    (wheels / "below" / "file").write_bytes(b"content")


def watched(folder: Path) -> Inotified:
    """Watch as a look at the folder does."""
    noticing = Inotified(folder)
    walk(folder, noticing.watch)
    assert not noticing.cannot
    return noticing


def _moved_in(wheels: Path) -> None:
    (wheels.parent / "aside" / "inner").mkdir(parents=True)
    (wheels.parent / "aside" / "inner" / "new").touch()
    (wheels.parent / "aside").rename(wheels / "moved")


def _exchanged(wheels: Path) -> None:
    wheels.rename(wheels.with_name("old"))
    wheels.mkdir()


def _replaced(wheels: Path) -> None:
    (wheels / ".new").write_bytes(b"content")
    (wheels / ".new").rename(wheels / "file")


def _linked_elsewhere(wheels: Path) -> None:
    (wheels.parents[1] / "next").symlink_to("other")
    (wheels.parents[1] / "next").rename(wheels.parents[1] / "current")


CHANGES: dict[str, Change] = {
    "a new file": lambda wheels: (wheels / "new").touch(),
    "a file renamed into place": lambda wheels: (wheels / ".hidden").rename(wheels / "new"),
    "a file moved in": lambda wheels: (wheels.parent / "beside").rename(wheels / "new"),
    "a hard link": lambda wheels: (wheels / "new").hardlink_to(wheels / "file"),
    "a link": lambda wheels: (wheels / "new").symlink_to("file"),
    "a deleted file": lambda wheels: (wheels / "file").unlink(),
    "a file moved out": lambda wheels: (wheels / "file").rename(wheels.parent / "file"),
    "a file hidden": lambda wheels: (wheels / "file").rename(wheels / ".file"),
    "a file replaced": _replaced,
    "a file written into": lambda wheels: (wheels / "file").write_bytes(b"other"),
    "a file cut": lambda wheels: os.truncate(wheels / "file", 1),
    "a file touched": lambda wheels: os.utime(wheels / "file", (1, 1)),
    "another mode": lambda wheels: (wheels / "file").chmod(0o600),
    "a sub-folder": lambda wheels: (wheels / "new").mkdir(),
    "a sub-folder moved in": _moved_in,
    "a sub-folder moved out": lambda wheels: (wheels / "below").rename(wheels.parent / "below"),
    "a file in a sub-folder": lambda wheels: (wheels / "below" / "new").touch(),
    "a file in a sub-folder deleted": lambda wheels: (wheels / "below" / "file").unlink(),
    "another mode of a sub-folder": lambda wheels: (wheels / "below").chmod(0o700),
    "the folder moved": lambda wheels: wheels.rename(wheels.with_name("old")),
    "the folder exchanged": _exchanged,
    "a folder above moved": lambda wheels: wheels.parent.rename(wheels.parents[1] / "moved"),
    "another mode of a folder above": lambda wheels: wheels.parent.chmod(0o711),
    "a link on the way set elsewhere": _linked_elsewhere,
    "a link on the way deleted": lambda wheels: (wheels.parents[1] / "current").unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_change__of_any_kind__is_noticed_at_once(tmp_path: Path, change: Change) -> None:
    """MRG-06: as soon as the change is made, with no time in between, and for good."""
    for n in range(ROUNDS):
        home = tmp_path / str(n)
        wheels = home / "real" / "wheels"
        _made(wheels)
        (home / "current").symlink_to("real")
        (wheels / ".hidden").touch()
        (wheels.parent / "beside").touch()
        noticing = watched(home / "current" / "wheels")
        assert noticing.nothing_since()
        change(wheels)
        assert not noticing.nothing_since()
        assert not noticing.nothing_since()
        noticing.close()


def test_change__by_an_open_file__is_noticed_before_it_is_closed(home: Path) -> None:
    """A slow copy is noticed from its first byte."""
    noticing = watched(home / "real" / "wheels")
    with (home / "real" / "wheels" / "file").open("r+b", buffering=0) as file:
        assert noticing.nothing_since()
        file.write(b"x")
        assert not noticing.nothing_since()
    noticing.close()


def test_change__during_the_look__is_noticed_after_it(home: Path) -> None:
    """Each folder is watched before it is read: nothing slips in between."""
    wheels = home / "real" / "wheels"
    noticing = Inotified(wheels)

    def watch(folder: Path) -> None:
        noticing.watch(folder)
        (folder / "meanwhile").touch()

    found = walk(wheels, watch)
    assert wheels / "meanwhile" in [path for path, _ in found.files]
    assert not noticing.nothing_since()
    noticing.close()


def test_empty_folder__removed_while_it_is_somebodys_working_folder__is_noticed(tmp_path: Path) -> None:
    """The kernel tells of the folder's own end only when nobody holds it any more; its name goes at once."""
    (tmp_path / "wheels").mkdir()
    noticing = watched(tmp_path / "wheels")
    held = os.open(tmp_path / "wheels", os.O_RDONLY)
    (tmp_path / "wheels").rmdir()
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "new").touch()
    assert not noticing.nothing_since()
    os.close(held)
    noticing.close()


def test_silence__while_other_things_happen__stays_certain(home: Path) -> None:
    """Reading, what is hidden, and what happens beside the folders on the way, change nothing."""
    wheels = home / "real" / "wheels"
    noticing = watched(home / "current" / "wheels")
    for n in range(ROUNDS):
        (wheels / ".upload").write_bytes(b"half")
        (wheels / ".upload").unlink()
        (wheels / "file").read_bytes()
        list(wheels.iterdir())
        (home / f"beside-{n}").touch()
        (home / f"beside-{n}").rename(home / "real" / "beside")
        (home / "real" / "beside").unlink()
        assert noticing.nothing_since()
    noticing.close()


def test_events__more_than_the_kernel_keeps__are_a_change(home: Path) -> None:
    """What was lost may have been anything, although all that is left says nothing."""
    wheels = home / "real" / "wheels"
    hidden = [wheels / ".one", wheels / ".two"]
    for path in hidden:
        path.touch()
    noticing = watched(wheels)
    for n in range(int(Path("/proc/sys/fs/inotify/max_queued_events").read_text()) + 1):
        os.utime(hidden[n % 2])
    (wheels / "new").touch()
    assert not noticing.nothing_since()
    noticing.close()


# Where it cannot be


class Exhausted(INotify):  # type: ignore[misc] # it has no types
    """Has so many watches, and no more."""

    def __init__(self, left: int) -> None:
        super().__init__(nonblocking=True)
        self.left = left

    def add_watch(self, path: str, mask: int) -> int:
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return int(super().add_watch(path, mask))


@pytest.mark.parametrize("left", [0, 1, -1])
def test_watches__that_run_out__leave_it_unsure(home: Path, left: int) -> None:
    """On the way or at the last sub-folder: half of a folder watched is none, and gives back what it has."""
    wheels = home / "real" / "wheels"
    needed = len([*way(wheels)]) + 2
    before = _descriptors()
    noticing = Inotified(wheels, inotify=lambda: Exhausted(left % needed))
    walk(wheels, noticing.watch)
    assert noticing.cannot == "not all of it can be watched (No space left on device)"
    assert not noticing.nothing_since()
    assert _descriptors() == before


def test_instances__that_run_out__leave_it_unsure(home: Path) -> None:
    """The system's limit for a user is no fault of the folder."""

    def begin(folder: Path) -> Noticing:
        return Inotified(folder, inotify=_no_more)

    before = _descriptors()
    noticing = notice(home, begin)
    noticing.watch(home)
    assert noticing.cannot == "this system tells of no changes now (Too many open files)"
    assert not noticing.nothing_since()
    noticing.close()
    assert _descriptors() == before


def _no_more() -> INotify:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@pytest.mark.parametrize("local", [frozenset(), frozenset({"nfs4"})])
def test_file_system__not_known_as_local__leaves_it_unsure(home: Path, local: frozenset[str]) -> None:
    """What other machines write, this kernel tells nobody of."""
    noticing = Inotified(home, local)
    noticing.watch(home)
    assert "may not tell of every change" in noticing.cannot
    assert not noticing.nothing_since()


def test_file_system__of_a_real_mount__is_told_by_its_kind() -> None:
    """The mount that a folder is on is the one that counts, links followed: /proc/self is a link within procfs."""
    assert Inotified(Path("/proc/self")).cannot == "its file system (proc) may not tell of every change"


def test_way__that_leads_nowhere__leaves_it_unsure(home: Path) -> None:
    """Links in a circle and missing folders are for the look to complain about."""
    (home / "circle").symlink_to("circle")
    for folder, words in (("circle", "Too many levels of symbolic links"), ("missing/wheels", "No such file")):
        assert words in Inotified(home / folder).cannot


# The way


@pytest.fixture
def elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the folder's sub-folder."""
    monkeypatch.chdir(home / "real" / "wheels" / "below")
    return home


def test_way__through_links_and_upwards__is_the_kernels(elsewhere: Path) -> None:
    """Each name is looked up in the folder that the kernel looks it up in, `..` and absolute targets included."""
    home = elsewhere
    (home / "real" / "absolute").symlink_to(home / "current" / "wheels")
    start = [*way(home)]
    found = [(at, name) for at, name in way(Path("../../absolute/../wheels")) if (at, name) not in start]
    real = str(home / "real")
    assert found == [
        (str(home), "real"),
        (real, "wheels"),
        (f"{real}/wheels", "below"),
        (real, "absolute"),
        (str(home), "current"),
        (str(home), "real"),
        (real, "wheels"),
        (real, "wheels"),
    ]


def _descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
