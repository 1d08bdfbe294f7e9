"""Turns: which of several processes asks for something now. A turn is a lock (flock) on a file, and dies with its process.

All but `Turns.taking` waits for the disk, for the time of a few system calls: it belongs into threads.
"""

import asyncio
import errno
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

_LOOKS = (0.005, 0.01, 0.02, 0.05)  # seconds between looks at another process's turn; the last one from then on


class Turns:
    """Turns by key, among all processes that have the folder. Files lie there as long as turns last.

    What a killed process has left is unlocked, and goes with the next turn of its key.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def taking(self, key: str, patience_seconds: float) -> AsyncIterator[bool]:
        """Give whether it is our turn, at the latest after so many seconds, and hold it for as long as that lasts.

        Where no files can be made, it is everybody's turn: two that ask at once are no fault.
        """
        loop = asyncio.get_running_loop()
        until, looks, taken = loop.time() + patience_seconds, 0, await self._take(key)
        while taken is None and loop.time() < until:
            await asyncio.sleep(_LOOKS[min(looks, len(_LOOKS) - 1)])
            looks, taken = looks + 1, await self._take(key)
        try:
            yield taken is not None
        finally:
            if taken is not None and taken >= 0:
                await asyncio.shield(loop.run_in_executor(None, self._leave, key, taken))

    async def _take(self, key: str) -> int | None:
        taking = asyncio.ensure_future(asyncio.to_thread(self.take, key))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            taking.add_done_callback(lambda done: self._left(key, done))
            raise

    def _left(self, key: str, taking: "asyncio.Future[int | None]") -> None:
        descriptor = None if taking.cancelled() else taking.result()
        if descriptor is not None and descriptor >= 0:
            asyncio.get_running_loop().run_in_executor(None, self._leave, key, descriptor)

    def take(self, key: str) -> int | None:
        """Give what holds the turn; None if another one, here or in another process, has it; -1 where none can be held."""
        while True:
            try:
                descriptor = self._made(key)
            except OSError:
                return -1
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_there(key, descriptor):  # else the one before took it away while we opened it
                    return descriptor
            except OSError as error:
                os.close(descriptor)
                return None if error.errno in (errno.EWOULDBLOCK, errno.EACCES) else -1
            os.close(descriptor)

    def _leave(self, key: str, descriptor: int) -> None:
        with suppress(OSError):
            if self._is_there(key, descriptor):
                self._path(key).unlink()
        os.close(descriptor)

    def _made(self, key: str) -> int:
        path, flags = self._path(key), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(path, flags, 0o600)
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(path, flags, 0o600)

    def _is_there(self, key: str, descriptor: int) -> bool:
        try:
            return os.path.samestat(self._path(key).stat(), os.fstat(descriptor))
        except FileNotFoundError:
            return False

    def _path(self, key: str) -> Path:
        return self._folder / hashlib.sha256(key.encode()).hexdigest()[:32]
