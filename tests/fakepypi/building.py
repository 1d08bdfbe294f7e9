"""Real distributions made in memory: small wheels, sdists with a build backend of their own, wheels of any size."""

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Buffer, Sequence
from dataclasses import dataclass
from typing import override

from tests.fakepypi.bodies import Body, Held, Joined, Pattern, read

_EPOCH = (2024, 1, 2, 3, 4, 4)  # the time of every member, so that equal releases are equal bytes

# The backend of every sdist: its wheel lies ready in the folder, so building needs nothing that is not there.
_BACKEND = """\
import shutil
from pathlib import Path


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    [wheel] = Path(__file__).parent.glob("ready/*.whl")
    shutil.copy(wheel, wheel_directory)
    return wheel.name
"""
_PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a distribution says of itself."""

    name: str
    version: str
    requires_python: str | None = None
    requires: Sequence[str] = ()  # Requires-Dist lines

    @property
    def module(self) -> str:
        """The one module in it, which is also the name part of its filename."""
        return self.name.replace("-", "_").replace(".", "_").lower()

    @property
    def stem(self) -> str:
        """Name and version as filenames have them."""
        return f"{self.module}-{self.version}"

    @property
    def metadata(self) -> bytes:
        """The core metadata (version 2.2: what an sdist says here holds for its wheels as well, PEP 643)."""
        lines = ["Metadata-Version: 2.2", f"Name: {self.name}", f"Version: {self.version}"]
        if self.requires_python:
            lines.append(f"Requires-Python: {self.requires_python}")
        lines += [f"Requires-Dist: {requirement}" for requirement in self.requires]
        return ("\n".join(lines) + "\n").encode()


def wheel(recipe: Recipe, padding: int = 0) -> tuple[str, bytes]:
    """Filename and bytes of an installable wheel; `padding` adds a member of so many incompressible bytes."""
    return f"{recipe.stem}-py3-none-any.whl", read(_wheel_body(recipe, padding))


def sdist(recipe: Recipe, padding: int = 0) -> tuple[str, bytes]:
    """Filename and bytes of an installable sdist: it builds offline, with an in-tree backend (PEP 517)."""
    wheel_name, wheel_bytes = wheel(recipe)
    members = {
        "PKG-INFO": recipe.metadata,
        "pyproject.toml": _PYPROJECT.encode(),
        "backend.py": _BACKEND.encode(),
        f"ready/{wheel_name}": wheel_bytes,
    }
    if padding:
        members["padding.bin"] = read(Pattern(padding))
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", format=tarfile.PAX_FORMAT, compresslevel=1) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(f"{recipe.stem}/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return f"{recipe.stem}.tar.gz", stream.getvalue()


def big_wheel(recipe: Recipe, size: int) -> tuple[str, Body]:
    """Filename and body of an installable wheel of exactly `size` bytes whose payload is made while it is sent.

    The payload comes first and the metadata last, so whoever wants the metadata has to ask for the end.
    Raises ValueError if `size` is too small for a wheel.
    """
    payload = size - _wheel_body(recipe, 1).size + 1
    if payload < 1:
        raise ValueError(f"{size} bytes are too few for a wheel; ask for some thousands")
    return f"{recipe.stem}-py3-none-any.whl", _wheel_body(recipe, payload)


def _wheel_body(recipe: Recipe, payload: int) -> Body:
    info = f"{recipe.stem}.dist-info"
    members = {
        f"{recipe.module}.py": f'VERSION = "{recipe.version}"\n'.encode(),
        f"{info}/METADATA": recipe.metadata,
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: fakepypi\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [_record_line(name, content) for name, content in members.items()]
    sheet = _Sheet()
    with zipfile.ZipFile(sheet, "w", zipfile.ZIP_STORED) as archive:
        if payload:
            name = f"{recipe.module}_padding.bin"
            record.append(f"{name},,")  # neither hash nor size: the rest of the wheel does not depend on the payload
            _write_payload(archive, sheet, name, payload)
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
        lines = "\n".join([*record, f"{info}/RECORD,,", ""])
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD", _EPOCH), lines)
    return sheet.body()


def _record_line(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}"


def _write_payload(archive: zipfile.ZipFile, sheet: "_Sheet", name: str, size: int) -> None:
    pattern = Pattern(size)
    with archive.open(zipfile.ZipInfo(name, _EPOCH), "w", force_zip64=True) as member:
        sheet.stand_in(pattern)
        for chunk in pattern.chunks():
            member.write(chunk)
        sheet.resume()


class _Sheet(io.RawIOBase):
    """What zipfile writes to. While a body stands in, what is written is counted and not kept."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[Body] = []
        self._written = 0
        self._keeping = True

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, data: Buffer) -> int:
        content = bytes(memoryview(data))
        self._written += len(content)
        if self._keeping:
            self._parts.append(Held(content))
        return len(content)

    @override
    def tell(self) -> int:
        return self._written

    @override
    def seekable(self) -> bool:
        return False  # so that zipfile puts sizes behind the data instead of coming back for them

    def stand_in(self, body: Body) -> None:
        """Take `body` for what is written until `resume`."""
        self._parts.append(body)
        self._keeping = False

    def resume(self) -> None:
        """Keep what is written again."""
        self._keeping = True

    def body(self) -> Body:
        """All that was written."""
        merged: list[Body] = []
        for part in self._parts:
            if merged and isinstance(part, Held) and isinstance(merged[-1], Held):
                merged[-1] = Held(merged[-1].content + part.content)
            else:
                merged.append(part)
        return Joined(tuple(merged))
