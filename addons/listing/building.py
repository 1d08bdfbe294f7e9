"""Building the list that clients get: sources merged by name, highest first, and written in both forms and all codings."""

import hashlib
import heapq
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import batched
from pathlib import Path
from typing import IO, Literal, Protocol

import zstandard

from addons.listing.orders import BuildOrder, BuildOutcome, ListForm, Part, Rules, Written
from addons.listing.sorted_names import ENCODER, Row, read_about, read_names
from addons.simple.names import ProjectName, normalise
from addons.simple.scopes import Scopes
from addons.simple.standing import NEWEST
from addons.sources.priority import Reserved

_BATCH = 5_000  # projects that are written at a time
_SERIAL = re.compile(r"[0-9]{1,19}")
# What is a promise of one index about itself, and means nothing of several together (VER-06, VER-07).
_OF_ONE_INDEX = ("namespaces", "tracks", "alternate-locations")
_GZIP_LEVEL = 5
_ZSTD_LEVEL = 3

type _Ranked = tuple[str, int, str, bytes]


def build(order: BuildOrder) -> BuildOutcome:
    """Do what is ordered. The same parts under the same rules give the same bytes. Raises OSError or sqlite3.Error."""
    about = _about(order.parts)
    count = 0
    with ExitStack() as stack:
        json, html = (_Form(form, order.prefix, stack) for form in ("json", "html"))
        json.write(_json_head(about))
        html.write(_HTML_HEAD)
        for batch in batched(merged(order.parts, order.rules), _BATCH):
            json.write((b"," if count else b"") + b",".join([entry for _, _, entry in batch]))
            # Names have no character that would need escaping: `normalise` took each of them.
            html.write("".join([f'    <a href="{name}/">{shown}</a><br>\n' for name, shown, _ in batch]).encode())
            count += len(batch)
        json.write(b"]}")
        html.write(_HTML_FOOT)
        files = (*json.ended(), *html.ended())
    return BuildOutcome(files=files, count=count, serial=_serial(order.parts, about))


def merged(parts: tuple[Part, ...], rules: Rules) -> Iterator[Row]:
    """Yield the projects that show, by name: each once, as the highest source lists it that may answer for it.

    JSN-21, MRG-12. The highest is the first.
    """
    sources = [_ranked(rank, part, _Answering(part, rules)) for rank, part in enumerate(parts)]
    before = ""
    for name, _, shown, entry in sources[0] if len(sources) == 1 else heapq.merge(*sources):
        if name != before:
            yield name, shown, entry
        before = name


def _ranked(rank: int, part: Part, answering: "_Answering") -> Iterator[_Ranked]:
    for name, shown, entry in read_names(Path(part.names)):
        if answering.may(name):
            yield name, rank, shown, entry


class _Answering:
    """Tells whose page a source would be asked for, as `Priority` asks: the list must not say more than the pages do."""

    def __init__(self, part: Part, rules: Rules) -> None:
        self._part = part
        self._hidden = [(Scopes(each.scopes), Scopes(each.but)) for each in rules.hidden]
        self._merged = {normalise(name): sources for name, sources in rules.merged}
        self._reserved = Reserved(rules.reserved)

    def may(self, name: str) -> bool:
        """Tell whether the project shows, and by this source's word."""
        project = ProjectName(name)  # it came out of `normalise`
        if self._hidden and any(scopes.cover(name) and not but.cover(name) for scopes, but in self._hidden):
            return False
        if (together := self._merged.get(project)) is not None:
            return self._part.source in together
        return self._part.own or not self._reserved.covers(project)


def _leading(parts: tuple[Part, ...]) -> Part | None:
    """Give the source whose word the list passes on: the first public one, as clients compare with PyPI (MRG-09)."""
    return next((part for part in parts if not part.own), parts[0] if parts else None)


def _about(parts: tuple[Part, ...]) -> dict[str, object]:
    leading = _leading(parts)
    about = read_about(Path(leading.names)) if leading is not None else {}
    meta = about.pop("meta", {})
    assert isinstance(meta, dict)
    if len(parts) > 1:
        for key in _OF_ONE_INDEX:
            about.pop(key, None)
            meta.pop(key, None)
    return {"meta": {**meta, "api-version": NEWEST}, **about}


def _serial(parts: tuple[Part, ...], about: dict[str, object]) -> str | None:
    leading, meta = _leading(parts), about["meta"]
    said = str(meta.get("_last-serial")) if isinstance(meta, dict) else ""
    candidates = (leading.serial if leading is not None else None, said)
    return next((text for text in candidates if text is not None and _SERIAL.fullmatch(text)), None)


def _json_head(about: dict[str, object]) -> bytes:
    return ENCODER.encode(about).removesuffix(b"}") + b',"projects":['


_HTML_HEAD = f"""<!DOCTYPE html>
<html>
  <head>
    <meta charset="utf-8">
    <meta name="pypi:repository-version" content="{NEWEST}">
    <title>Simple index</title>
  </head>
  <body>
""".encode()
_HTML_FOOT = b"  </body>\n</html>\n"


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Form:
    """One form of the list, written to a file in each coding at once."""

    def __init__(self, form: ListForm, prefix: str, stack: ExitStack) -> None:
        compressors: Iterable[tuple[Literal["identity", "gzip", "zstd"], _Compressor | None]] = (
            ("identity", None),
            ("gzip", zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, 31)),
            ("zstd", zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()),
        )
        self._outputs = []
        for coding, compressor in compressors:
            file = Path(f"{prefix}.{form}.{coding}").open("wb")  # noqa: SIM115 - closed by the stack
            self._outputs.append(_Output(form, coding, stack.enter_context(file), compressor))

    def write(self, part: bytes) -> None:
        """Write the next bytes of the form."""
        for output in self._outputs:
            output.write(part)

    def ended(self) -> list[Written]:
        """End the files, and tell what they are."""
        return [output.ended() for output in self._outputs]


class _Output:
    def __init__(
        self,
        form: ListForm,
        coding: Literal["identity", "gzip", "zstd"],
        file: IO[bytes],
        compressor: _Compressor | None,
    ) -> None:
        self._form: ListForm = form
        self._coding = coding
        self._file = file
        self._compressor = compressor
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, part: bytes) -> None:
        self._keep(self._compressor.compress(part) if self._compressor is not None else part)

    def _keep(self, part: bytes) -> None:
        self._file.write(part)
        self._digest.update(part)
        self._size += len(part)

    def ended(self) -> Written:
        if self._compressor is not None:
            self._keep(self._compressor.flush())
        self._file.flush()
        return Written(
            form=self._form,
            coding=self._coding,
            path=self._file.name,
            size=self._size,
            sha256=self._digest.hexdigest(),
        )
