"""What a distribution requires, out of its core metadata or, to be built, out of its sdist.

Sources: PyPA specifications "Core metadata" and "pyproject.toml" ([build-system]).
"""

import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import BytesParser
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

_LARGEST = 1 << 20  # bytes of a pyproject.toml
_LOOKED_AT = 10_000  # members of an sdist looked through for it
_PROJECT_FILE = "pyproject.toml"
_BY_DEFAULT = ("setuptools>=40.8.0",)  # what builds an sdist that says nothing


def requires_dist(metadata: bytes) -> Iterator[Requirement]:
    """Give the requirements in core metadata; clients pass over what is none, and so is it here."""
    for line in BytesParser().parsebytes(metadata, headersonly=True).get_all("Requires-Dist", []):
        if (requirement := _requirement(str(line))) is not None:
            yield requirement


def build_requires(sdist: Path, filename: str) -> list[Requirement]:
    """Give what is needed to build the sdist at a path. Raises ValueError for what cannot be read. Waits for the disk."""
    try:
        text = _zipped(sdist) if filename.endswith(".zip") else _tarred(sdist)
        system = tomllib.loads(text.decode()).get("build-system", {}) if text is not None else {}
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        raise ValueError(f"{filename}: what builds it cannot be read ({type(error).__name__})") from error
    requires = system.get("requires", _BY_DEFAULT) if isinstance(system, dict) else _BY_DEFAULT
    return [found for line in requires if (found := _requirement(str(line))) is not None]


def _requirement(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except InvalidRequirement:
        return None


def _tarred(path: Path) -> bytes | None:
    with tarfile.open(path) as archive:
        for _, member in zip(range(_LOOKED_AT), archive, strict=False):
            if member.isfile() and _is_at_top(member.name) and member.size <= _LARGEST:
                found = archive.extractfile(member)
                return found.read() if found is not None else None
    return None


def _zipped(path: Path) -> bytes | None:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist()[:_LOOKED_AT]:
            if _is_at_top(info.filename) and info.file_size <= _LARGEST:
                return archive.read(info)
    return None


def _is_at_top(name: str) -> bool:
    parts = name.removeprefix("./").split("/")
    return len(parts) == len(("folder", _PROJECT_FILE)) and parts[1] == _PROJECT_FILE
