"""Where lists are worked on while the gateway runs: a folder of its own, one step at a time."""

import asyncio
import logging
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

logger = logging.getLogger(__name__)


class Workshop:
    """A folder, made below `folder` (None: the system's own for such things) when it is first needed, gone with `close`.

    `step` is held by whoever works on a list or relies on the files of one. `clock` gives seconds.
    """

    def __init__(self, folder: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.step = asyncio.Lock()
        self._parent = folder
        self._folder: Path | None = None
        self._removal: Callable[[], object] | None = None
        self._making = threading.Lock()
        self._numbers = count()
        self._under_way: set[asyncio.Task[object]] = set()

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator[Path]:
        """Give a path of which no other begins the same way; what is left there by work that fails is removed."""
        path = await asyncio.to_thread(self._made_folder) / str(next(self._numbers))
        try:
            yield path
        except BaseException:
            await asyncio.to_thread(remove_like, path)
            raise

    def _made_folder(self) -> Path:
        with self._making:
            if self._folder is None:
                if self._parent is not None:
                    self._parent.mkdir(parents=True, exist_ok=True)
                self._folder = Path(tempfile.mkdtemp(prefix="wheelgate-list-", dir=self._parent))
                # Also where nobody comes to close: with this object, or when Python ends.
                self._removal = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            return self._folder

    async def doing[T](self, work: Awaitable[T]) -> T:
        """Do work, in a task of its own, that `close` ends."""
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            return await work
        finally:
            self._under_way.discard(task)

    async def close(self) -> None:
        """End what is under way, and remove the folder."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._removal is not None:
            await asyncio.to_thread(self._removal)
            self._folder = None


def remove_like(path: Path) -> None:
    """Remove the files whose names begin with this path's."""
    remove(path.parent.glob(f"{path.name}.*"))


def remove(paths: Iterable[Path]) -> None:
    """Remove files; one that cannot be removed goes with the folder."""
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("%s cannot be removed (%s)", path.name, error.strerror)
