"""How running gateways hear that a project was purged: by an empty file of its name, made anew each time.

Whoever shares the folder looks at it once a second, on whichever machine: a network's file system tells of no changes.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from addons.simple.names import ProjectName, normalise

LOOK_SECONDS = 1.0
"""How long it may take until a running gateway has heard of it."""

_NEWS_SECONDS = 3600.0  # for how long a file stays there: who has not looked by then does not run


class Purges:
    """The folder of those files. It need not be there. All of this waits for the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = frozenset(self._look())

    def tell(self, project: ProjectName, now: float) -> None:
        """Say that a project was purged (`now`: seconds since the epoch), and take away what is no news any more.

        Raises OSError.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(dir=self._folder, prefix=".")
        os.close(handle)
        Path(made).replace(self._folder / project)  # another inode each time
        for path in list(self._folder.iterdir()):
            with suppress(FileNotFoundError):
                if now - path.stat().st_mtime > _NEWS_SECONDS:
                    path.unlink()

    def heard(self) -> set[ProjectName]:
        """Give the projects that were purged since the last look."""
        before, self._known = self._known, frozenset(self._look())
        return {project for project, *_ in self._known - before}

    def _look(self) -> Iterator[tuple[ProjectName, int, int]]:
        try:
            with os.scandir(self._folder) as found:
                for each in found:
                    with suppress(ValueError, FileNotFoundError):
                        status = each.stat()
                        yield normalise(each.name), status.st_ino, status.st_mtime_ns
        except OSError:
            return  # nothing was ever purged, or nobody can tell: what is in memory counts for its ten minutes


async def follow(folder: Path, forget: Callable[[ProjectName], None], seconds: float = LOOK_SECONDS) -> None:
    """Call `forget` for each project that is purged from now on, until it is cancelled."""
    purges = await asyncio.to_thread(Purges, folder)
    while True:
        await asyncio.sleep(seconds)
        for project in await asyncio.to_thread(purges.heard):
            forget(project)
