"""Forms as clients write them, and the pieces in which they come."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence

BOUNDARY = "b0undary"
KIND = f"multipart/form-data; boundary={BOUNDARY}"

type Part = tuple[str, str | bytes] | tuple[str, str | bytes, str]


def part(name: str, value: str | bytes, filename: str | None = None, *more: str) -> bytes:
    """Write one part; further lines of its head as they are."""
    named = f'; filename="{filename}"' if filename is not None else ""
    lines = "".join(f"{line}\r\n" for line in (f'Content-Disposition: form-data; name="{name}"{named}', *more))
    content = value if isinstance(value, bytes) else value.encode()
    return f"--{BOUNDARY}\r\n{lines}\r\n".encode() + content + b"\r\n"


def form(*parts: Part, end: str = "\r\n") -> bytes:
    """Write a form of parts: name and value, and a filename where it is a file."""
    return b"".join(part(*each) for each in parts) + f"--{BOUNDARY}--{end}".encode()


def upload(content: bytes = b"wheel", filename: str = "demo-1.0-py3-none-any.whl", **other: str) -> list[Part]:
    """Give the parts of an upload as twine orders them: metadata, digests, action, file."""
    fields = {
        "name": "demo",
        "version": "1.0",
        "metadata_version": "2.1",
        "filetype": "bdist_wheel",
        "pyversion": "py3",
        "sha256_digest": hashlib.sha256(content).hexdigest(),
        ":action": "file_upload",
        "protocol_version": "1",
    }
    return [*({**fields, **other}.items()), ("content", content, filename)]


async def pieces(body: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    """Give a body in pieces of a size."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def of(chunks: Iterable[bytes] | Sequence[bytes]) -> AsyncIterator[bytes]:
    """Give these pieces."""
    for chunk in chunks:
        yield chunk
