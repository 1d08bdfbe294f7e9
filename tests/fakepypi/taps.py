"""A tap in the way of an answer: a test opens it from its own thread, so nothing has to sleep."""

import asyncio
import sys
import threading


class Tap:
    """Lets the bytes of a body through up to a position; who wants to go beyond waits until it is opened further.

    `reached` is set once a request has come to wait here. All but `beyond` may be called from any thread.
    """

    def __init__(self, allowed: int | None = None) -> None:
        """`allowed`: how many bytes of any answer may pass; None: all."""
        self.reached = threading.Event()
        self._lock = threading.Lock()
        self._allowed = allowed
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def waiting(self) -> int:
        """How many requests wait at this moment."""
        with self._lock:
            return len(self._waiting)

    def allow(self, more: int) -> None:
        """Let `more` further bytes through."""
        with self._lock:
            if self._allowed is not None:
                self._allowed += more
            self._wake()

    def open(self) -> None:
        """Let everything through, now and later."""
        with self._lock:
            self._allowed = None
            self._wake()

    def _wake(self) -> None:
        for turn in self._waiting:
            turn.get_loop().call_soon_threadsafe(_finish, turn)

    async def beyond(self, position: int) -> int:
        """Wait until more than `position` bytes may pass; gives the position up to which they may."""
        while True:
            with self._lock:
                if self._allowed is None:
                    return sys.maxsize
                if self._allowed > position:
                    return self._allowed
                turn = asyncio.get_running_loop().create_future()
                self._waiting.add(turn)
            self.reached.set()
            try:
                await turn
            finally:
                with self._lock:
                    self._waiting.discard(turn)


def _finish(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)
