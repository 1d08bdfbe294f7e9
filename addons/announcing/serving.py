"""What a source gives of its files' metadata besides what its pages announce: found out by asking, kept over restarts."""

from collections.abc import Callable

import msgspec

from addons.cache.documents import Documents
from addons.cache.whose import announced_key

_ENOUGH = 3  # times in a row that it gave none, after which it is not asked for
_AGAIN_SECONDS = 3600.0  # after which it is asked for again


class Way:
    """One way to get at metadata. `gives`: it led there last; `is_open`: it is worth a request. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.gives = False
        self._clock = clock
        self._failed = 0
        self._again_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether to try it."""
        return self._failed < _ENOUGH or self._clock() >= self._again_at

    def led(self) -> None:
        """Note that it led there."""
        self.gives, self._failed = True, 0

    def failed(self) -> None:
        """Note that it did not."""
        self._failed += 1
        if self._failed >= _ENOUGH:
            self.gives, self._again_at = False, self._clock() + _AGAIN_SECONDS


class _Written(msgspec.Struct, array_like=True):
    metadata: bool
    ranges: bool


class Serving:
    """Of one source, whose index's key is `key`: `.metadata` that it does not announce, and `ranges` of its wheels."""

    def __init__(self, key: str, documents: Documents, clock: Callable[[], float]) -> None:
        self.metadata, self.ranges = Way(clock), Way(clock)
        self._key = announced_key(key, None)
        self._documents = documents

    async def load(self) -> None:
        """Begin with what was known before."""
        try:
            said = msgspec.msgpack.decode(await self._documents.own(self._key), type=_Written)
        except msgspec.MsgspecError:
            return
        self.metadata.gives, self.ranges.gives = said.metadata, said.ranges

    @property
    def is_known(self) -> bool:
        """Whether metadata can be had without the whole file."""
        return self.metadata.gives or self.ranges.gives

    async def led(self, way: Way) -> None:
        """Note that one of its ways led to metadata."""
        await self._note(way.led)

    async def failed(self, way: Way) -> None:
        """Note that one did not."""
        await self._note(way.failed)

    async def _note(self, change: Callable[[], None]) -> None:
        before = self.metadata.gives, self.ranges.gives
        change()
        if before != (self.metadata.gives, self.ranges.gives):
            content = msgspec.msgpack.encode(_Written(self.metadata.gives, self.ranges.gives))
            await self._documents.change(self._key, lambda before: content)
