"""Noticing that nothing happened to a folder, without a look at it. Docs: decision 19."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class Noticing(Protocol):
    """Watches folders from one look at them to the next.

    Whoever looks calls `watch` for each folder before reading it: what happens later is either seen or noticed.
    """

    @property
    def cannot(self) -> str:
        """Why it will never be sure, in words that follow `as`; empty if it may be."""

    def watch(self, folder: Path) -> None:
        """Watch a folder: the files and folders in it that are not hidden."""

    def nothing_since(self) -> bool:
        """Tell, without waiting, that nothing happened to any of the folders since it was watched.

        True is certain; False may mean a doubt only, and stays.
        """

    def close(self) -> None:
        """Watch no more, and be sure no more."""


class Unnoticing:
    """Is never sure: every request looks for itself."""

    def __init__(self, cannot: str) -> None:
        self.cannot = cannot

    def watch(self, folder: Path) -> None:
        """Do nothing."""

    def nothing_since(self) -> bool:
        """Say no."""
        return False

    def close(self) -> None:
        """Do nothing."""


NOBODY = Unnoticing("")
"""Of folders that nobody watches now, but may from the next look on."""


if sys.platform == "linux":
    from addons.sources.inotified import Inotified

    def _begun(folder: Path) -> Noticing:
        return Inotified(folder)
else:

    def _begun(folder: Path) -> Noticing:
        return Unnoticing("this system does not tell of changes in time")


def notice(folder: Path, begin: Callable[[Path], Noticing] = _begun) -> Noticing:
    """Begin to watch the way to `folder`; never sure where that cannot be done. It is itself watched with `watch`."""
    try:
        return begin(folder)
    except OSError as error:
        return Unnoticing(f"this system tells of no changes now ({error.strerror})")
