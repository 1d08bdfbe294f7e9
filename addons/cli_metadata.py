"""cli_metadata: `wheelgate metadata`, what clients see of core metadata, and why."""

import logging
import sys
from pathlib import Path

import click

from addons.cli_parts import (
    BAD_CONFIGURATION,
    FAILED,
    Refused,
    configuration,
    in_words,
    log,
    settings_of,
    verbose,
    whose,
)


@click.command()
@configuration
@click.option("--fetch", is_flag=True, help="Obtain it as for a client that asks, down to the whole file, and keep it.")
@click.option("--show", is_flag=True, help="Print the metadata, all of it. Of a single file its fields are printed anyway.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON: times in UTC, sizes in bytes.")
@whose
@verbose
@click.argument("arguments", metavar="FILE-OR-PROJECT[==VERSION]...", nargs=-1, required=True)
def metadata(
    config: Path | None,
    fetch: bool,
    show: bool,
    as_json: bool,
    group: str,
    profile: str,
    verbose: bool,
    arguments: tuple[str, ...],
) -> None:
    """Say what clients see of files' core metadata.

    Of each file: what its page announces (its sha256; true, ahead of having it; or nothing, and why), where that came
    from, since when, and whether it is in hand. The page is looked up under the configuration as for a client; its
    files and metadata are not asked for, but with --fetch.

    The argument is a file on an index, a release (of a project alone the newest), or the path of a wheel or sdist on
    this disk, which has a slash in it or lies here: that is read as in a folder of your own, and nothing else is asked.

    \b
    Examples:
      wheelgate metadata numpy                                 the newest release
      wheelgate metadata numpy==2.3.0 --fetch
      wheelgate metadata flask-3.1.3-py3-none-any.whl --show
      wheelgate metadata dist/*                                before an upload

    \b
    Exit codes:
      0  all of it is announced; of a release, or on this disk, sdists count only
         where `metadata.sdists` has theirs announced
      1  something is not, is refused, or could not be fetched
      2  bad option or configuration, or nothing can be said: no page lists it,
         its source does not answer, there is no such file
    """
    log(logging.INFO if verbose else logging.WARNING)
    from addons import inspector

    settings, _ = settings_of(config)
    try:
        with in_words():
            found = inspector.look(settings, arguments, fetch=fetch, show=show, whom=(group, profile))
    except Refused as error:
        raise Refused(error.message, BAD_CONFIGURATION) from error
    for line in [inspector.as_json(found, show)] if as_json else inspector.told(found, show):
        click.echo(line)
    for problem in found.problems:
        click.echo(f"wheelgate: {problem}", err=True)
    if found.problems:
        sys.exit(BAD_CONFIGURATION)
    sys.exit(0 if found.is_well else FAILED)
