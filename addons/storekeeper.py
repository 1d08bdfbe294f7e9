"""storekeeper: what `wheelgate store` does, with the settings of its command line."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec
from packaging.metadata import parse_email

from addons.cli_survey import count, shown
from addons.following import database_of
from addons.metadata.archive import core_metadata
from addons.places import store_folder
from addons.simple.distributions import distribution
from addons.simple.names import ProjectName
from addons.store.checking import Check
from addons.store.database import Database
from addons.store.importing import Import, opened
from addons.store.principals import Principal
from addons.store.shelf import Shelf
from addons.store.stored import NewFile
from addons.store.taking import Look, Looked, Taking, owners_in
from addons.upload.formed import Form, Spooled
from addons.upload.sound.examined import examine
from proxyconf.settings import Settings
from proxyconf.soundness import Soundness

_PIECE = 1 << 20  # bytes


def places_of(settings: Settings) -> tuple[Database, Shelf]:
    """Give the database and the shelf that settings name; nothing is opened yet."""
    return database_of(settings), Shelf(store_folder(settings))


def check_of(settings: Settings, *, mend: bool, step: Callable[[int], object] = lambda size: None) -> Check:
    """Give a check of the store that settings name."""
    return Check(*places_of(settings), metadata_of, mend=mend, step=step)


def metadata_of(path: Path, filename: str) -> bytes:
    """Give the core metadata out of the bytes at `path`, of the file with this name. Raises ValueError, in words."""
    named = distribution(filename)
    if named is None:
        raise ValueError(f"{ascii(filename)[:200]} is no name of a wheel or an sdist")
    return core_metadata(path, named)


def look(path: Path, filename: str) -> Looked:
    """Look at a file as far as its name, its hashes and its core metadata go. Raises ValueError, in words."""
    named = distribution(filename)
    if named is None:
        raise ValueError("is no name of a wheel or an sdist")
    metadata = core_metadata(path, named)
    said = parse_email(metadata)[0]
    md5, sha256, blake2b = hashlib.md5(usedforsecurity=False), hashlib.sha256(), hashlib.blake2b(digest_size=32)
    for piece in _pieces(path):
        for each in (md5, sha256, blake2b):
            each.update(piece)
    new = NewFile(
        filename=filename,
        version=str(named.version),
        filetype="bdist_wheel" if named.kind == "wheel" else "sdist",
        size=path.stat().st_size,
        md5=md5.hexdigest(),
        sha256=sha256.hexdigest(),
        blake2b_256=blake2b.hexdigest(),
        requires_python=said.get("requires_python"),
        metadata_sha256=hashlib.sha256(metadata).hexdigest(),
    )
    return Looked(
        project=ProjectName(named.project), display=said.get("name") or named.project, new=new, metadata=metadata
    )


def examiner(rules: Soundness) -> Look:
    """Give what looks at a file as at one that is uploaded with a form that says what the file says (UPL-08 to UPL-12)."""

    def examined(path: Path, filename: str) -> Looked:
        found = look(path, filename)
        project = found.project
        facts = msgspec.structs.asdict(found.new)
        spooled = Spooled(path, filename, *(facts[each] for each in ("size", "md5", "sha256", "blake2b_256")))
        examined = examine(_form(found), spooled, project, rules)
        if examined.new is None:
            raise ValueError(" ".join(examined.problems))
        return Looked(project=project, display=found.display, new=examined.new, metadata=examined.metadata)

    return examined


def _form(found: Looked) -> Form:
    """Give the form that a client would send with a file."""
    said = {
        "name": found.display,
        "version": found.new.version,
        "filetype": found.new.filetype,
        "pyversion": found.new.filename.split("-")[-3] if found.new.filetype == "bdist_wheel" else "source",
    }
    return Form({name: (value,) for name, value in said.items()})


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


type Line = tuple[str, bool]
"""What is said of a project or a file, and whether it was refused."""


def take_export(settings: Settings, source: Path, by: str, at: datetime, *, dry_run: bool) -> Iterator[Line]:
    """Take in an export, and say what came of each project. Raises ValueError, in words, and OSError."""
    database, shelf = places_of(settings)
    taking = Import(database, shelf, by, at)
    with opened(source) as (lines, have):
        for each in taking.projects(lines, have, dry_run=dry_run):
            for words in each.refused:
                yield f"{each.project}: refused: {words}", True
            if not each.refused:
                yield f"{each.project}: {count(each.new, 'file')} {_done(dry_run)}, {each.there} there already", False
        if decisions := taking.others(lines, dry_run=dry_run):
            yield f"{count(decisions, 'decision')} {_done(dry_run)}", False


def take_folder(
    settings: Settings,
    folder: Path,
    owner: Principal | None,
    owners: Path | None,
    by: str,
    at: datetime,
    *,
    dry_run: bool,
    as_it_is: bool = False,
) -> Iterator[Line]:
    """Take in a folder, and say what came of each file. Raises ValueError, in words, and OSError.

    `as_it_is`: name, hashes and core metadata of a file have to be sound, and no more.
    """
    named = owners_in(owners) if owners is not None else {}
    looking = look if as_it_is else examiner(settings.uploads.soundness)
    taking = Taking(*places_of(settings), looking, owner, named)
    numbers: Counter[str] = Counter()
    for each in taking.folder(folder, by, at, dry_run=dry_run):
        numbers[each.what] += 1
        if each.what == "refused":
            yield f"{shown(each.filename)}: refused: {each.words}", True
        elif each.owner:
            yield f"{each.project}: owned by {each.owner}{' (not yet)' if dry_run else ''}", False
    yield f"{count(numbers['new'], 'file')} {_done(dry_run)}, {numbers['there']} there already", False


def _done(dry_run: bool) -> str:
    return "would be taken in" if dry_run else "taken in"
