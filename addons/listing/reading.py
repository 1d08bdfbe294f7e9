"""Reading a source's document into a file of sorted names: what is sound is taken once, the rest is counted."""

import gzip
import io
import logging
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, override

from addons.listing.html_entries import html_entries
from addons.listing.json_entries import json_entries
from addons.listing.orders import ReadOrder, ReadOutcome
from addons.listing.sorted_names import ENCODER, Row, write_about, write_names
from addons.simple.names import InvalidName, normalise
from addons.simple.negotiation import Form
from addons.simple.page import NotAPage
from addons.simple.standing import check_version

_LONGEST = 255  # characters of a name; no file of a longer one could be named


def read(order: ReadOrder) -> ReadOutcome:
    """Do what is ordered, or say in words why the document is no project list. Raises OSError or sqlite3.Error."""
    about: dict[str, Any] = {}
    rows, path = _Rows(), Path(order.names)
    try:
        with _opened(order) as document:
            entries = json_entries if order.media_type == Form.JSON.value else html_entries
            count = write_names(path, rows.of(entries(document, about)))
        _check(about, count, rows)
    except (NotAPage, EOFError, gzip.BadGzipFile, zlib.error) as error:
        return ReadOutcome(refused=str(error) or "it is not all there")
    write_about(path, about)
    return ReadOutcome(count=count, said=rows.said())


@contextmanager
def _opened(order: ReadOrder) -> Iterator[IO[bytes]]:
    with Path(order.document).open("rb") as file:
        decoded: Any = gzip.GzipFile(fileobj=file) if order.gzipped else file
        yield io.BufferedReader(_Bounded(decoded, order.most_bytes), 1 << 18)


def _check(about: dict[str, Any], count: int, rows: "_Rows") -> None:
    """Raise NotAPage where what was read is no list of an API that this gateway knows (VER-01, VER-02)."""
    meta = about.get("meta")
    if meta is None:
        meta = about["meta"] = {}
    if not isinstance(meta, dict):
        raise NotAPage("its meta is no object")
    check_version(meta.pop("api-version", None))
    if not count and rows.odd:
        raise NotAPage(f"none of its {rows.odd} projects has a name")


class _Bounded(io.RawIOBase):
    """A stream of which no more than so many bytes are read: what is compressed may be longer than it looks."""

    def __init__(self, inner: IO[bytes], most: int) -> None:
        super().__init__()
        self._inner = inner
        self._left = most
        self._most = most

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        part = self._inner.read(len(buffer))
        self._left -= len(part)
        if self._left < 0:
            raise NotAPage(f"it is longer than {self._most // 1_000_000} MB")
        buffer[: len(part)] = part
        return len(part)


class _Rows:
    """Makes rows of entries, and counts those that none can be made of."""

    def __init__(self) -> None:
        self.odd = 0
        self._example = ""

    def of(self, entries: Iterator[object]) -> Iterator[Row]:
        """Yield a row for each entry with a sound name; unknown keys stay in it as they are (JSN-02)."""
        for entry in entries:
            if (row := _row(entry)) is not None:
                yield row
            else:
                self.odd += 1
                self._example = self._example or ascii(entry)[:200]

    def said(self) -> tuple[str, ...]:
        """Give what belongs into the log."""
        if not self.odd:
            return ()
        return (f"{self.odd} entries of its project list have no sound name and are left out, such as {self._example}",)


def _row(entry: object) -> Row | None:
    shown = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(shown, str) or len(shown) > _LONGEST:
        return None
    try:
        name = normalise(shown)
        return name, "" if shown == name else shown, ENCODER.encode(entry)
    except (InvalidName, RecursionError, ValueError):
        return None


class Heard(logging.Handler):
    """Keeps what is logged while reading, for the log of the process that ordered it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if len(self.words) < 20:
            self.words.append(record.getMessage())
