"""Project lists on disk: each source's document as it was sent, and when that was. Shared by all processes.

<key>.json             the stamp: which document it is, when upstream was asked for it, until when it counts
<key>-<sha256>.list    the document, under the hash that it has

All of this but the turns waits for the disk: it belongs into threads.
"""

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from addons.cache.room import Limits
from addons.cache.turns import Turns
from addons.sources.listed import ListDocument

logger = logging.getLogger(__name__)

_SHARE = 8  # a list larger than this part of all that may be kept is not kept
_GB = 1_000_000_000
_USUAL = Limits(20 * _GB, _GB)


class ListStamp(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a list; `asked` and `fresh_until` in seconds since the epoch, the rest as in `ListDocument`."""

    asked: float
    fresh_until: float
    sha256: str
    media_type: str
    gzipped: bool
    etag: str | None
    serial: str | None

    @property
    def document(self) -> ListDocument:
        """The list that this is about."""
        return ListDocument(
            version=f"{self.media_type} {self.sha256}",
            media_type=self.media_type,
            gzipped=self.gzipped,
            etag=self.etag,
            serial=self.serial,
        )


_STAMP = msgspec.json.Decoder(ListStamp)


class LastingLists:
    """The lists in `folder`, by key: any text that says whose it is. Nothing here raises for the disk's sake.

    `wall` gives seconds since the epoch, which all processes have in common. `turns` say who asks a source.
    """

    def __init__(self, folder: Path, limits: Limits = _USUAL, wall: Callable[[], float] = time.time) -> None:
        self.turns = Turns(folder / "asking")
        self.wall = wall
        self._folder = folder
        self._limits = limits
        self._said = ""

    def limit(self, limits: Limits) -> None:
        """Go by other limits from now on."""
        self._limits = limits

    def stamp(self, key: str) -> ListStamp | None:
        """Give what is known of the list."""
        try:
            return _STAMP.decode(self._stamp(key).read_bytes())
        except (OSError, ValueError):  # msgspec's own errors are ValueErrors
            return None

    def find(self, key: str, stamp: ListStamp) -> Path | None:
        """Give where the list lies, if it is there and undamaged."""
        path = self._list(key, stamp.sha256)
        try:
            with path.open("rb") as file:
                right = hashlib.file_digest(file, "sha256").hexdigest() == stamp.sha256
            if not right:
                path.unlink(missing_ok=True)
        except OSError:
            return None
        return path if right else None

    def keep(self, key: str, raw: Path, stamp: ListStamp) -> None:
        """Keep a list, which lies at `raw` and is left there, and forget the one before."""
        try:
            self._keep(key, raw, stamp)
            self._said = ""
        except OSError as error:
            self._say(error.strerror or type(error).__name__)

    def confirm(self, key: str, stamp: ListStamp) -> None:
        """Note that upstream said that the list is what it was."""
        with suppress(OSError):
            if self._list(key, stamp.sha256).exists():
                self._write(self._stamp(key), msgspec.json.encode(stamp))

    def _keep(self, key: str, raw: Path, stamp: ListStamp) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        size, path = raw.stat().st_size, self._list(key, stamp.sha256)
        if size > self._limits.most // _SHARE or shutil.disk_usage(self._folder).free - size < self._limits.least_free:
            return self._say("there is no room for it")
        if not path.exists():
            part = self._part(path)
            shutil.copyfile(raw, part)
            _settle(part, path)
        self._write(self._stamp(key), msgspec.json.encode(stamp))
        for gone in self._folder.glob(f"{_name(key)}-*"):
            if gone != path:
                gone.unlink(missing_ok=True)
        return None

    def _write(self, path: Path, body: bytes) -> None:
        part = self._part(path)
        part.write_bytes(body)
        _settle(part, path)

    def _say(self, words: str) -> None:
        if words != self._said:
            self._said = words
            logger.warning("cache %s: the project list is not kept: %s", self._folder, words)

    def _stamp(self, key: str) -> Path:
        return self._folder / f"{_name(key)}.json"

    def _list(self, key: str, sha256: str) -> Path:
        return self._folder / f"{_name(key)}-{sha256}.list"

    @staticmethod
    def _part(path: Path) -> Path:
        return path.with_name(f"{path.name}.{os.getpid()}.part")


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _settle(part: Path, path: Path) -> None:
    """Give a written file its name, so that it is whole after a loss of power too."""
    _fsync(part)
    part.replace(path)
    _fsync(path.parent)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
