"""A wheel's archive: its members, `.dist-info`, RECORD, WHEEL and entry points (UPL-10).

Source: PyPA specifications "Binary distribution format", "Entry points".
"""

import configparser
import re
from collections.abc import Iterator, Mapping
from email.parser import BytesHeaderParser

from packaging.tags import Tag, parse_tag

from addons.metadata.bounded import NotADistribution, Read, shown
from addons.metadata.zip_directory import Entry
from addons.policies.tags import tags_of
from addons.upload.sound.bounds import MOST_METADATA, MOST_RECORD, MOST_SMALL
from addons.upload.sound.contents import Contents
from addons.upload.sound.members import unpacked, zip_members
from addons.upload.sound.record import Row, content_problem, listing_problems, read_record
from addons.upload.sound.words import clean, damaged, few, unsound

_MOST_TAGS = 1000
_OBJECT = re.compile(r"[\w.]+\s*(?::\s*[\w.]+)?\s*(?:\[[\w.,\s-]*\])?")
_COMMAND = re.compile(r"[\w.-][\w. -]*")
_NOTHING = Row(None, None, None)


def wheel_contents(read: Read, length: int, filename: str) -> Contents:
    """Look at all of a wheel, holding a piece of it at a time. Never raises NotADistribution: that is a problem."""
    members = zip_members(read, length)
    problems = list(members.problems)
    if not members.files or not members.readable:
        return Contents(tuple(problems))
    wheel = _Wheel(read, length, filename, members.files)
    problems += wheel.folder_problems()
    metadata = wheel.small("METADATA", MOST_METADATA, problems)
    said = wheel.small("WHEEL", MOST_SMALL, problems)
    if said is not None:
        problems += _wheel_problems(said, filename)
    if f"{wheel.info}/entry_points.txt" in members.files:
        points = wheel.small("entry_points.txt", MOST_SMALL, problems)
        problems += _entry_point_problems(points or b"", filename)
    problems += wheel.record_problems()
    licenses = f"{wheel.info}/licenses/"
    return Contents(tuple(problems), metadata, frozenset(members.files), licenses)


class _Wheel:
    """The files of a wheel, and where its `.dist-info` has to be."""

    def __init__(self, read: Read, length: int, filename: str, files: Mapping[str, Entry]) -> None:
        self._read, self._length, self._filename, self._files = read, length, filename, files
        self.info = "-".join(filename.removesuffix(".whl").split("-")[:2]) + ".dist-info"

    def folder_problems(self) -> Iterator[str]:
        """Yield other `.dist-info` folders: which of them counts would be up to the reader."""
        tops = dict.fromkeys(name.partition("/")[0] for name in self._files if "/" in name)
        others = (top for top in tops if top.lower().endswith(".dist-info") and top != self.info)
        yield from few(unsound(f"has a folder {shown(top)}, but should have {shown(self.info)} only") for top in others)

    def small(self, name: str, most: int, problems: list[str]) -> bytes | None:
        """Give a file of `.dist-info`, None if there is none that can be read: then that is one of the problems."""
        entry = self._files.get(f"{self.info}/{name}")
        shown_name = clean(self._filename)
        if entry is None:
            where = f"{clean(self.info)}/{name}"
            problems.append(f"Wheel '{shown_name}' does not contain the required {name} file: {where}")
        elif entry.size > most:
            problems.append(unsound(f"has a {name} of more than {most >> 20} MiB"))
        else:
            try:
                return b"".join(unpacked(self._read, entry, self._length))
            except NotADistribution as error:
                problems.append(damaged(error))
        return None

    def record_problems(self) -> list[str]:
        """Compare every byte with RECORD; give what is wrong."""
        problems: list[str] = []
        content = self.small("RECORD", MOST_RECORD, problems)
        rows: Mapping[str, Row] = {}
        if content is not None:
            rows, found = read_record(content)
            problems += [*found, *(() if found and not rows else listing_problems(rows, self._files, self.info))]
        del content
        return [*problems, *few(self._read_all(rows))]

    def _read_all(self, rows: Mapping[str, Row]) -> Iterator[str]:
        for name, entry in self._files.items():
            try:
                problem = content_problem(name, rows.get(name, _NOTHING), unpacked(self._read, entry, self._length))
            except NotADistribution as error:
                problem = damaged(error)
            if problem is not None:
                yield problem


def _wheel_problems(content: bytes, filename: str) -> Iterator[str]:
    headers = BytesHeaderParser().parsebytes(content)
    wheel_version = str(headers.get("Wheel-Version", "")).strip()
    if not re.fullmatch(r"1\.\d{1,9}", wheel_version, re.ASCII):
        yield unsound(f"has a WHEEL of the Wheel-Version {shown(wheel_version)}, not 1.0")
    if str(headers.get("Root-Is-Purelib", "")).strip().lower() not in ("true", "false"):
        yield unsound("has a WHEEL that does not say whether Root-Is-Purelib")
    named = _tags(tags_of(filename))
    said = [_tags(tags_of(f"x-1-{str(tag).strip()}.whl")) for tag in headers.get_all("Tag", [])[: _MOST_TAGS + 1]]
    if named and (not said or len(said) > _MOST_TAGS or frozenset[Tag]().union(*said) != named):
        yield unsound("has a WHEEL whose tags are not those of its filename")
    build = str(headers.get("Build", "")).strip()
    parts = filename.removesuffix(".whl").split("-")
    if build and build != (parts[2] if len(parts) == 6 else ""):
        yield unsound(f"has a WHEEL whose Build {shown(build)} is not that of its filename")


def _tags(text: str | None) -> frozenset[Tag]:
    return frozenset() if text is None else frozenset(parse_tag(text))


def _entry_point_problems(content: bytes, filename: str) -> Iterator[str]:
    points = configparser.ConfigParser(delimiters=("=",), interpolation=None, default_section="")
    points.optionxform = str  # type: ignore[assignment,method-assign] # its documented use: names are not lower-cased
    start = f"Wheel '{clean(filename)}' has invalid entry points"
    try:
        points.read_string(content.decode())
    except (configparser.Error, UnicodeDecodeError) as error:
        yield clean(f"{start}: {error}", 400)
        return
    yield from few(clean(f"{start}: {fault}", 400) for fault in _bad_points(points))


def _bad_points(points: configparser.ConfigParser) -> Iterator[str]:
    for section in points.sections():
        if not re.fullmatch(r"[\w.-]+", section):
            yield f"group {shown(section)}"
        for name, value in points.items(section):
            if not _OBJECT.fullmatch(value):
                yield f"{shown(name)} = {shown(value)}"
            elif section in ("console_scripts", "gui_scripts") and not _COMMAND.fullmatch(name):
                yield f"{shown(name)} is no name of a command"
