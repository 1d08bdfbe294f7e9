"""The core metadata that lies in a wheel or an sdist (PEP 427, PEP 643)."""

import os
from pathlib import Path

from packaging.utils import canonicalize_name

from addons.metadata.agreeing import check_agreement
from addons.metadata.bounded import BOUNDS, Bounds, NotADistribution, Read, Stretches
from addons.metadata.tar_member import tar_pkg_info
from addons.metadata.zip_member import zip_member
from addons.simple.distributions import Distribution

__all__ = ["BOUNDS", "Bounds", "NotADistribution", "Read", "core_metadata", "sdist_metadata", "wheel_metadata"]

_GZIP, _ZIP = b"\x1f\x8b", b"PK"
_FOLDER = ".dist-info"


def core_metadata(path: Path, named: Distribution) -> bytes:
    """Give the core metadata of the wheel or sdist on disk that its name says it is. Raises NotADistribution."""
    try:
        with path.open("rb", buffering=0) as handle:
            length = os.fstat(handle.fileno()).st_size

            def read(at: int, count: int) -> bytes:
                return os.pread(handle.fileno(), count, at)

            return (wheel_metadata if named.kind == "wheel" else sdist_metadata)(read, length, named)
    except OSError as error:
        raise NotADistribution(f"cannot be read ({error.strerror})") from error


def wheel_metadata(read: Read, length: int, named: Distribution, bounds: Bounds = BOUNDS) -> bytes:
    """Give METADATA of the wheel's one `.dist-info` folder, byte for byte (MET-03, MET-05). Raises NotADistribution.

    Asks for the last 64 KiB, and for directory and member if they lie before them: three reads for every honest wheel,
    and two more of 4 bytes where something stands before the archive.
    """

    def choose(names: list[str]) -> str:
        folders = {name.split("/")[0] for name in names}
        found = [name for name in names if name.partition("/")[2].lower() == "metadata"]
        of_project = all(canonicalize_name(folder).startswith(named.project) for folder in folders)
        if len(folders) == len(found) == 1 and of_project and found[0].endswith(f"{_FOLDER}/METADATA"):
            return found[0]
        raise NotADistribution("has not exactly one .dist-info/METADATA of its project")

    content = zip_member(Stretches(read, length), _in_dist_info, choose, bounds)
    check_agreement(content, named, bounds)
    return content


def _in_dist_info(name: str) -> bool:
    return name.partition("/")[0].lower().endswith(_FOLDER)


def sdist_metadata(read: Read, length: int, named: Distribution, bounds: Bounds = BOUNDS) -> bytes:
    """Give PKG-INFO of the sdist's one top folder, byte for byte. Raises NotADistribution.

    Which kind of archive it is, its first bytes say. Of a tar archive nothing is read behind PKG-INFO; it is asked for in
    pieces of 256 KiB, front to back.
    """
    kind = read(0, min(2, length))
    if kind == _GZIP:
        content = tar_pkg_info(read, length, bounds)
    elif kind == _ZIP:
        content = zip_member(Stretches(read, length), _in_a_folder, _only_pkg_info, bounds)
    else:
        raise NotADistribution("is no readable archive, neither a gzipped tar nor a ZIP archive")
    check_agreement(content, named, bounds)
    return content


def _in_a_folder(name: str) -> bool:
    return "/" in name


def _only_pkg_info(names: list[str]) -> str:
    found = [name for name in names if name.count("/") == 1 and name.lower().endswith("/pkg-info")]
    if len({name.partition("/")[0] for name in names}) > 1:
        raise NotADistribution("has more than one top folder")
    if len(found) != 1 or not found[0].endswith("/PKG-INFO"):
        raise NotADistribution("has no PKG-INFO in its top folder, or more than one")
    return found[0]
