"""keeper: what `wheelgate project` and `wheelgate owner` do, on the database, for an operator who may write it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from addons.following import deciding
from addons.inspecting.showing import harmless
from addons.simple.names import ProjectName
from addons.store.claims import Claims
from addons.store.principals import Principal
from addons.store.projects import NotThere, Projects
from addons.store.roles import NotHeld, Roles, check_owner_left, owners_of
from addons.store.stored import Change, Role, Standing
from addons.upload.rights.orphans import Handed, Orphan, Orphanage
from proxyconf import values
from proxyconf.instants import shown_instant
from proxyconf.misfit import Misfit
from proxyconf.settings import Settings

MOST_CHANGES = 1000


@dataclass(frozen=True)
class Deed:
    """Who does something, when and why: what is recorded of it."""

    by: str
    at: datetime
    reason: str


class Keeper:
    """One database; every method raises ValueError or LookupError, in words, and then has changed nothing."""

    def __init__(self, settings: Settings) -> None:
        self._database = deciding(settings).database
        self._settings = settings
        self.projects = Projects(self._database)
        self.claims = Claims(self._database)
        self.roles = Roles(self._database)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def standing(self, project: ProjectName) -> Standing:
        """Give a project as it stands. Raises NotThere."""
        found = self.projects.standing(project)
        if found is None:
            raise NotThere(f"{project} is no project of this store; `wheelgate project list` lists them")
        return found

    def changes(self, project: ProjectName | None) -> tuple[Change, ...]:
        """Give the last thousand changes, of one project or of all, the first one first."""
        return self.projects.changes(project, MOST_CHANGES)

    def set_status(self, project: ProjectName, status: str, deed: Deed) -> None:
        """Put a project under another status, whatever it has been. Raises NotThere."""
        self.projects.set_status(project, status, _anything, by=deed.by, at=deed.at, reason=deed.reason)

    def set_role(self, project: ProjectName, principal: Principal, role: Role, deed: Deed) -> None:
        """Give a role. Raises NotThere, LastOwner."""

        def permit(found: Standing | None) -> None:
            if found is not None:
                check_owner_left(found, principal, role)

        self.projects.set_role(project, principal, role, permit, by=deed.by, at=deed.at, reason=deed.reason)

    def remove(self, project: ProjectName, principal: Principal, deed: Deed, *, orphan: bool) -> None:
        """Take a role away; `orphan`: also the last owner's. Raises NotThere, NotHeld, LastOwner."""

        def permit(found: Standing | None) -> None:
            if found is not None and principal not in found.roles:
                raise NotHeld(f"{principal} has no role in {project}")
            if found is not None and not orphan:
                check_owner_left(found, principal, None)

        self.projects.set_role(project, principal, None, permit, by=deed.by, at=deed.at, reason=deed.reason)

    def transfer(
        self, project: ProjectName, to: Principal, owner: Principal | None, deed: Deed
    ) -> tuple[Principal, ...]:
        """Make somebody an owner in the place of another (None: of the only one), and give whose. Raises NotThere, NotHeld."""
        owners = sorted(owners_of(self.standing(project)))
        if owner is None and len(owners) > 1:
            raise NotHeld(f"{project} has several owners ({', '.join(map(str, owners))}): say whose place by --from")
        before = owners if owner is None else [owner]
        self.roles.hand_over(project, to, before, by=deed.by, at=deed.at, reason=deed.reason)
        return tuple(each for each in before if each != to)

    @property
    def orphanage(self) -> Orphanage:
        """What finds orphans, and hands them over."""
        return Orphanage(self.roles, self._settings.uploads.ownership.orphans)


@contextmanager
def keeping(settings: Settings) -> Iterator[Keeper]:
    """Give a keeper. Raises ValueError where the database is gone."""
    keeper = Keeper(settings)
    try:
        yield keeper
    finally:
        keeper.close()


def settled(name: str, text: str) -> str:
    """Give a text as the configuration would have it: on one line, not empty. Raises Misfit."""
    try:
        return values.sentence(text)
    except Misfit as misfit:
        raise Misfit(f"--{name} {misfit}") from None


def glance(found: Standing) -> str:
    """Say a project on one line: `acme-core  active  user:alice, group:controls`."""
    owners = ", ".join(map(str, sorted(owners_of(found)))) or "no owner"
    return harmless(f"{found.project}  {found.status}  {owners}")


def lines(found: Standing) -> Iterator[str]:
    """Say all of a project: its status, since when it is there, who may what, and its releases."""
    yield harmless(f"{found.display}  ({found.project})")
    reason = f": {found.status_reason}" if found.status_reason else ""
    yield harmless(f"  status    {found.status}{reason}")
    yield harmless(f"  claimed   {_time(found.made)} by {found.by}")
    for principal, role in sorted(found.roles.items(), key=lambda each: (each[1] != "owner", each[0])):
        yield harmless(f"  {role:<9} {principal}")
    if not owners_of(found):
        yield "  no owner  it is orphaned: `wheelgate owner add` gives it one"
    yield f"  files     {len(found.files)}, {found.size / 1e6:.1f} MB"
    for version, count in releases(found).items():
        yield harmless(f"  release   {version}  ({count})")


def releases(found: Standing) -> dict[str, str]:
    """Give a project's versions, in the order of their upload, each with the count of its files."""
    counts: dict[str, list[bool]] = {}
    for each in found.files:
        counts.setdefault(each.file.version, []).append(each.yanked is not None)
    return {version: _counted(yanked) for version, yanked in counts.items()}


def _counted(yanked: Sequence[bool]) -> str:
    files = "1 file" if len(yanked) == 1 else f"{len(yanked)} files"
    return f"{files}, {'yanked' if all(yanked) else 'some yanked'}" if any(yanked) else files


def said(change: Change) -> str:
    """Say a change on one line: when, what, who, why."""
    reason = f": {change.reason}" if change.reason else ""
    whose = f" {change.project}" if change.project is not None else ""
    subject = f" {change.subject}" if change.subject != change.project else ""
    return harmless(f"{change.number}  {_time(change.at)}  {change.what}{whose}{subject}  by {change.by}{reason}")


def flat(found: Standing) -> dict[str, Any]:
    """Give a project for programs."""
    facts = {name: getattr(found, name) for name in ("project", "display", "status", "status_reason", "made", "by")}
    files = [
        {**msgspec.to_builtins(each.file), "uploaded": each.uploaded, "by": each.by, "yanked": each.yanked}
        for each in found.files
    ]
    return {**facts, "roles": {str(principal): role for principal, role in sorted(found.roles.items())}, "files": files}


def orphan_lines(orphan: Orphan, handed: Handed | None) -> Iterator[str]:
    """Say what is known of an orphan, and what came of handing it over."""
    why = f"gone: {', '.join(orphan.owners)}" if orphan.owners else "it has no owner"
    left = f"; its maintainers: {', '.join(orphan.left)}" if orphan.left else ""
    yield harmless(f"{orphan.project}  {why}{left}")
    if handed is not None:
        yield harmless(
            f"  handed over to {handed.to}" if handed.fault is None else f"  not handed over: {handed.fault}"
        )


def _anything(found: Standing | None) -> None:
    """Permit it: whoever may write the database may do that."""


def _time(at: datetime) -> str:
    return shown_instant(at.replace(microsecond=0))
