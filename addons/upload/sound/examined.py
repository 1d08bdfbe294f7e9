"""Whether an uploaded file is sound: all that is wrong with it, in one answer."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from addons.metadata.bounded import NotADistribution
from addons.metadata.final import check_final
from addons.simple.names import ProjectName
from addons.store.stored import FileType, NewFile
from addons.upload.formed import Form, Spooled
from addons.upload.sound.contents import Contents
from addons.upload.sound.description import description_problems
from addons.upload.sound.metadata import Told, read_metadata
from addons.upload.sound.names import filetype_of, name_problems
from addons.upload.sound.organisation import organisation_problems
from addons.upload.sound.sdist import sdist_contents
from addons.upload.sound.wheel import wheel_contents
from proxyconf.soundness import Soundness, SoundRule

_MOST_PROBLEMS = 40


@dataclass(frozen=True)
class Examined:
    """What was found: reason lines, the weightiest first (UPL-23); and if there are none, the file as the store records it.

    `metadata` is the core metadata that may be announced of it, of which `new` has the sha256: that of every wheel, and of an
    sdist if no build may change it (PEP 643); None otherwise.
    """

    problems: tuple[str, ...]
    new: NewFile | None = None
    metadata: bytes | None = None


def examine(form: Form, spooled: Spooled, project: ProjectName, rules: Soundness) -> Examined:
    """Look at a file and its form. Waits for the disk, and for a process that renders the description.

    Raises OSError if what was spooled cannot be read: that is no fault of the file.
    """
    rule = rules.of(project)
    kind = filetype_of(spooled.filename)
    problems = [*name_problems(spooled.filename, form, project, rule)]
    if kind is None:
        return Examined(tuple(problems))
    contents = _contents(kind, spooled, rule)
    problems += contents.problems
    if contents.metadata is None:
        return Examined(_first(problems))
    told = read_metadata(contents.metadata, form, project)
    problems += [*told.problems, *_of_metadata(told, contents, rule)]
    if problems or told.version is None:
        return Examined(_first(problems))
    return _sound(kind, spooled, told, contents.metadata)


def _contents(kind: FileType, spooled: Spooled, rule: SoundRule) -> Contents:
    with spooled.path.open("rb", buffering=0) as handle:
        length = os.fstat(handle.fileno()).st_size

        def read(at: int, count: int) -> bytes:
            return os.pread(handle.fileno(), count, at)

        if kind == "bdist_wheel":
            return wheel_contents(read, length, spooled.filename)
        return sdist_contents(read, length, spooled.filename, spooled.path, rule)


def _of_metadata(told: Told, contents: Contents, rule: SoundRule) -> Iterator[str]:
    yield from contents.missing_licenses(told.license_files)
    yield from description_problems(told.raw, rule)
    yield from organisation_problems(told.raw, rule)


def _first(problems: list[str]) -> tuple[str, ...]:
    more = len(problems) - _MOST_PROBLEMS
    return tuple(problems) if more <= 0 else (*problems[:_MOST_PROBLEMS], f"And {more} more.")


def _sound(kind: FileType, spooled: Spooled, told: Told, metadata: bytes) -> Examined:
    new = NewFile(
        filename=spooled.filename,
        version=str(told.version),
        filetype=kind,
        size=spooled.size,
        md5=spooled.md5,
        sha256=spooled.sha256,
        blake2b_256=spooled.blake2b_256,
        requires_python=told.requires_python,
    )
    if kind == "sdist" and not _is_final(metadata):
        return Examined((), new)
    return Examined((), msgspec.structs.replace(new, metadata_sha256=hashlib.sha256(metadata).hexdigest()), metadata)


def _is_final(metadata: bytes) -> bool:
    try:
        check_final(metadata)
    except NotADistribution:
        return False
    return True
