"""simulator: what `wheelgate simulate` does: two configurations judge the same pages, those that are kept; nobody is asked.

They are judged for everybody who got something in a period, or (`kept`) as they lie there.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

import msgspec

from addons.assembly import Assembly
from addons.cli_parts import clock
from addons.events.got import Got
from addons.events.served_file import NAME, ServedFile
from addons.following import decisions_of
from addons.inspecting.comparing import Compared
from addons.inspecting.consequences import Consequences, GroupThen
from addons.inspecting.explaining import Terms
from addons.inspecting.judging import Judged, Side, judge
from addons.page_simulator import present_of
from addons.places import cache_folder, store_folder
from addons.simple.names import ProjectName
from addons.viewing import view_for
from addons.views import View
from proxyconf.settings import Settings


@dataclass(frozen=True)
class Configured:
    """A configuration: its settings, and its file (None: the built-in one)."""

    settings: Settings
    file: Path | None


@dataclass(frozen=True)
class Period:
    """From one day to another in UTC, both counted in."""

    since: date
    until: date


def for_whom(now: Configured, then: Configured, period: Period, group: str | None) -> Consequences | None:
    """Say what would change for those who got something in a period, of one group or of all (None).

    None: nothing is recorded. Raises OSError, RecordFault or Unreadable, and ValueError, in words, for a configuration that
    cannot be built.
    """
    got = ServedFile(record_of(now.settings)).read(period.since, period.until, group)
    return asyncio.run(_for_whom(now, then, period, got)) if got else None


def record_of(settings: Settings) -> Path:
    """Give the file of what was served."""
    return store_folder(settings) / NAME


async def _for_whom(now: Configured, then: Configured, period: Period, got: Sequence[Got]) -> Consequences:
    at, folder = clock(), cache_folder(now.settings)
    decisions = decisions_of(now.settings, at)  # one list with either configuration
    first, second = present_of(now.settings, folder, decisions), present_of(then.settings, folder, decisions)
    groups = []
    try:
        for (group, profile), each in groupby(got, lambda one: (one.group, one.profile)):
            before, unknown_now = _side(first.assembly, now, (group, profile), at)
            after, unknown_then = _side(second.assembly, then, (group, profile), at)
            said = (("the configuration in force", unknown_now), ("the new configuration", unknown_then))
            remarks = [f"{which}: {words}" for which, words in said if words]
            groups.append(await _group(group, profile, list(each), (before, after), remarks, at))
    finally:
        await first.close()
        await second.close()
    added = sorted(_groups_of(then.settings) - _groups_of(now.settings) - {each.group for each in got})
    return Consequences(since=period.since, until=period.until, groups=groups, added=added)


async def _group(
    group: str, profile: str, got: Sequence[Got], sides: Sequence[Side], remarks: list[str], at: datetime
) -> GroupThen:
    now, then = sides
    judged: list[Judged] = [
        await judge(ProjectName(project), list(each), now, then, at)
        for project, each in groupby(got, lambda one: one.project)
    ]
    return GroupThen(
        group=group,
        profile=profile,
        pages=sum(each.number for each in got if not each.filename),
        files=sum(each.number for each in got if each.filename),
        remarks=remarks,
        changed=[each.changed for each in judged if each.changed is not None],
        unknown=[unknown for each in judged for unknown in each.unknown],
    )


def _side(assembly: Assembly, configured: Configured, whom: tuple[str, str], at: datetime) -> tuple[Side, str]:
    """Give how a configuration judges for such clients, and what is to be said of that: it may not know them."""
    view, remark = _view_of(assembly, *whom, at)
    terms = Terms(configured.settings, view.policies, configured.file, in_full=True, whom=view.standing.said)
    return Side(view.offer, terms), remark


def _view_of(assembly: Assembly, group: str, profile: str, at: datetime) -> tuple[View, str]:
    """Give what clients of a group get under a profile; else what is nearest to it, and why."""
    try:
        return view_for(assembly, group, profile, at), ""
    except ValueError as error:
        said = str(error)
    if profile and group in {each.name for each in assembly.settings.clients}:
        return view_for(assembly, group, "", at), f"{said}; judged as if they had chosen none there"
    return assembly.view, f"{said}; judged as clients of no group there"


def _groups_of(settings: Settings) -> frozenset[str]:
    """Give the names of the client groups of a configuration."""
    return frozenset(group.name for group in settings.clients)


def as_json(found: Compared | Consequences) -> str:
    """Give all of it for programs."""
    more: Mapping[str, object] = {"totals": found.totals}
    if isinstance(found, Consequences):
        lost = found.lost
        more = {**more, "refused": {"downloads": sum(each.times for each in lost), "files": lost}}
    return msgspec.json.format(msgspec.json.encode({**msgspec.to_builtins(found), **more}), indent=2).decode()
