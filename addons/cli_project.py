"""cli_project: `wheelgate project`, the projects of the organisation's own store: their status, claims and changes."""

from pathlib import Path
from typing import Any

import click

from addons.cli_keeping import Project, Whom, as_json, changes, doing, kept, looks, project_argument
from addons.cli_parts import Written, settings_of
from addons.simple.names import ProjectName, normalise
from addons.store.principals import Principal

STATUSES = ("active", "archived", "quarantined", "deprecated")


def _spelled(text: str) -> str:
    normalise(text)
    return text


@click.group()
def project() -> None:
    """Look after the projects of the own store.

    For an operator on the machine: the commands work on the database that the configuration names,
    and running gateways take up what they change within a second. Who does something, and why, is
    recorded.

    \b
    Examples:
      wheelgate project list
      wheelgate project show acme-core
      wheelgate project status acme-old archived --reason "use acme-core"
      wheelgate project claim demo --reason "ours since 2015" --owner user:alice
    """


@project.command("list")
@looks
def list_them(config: Path | None, as_json: bool) -> None:
    """List the projects: name, status and owners.

    \b
    Exit codes:
      0  listed, or there are none
      1  the database cannot be read; the reason is on standard error
      2  bad option or configuration
    """
    from addons.keeper import flat, glance

    with kept(settings_of(config)[0]) as keeper:
        found = keeper.roles.standings()
        claimed = keeper.claims.every()
    if as_json:
        without_files = [{name: value for name, value in flat(each).items() if name != "files"} for each in found]
        _print({"projects": without_files, "claimed": claimed})
        return
    for each in found:
        click.echo(glance(each))
    for claim in claimed:
        click.echo(f"{claim.name}  claimed on purpose by {claim.by}: {claim.reason}")
    if not found and not claimed:
        click.echo("no project")


@project.command()
@looks
@project_argument
def show(config: Path | None, as_json: bool, project: ProjectName) -> None:
    """Show one project: its status, roles and releases.

    \b
    Exit codes:
      0  shown
      1  there is no such project, or the database cannot be read
      2  bad option or configuration
    """
    from addons.keeper import flat, lines

    with kept(settings_of(config)[0]) as keeper:
        found = keeper.standing(project)
    if as_json:
        _print(flat(found))
        return
    for line in lines(found):
        click.echo(line)


@project.command()
@changes
@project_argument
@click.argument("status", type=click.Choice(STATUSES), metavar="STATUS")
def status(project: ProjectName, status: str, **given: Any) -> None:
    """Put a project under a status (PEP 792).

    STATUS is active, archived, quarantined or deprecated. Archived and quarantined projects take no
    uploads, and nothing of a quarantined one is offered. The reason is shown with it.

    \b
    Example:
      wheelgate project status acme-old archived --reason "use acme-core"

    \b
    Exit codes:
      0  done
      1  not done: there is no such project, or the database cannot be had
      2  bad option or configuration
    """
    with doing(given) as (keeper, deed):
        keeper.set_status(project, status, deed)
    click.echo(f"{project} is {status} from now on")


@project.command()
@changes
@click.option("--owner", type=Whom, metavar="PRINCIPAL", help="Make the project at once, owned by this one, such as group:NAME.")  # fmt: skip
@click.argument("name", type=Written[str]("name", _spelled))
def claim(name: str, owner: Principal | None, **given: Any) -> None:
    """Claim a name on purpose, public or not.

    A new project whose name is public, or looks like one that is, is refused otherwise. From now on
    the rules of the configuration alone say who may claim it; or --owner has it at once. The public
    project of that name is then never seen by your clients.

    \b
    Examples:
      wheelgate project claim demo --reason "ours since 2015"
      wheelgate project claim acme-io --reason "no clash" --owner group:acme

    \b
    Exit codes:
      0  claimed, or it was already
      1  not done: it is a project already, or the database cannot be had
      2  bad option or configuration
    """
    project = normalise(name)
    with doing(given) as (keeper, deed):
        new = keeper.claims.claim(project, name, owner, by=deed.by, at=deed.at, reason=deed.reason)
    click.echo(f"{project} is claimed{f', and owned by {owner}' if owner else ''}" if new else "It was claimed already")


@project.command("release-claim")
@changes
@project_argument
def release_claim(project: ProjectName, **given: Any) -> None:
    """Take back a claim of a name.

    A project that never had a file goes with it; any other one stays the organisation's.

    \b
    Exit codes:
      0  taken back
      1  not done: nobody has claimed it, or the database cannot be had
      2  bad option or configuration
    """
    with doing(given) as (keeper, deed):
        gone = keeper.claims.release(project, by=deed.by, at=deed.at, reason=deed.reason)
    click.echo(f"{project} is not claimed any more{', and its empty project is gone' if gone else ''}")


@project.command()
@looks
@click.argument("project", type=Project, required=False)
def log(config: Path | None, as_json: bool, project: ProjectName | None) -> None:
    """Print who changed what, when and why.

    The last thousand changes, of one project or of all, the oldest first.

    \b
    Examples:
      wheelgate project log
      wheelgate project log acme-core --json

    \b
    Exit codes:
      0  printed, or there are none
      1  the database cannot be read; the reason is on standard error
      2  bad option or configuration
    """
    from addons.keeper import said

    with kept(settings_of(config)[0]) as keeper:
        found = keeper.changes(project)
    if as_json:
        _print({"changes": found})
        return
    for each in found:
        click.echo(said(each))
    if not found:
        click.echo("no change")


def _print(facts: object) -> None:
    click.echo(as_json(facts))
