"""What another configuration would change for those who were served in a period. All of it can be written as JSON (msgspec). Pure."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from msgspec import Struct

from addons.inspecting.comparing import Outcome
from addons.inspecting.showing import harmless

_GIVEN: tuple[Outcome, ...] = ("offered", "yanked")
_MOST_LINES = 20  # of files that would be refused, the most wanted first
_MOST_NAMES = 5  # of files that nobody got and that all change alike


class FileThen(Struct, frozen=True, kw_only=True):
    """What changes of one file, which these clients got `times` times; `words`: what they would read of it.

    `places`: FILE:LINE of the rules that say so, in the configuration where there is one: the new one for what is taken away.
    """

    filename: str
    times: int
    last: datetime | None
    before: Outcome
    after: Outcome
    words: str | None = None
    places: list[str] = []

    @property
    def is_lost(self) -> bool:
        """Whether who gets it now would not get it any more."""
        return self.before in _GIVEN and self.after not in _GIVEN


class ProjectThen(Struct, frozen=True, kw_only=True):
    """A project, whose page these clients got so many times, of which something would change."""

    project: str
    pages: int
    changes: list[FileThen]


class Unknown(Struct, frozen=True, kw_only=True):
    """Something that these clients got, and of which nobody can say what would become; `why` in words."""

    project: str
    filename: str
    times: int
    why: str


class GroupThen(Struct, frozen=True, kw_only=True):
    """One kind of clients: the names of its group and its profile, "" for none, and how many pages and files they got.

    `remarks`: where one of the configurations does not know it.
    """

    group: str
    profile: str
    pages: int
    files: int
    remarks: list[str]
    changed: list[ProjectThen]
    unknown: list[Unknown]

    @property
    def name(self) -> str:
        """What people call it."""
        named = [f"{noun} {name}" for noun, name in (("group", self.group), ("profile", self.profile)) if name]
        return ", ".join(named) or "clients of no group"


class Lost(Struct, frozen=True, kw_only=True):
    """A file that some clients got `times` times, and would not get any more."""

    group: str
    profile: str
    project: str
    filename: str
    times: int
    words: str | None


class Consequences(Struct, frozen=True, kw_only=True):
    """From `since` to `until`, both counted in; `added`: the groups that only the new configuration has."""

    since: date
    until: date
    groups: list[GroupThen]
    added: list[str]

    @property
    def has_changes(self) -> bool:
        """Whether anything would change."""
        return any(each.changed for each in self.groups)

    @property
    def has_unknown(self) -> bool:
        """Whether something that was served cannot be judged."""
        return any(each.unknown for each in self.groups)

    @property
    def lost(self) -> list[Lost]:
        """The files that were got and would be refused, the most frequent first."""
        found = [
            Lost(
                group=each.group,
                profile=each.profile,
                project=project.project,
                filename=file.filename,
                times=file.times,
                words=file.words,
            )
            for each in self.groups
            for project in each.changed
            for file in project.changes
            if file.times and file.is_lost
        ]
        return sorted(found, key=lambda each: (-each.times, each.group, each.profile, each.project, each.filename))

    @property
    def totals(self) -> dict[str, dict[str, int]]:
        """How many files change in which way, as `offered to refused`, and how many downloads those were."""
        found: dict[str, dict[str, int]] = {}
        for each in (file for group in self.groups for project in group.changed for file in project.changes):
            total = found.setdefault(f"{each.before} to {each.after}", {"files": 0, "downloads": 0})
            total["files"] += 1
            total["downloads"] += each.times
        return dict(sorted(found.items()))


def lines(said: Consequences) -> Iterator[str]:
    """Give it for people: by kind of clients and project, then what cannot be judged, and the sum."""
    for group in said.groups:
        if not (group.changed or group.unknown or group.remarks):
            continue
        yield f"{harmless(group.name)}: {_count(group.files, 'download')}, {_count(group.pages, 'page')}"
        yield from (f"  {harmless(remark)}" for remark in group.remarks)
        for project in group.changed:
            yield from _project(project)
        for each in group.unknown:
            yield f"  unknown: {harmless(each.filename or each.project)}, got {_often(each.times)}: {harmless(each.why)}"
        yield ""
    for name in said.added:
        yield f"group {harmless(name)} is new: nothing was served to it yet"
    yield from _sum(said)


def _project(project: ProjectThen) -> Iterator[str]:
    yield f"  {harmless(project.project)}"
    alike: dict[tuple[str, ...], list[FileThen]] = {}
    for each in project.changes:
        alike.setdefault((each.before, each.after, each.words or "", *each.places), []).append(each)
    for (before, after, said, *places), files in alike.items():
        yield f"    from {before} to {after}: {_files(files)}"
        there = f" ({', '.join(places)})" if places else ""
        if said or there:
            yield f"      {harmless(said + there).strip()}"


def _files(files: Sequence[FileThen]) -> str:
    got = sorted((each for each in files if each.times), key=lambda each: -each.times)
    rest = [harmless(each.filename) for each in files if not each.times]
    told = [f"{harmless(each.filename)} (got {_often(each.times)})" for each in got]
    if rest:
        more = f" and {len(rest) - _MOST_NAMES} more" if len(rest) > _MOST_NAMES else ""
        told.append(f"{', '.join(rest[:_MOST_NAMES])}{more} (not got)")
    return ", ".join(told)


def _sum(said: Consequences) -> Iterator[str]:
    lost = said.lost
    if lost:
        yield "would be refused, the most wanted first:"
        for each in lost[:_MOST_LINES]:
            whom = GroupThen(
                group=each.group, profile=each.profile, pages=0, files=0, remarks=[], changed=[], unknown=[]
            )
            yield f"  {each.times:>7}  {harmless(each.filename)}, {harmless(whom.name)}"
        if len(lost) > _MOST_LINES:
            yield f"           and {len(lost) - _MOST_LINES} more: --json has them"
    of = sum(each.files for each in said.groups)
    refused = sum(each.times for each in lost)
    yield f"{said.since} to {said.until}: {refused} of {_count(of, 'download')} would have been refused" + _totals(said)


def _totals(said: Consequences) -> str:
    ways = ", ".join(f"{each['files']} from {way}" for way, each in said.totals.items())
    unknown = sum(len(each.unknown) for each in said.groups)
    return (f"; files: {ways}" if ways else "; nothing would change") + (f"; {unknown} unknown" if unknown else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _often(times: int) -> str:
    return "once" if times == 1 else f"{times} times"
