"""What `wheelgate project` and `wheelgate owner` share: their options, and who does something, when and why."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from addons.cli_parts import BAD_CONFIGURATION, Refused, Written, clock, configuration, in_words, settings_of
from addons.simple.names import ProjectName, normalise
from addons.store.principals import Principal
from proxyconf.misfit import Misfit
from proxyconf.settings import Settings

if TYPE_CHECKING:  # SQLAlchemy takes a tenth of a second to import, and `wheelgate env` stands in start files of shells
    from addons.keeper import Deed, Keeper

Project = Written[ProjectName]("project", normalise)
Whom = Written[Principal]("principal", Principal.read)

json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON: times in UTC.")
project_argument = click.argument("project", type=Project)


def looks[F: Callable[..., Any]](command: F) -> F:
    """Give a command the options of one that only looks."""
    return configuration(json_option(command))


def changes[F: Callable[..., Any]](command: F) -> F:
    """Give a command the options of one that changes something: `author` and `reason`, too."""
    author = click.option("--author", metavar="NAME", help="Who does it. Default: your login name.")
    reason = click.option("--reason", metavar="TEXT", required=True, help="Why, for who asks later.")
    return configuration(reason(author(command)))


@contextmanager
def kept(settings: Settings) -> Iterator["Keeper"]:
    """Give the keeper of the store. Raises Refused: 2 for what cannot be understood, 1 for what cannot be done."""
    from addons.keeper import keeping

    with in_words(LookupError):
        try:
            with keeping(settings) as keeper:
                yield keeper
        except Misfit as misfit:
            raise Refused(str(misfit), BAD_CONFIGURATION) from misfit


@contextmanager
def doing(given: dict[str, Any]) -> Iterator[tuple["Keeper", "Deed"]]:
    """Give the keeper, and the deed that the options say."""
    from addons.keeper import Deed, settled

    with kept(settings_of(given["config"])[0]) as keeper:
        by = operator(given["author"])
        yield keeper, Deed(by, clock(), settled("reason", given["reason"]))


def as_json(facts: object) -> str:
    """Give facts for programs."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(facts), indent=2).decode()


def operator(author: str | None = None) -> str:
    """Say what is recorded of who calls a command: `j.doe (operator)`. Raises Misfit."""
    from addons.keeper import settled

    if author is None:
        try:
            author = getpass.getuser()
        except (KeyError, OSError) as error:
            raise Misfit("this user has no name here; say who does it with --author") from error
    return f"{settled('author', author)} (operator)"
