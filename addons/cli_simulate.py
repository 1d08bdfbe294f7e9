"""cli_simulate: `wheelgate simulate`, what an edit would change before it is saved."""

import sys
from pathlib import Path

import click

from addons.cli_parts import (
    BAD_CONFIGURATION,
    FAILED,
    AnyFile,
    ExistingFile,
    Refused,
    configuration,
    in_words,
    settings_of,
)
from addons.policies.kinds import KINDS
from proxyconf.reading import read


@click.command()
@configuration
@click.option("--projects", "listed", type=ExistingFile, metavar="FILE",
              help="Compare these projects, one a line; \"#\" begins a comment. Default: all of which a page is kept.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON: every file by itself.")
@click.argument("new", metavar="CONFIG", type=AnyFile)
def simulate(config: Path | None, listed: Path | None, as_json: bool, new: Path) -> None:
    """Say what another configuration would change.

    Each page in the cache is judged as the configuration in force (--config) does now, and as CONFIG would: which files
    would be refused, yanked or let through, by project, with the words that clients would read, and the sum. Nobody is
    asked for anything, and nothing changes; folders of your own are read as they are.

    \b
    Examples:
      wheelgate simulate new.yaml
      wheelgate simulate new.yaml --projects wanted.txt --json

    \b
    Exit codes:
      0  nothing would change
      1  something would
      2  bad option or configuration, or some projects cannot be compared: no
         page of theirs is kept
    """
    from addons import simulator
    from addons.cache.kept_documents import Unreadable
    from addons.inspecting import comparing

    now, _ = settings_of(config)
    try:
        with in_words(Unreadable):
            then = read(new, KINDS)
            projects = simulator.projects_in(listed.read_text(encoding="utf-8")) if listed is not None else None
            found = simulator.simulate(now, then, projects)
    except Refused as error:
        raise Refused(error.message, BAD_CONFIGURATION) from error
    for line in [simulator.as_json(found)] if as_json else comparing.lines(found):
        click.echo(line)
    for problem in found.problems:
        click.echo(f"wheelgate: {problem}", err=True)
    if found.problems:
        sys.exit(BAD_CONFIGURATION)
    sys.exit(FAILED if found.changed else 0)
