"""A file that the lane sends: from the disk, or as it grows there, as fast as its client takes it."""

import asyncio
import logging
import time

from addons import answers
from addons.answers import Answer
from addons.head import Head
from addons.lane_client import ClientEnd
from addons.origin.delivering import Opened, opened
from addons.origin.tickets import Delivery
from addons.sources.source import FileGone, SourceUnavailable

logger = logging.getLogger(__name__)

_SILENCE_SECONDS = (
    1.0  # for which a client that says no more is still taken for a listener, while there is nothing for it
)


class Sending:
    """One answer with a file's bytes, sent by a task of its own, which begins at once.

    When it is over: `left_out`, nothing of it was sent, and the flow road can do it (it knows how to send a body of which
    nobody knows the length); `broken`, it cannot be ended as it began. `length` is that of the request's head, in bytes.
    """

    def __init__(self, end: ClientEnd, delivery: Delivery, head: Head, length: int) -> None:
        self.head = head
        self.length = length
        self.left_out = False
        self.broken = False
        self._given = 0
        self._watching: asyncio.Task[None] | None = None
        self._end = end
        self._delivery = delivery
        self._task = asyncio.Task(self._run(), loop=asyncio.get_running_loop(), eager_start=True)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be sent."""
        return self._task.done()

    async def ended(self) -> None:
        """Wait until nothing more will be sent."""
        await asyncio.wait([self._task])

    def stop(self) -> None:
        """Send no more: nobody is there."""
        if self._task.cancel():
            self._hung_up()

    def last_words(self) -> None:
        """The client says no more. Most have gone then, some listen still: they are told apart by having nothing to send."""
        if self._watching is None:
            self._watching = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        given = -1
        while not self.is_over and (given != self._given or self._end.full):
            given = self._given
            await asyncio.wait([self._task], timeout=_SILENCE_SECONDS)
        self.stop()

    async def _run(self) -> None:
        try:
            async with opened(self._delivery, self.head.method, self.head.headers) as file:
                self.left_out = isinstance(file, Opened) and file.length is None
                if not self.left_out:
                    self.broken = True  # until it is whole
                    await self._send(file)
                    self.broken = False
        except (SourceUnavailable, FileGone) as error:
            logger.error("%s: broken off in the middle: %s", self._filename, error)
        except ConnectionError:
            self._hung_up()
        except Exception:
            logger.exception("a fault while %s was sent", self._filename)
            if not self.broken:  # nothing of it was sent
                await self._send(answers.fault())

    def _hung_up(self) -> None:
        logger.info("%s: the client hung up", self._filename)

    @property
    def _filename(self) -> str:
        return self._delivery.file.filename

    async def _send(self, file: Opened | Answer) -> None:
        if isinstance(file, Answer):
            head = answers.streamed_head(file, len(file.body), time.time(), closes=self.head.closes)
            await self._end.send(head + answers.body_for(file, self.head.method))
            return
        shown = Answer(file.status, file.headers)
        head = answers.streamed_head(shown, file.length or 0, time.time(), closes=self.head.closes)
        async for chunk in file.chunks:  # the head goes with the first: most files are small
            await self._end.send(head + chunk)
            head = b""
            self._given += 1
        if head:
            self._end.give(head)
