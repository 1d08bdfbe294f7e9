"""Wheels as large and as full as one likes, of which little is in memory: the payload is made while it is sent.

The payload stands first and is the same for all wheels of a size, so that it is hashed once. Behind it stand the small
members, deflated as in real wheels, `.dist-info` last and RECORD as its end, and the directory.
"""

import base64
import hashlib
import io
import random
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, override

from tests.fakepypi.bodies import Held, Joined, Pattern

_EPOCH = (2024, 1, 2, 3, 4, 4)
_PAYLOAD = "payload.so"
_WORDS = [
    "".join(random.Random(f"word {number}").choices("etaoinshrdlucmfwypvbgk", k=2 + number % 9))
    for number in range(1500)
]


def prose(about: str, length: int) -> bytes:
    """Give a description of so many bytes, which compresses as prose does: to about a third."""
    chosen = random.Random(about)
    text = " ".join(chosen.choices(_WORDS, weights=[1 / (rank + 5) for rank in range(len(_WORDS))], k=length // 4))
    return "\n".join(text[at : at + 100] for at in range(0, length, 100)).encode()[:length]


@dataclass(frozen=True)
class MadeWheel:
    """One wheel: `size` is that of its payload, `members` how many further files it has, `described` bytes say what for.

    `markup` is the content type of these bytes; without one they are reStructuredText.
    """

    name: str
    version: str
    tag: str = "py3-none-any"
    requires: Sequence[str] = ()
    size: int = 20_000
    members: int = 5
    described: int = 6_000
    markup: str = ""

    @property
    def stem(self) -> str:
        """Name and version as filenames have them."""
        return f"{self.name.replace('-', '_')}-{self.version}"

    @property
    def filename(self) -> str:
        """As it stands on the page."""
        return f"{self.stem}-{self.tag}.whl"

    @cached_property
    def metadata(self) -> bytes:
        """Its core metadata."""
        lines = ["Metadata-Version: 2.1", f"Name: {self.name}", f"Version: {self.version}", "License: MIT"]
        lines += [f"Requires-Dist: {requirement}" for requirement in self.requires]
        lines += [f"Description-Content-Type: {self.markup}"] if self.markup else []
        return "\n".join([*lines, "", ""]).encode() + prose(self.stem, self.described)

    @cached_property
    def body(self) -> Joined:
        """Its bytes; what stands behind the payload is in memory."""
        head, crc, *_ = _payload(self.size)
        stream = _Behind(len(head) + self.size)
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.filelist.append(_payload_info(self.size, crc))
            for name, content in self._members():
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
        return Joined((Held(head), Pattern(self.size), Held(stream.getvalue())))

    def _members(self) -> list[tuple[str, bytes]]:
        module, info = self.name.replace("-", "_"), f"{self.stem}.dist-info"
        names = [f"{module}/include/part_{number // 50}/component_{number:06}.h" for number in range(self.members)]
        tags = f"Wheel-Version: 1.0\nGenerator: benchmark\nRoot-Is-Purelib: false\nTag: {self.tag}\n".encode()
        parts = [(name, name.encode()) for name in names]
        parts += [(f"{info}/METADATA", self.metadata), (f"{info}/WHEEL", tags)]
        rows = [(name, _recorded(hashlib.sha256(content)), len(content)) for name, content in parts]
        rows.append((_PAYLOAD, _payload(self.size)[4], self.size))
        record = "".join(f"{name},sha256={digest},{size}\n" for name, digest, size in rows)
        return [*parts, (f"{info}/RECORD", f"{record}{info}/RECORD,,\n".encode())]

    @property
    def directory(self) -> int:
        """How many bytes its directory has."""
        *_, behind = self.body.parts
        with zipfile.ZipFile(io.BytesIO(b"".join(behind.chunks()))) as archive:
            return len(b"".join(behind.chunks())) - archive.start_dir

    @cached_property
    def digests(self) -> tuple[str, str]:
        """SHA-256 and BLAKE2b-256 of the whole."""
        sha256, blake2b = (found.copy() for found in _payload(self.size)[2:4])
        *_, behind = self.body.parts
        for chunk in behind.chunks():
            sha256.update(chunk)
            blake2b.update(chunk)
        return sha256.hexdigest(), blake2b.hexdigest()

    @property
    def path(self) -> str:
        """Where it is on the files host: at its BLAKE2b-256, as PyPI's files are."""
        blake2b = self.digests[1]
        return f"/packages/{blake2b[:2]}/{blake2b[2:4]}/{blake2b[4:]}/{self.filename}"


class _Behind(io.BytesIO):
    """Holds what is written behind so many bytes that are somewhere else."""

    def __init__(self, before: int) -> None:
        super().__init__()
        self._before = before

    @override
    def tell(self) -> int:
        return super().tell() + self._before

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return super().seek(offset - (0 if whence else self._before), whence) + self._before


def _recorded(sha256: Any) -> str:
    return base64.urlsafe_b64encode(sha256.digest()).decode().rstrip("=")


def _payload_info(size: int, crc: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(_PAYLOAD, _EPOCH)
    info.file_size = info.compress_size = size
    info.CRC, info.header_offset = crc, 0
    return info


@cache
def _payload(size: int) -> tuple[bytes, int, Any, Any, str]:  # hashlib has no public types
    crc = 0
    for chunk in Pattern(size).chunks():
        crc = zlib.crc32(chunk, crc)
    head = _payload_info(size, crc).FileHeader(zip64=False)
    sha256, blake2b = hashlib.sha256(head), hashlib.blake2b(head, digest_size=32)
    alone = hashlib.sha256()
    for chunk in Pattern(size).chunks():
        alone.update(chunk)
        sha256.update(chunk)
        blake2b.update(chunk)
    return head, crc, sha256, blake2b, _recorded(alone)
