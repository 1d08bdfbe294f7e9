"""Writing a bundle: beside its final name, which it gets when it is whole and on the medium."""

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from addons.bundle.container import MANIFEST, PIECE, Bundle, Layout, Member, Told, begin_of, header, layout_of, write
from addons.bundle.gathering import Gathered
from addons.bundle.manifest import FORMAT, MAJOR, MINOR, BadBundle, FileEntry, Manifest, decoded, encoded
from addons.cache.brought import place_of


class CannotWrite(Exception):
    """The bundle cannot be written there. In words."""


@dataclass(frozen=True)
class Plan:
    """A bundle that is to be written: its manifest as it stands there, and where all of it will lie."""

    manifest: Manifest
    written: bytes
    layout: Layout

    @property
    def sha256(self) -> str:
        """The manifest's."""
        return hashlib.sha256(self.written).hexdigest()

    @property
    def members(self) -> tuple[Member, ...]:
        """Its entries in their order."""
        return (*self.layout.files, *self.layout.bodies)


@dataclass(frozen=True)
class Taken:
    """Where the bytes are: bodies in the spool, files in the cache's folder."""

    gathered: Gathered
    spool: BinaryIO
    folder: Path


def plan_of(gathered: Gathered, at: datetime, before: Manifest | None, *, signed: bool) -> Plan:
    """Plan a bundle of what was gathered; files that the bundle `before` has are left out.

    Raises ValueError if it is too much for one bundle.
    """
    there = {each.sha256 for each in (*before.files, *before.earlier)} if before is not None else set()
    manifest = Manifest(
        format=FORMAT,
        version=(MAJOR, MINOR),
        made=at,
        files=_ordered(each for each in gathered.files.values() if each.sha256 not in there),
        earlier=_ordered(each for each in gathered.files.values() if each.sha256 in there),
        documents=tuple(sorted(gathered.documents, key=lambda each: (each.index, each.url))),
        gone=tuple(sorted(gathered.gone, key=lambda each: (each.index, each.url))),
    )
    written = encoded(manifest)
    decoded(written)  # what could not be read there must not be written here
    return Plan(manifest, written, layout_of(manifest, begin_of(written, signed)))


def _ordered(files: Iterable[FileEntry]) -> tuple[FileEntry, ...]:
    return tuple(sorted(files, key=lambda each: (each.project, each.filename, each.sha256)))


def manifest_of(path: Path) -> Manifest:
    """Read the manifest of a bundle, or one that was taken out of a bundle. Raises BadBundle or OSError."""
    with path.open("rb") as file:
        if file.read(1) == b"{":
            return decoded(path.read_bytes())
    with Bundle(path) as bundle:
        return bundle.manifest


def check_target(to: Path) -> None:
    """Raise CannotWrite if what lies there is anything but an earlier bundle, which may be replaced."""
    try:
        with to.open("rb") as file:
            first = file.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        raise CannotWrite(f"{to}: {error.strerror}") from error
    if first and not first.startswith(header(MANIFEST, 0)[:100]):
        raise CannotWrite(f"{to}: is there, and is no bundle: name another file")


@contextmanager
def spool(beside: Path) -> Iterator[BinaryIO]:
    """Give a file without a name on the medium of the bundle."""
    with tempfile.TemporaryFile(dir=beside.absolute().parent) as file:
        yield file


def export(to: Path, plan: Plan, signature: bytes | None, taken: Taken, told: Told) -> None:
    """Write a bundle to `to`, which is there only when all of it is.

    Raises CannotWrite, or BadBundle where a kept file is not what its name says.
    """
    check_target(to)
    _touch(taken.folder, plan)
    part = to.with_name(f"{to.name}.part")
    try:
        with _only_writer(part) as file:
            try:
                free = shutil.disk_usage(part).free
                if free < plan.layout.size:
                    raise CannotWrite(f"{to}: the bundle takes {plan.layout.size} bytes, and {free} are free there")
                write(file, plan.written, signature, plan.members, lambda member: _pieces(member, taken, told))
                file.flush()
                os.fsync(file.fileno())
                part.replace(to)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        _fsync(to.absolute().parent)
    except BadBundle as error:
        raise CannotWrite(
            f"a file is damaged in the cache, or went away: {error}; export again, or fetch it anew"
        ) from error
    except OSError as error:
        raise CannotWrite(f"{to}: {_words(error, plan)}; nothing of it was left there") from error


@contextmanager
def _only_writer(part: Path) -> Iterator[BinaryIO]:
    with part.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotWrite(f"{part}: another export is writing it") from error
        file.truncate(0)  # what one left that was killed
        yield file


def _touch(folder: Path, plan: Plan) -> None:
    """Make its files used lately, so that a gateway that needs room takes others."""
    for each in plan.manifest.files:
        with suppress(OSError):
            os.utime(place_of(folder, each.sha256))


def _pieces(member: Member, taken: Taken, told: Told) -> Iterator[bytes]:
    if member.name.startswith("documents/"):
        taken.spool.seek(taken.gathered.at[member.sha256])
        yield from _counted(taken.spool, member.size, told)
        return
    try:
        file = place_of(taken.folder, member.sha256).open("rb")
    except FileNotFoundError:
        raise BadBundle(f"{member.sha256} made way in the cache while the bundle was written: export again") from None
    with file:
        yield from _counted(file, member.size, told)


def _counted(file: BinaryIO, size: int, told: Told) -> Iterator[bytes]:
    while size and (piece := file.read(min(size, PIECE))):
        size -= len(piece)
        told(len(piece))
        yield piece


def _words(error: OSError, plan: Plan) -> str:
    if error.errno == errno.ENOSPC:
        return f"no space is left there for its {plan.layout.size} bytes"
    if error.errno == errno.EFBIG:
        return f"its file system takes no file of {plan.layout.size} bytes: use another one, or `split` it"
    return error.strerror or type(error).__name__


def _fsync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
