"""cli_decisions: `wheelgate decisions`, what was decided while gateways run: who, when, why."""

from pathlib import Path

import click

from addons.cli_parts import Written, clock, configuration, in_words, settings_of
from addons.simple.names import ProjectName, normalise


@click.command()
@configuration
@click.option("--all", "every", is_flag=True, help="Also those that have ended: who ended them, when and why.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON: times in UTC.")
@click.argument("project", type=Written[ProjectName]("project", normalise), required=False)
def decisions(config: Path | None, every: bool, as_json: bool, project: ProjectName | None) -> None:
    """List what was decided by deny, yank and exempt.

    Those in force, or with --all every one that was ever made. With PROJECT those that may be about it: by its name, a
    prefix, or files' sha256. Rules of the configuration are not among them.

    \b
    Examples:
      wheelgate decisions
      wheelgate decisions --all flask
      wheelgate decisions --all --json

    \b
    Exit codes:
      0  listed, or there are none
      1  the database cannot be read; the reason is on standard error
      2  bad option or configuration
    """
    from addons import decider

    settings, at = settings_of(config)[0], clock()
    with in_words():
        found = [each for each in decider.history(settings) if every or each.is_in_force(at)]
        if project is not None:
            found = [each for each in found if decider.covers(each.draft.subject.project or "*", project)]
    if as_json:
        click.echo(decider.as_json({"decisions": [decider.flat(each, at) for each in found]}))
        return
    for each in found:
        for line in decider.lines(each, at):
            click.echo(line)
    if not found:
        click.echo("no decision" if every else "no decision is in force")
