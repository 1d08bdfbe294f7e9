"""cli_explain: `wheelgate explain`, why clients get what they get."""

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
@click.option("--file", "only", metavar="NAME", help="Of the files the one of this name.")
@whose
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON: every file by itself, times in UTC.")
@verbose
@click.argument("arguments", metavar="PROJECT[==VERSION]|FILE...", nargs=-1, required=True)
def explain(
    config: Path | None,
    only: str | None,
    group: str,
    profile: str,
    as_json: bool,
    verbose: bool,
    arguments: tuple[str, ...],
) -> None:
    """Say why clients get a project's files, or do not.

    Which source answered, and why no other; what it says of the project and its files; and what each policy of the
    configuration did with each file, in order, by which rule: its place as FILE:LINE, reason, id, author and end. Files
    that were all treated alike stand together.

    The page is looked up as for a client, beside a running gateway or without one. A gateway tells the same to anybody
    at http://GATEWAY/explain/PROJECT, without places and authors if it has `explanations: brief`.

    \b
    Examples:
      wheelgate explain flask
      wheelgate explain flask==3.1.3 jinja2
      wheelgate explain flask-3.1.3-py3-none-any.whl
      wheelgate explain flask --client ci --profile as-of-2026-01-31
      wheelgate explain flask --file flask-3.1.3-py3-none-any.whl --json

    \b
    Exit codes:
      0  clients get all of it
      1  some of it is refused
      2  bad option or configuration, or nothing can be said: no page lists it,
         or its source does not answer
    """
    log(logging.INFO if verbose else logging.WARNING)
    from addons import explainer

    settings, path = settings_of(config)
    try:
        with in_words():
            found = explainer.explain(settings, path, arguments, only, (group, profile))
    except Refused as error:
        raise Refused(error.message, BAD_CONFIGURATION) from error
    for line in [explainer.as_json(found)] if as_json else explainer.told(found):
        click.echo(line)
    for problem in found.problems:
        click.echo(f"wheelgate: {problem}", err=True)
    if found.problems:
        sys.exit(BAD_CONFIGURATION)
    sys.exit(0 if found.is_well else FAILED)
