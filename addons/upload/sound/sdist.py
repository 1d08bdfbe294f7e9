"""An sdist's archive: a gzipped tar archive with one top folder, and nothing that leads out of it (UPL-11).

Sources: PEP 625; PyPA specification "Source distribution format", with its "Source distribution archive features".
"""

import re
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from addons.metadata.bounded import BOUNDS, NotADistribution, Read, shown
from addons.metadata.tar_stream import PLAIN, Member, Unpacked, members, padded
from addons.upload.sound.bounds import MOST_METADATA, MOST_NAME, MOST_NAMES, most_unpacked
from addons.upload.sound.contents import Contents
from addons.upload.sound.words import damaged, unsound
from proxyconf.soundness import SoundRule

_LINKS = (tarfile.SYMTYPE, tarfile.LNKTYPE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SEPARATOR = re.compile(r"[/\\]")
_DRIVE = re.compile(r"[A-Za-z]:")
_MOST_FAULTS = 20


def sdist_contents(read: Read, length: int, filename: str, path: Path, rule: SoundRule) -> Contents:
    """Look at all of an sdist, holding a piece of it at a time. Never raises NotADistribution: that is a problem.

    `path` is where it lies, which is asked only whether it is a ZIP archive as well.
    """
    tree = _Tree(filename.removesuffix(".tar.gz"))
    problems = [unsound("is a ZIP archive, too")] if _is_zip(path) else []
    bounds = replace(BOUNDS, unpacked=most_unpacked(length))
    unpacked_tar = Unpacked(read, length, bounds, "unpacks to too much: its end is not")
    try:
        if read(0, min(2, length)) != b"\x1f\x8b":
            raise NotADistribution("is no gzipped tar archive")
        for member in members(unpacked_tar):
            tree.take(unpacked_tar, member)
        unpacked_tar.finish()
    except NotADistribution as error:
        return Contents((*problems, damaged(error), *tree.problems()))
    problems += [*tree.problems(), *tree.lacking(rule)]
    return Contents(tuple(problems), tree.metadata, frozenset(tree.files), f"{tree.top}/")


class _Tree:
    """What was seen of an archive whose one top folder has to be `top`."""

    def __init__(self, top: str) -> None:
        self.top = top
        self.files: set[str] = set()
        self.metadata: bytes | None = None
        self._folders: set[str] = set()
        self._said: list[str] = []
        self._more = self._characters = 0

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the members that were seen."""
        yield from self._said
        if self._more:
            yield unsound(f"has {self._more} more faults of these kinds")

    def take(self, archive: Unpacked, member: Member) -> None:
        """Look at a member, and go behind its content. Raises NotADistribution."""
        self._characters += len(member.name)
        if len(member.name) > MOST_NAME or len(member.link) > MOST_NAME or self._characters > MOST_NAMES:
            raise NotADistribution(f"has members with names of more than {MOST_NAME} characters, or too many of them")
        for problem in self._faults(member):
            if len(self._said) < _MOST_FAULTS:
                self._said.append(unsound(problem))
            else:
                self._more += 1
        name = _normal(member.name)
        if name == f"{self.top}/PKG-INFO" and member.kind in PLAIN and member.size <= MOST_METADATA:
            self.metadata = archive.take(member.size)
            if len(self.metadata) != member.size:
                raise NotADistribution("is no readable archive: it ends within a member")
            archive.skip(padded(member.size) - member.size)
        else:
            archive.skip(padded(member.size))
        (self._folders if member.kind == tarfile.DIRTYPE else self.files).add(name)

    def _faults(self, member: Member) -> Iterator[str]:
        name, told = _normal(member.name), shown(member.name)
        if _leads_out(member.name):
            yield f"has a member with an absolute name, or one with '..': {told}"
        elif name != self.top and not name.startswith(f"{self.top}/"):
            yield f"has a member that is not in its top folder {shown(self.top)}: {told}"
        if _CONTROL.search(member.name):
            yield f"has a member with control characters or no UTF-8 in its name: {told}"
        is_folder = member.kind == tarfile.DIRTYPE
        if name in self.files or (name in self._folders and not is_folder):
            yield f"has two members with the name {told}"
        if member.kind in _LINKS:
            yield from self._link_faults(member)
        elif member.kind not in PLAIN and not is_folder:
            yield f"has a member that is a device or nothing known: {told}"
        elif name == f"{self.top}/PKG-INFO" and member.size > MOST_METADATA:
            yield f"has a PKG-INFO of more than {MOST_METADATA >> 20} MiB"

    def _link_faults(self, member: Member) -> Iterator[str]:
        """Links stay in the top folder, and a hard one points at a file that came before it (tarfile's "data" filter)."""
        from_top = member.kind == tarfile.LNKTYPE
        target = member.link if from_top else f"{_normal(member.name).rpartition('/')[0]}/{member.link}"
        place = _resolved(target)
        if _is_absolute(member.link) or not place.startswith(f"{self.top}/"):
            yield f"has a link out of its top folder: {shown(member.name)} -> {shown(member.link)}"
        elif from_top and place not in self.files:
            yield f"has a link to what is not there: {shown(member.name)} -> {shown(member.link)}"
        if _normal(member.name) == f"{self.top}/PKG-INFO":
            yield "has a PKG-INFO that is a link"

    def lacking(self, rule: SoundRule) -> Iterator[str]:
        """Yield what every sdist has to have, and is not there."""
        folders = {name.rpartition("/")[0] for name in self.files}
        if self.files & folders:
            yield unsound("has files in what is no folder")
        if self.metadata is None:
            yield unsound(f"has no PKG-INFO in its top folder {shown(self.top)}")
        if rule.pyproject == "required" and f"{self.top}/pyproject.toml" not in self.files:
            yield unsound("has no pyproject.toml, which this project's sdists have to have")


def _normal(name: str) -> str:
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _is_absolute(name: str) -> bool:
    return name.startswith(("/", "\\")) or _DRIVE.match(name) is not None


def _leads_out(name: str) -> bool:
    return _is_absolute(name) or ".." in _SEPARATOR.split(name)


def _resolved(target: str) -> str:
    """Give where a path leads, "" if that is above all."""
    parts: list[str] = []
    for part in _SEPARATOR.split(target):
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _is_zip(path: Path) -> bool:
    """Tell whether zipfile takes it for one: its directory may stand in a field of gzip's header, or behind its stream."""
    try:
        return zipfile.is_zipfile(path)
    except (zipfile.BadZipFile, struct.error, ValueError):  # an end record of ZIP that is damaged
        return True
