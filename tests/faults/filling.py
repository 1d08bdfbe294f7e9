"""A store whose disk gets full, in a process of its own: prints what is said, and what is there afterwards, as JSON.

`python -m tests.faults.filling FOLDER mounted`, where FOLDER is the mount of a small file system; `limited` where there is none:
then no file may get larger.
"""

import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from addons.simple.names import ProjectName
from addons.store.checking import Check
from addons.store.database import Database
from addons.storekeeper import metadata_of
from tests.addons.store.files import ALICE, AT, Stored, anybody, plain

CONTENT = os.urandom(200_000)


def said(work: Callable[[], object]) -> str:
    """Give the words of what is raised, "" if nothing is."""
    try:
        work()
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def without_files(folder: Path, work: Callable[[], object]) -> str:
    """Do it while no file and no folder can be made."""
    made: list[Path] = []
    try:
        while not said((path := folder / f"filler{len(made)}").touch):
            made.append(path)
        return said(work)
    finally:
        for each in made:
            each.unlink()


def without_bytes(folder: Path, work: Callable[[], object]) -> str:
    """Do it while not one byte more can be written."""
    with (folder / "filler").open("wb", buffering=0) as filler:
        while not said(lambda: filler.write(bytes(4096))):
            pass
    try:
        return said(work)
    finally:
        (folder / "filler").unlink()


def without_length(folder: Path, work: Callable[[], object]) -> str:
    """Do it while no file may have a byte."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        return said(work)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def main(folder: Path, *, mounted: bool) -> None:
    """Have an upload fail at each of its steps, and then succeed."""
    stored = Stored(Database(folder / "store"), folder / "store")
    stored.upload("first")
    new = plain("demo-1.0-py3-none-any.whl", CONTENT)
    spooled = stored.shelf.incoming / "spooled"
    spooled.write_bytes(CONTENT)

    def add() -> None:
        for number in range(200):  # SQLite has some room of its own left
            each = plain(f"demo-{number}-py3-none-any.whl", str(number).encode(), str(number))
            stored.projects.add(ProjectName("demo"), "demo", each, anybody, owner=ALICE, by="a" * 4000, at=AT)
            added.append(each.filename)

    added: list[str] = []
    without = without_bytes if mounted else without_length
    words = {
        "metadata": without(folder, lambda: stored.shelf.put_bytes(CONTENT, new.sha256)),
        "nothing": str(stored.shelf.path(new.sha256).exists()),
        "row": without(folder, add),
    }
    if mounted:
        words["file"] = without_files(folder, lambda: stored.shelf.put(spooled, new.sha256))
    standing = stored.standing()
    there = [] if standing is None else [each.file.filename for each in standing.files]
    changes = [each.subject for each in stored.projects.changes() if each.what == "upload" and each.project == "demo"]
    left = sorted(path.name for path in stored.shelf.incoming.iterdir())
    stored.upload("last")
    grave = [each.subject for each in Check(stored.database, stored.shelf, metadata_of).findings(AT) if each.grave]
    facts = {"added": sorted(added), "there": sorted(there), "changes": sorted(changes), "left": left}
    sys.stdout.write(json.dumps({"words": words, "grave": sorted(grave), **facts}))
    stored.database.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), mounted=sys.argv[2] == "mounted")
