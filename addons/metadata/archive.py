"""The core metadata that lies in a wheel or an sdist on disk (PEP 427, PEP 643)."""

import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

from packaging.utils import canonicalize_name

from addons.simple.distributions import Distribution
from addons.simple.names import ProjectName

_LARGEST = 10 * 1024 * 1024  # bytes: larger than any honest METADATA
_LOOKED_AT = 10_000  # members of an sdist looked through for its PKG-INFO
_LOOKED_THROUGH = 4 << 30  # bytes of an sdist, unpacked, that are looked through for it
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # what clients can unpack as well (MET-11)

# What the standard library raises over bytes that are no archive, besides its own errors.
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, struct.error,
    EOFError, IndexError, NotImplementedError, OSError, OverflowError, RuntimeError, ValueError,
)  # fmt: skip


class NotADistribution(ValueError):
    """The archive is damaged, or has no core metadata where the standard puts it. In words."""


def core_metadata(path: Path, named: Distribution) -> bytes:
    """Give the core metadata of the wheel or sdist that its name says it is, byte for byte. Raises NotADistribution."""
    return wheel_metadata(path, named.project) if named.kind == "wheel" else sdist_metadata(path)


def wheel_metadata(path: Path, project: ProjectName) -> bytes:
    """Give METADATA of the wheel's one `.dist-info` folder, byte for byte (MET-03, MET-05). Raises NotADistribution."""
    try:
        with zipfile.ZipFile(path) as wheel:
            found = [name for name in wheel.namelist() if _is_metadata(name)]
            if len(found) != 1 or not canonicalize_name(found[0].split("/")[0]).startswith(project):
                raise NotADistribution("has not exactly one .dist-info/METADATA of its project")
            return _member(wheel, wheel.getinfo(found[0]))
    except NotADistribution:
        raise
    except _DAMAGED as error:
        raise NotADistribution(f"is no readable ZIP archive ({error})") from error


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > _LARGEST:
        raise NotADistribution("has core metadata of more than 10 MiB")
    if info.compress_type not in _METHODS:
        raise NotADistribution("has core metadata that is packed in an unusual way")
    return archive.read(info)


def _is_metadata(name: str) -> bool:
    folder, _, rest = name.partition("/")
    return rest == "METADATA" and folder.endswith(".dist-info")


def sdist_metadata(path: Path) -> bytes:
    """Give PKG-INFO of the sdist's top folder. Raises NotADistribution."""
    try:
        if path.suffix == ".zip":
            return _zip_sdist(path)
        return _tar_sdist(path)
    except NotADistribution:
        raise
    except _DAMAGED as error:
        raise NotADistribution(f"is no readable archive ({error})") from error


def _tar_sdist(path: Path) -> bytes:
    with tarfile.open(path, "r:gz") as sdist:
        for _, member in zip(range(_LOOKED_AT), sdist, strict=False):
            if member.isfile() and _is_pkg_info(member.name):
                if member.size > _LARGEST:
                    raise NotADistribution("has core metadata of more than 10 MiB")
                found = sdist.extractfile(member)
                return found.read() if found is not None else b""
            if member.offset_data + member.size > _LOOKED_THROUGH:  # to pass over it would be to unpack it
                break
    raise NotADistribution("has no PKG-INFO in its top folder")


def _zip_sdist(path: Path) -> bytes:
    with zipfile.ZipFile(path) as sdist:
        for info in sdist.infolist()[:_LOOKED_AT]:
            if _is_pkg_info(info.filename):
                return _member(sdist, info)
    raise NotADistribution("has no PKG-INFO in its top folder")


def _is_pkg_info(name: str) -> bool:
    return name.removeprefix("./").count("/") == 1 and name.endswith("/PKG-INFO")
