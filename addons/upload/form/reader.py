"""Reading an upload as it comes: fields into memory, within bounds; the file onto the disk (RFC 7578; UPL-04 to UPL-07, UPL-33)."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser, parse_options_header

from addons.upload.form.blocks import blocks
from addons.upload.form.bounds import Bounds
from addons.upload.form.fields import CONTENT, Fields
from addons.upload.form.spool import Spool
from addons.upload.formed import Form, Spooled
from addons.upload.refusal import UploadRefused

type Early = Callable[[Form], Awaitable[int]]
"""Looks at the fields once the name is among them, and gives how many bytes the file may have. Raises UploadRefused."""

_MB = 1_000_000
_FARTHEST_BOUNDARY = 70  # RFC 2046 section 5.1.1
_BOUNDARY = re.compile(r"[;,]\s*boundary\b[^=;]*=", re.IGNORECASE)
_NAMED = re.compile(r'form-data; ?name="[^"\\%]*"(?:; ?filename="(?:[^"\\]|\\.)*")?', re.IGNORECASE)
_AS_IT_IS = ("7bit", "8bit", "binary")  # RFC 7578 section 4.7 has no other encodings of parts
_NOT_IN_NAMES = "/\\"


async def read_form(
    content_type: str, chunks: AsyncIterator[bytes], incoming: Path, bounds: Bounds, early: Early | None = None
) -> tuple[Form, Spooled | None]:
    """Read a form to its end; the file, if there is one, lies in `incoming` then, and is the caller's to remove.

    `early` is asked as soon as the name is known; what it refuses is read no further. Raises UploadRefused, what `chunks`
    raises, and OSError; nothing is left in the folder then.
    """
    reader = _Reader(incoming, bounds, early)
    try:
        await reader.read(_boundary(content_type), chunks)
        return reader.fields.form, await reader.spooled()
    except BaseException:
        await reader.drop()
        raise


def _boundary(content_type: str) -> str:
    kind, options = parse_options_header(content_type)
    boundary = str(options.get("boundary", ""))
    said_once = len(_BOUNDARY.findall(content_type)) == 1  # of two, another reader could take the other one
    if (
        kind != "multipart/form-data"
        or not said_once
        or not 0 < len(boundary) <= _FARTHEST_BOUNDARY
        or not boundary.isascii()
    ):
        raise UploadRefused(
            400, "form", "An upload is a form: its Content-Type is multipart/form-data, with a boundary."
        )
    return boundary


class _Reader:
    """The state between two pieces of a body."""

    def __init__(self, incoming: Path, bounds: Bounds, early: Early | None) -> None:
        self.fields = Fields(bounds)
        self.spool: Spool | None = None
        self._incoming = incoming
        self._bounds = bounds
        self._most = bounds.content
        self._early = early
        self._part: MultipartSegment | None = None
        self._name: str | None = None
        self._value = bytearray()
        self._length = 0
        self._writing: asyncio.Future[None] | None = None  # at most one piece is written while the next one comes

    async def read(self, boundary: str, chunks: AsyncIterator[bytes]) -> None:
        limits = self._bounds
        parser = PushMultipartParser(
            boundary,
            max_header_size=limits.header,
            max_header_count=limits.headers,
            max_segment_count=limits.parts,
            strict=True,
        )
        try:
            with parser:
                first, last = True, b""
                async for block in blocks(chunks, len(boundary) + 16):
                    if first and not block.removeprefix(b"\r\n").startswith(f"--{boundary}".encode()):
                        raise _beside("before")
                    first, last = False, block
                    for event in parser.parse(block):
                        await self._take(event)
                _check_end(last, boundary)
        except ParserLimitReached as error:
            raise UploadRefused(400, "form", f"The form is larger than forms may be here. Error: {error}.") from None
        except MultipartError as error:
            raise UploadRefused(400, "form", f"The form cannot be read. Error: {error}.") from None

    async def spooled(self) -> Spooled | None:
        """End the file."""
        await self._written()
        return None if self.spool is None else await asyncio.to_thread(self.spool.end)

    async def drop(self) -> None:
        """Take away what has been written, once nobody writes to it any more."""
        with suppress(OSError):  # what led here is told, and not what came of it
            await self._written()
        if self.spool is not None:
            await asyncio.to_thread(self.spool.remove)

    async def _written(self) -> None:
        """Wait for the piece that is being written. Raises OSError."""
        if self._writing is not None:
            await asyncio.shield(self._writing)  # a thread goes on whatever becomes of who waits for it
            self._writing = None

    async def _take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            await self._begin(event)
        elif event is None:
            await self._end()
        else:
            await self._more(bytes(event))

    async def _begin(self, part: MultipartSegment) -> None:
        _check_header(part)
        self._part, self._length = part, 0
        self._value.clear()
        if part.name != CONTENT:
            self._name = self.fields.begin(part.name or "", is_file=part.filename is not None)
            return
        if part.filename is None:
            raise UploadRefused(400, "no-file", "Upload payload does not have a file.")
        if self.spool is not None:
            raise UploadRefused(400, "form", "Invalid value for content. Error: it is there more than once.")
        _check_name(part.filename)
        self.spool = await asyncio.to_thread(Spool, self._incoming, part.filename)

    async def _more(self, piece: bytes) -> None:
        if self._part is not None and self._part.name == CONTENT:
            assert self.spool is not None
            await self._written()
            if self.spool.size + len(piece) > self._most:
                raise too_large(self._most)
            self._writing = asyncio.get_running_loop().run_in_executor(None, self.spool.write, piece)
            return
        self.fields.count(len(piece), self._length)
        self._length += len(piece)
        if self._name is not None:
            self._value += piece

    async def _end(self) -> None:
        name, self._name = self._name, None
        if name is None:
            return
        self.fields.end(name, bytes(self._value))
        if name == "name" and self._early is not None:
            self._most = min(self._most, await self._early(self.fields.form))
            await self._written()
            if self.spool is not None and self.spool.size > self._most:
                raise too_large(self._most)


def _check_header(part: MultipartSegment) -> None:
    """Refuse what two readers could take for two names or values: the one that we see is the one that counts."""
    said = [value for name, value in part.headerlist if name == "Content-Disposition"]
    if len(said) != 1 or not _NAMED.fullmatch(said[0]):
        words = (
            'a part has to have the header Content-Disposition: form-data; name="...", once, and a file filename="..."'
        )
        raise UploadRefused(400, "form", f"The form cannot be read. Error: {words}.")
    if part.header("Content-Transfer-Encoding", "binary").strip().lower() not in _AS_IT_IS:
        raise UploadRefused(400, "form", "The form cannot be read. Error: a part has a Content-Transfer-Encoding.")


def _check_end(last: bytes, boundary: str) -> None:
    """Refuse what stands behind a form: another reader could take it for a part of one."""
    _, found, rest = (b"\r\n" + last).partition(f"\r\n--{boundary}--".encode())
    if last and (not found or rest not in (b"", b"\r\n")):
        raise _beside("behind")


def _beside(where: str) -> UploadRefused:
    return UploadRefused(400, "form", f"The form cannot be read. Error: something stands {where} it.")


def too_large(most: int) -> UploadRefused:
    """Say that a file has more bytes than it may (UPL-12)."""
    return UploadRefused(400, "size", f"File too large. Limit for project files here is {most / _MB:g} MB.")


def _check_name(filename: str) -> None:
    if not filename.isprintable():
        raise UploadRefused(400, "filename", "Cannot upload a file with a control character in its name.")
    if any(character in filename for character in _NOT_IN_NAMES):
        raise UploadRefused(400, "filename", "Cannot upload a file with '/' or '\\' in its name.")
    if not filename or len(filename) > 255:
        raise UploadRefused(400, "filename", "Cannot upload a file with no name, or one of more than 255 characters.")
