"""cli_owner: `wheelgate owner`, who may do what to the projects of the organisation's own store."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from addons.cli_keeping import Whom, as_json, changes, doing, kept, looks, operator, project_argument
from addons.cli_parts import FAILED, Refused, clock, settings_of
from addons.simple.names import ProjectName
from addons.store.principals import Principal

if TYPE_CHECKING:
    from addons.store.stored import Role

_whom = click.argument("principal", type=Whom)


@click.group()
def owner() -> None:
    """Look after who owns which project.

    An owner may do everything to a project, a maintainer uploads, yanks and un-yanks. Each is a
    PRINCIPAL: user:alice, group:controls, or ci:PATH@REALM. For an operator on the machine; who
    does something, and why, is recorded.

    \b
    Examples:
      wheelgate owner list acme-core
      wheelgate owner add acme-core user:bob --role maintainer --reason "helps"
      wheelgate owner transfer acme-core group:controls --reason "alice leaves"
      wheelgate owner orphans
    """


@owner.command("list")
@looks
@project_argument
def list_them(config: Path | None, as_json: bool, project: ProjectName) -> None:
    """List who has which role in a project.

    \b
    Exit codes:
      0  listed
      1  there is no such project, or the database cannot be read
      2  bad option or configuration
    """
    with kept(settings_of(config)[0]) as keeper:
        roles = sorted((str(each), role) for each, role in keeper.standing(project).roles.items())
    if as_json:
        _print({"project": project, "roles": dict(roles)})
        return
    for each, role in roles:
        click.echo(f"{role:<10}  {each}")
    if not roles:
        click.echo("nobody has a role in it")


@owner.command()
@changes
@click.option("--role", type=click.Choice(["owner", "maintainer"]), default="owner", show_default=True, help="Which one.")  # fmt: skip
@project_argument
@_whom
def add(project: ProjectName, principal: Principal, role: "Role", **given: Any) -> None:
    """Give somebody a role in a project.

    Whoever has another one has this one from now on.

    \b
    Example:
      wheelgate owner add acme-core group:controls --reason "moved there"

    \b
    Exit codes:
      0  done
      1  not done: no such project, its last owner, or no database
      2  bad option or configuration
    """
    with doing(given) as (keeper, deed):
        keeper.set_role(project, principal, role, deed)
    click.echo(f"{principal} is {'an owner' if role == 'owner' else 'a maintainer'} of {project} from now on")


@owner.command()
@changes
@click.option("--orphan", is_flag=True, help="Even if nobody owns it then.")
@project_argument
@_whom
def remove(project: ProjectName, principal: Principal, orphan: bool, **given: Any) -> None:
    """Take a role in a project from somebody.

    Not from its last owner: see `wheelgate owner transfer`.

    \b
    Exit codes:
      0  done
      1  not done: no such project or role, its last owner, or no database
      2  bad option or configuration
    """
    with doing(given) as (keeper, deed):
        keeper.remove(project, principal, deed, orphan=orphan)
    click.echo(f"{principal} has no role in {project} any more")


@owner.command()
@changes
@click.option("--from", "before", type=Whom, metavar="PRINCIPAL", help="Whose place it is. Default: its only owner's.")
@project_argument
@click.argument("to", type=Whom)
def transfer(project: ProjectName, to: Principal, before: Principal | None, **given: Any) -> None:
    """Put somebody in the place of an owner.

    \b
    Example:
      wheelgate owner transfer acme-core group:controls --reason "alice leaves"

    \b
    Exit codes:
      0  done
      1  not done: no such project or owner, several owners and no --from, or no
         database
      2  bad option or configuration
    """
    with doing(given) as (keeper, deed):
        gone = keeper.transfer(project, to, before, deed)
    place = f" in the place of {', '.join(map(str, gone))}" if gone else ""
    click.echo(f"{to} owns {project} from now on{place}")


@owner.command()
@looks
@click.option("--hand-over", is_flag=True, help="Hand them over as `uploads.ownership.orphans` says.")
def orphans(config: Path | None, as_json: bool, hand_over: bool) -> None:
    """List the projects that nobody has any more.

    Those without an owner, and those whose owners are all gone, as the program or the file says
    that the configuration names (`uploads.ownership.orphans`).

    \b
    Examples:
      wheelgate owner orphans
      wheelgate owner orphans --hand-over

    \b
    Exit codes:
      0  listed, or there are none
      1  it cannot be found out, or one could not be handed over
      2  bad option or configuration
    """
    from addons.keeper import orphan_lines

    with kept(settings_of(config)[0]) as keeper:
        found = keeper.orphanage.find()
        handed = (
            list(keeper.orphanage.hand_over(found, operator(), clock())) if hand_over and found else [None] * len(found)
        )
    if as_json:
        _print({"orphans": found, "handed": [each for each in handed if each is not None]})
    else:
        for orphan, outcome in zip(found, handed, strict=True):
            for line in orphan_lines(orphan, outcome):
                click.echo(line)
    if not found and not as_json:
        click.echo("no orphan")
    failed = [each.project for each in handed if each is not None and each.fault is not None]
    if failed:
        raise Refused(f"not handed over: {', '.join(failed)}", FAILED)


def _print(facts: object) -> None:
    click.echo(as_json(facts))
