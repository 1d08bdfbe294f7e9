"""Linux's word that nothing happened: inotify(7), whose events are there before the call that caused them returns.

So to find none is to know that every change made so far was made before the watch. It is true of file systems that
only this machine's kernel changes, and of names and contents that are reached through the folder that is watched.
"""

import os
import re
import select
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from errno import EINVAL, ELOOP
from pathlib import Path, PurePath

from inotify_simple import INotify, flags, parse_events  # type: ignore[import-untyped] # it has no types

LOCAL = frozenset({"btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs"})
"""File systems that nobody changes but through this kernel. ZFS is none: `zfs rollback` tells nobody."""

_MOUNTS = Path("/proc/self/mountinfo")
_ALL_NAMES = ""
_ON_THE_WAY = flags.ATTRIB | flags.DELETE | flags.MOVED_FROM | flags.MOVED_TO | flags.DELETE_SELF | flags.MOVE_SELF
# What is watched inside was perhaps on the way before: it is watched for all of that too.
_INSIDE = _ON_THE_WAY | flags.CREATE | flags.MODIFY | flags.CLOSE_WRITE
_PART = 16_384  # bytes of events read at a time, which takes half a millisecond at most
_PARTS = 4
_LINKS = 40  # followed on one way, as the kernel does


def _inotify() -> INotify:
    return INotify(nonblocking=True)


class Inotified:
    """Watches the names that lead to a folder, what is mounted anywhere, and the folders that it is told to."""

    def __init__(self, folder: Path, local: frozenset[str] = LOCAL, inotify: Callable[[], INotify] = _inotify) -> None:
        self.cannot = ""
        self._local = local
        self._sure = True
        self._meant: dict[int, set[str]] = {}
        with ExitStack() as opened:
            mounts = opened.enter_context(_MOUNTS.open("rb"))
            self._inotify = opened.enter_context(inotify())
            self._poll = select.poll()
            self._poll.register(self._inotify.fileno(), select.POLLIN)
            self._poll.register(mounts.fileno(), select.POLLPRI)  # proc(5): when a file system is mounted or unmounted
            self._kinds = _kinds(mounts.read().decode(errors="replace"))
            self._closed = weakref.finalize(self, opened.pop_all().close)
        try:
            for at, name in way(folder):
                self._add(at, _ON_THE_WAY, name)
        except OSError as error:
            self._give_up(f"the way to it cannot be watched ({error.strerror})")

    def watch(self, folder: Path) -> None:
        """Watch a folder: the files and folders in it that are not hidden."""
        self._add(str(folder), _INSIDE, _ALL_NAMES)

    def nothing_since(self) -> bool:
        """Tell, without waiting, that nothing happened to any of the folders since it was watched.

        To be called from one thread.
        """
        self._sure = self._sure and self._quiet()
        return self._sure

    def close(self) -> None:
        """Watch no more. It takes the kernel some milliseconds."""
        self._sure = False
        self._closed()

    def _add(self, folder: str, mask: int, name: str) -> None:
        if self.cannot:
            return
        try:
            kind = self._kinds.get(_mount(folder), "unknown")
            if kind not in self._local:
                self._give_up(f"its file system ({kind}) may not tell of every change")
                return
            number = self._inotify.add_watch(folder, mask | flags.ONLYDIR)
        except OSError as error:
            self._give_up(f"not all of it can be watched ({error.strerror})")
            return
        self._meant.setdefault(number, set()).add(name)

    def _give_up(self, cannot: str) -> None:
        self.cannot = cannot
        self.close()

    def _quiet(self) -> bool:
        for _ in range(_PARTS):
            ready = self._poll.poll(0)
            if not ready:
                return True
            if ready != [(self._inotify.fileno(), select.POLLIN)]:
                return False
            events = parse_events(os.read(self._inotify.fileno(), _PART))
            if any(self._matters(number, name) for number, _, _, name in events):
                return False
        return False

    def _matters(self, number: int, name: str) -> bool:
        """Tell whether an event says more than that something else has changed.

        Without a name it is of the folder itself, or of events that were lost.
        """
        return not name or any(_is_meant(name, meant) for meant in self._meant[number])


def _is_meant(name: str, meant: str) -> bool:
    if meant == _ALL_NAMES:
        return not name.startswith(".")
    # Some folders take upper and lower case for the same, and have rules of their own beyond ASCII.
    return not (name.isascii() and meant.isascii()) or name.lower() == meant.lower()


def way(folder: Path) -> Iterator[tuple[str, str]]:
    """Give each folder on the way to `folder`, and the name that is looked up in it. Raises OSError.

    Links are followed as the kernel does. A name is looked up only after it was given: watch it before the next.
    """
    at, links = "/", 0
    names = [*reversed((Path.cwd() / folder).parts[1:])]
    while names:
        name = names.pop()
        if name == "..":
            at = os.path.dirname(at)  # noqa: PTH120 # `at` goes through no links, so it is what the kernel takes
            continue
        yield at, name
        there = os.path.join(at, name)  # noqa: PTH118 # strings throughout
        target = _link(there)
        if target is None:
            at = there
            continue
        links += 1
        if links > _LINKS:
            raise OSError(ELOOP, os.strerror(ELOOP))
        at = "/" if target.is_absolute() else at
        names += reversed(target.parts[target.is_absolute() :])


def _link(path: str) -> PurePath | None:
    try:
        return PurePath(os.readlink(path))  # noqa: PTH115 # strings throughout
    except OSError as error:
        if error.errno == EINVAL:  # it is there, and no link
            return None
        raise


def _mount(folder: str) -> str:
    """Give the number of the mount that the folder is on (proc(5), fdinfo)."""
    descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        found = re.search(r"^mnt_id:\s*(\d+)$", Path(f"/proc/self/fdinfo/{descriptor}").read_text(), re.MULTILINE)
    finally:
        os.close(descriptor)
    return found[1] if found else ""


def _kinds(mounts: str) -> dict[str, str]:
    """Give each mount's kind of file system by the mount's number (proc(5), mountinfo)."""
    lines = [(line.split(" ", 1)[0], line.partition(" - ")[2]) for line in mounts.splitlines()]
    return {number: rest.split(" ", 1)[0] for number, rest in lines}
