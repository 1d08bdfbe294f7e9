"""cli_warm: `wheelgate warm`, which fills the cache ahead."""

import logging
import os
import sys
from pathlib import Path

import click

from addons.cli_parts import (
    BAD_CONFIGURATION,
    FAILED,
    ExistingFile,
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
@click.option("-r", "--requirement", "files", type=ExistingFile, multiple=True,
              metavar="FILE", help="A requirements file, or a lock: pylock.toml, uv.lock, poetry.lock, Pipfile.lock. May be given several times.")  # fmt: skip
@click.option("-p", "--python", "pythons", multiple=True, metavar="VERSION",
              help="For which Python: 3.12, or 3.12.4. May be given several times. Default: the one that runs wheelgate.")  # fmt: skip
@click.option("--platform", "platforms", multiple=True, metavar="NAME",
              help="For which platform, as pip names it, or linux-x86_64, macos-arm64. May be given several "
              "times. Default: this machine's.")  # fmt: skip
@whose
@verbose
@click.argument("requirements", nargs=-1)
def warm(
    config: Path | None,
    files: tuple[Path, ...],
    pythons: tuple[str, ...],
    platforms: tuple[str, ...],
    group: str,
    profile: str,
    verbose: bool,
    requirements: tuple[str, ...],
) -> None:
    """Fill the cache with all that an install needs.

    After that, REQUIREMENTS can be installed through a gateway on this cache while no index can be reached.

    They are resolved as pip does it, under the policies (of a group of clients, with --client), for each Python on each platform; what a lock file names is
    taken as it is. Pages, core metadata and files that are kept already are not fetched again, and a gateway that runs
    on the same cache can go on running. With `offline: true` nothing is fetched, and what is not there is said.

    \b
    Examples:
      wheelgate warm flask
      wheelgate warm -r requirements.txt -p 3.11 -p 3.12
      wheelgate warm -r uv.lock --platform linux-x86_64 --platform win_amd64

    \b
    Exit codes:
      0  everything is there
      1  something is not; what and why is on standard error
      2  bad option, configuration, requirements or lock file
    """
    if verbose:
        log(logging.INFO)
    from addons import warmer

    if not (files or requirements):
        raise click.UsageError("nothing to warm: name requirements, or a file of them with -r")
    settings, _ = settings_of(config)
    try:
        targets = warmer.targets_of(pythons, platforms)
        wanted = warmer.wanted_of(files, requirements, os.environ)
    except (ValueError, OSError) as error:
        raise Refused(_said(error), BAD_CONFIGURATION) from error
    with in_words():
        tally = warmer.warm(settings, wanted, targets, (group, profile))
    for problem in tally.problems:
        click.echo(f"wheelgate: {problem}", err=True)
    sys.exit(FAILED if tally.problems else 0)


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)
