"""Bodies of files as their host sends them: how each ends says whether the host is well."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx

from addons.fetch.breaker import Turn
from addons.sources.source import SourceUnavailable

_WELL = 1_000_000  # bytes of a body, by which a host that was down is taken to send again: its end may be far off


@dataclass(frozen=True)
class Body:
    """An answer whose body is still to come, of a source, and the turn that it was asked for in."""

    source: str
    url: str  # the file's own, also where its host led elsewhere
    response: httpx.Response
    turn: Turn

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the bytes. One that hangs or breaks off counts as its host's failure, once for each URL.

        Raises SourceUnavailable.
        """
        there, length = 0, self.response.headers.get("content-length")
        try:
            async for chunk in self.response.aiter_raw():
                before, there = there, there + len(chunk)
                if str(there) == length:
                    self.turn.answered()  # before its last bytes go out: who needs no more asks for no end
                elif before < _WELL <= there:
                    self.turn.goes_on()
                yield chunk
        except httpx.HTTPError as error:
            self.turn.failed(self.url)
            words = f"source {self.source}: broke off in the middle ({type(error).__name__})"
            raise SourceUnavailable(words) from error
        self.turn.answered()
