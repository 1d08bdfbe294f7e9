"""Who may claim a name, and what becomes of projects that nobody has any more. Pure."""

from pathlib import Path

import msgspec

from proxyconf import values, whom
from proxyconf.misfit import Misfit, settle

AUTHOR = "author"
"""What stands for whoever is the first to upload a file of a project."""


def _author_or(text: str) -> str:
    return text if text == AUTHOR else whom.principal(text)


def _check_program(name: str, words: tuple[str, ...]) -> None:
    if words and not Path(words[0]).is_absolute():
        raise Misfit(
            "begins with no whole path of a program, like /usr/local/bin/who-left; no shell looks for it", name, 0
        )
    for number, word in enumerate(words):
        if not word or "\0" in word:
            raise Misfit("is empty or has a NUL in it; no program can be given that", name, number)


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may claim some names: the first rule whose `names` (`*`, prefixes, names) cover one counts.

    `by` are patterns of principals. `owner` then owns it, and `maintainers` are its maintainers: principals, or "author".
    """

    names: tuple[str, ...]
    by: tuple[str, ...]
    owner: str = AUTHOR
    maintainers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("names", "by"):
            if not getattr(self, name):
                raise Misfit('is empty, and so covers nothing; write some, or "*"', name)
        settle(self, names=values.scope, by=whom.pattern, owner=_author_or, maintainers=_author_or)


class PublicNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How new names are compared with those of the public sources: their project lists are at most so many minutes old."""

    list_minutes: float = 10.0

    def __post_init__(self) -> None:
        settle(self, list_minutes=values.between(1, 1440, "minutes"))


class Orphans(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it is known who has gone, and who then gets their projects.

    `check` is a program, with arguments, that reads principals and prints those that have gone; `known_users` a file of all users
    that are there. `to` is a principal, `to_command` a program that is given a project and prints one. Programs have
    `seconds`. Every so many hours (None: never) a running gateway hands over what is orphaned.
    """

    check: tuple[str, ...] = ()
    known_users: Path | None = None
    to: str | None = None
    to_command: tuple[str, ...] = ()
    every_hours: float | None = None
    seconds: float = 30.0

    def __post_init__(self) -> None:
        settle(
            self,
            to=whom.principal,
            every_hours=values.between(1, 8760, "hours"),
            seconds=values.between(1, 3600, "seconds"),
        )
        for name in ("check", "to_command"):
            _check_program(name, getattr(self, name))
        if self.check and self.known_users is not None:
            raise Misfit("stands beside check; keep one of the two", "known_users")
        if self.to is not None and self.to_command:
            raise Misfit("stands beside to; keep one of the two", "to_command")
        if self.every_hours is not None and self.to is None and not self.to_command:
            raise Misfit('needs somebody to hand projects over to; write "to" or "to_command", too', "every_hours")


class Ownership(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules for claims of names, and for projects without an owner.

    Without `claims` whoever is known may claim a free name that is not reserved. `prohibited`: names and prefixes that nobody gets.
    """

    claims: tuple[Claim, ...] = ()
    prohibited: tuple[str, ...] = ("requirements-txt", "rrequirements-txt")
    public_names: PublicNames = PublicNames()
    orphans: Orphans = Orphans()

    def __post_init__(self) -> None:
        settle(self, prohibited=values.reserved_name)
