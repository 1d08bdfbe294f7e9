"""cli_cache: `wheelgate cache`, the care of what is kept on disk.

What does the work is imported when it is needed: other commands stand in start files of shells.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import click

from addons import places
from addons.cli_parts import FAILED, Written, clock, configuration, in_words, settings_of
from addons.simple.names import ProjectName, normalise

_GB = 1_000_000_000  # bytes
_Project = Written[ProjectName]("project", normalise)


@click.group()
def cache() -> None:
    """Look at the cache, check it, and make room in it.

    It may be done while gateways run that have the folder (`cache.folder` of the configuration): whoever reads a file
    reads it to its end, and what is being fetched is left alone.

    \b
    Examples:
      wheelgate cache show
      wheelgate cache show flask
      wheelgate cache verify                    once a week, say
      wheelgate cache purge flask jinja2
      wheelgate cache prune --older-than 90
    """


@cache.command()
@configuration
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON: times in UTC, sizes in bytes.")
@click.argument("project", type=_Project, required=False)
def show(config: Path | None, as_json: bool, project: ProjectName | None) -> None:
    """Print what is kept, and what a gateway counted.

    Of all projects: where the cache is, how much it holds, its limits, and what a running gateway that has this
    configuration's address counted since its start. Of PROJECT: which documents are kept, when they were asked for and
    until when they count without asking again, and which files.

    \b
    Examples:
      wheelgate cache show
      wheelgate cache show --json flask

    \b
    Exit codes:
      0  printed
      1  the cache cannot be read; the reason is on standard error
      2  bad option or configuration
    """
    from addons import cli_survey

    settings = settings_of(config)[0]
    with _in_words():
        if project is None:
            cli_survey.show_all(settings, click.echo, as_json)
        else:
            cli_survey.show_project(settings, project, click.echo, as_json)


@cache.command()
@configuration
@click.option("--dry-run", is_flag=True, help="Remove nothing.")
def verify(config: Path | None, dry_run: bool) -> None:
    """Check everything that is kept.

    Each file is hashed anew, each document compared with its digest. What is damaged is removed, to be fetched anew when
    it is asked for; so is what processes that died have left. Prints a line for each.

    \b
    Exit codes:
      0  all is right
      1  something was wrong, or could not be read
      2  bad option or configuration
    """
    from addons.cache.checking import verify
    from addons.cache.layout import Layout
    from addons.cache.survey import documents_in, files_in
    from addons.cli_survey import amount, shown

    layout = Layout(places.cache_folder(settings_of(config)[0]))
    with _in_words():
        files, documents = files_in(layout), documents_in(layout)
        with _progress(files.bytes + documents.bytes) as step:
            found = list(verify(layout, clock(), remove=not dry_run, step=step))
    for each in found:
        outcome = "removed" if each.removed else "not removed" if dry_run else "cannot be removed"
        click.echo(f"{shown(each.place)}: {each.words}: {outcome}")
    checked = f"{amount(files, 'file')} and {amount(documents, 'document')}"
    click.echo(f"checked {checked}: {f'{len(found)} wrong' if found else 'all right'}")
    if found:
        sys.exit(FAILED)


@contextmanager
def _progress(length: int) -> Iterator[Callable[[int], object]]:
    """Show a progress bar on standard error, if that is a terminal; gives what is told of each step (bytes)."""
    with click.progressbar(length=length, label="checking", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield bar.update


@cache.command()
@configuration
@click.argument("projects", metavar="PROJECT...", type=_Project, nargs=-1, required=True)
def purge(config: Path | None, projects: tuple[ProjectName, ...]) -> None:
    """Forget projects, to have them fetched anew.

    Their documents (page, legacy JSON, provenance, metadata) go, and the files that their kept pages name. Running
    gateways that have the folder hear of it within a second, and answer from memory until then. No policy comes of it:
    who may have a project is said in the configuration.

    \b
    Example:
      wheelgate cache purge flask jinja2

    \b
    Exit codes:
      0  done, or nothing was kept
      1  failed; the reason is on standard error
      2  bad option or configuration
    """
    from addons.cache.layout import Layout
    from addons.cache.purging import purge
    from addons.cli_survey import count, size

    layout = Layout(places.cache_folder(settings_of(config)[0]))
    for project in dict.fromkeys(projects):
        with _in_words():
            gone = purge(layout, project, clock())
        what = f"{count(gone.documents, 'document')} and {count(gone.files, 'file')} purged, {size(gone.bytes)}"
        click.echo(f"{project}: {what if gone.documents or gone.files else 'nothing was kept of it on disk'}")


@cache.command()
@configuration
@click.option("--older-than", type=click.FloatRange(0, 36_500), metavar="DAYS",
              help="Remove files and documents that nobody asked for in so many days.")  # fmt: skip
@click.option("--to", type=click.FloatRange(0), metavar="GB",
              help="How much files may take. Default: `cache.max_gb` of the configuration.")  # fmt: skip
def prune(config: Path | None, older_than: float | None, to: float | None) -> None:
    """Make room: what was not used for longest goes.

    First what is older than you say, then files down to the limit and until the disk has `cache.min_free_gb` free. What
    processes that died have left goes, too. A gateway keeps the limits of its configuration by itself; this is for less
    than that, or without one.

    \b
    Examples:
      wheelgate cache prune --older-than 90
      wheelgate cache prune --to 5

    \b
    Exit codes:
      0  done
      1  failed; the reason is on standard error
      2  bad option or configuration
    """
    from addons.cache.layout import Layout
    from addons.cache.pruning import prune
    from addons.cache.room import Limits
    from addons.cli_survey import count, size

    settings = settings_of(config)[0]
    most = settings.cache.max_gb if to is None else to
    limits = Limits(int(most * _GB), int(settings.cache.min_free_gb * _GB))
    age = timedelta(days=older_than) if older_than is not None else None
    with _in_words():
        gone = prune(Layout(places.cache_folder(settings)), limits, clock(), age)
    leftovers = f", and {count(gone.leftovers, 'leftover')}" if gone.leftovers else ""
    click.echo(
        f"{count(gone.files, 'file')} and {count(gone.documents, 'document')} removed, {size(gone.bytes)}{leftovers}"
    )


@contextmanager
def _in_words() -> Iterator[None]:
    from addons.cache.kept_documents import Unreadable
    from addons.cache.writing import NotWritten

    with in_words(NotWritten):
        try:
            yield
        except Unreadable as error:
            hint = "; `wheelgate cache verify` removes them" if error.damaged else ""
            raise ValueError(f"{error}{hint}") from error
