"""cli_store: `wheelgate store`, the care of the organisation's own projects.

What does the work is imported when it is needed: other commands stand in start files of shells.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from addons.cli_parts import (
    FAILED,
    AnyFile,
    ExistingFile,
    Refused,
    Written,
    clock,
    configuration,
    in_words,
    settings_of,
)
from addons.simple.names import ProjectName, normalise
from addons.store.principals import Principal

if TYPE_CHECKING:
    from addons.store.checking import Finding

_Project = Written[ProjectName]("project", normalise)
_Owner = Written[Principal]("principal", Principal.read)
_Existing = click.Path(path_type=Path, exists=True)
_ExistingFolder = click.Path(path_type=Path, exists=True, file_okay=False)


@click.group()
def store() -> None:
    """Check the store of own projects, and move it.

    The store is a database (`store.database`, or a file of SQLite's) and a folder (`store.folder`) with the files' bytes.
    All of it may be done while gateways run.

    \b
    Examples:
      wheelgate store check                     once a week, say
      wheelgate store export backup.tar
      wheelgate store import backup.tar
      wheelgate store import --folder wheels --owner user:alice
    """


@store.command()
@configuration
@click.option("--mend", is_flag=True, help="Mend what can be: nothing is changed without it.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def check(config: Path | None, mend: bool, as_json: bool) -> None:
    """Look whether the store is whole.

    Each file has to be there with the bytes and the core metadata that it was uploaded with; what lies in the folder has to
    be somebody's, and who is said to own a project has to be a principal. The database is checked as well.

    \b
    With --mend
      damaged bytes       are moved to `damaged` in the store's folder
      core metadata       that is gone is read out of its file again
      bytes of no file    go, if they were put there more than a day ago

    \b
    Exit codes:
      0  all is right, or what is not is said and harms nobody
      1  something is lost, damaged or makes no sense; or the store cannot be read
      2  bad option or configuration
    """
    from addons import storekeeper
    from addons.cli_survey import count, size

    settings = settings_of(config)[0]
    with in_words():
        number, length = storekeeper.check_of(settings, mend=mend).amount()
        with _progress(length, "checking") as step:
            found = list(storekeeper.check_of(settings, mend=mend, step=step).findings(clock()))
    grave = sum(each.grave for each in found)
    if as_json:
        _as_json({"files": number, "bytes": length, "findings": [_shown(each) for each in found]})
    else:
        for each in found:
            click.echo(_line(each))
        end = f"{count(len(found), 'finding')}, {grave} grave" if found else "all right"
        click.echo(f"checked {count(number, 'file')}, {size(length)}: {end}")
    if grave:
        sys.exit(FAILED)


def _line(each: "Finding") -> str:
    from addons.cli_survey import shown

    mended = ": removed" if each.kind == "nobody's" else ": put there again"
    return f"{shown(each.subject)}: {shown(each.words)}{mended if each.mended else ''}"


def _shown(each: "Finding") -> dict[str, object]:
    import msgspec

    return msgspec.structs.asdict(each)


@store.command()
@configuration
@click.option("--tokens", is_flag=True, help="Export the hashes of API tokens, too, so that they go on to be good.")
@click.argument("to", type=AnyFile)
@click.argument("projects", metavar="[PROJECT]...", type=_Project, nargs=-1)
def export(config: Path | None, tokens: bool, to: Path, projects: Sequence[ProjectName]) -> None:
    """Write the store, or some projects, to a folder or a tar.

    TO is a new folder, or a new file if its name ends in .tar: the files, and a manifest.jsonl with the projects, who may what,
    tombstones of deleted files, changes, claimed names, and, where no PROJECT is named, all decisions (`wheelgate
    decisions`). An export is one state of the store, and only you can read it.

    \b
    Examples:
      wheelgate store export backup.tar
      wheelgate store export moving acme-imaging acme-tools

    \b
    Exit codes:
      0  written
      1  nothing is written; the reason is on standard error
      2  bad option or configuration
    """
    from addons import storekeeper
    from addons.cli_survey import count
    from addons.store.exporting import export as write

    settings = settings_of(config)[0]
    if projects and tokens:
        raise Refused("--tokens goes with the whole store only; leave the projects out, or the tokens", 2)
    with in_words():
        length = storekeeper.check_of(settings, mend=False).amount()[1]
        with _progress(length, "exporting") as step:
            database, shelf = storekeeper.places_of(settings)
            done = write(database, shelf, to, frozenset(projects), clock(), tokens=tokens, step=step)
    click.echo(f"{to}: {count(done.projects, 'project')} with {count(done.files, 'file')} exported")


@store.command("import")
@configuration
@click.option("--folder", type=_ExistingFolder, metavar="FOLDER", help="Take in a folder of wheels and sdists instead.")
@click.option("--owner", type=_Owner, metavar="PRINCIPAL",
              help="Who owns the projects of --folder that are new here, like user:alice or group:controls.")  # fmt: skip
@click.option("--owners", type=ExistingFile, metavar="FILE",
              help="Who owns which of them: lines PROJECT,PRINCIPAL. --owner has the others.")  # fmt: skip
@click.option("--as-it-is", is_flag=True, help="Let pass in --folder what could not be uploaded, such as old wheels.")
@click.option("--dry-run", is_flag=True, help="Change nothing.")
@click.argument("from", metavar="[FROM]", type=_Existing, required=False)
def import_(
    config: Path | None,
    folder: Path | None,
    owner: Principal | None,
    owners: Path | None,
    as_it_is: bool,
    dry_run: bool,
    **given: Path,
) -> None:
    """Take in an export, or a folder of wheels and sdists.

    What is there already with the same bytes stays as it is, so an import that was broken off is just repeated. A project of an
    export comes whole or not at all: not where a file is there with other bytes, or was deleted. Owners and status of a
    project that is there stay. Decisions that are not there are added. Of a folder, each file is taken or refused by itself,
    for what an upload of it would be refused for (`uploads.soundness`); --as-it-is only looks at name, hashes and core metadata.

    \b
    Examples:
      wheelgate store import backup.tar
      wheelgate store import --folder wheels --owner user:alice
      wheelgate store import --folder wheels --owners owners.csv --dry-run

    \b
    Exit codes:
      0  all of it is there now
      1  something was refused, or failed; each reason is said
      2  bad option or configuration
    """
    source = given["from"]
    if (source is None) == (folder is None):
        raise Refused("name one of the two: an export, or --folder FOLDER", 2)
    if folder is None and (owner or owners or as_it_is):
        raise Refused("an export says who owns what; --owner, --owners and --as-it-is go with --folder", 2)
    settings = settings_of(config)[0]
    from addons import storekeeper

    with in_words():
        if folder is None:
            lines = storekeeper.take_export(settings, source, f"store import ({getuser()})", clock(), dry_run=dry_run)
        else:
            by = f"store import ({getuser()})"
            lines = storekeeper.take_folder(
                settings, folder, owner, owners, by, clock(), dry_run=dry_run, as_it_is=as_it_is
            )
        refused = 0
        for line, is_refused in lines:
            click.echo(line, err=is_refused)
            refused += is_refused
    if refused:
        sys.exit(FAILED)


def _as_json(facts: object) -> None:
    click.echo(json.dumps(facts, indent=2))


@contextmanager
def _progress(length: int, label: str) -> Iterator[Callable[[int], object]]:
    """Show a progress bar on standard error, if that is a terminal; gives what is told of each step (bytes)."""
    with click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield bar.update
