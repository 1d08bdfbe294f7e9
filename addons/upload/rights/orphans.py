"""Projects that nobody has any more: found, and handed over. All of this waits, for the disk and for programs."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from addons.simple.names import ProjectName
from addons.store.principals import Principal
from addons.store.roles import NotHeld, Roles, owners_of
from addons.store.stored import Standing
from addons.upload.rights.programs import output_of
from proxyconf.ownership import Orphans as OrphanSettings

_FEW = 2  # so many may all have gone; that everybody of more has is taken for a fault of who says so


class Orphan(Struct, frozen=True, kw_only=True):
    """A project without an owner who is there; `owners` are those who have gone, none if it had none, `left` its maintainers."""

    project: ProjectName
    owners: tuple[str, ...]
    left: tuple[str, ...]


class Handed(Struct, frozen=True, kw_only=True):
    """What came of handing over: `to` whom, or in `fault` why not."""

    project: ProjectName
    to: str | None = None
    fault: str | None = None


class NobodyKnown(ValueError):
    """What says who has gone cannot be believed. In words."""


class Orphanage:
    """Goes by settings, and by the roles in a database."""

    def __init__(self, roles: Roles, settings: OrphanSettings) -> None:
        self._roles = roles
        self._settings = settings

    def find(self) -> tuple[Orphan, ...]:
        """Give the orphans, by name. Raises DatabaseUnavailable, ProgramFailed or NobodyKnown."""
        projects = self._roles.standings()
        gone = self._gone({owner for each in projects for owner in owners_of(each)})
        return tuple(_orphan(each) for each in projects if owners_of(each) <= gone)

    def hand_over(self, orphans: Iterable[Orphan], by: str, at: datetime) -> Sequence[Handed]:
        """Hand projects over, each as it is found, if it is still as it was. Raises DatabaseUnavailable, ValueError if nobody is to have them."""
        if self._settings.to is None and not self._settings.to_command:
            raise ValueError("nobody is to have orphans: set uploads.ownership.orphans.to, or to_command")
        return [self._handed(each, by, at) for each in orphans]

    def _handed(self, orphan: Orphan, by: str, at: datetime) -> Handed:
        try:
            to = self._heir(orphan.project)
            if str(to) in orphan.owners:
                raise NotHeld(f"{to} is to have it, and has gone")
            owners = [Principal.read(each) for each in orphan.owners]
            reason = f"orphaned: {', '.join(orphan.owners)} gone" if owners else "orphaned: it had no owner"
            self._roles.hand_over(orphan.project, to, owners, by=by, at=at, reason=reason, exactly=True)
        except (ValueError, LookupError) as error:
            return Handed(project=orphan.project, fault=str(error))
        return Handed(project=orphan.project, to=str(to))

    def _heir(self, project: ProjectName) -> Principal:
        if self._settings.to is not None:
            return Principal.read(self._settings.to)
        return Principal.read(output_of([*self._settings.to_command, project], "", self._settings.seconds).strip())

    def _gone(self, asked: Collection[Principal]) -> frozenset[Principal]:
        if not asked:
            return frozenset()
        if self._settings.check:
            gone = self._gone_by_program(asked)
        elif self._settings.known_users is not None:
            gone = _gone_by_file(asked, self._settings.known_users)
        else:
            return frozenset()
        if len(asked) > _FEW and gone == frozenset(asked):
            raise NobodyKnown(
                f"all {len(asked)} owners are said to have gone: that is taken for a fault, and nothing is done"
            )
        return gone

    def _gone_by_program(self, asked: Collection[Principal]) -> frozenset[Principal]:
        given = "".join(f"{each}\n" for each in sorted(asked))
        printed = output_of(self._settings.check, given, self._settings.seconds).split("\n")
        lines = {line.strip() for line in printed if line.strip()}
        if odd := sorted(lines - {str(each) for each in asked}):
            raise NobodyKnown(f"{self._settings.check[0]} printed {ascii(odd[0])[:80]}, which it was not asked about")
        return frozenset(each for each in asked if str(each) in lines)


def _gone_by_file(asked: Collection[Principal], path: Path) -> frozenset[Principal]:
    """Give the organisation's own users that a file does not have; groups and CI projects are never said to have gone."""
    try:
        lines = [line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise NobodyKnown(
            f"{path}: it cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}"
        ) from None
    known = {line.removeprefix("user:") for line in lines if line}
    if not known:
        raise NobodyKnown(f"{path}: it has nobody in it: that is taken for a fault, and nothing is done")
    return frozenset(each for each in asked if each.kind == "user" and not each.realm and each.name not in known)


def _orphan(found: Standing) -> Orphan:
    owners = owners_of(found)
    left = [str(each) for each in found.roles if each not in owners]
    return Orphan(project=found.project, owners=tuple(sorted(map(str, owners))), left=tuple(sorted(left)))
