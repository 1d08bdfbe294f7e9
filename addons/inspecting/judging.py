"""Judging what was served by two configurations at once: the same pages, under the policies of each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from addons.answering.offer import Offer
from addons.events.got import Got
from addons.inspecting.asked import Release
from addons.inspecting.comparing import Outcome
from addons.inspecting.consequences import FileThen, ProjectThen, Unknown
from addons.inspecting.explained import FileSaid
from addons.inspecting.explaining import Explaining, Terms
from addons.inspecting.inspecting import NotThere
from addons.simple.names import ProjectName
from addons.sources.source import SourceUnavailable

_DECIDED = ("refused", "hidden", "failed", "yanked", "removed")
_GONE = "it is on no page any more, nor would it be"


@dataclass(frozen=True)
class Side:
    """One configuration as one kind of clients sees it: what it offers, and by which terms that is explained."""

    offer: Offer
    terms: Terms

    async def files(self, project: ProjectName, at: datetime) -> dict[str, FileSaid]:
        """Give what becomes of the files of a project, by name; none of one that no source has. Raises SourceUnavailable."""
        try:
            said = await Explaining(self.offer, self.terms, at).explain(project, Release(project, None))
        except NotThere:
            return {}
        return {file.filename: file for file in said.files}


@dataclass(frozen=True)
class Judged:
    """What came of one project: what changes, if anything does, and what cannot be said."""

    changed: ProjectThen | None
    unknown: Sequence[Unknown]


async def judge(project: ProjectName, got: Sequence[Got], now: Side, then: Side, at: datetime) -> Judged:
    """Judge what some clients got of a project, as it is at an instant and as it would be. Nobody has to be asked."""
    try:
        before, after = await now.files(project, at), await then.files(project, at)
    except SourceUnavailable as error:
        return Judged(None, [_unknown(each, str(error)) for each in got])
    had = {each.filename: each for each in got if each.filename}
    names = dict.fromkeys((*had, *before, *after))
    changes = [
        _change(name, had.get(name), before.get(name), after.get(name))
        for name in names
        if outcome(before.get(name)) != outcome(after.get(name))
    ]
    unknown = [_unknown(each, _GONE) for name, each in had.items() if name not in before and name not in after]
    pages = sum(each.number for each in got if not each.filename)
    return Judged(ProjectThen(project=project, pages=pages, changes=changes) if changes else None, unknown)


def outcome(said: FileSaid | None) -> Outcome:
    """Give what clients get of a file; `hidden`: no page lists it, and it is refused."""
    if said is None:
        return "absent"
    return "hidden" if said.outcome == "refused" and not said.listed else said.outcome


def _change(name: str, got: Got | None, before: FileSaid | None, after: FileSaid | None) -> FileThen:
    was, becomes = outcome(before), outcome(after)
    # What is let through is said by nobody: the rule that is gone said otherwise.
    said = before if becomes == "offered" else after
    return FileThen(
        filename=name,
        times=got.number if got is not None else 0,
        last=got.last.replace(microsecond=0) if got is not None else None,
        before=was,
        after=becomes,
        words=after.words if after is not None else None,
        places=list(dict.fromkeys(_places(said))) if said is not None else [],
    )


def _places(said: FileSaid) -> Iterable[str]:
    for act in said.acts:
        if act.deed in _DECIDED:
            yield from (rule.place for rule in act.rules if rule.place is not None)


def _unknown(got: Got, why: str) -> Unknown:
    return Unknown(project=got.project, filename=got.filename, times=got.number, why=why)
