"""A gateway killed (SIGKILL) at every step of what changes the store: nothing acknowledged is lost, nothing is there by half."""

from datetime import timedelta
from pathlib import Path

import pytest

from addons.store.checking import Check, Finding
from addons.store.database import Database, Server
from addons.store.stored import Standing
from addons.storekeeper import metadata_of
from tests.addons.store.files import ALICE, AT, BOB, Stored, wheel
from tests.faults.conftest import Scale
from tests.faults.killing import Doing, do, killed

OWN: dict[Doing, int] = {"upload": 45, "yank": 7, "delete": 8, "role": 8}
"""How many steps there are at least: fewer, and the steps are not seen any more."""


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | Server:
    """An empty place for a database, of each engine in turn."""
    return tmp_path / "store" if request.param == "sqlite" else request.getfixturevalue("postgresql")


def findings(stored: Stored, *, mend: bool) -> list[Finding]:
    """Check the store, at a time at which what is nobody's is old enough to go."""
    late = AT.fromtimestamp(stored.shelf.store.stat().st_mtime, AT.tzinfo) + timedelta(days=2)
    return list(Check(stored.database, stored.shelf, metadata_of, mend=mend).findings(late))


def is_done(doing: Doing, standing: Standing | None) -> bool:
    """Tell whether it is done; fails for what is done by half."""
    if doing == "upload":
        assert standing is None or (len(standing.files), dict(standing.roles)) == (1, {ALICE: "owner"})
        return standing is not None
    assert standing is not None
    if doing == "yank":
        [file] = standing.files
        assert file.yanked in (None, "broken")
        return file.yanked is not None
    return not standing.files if doing == "delete" else BOB in standing.roles


def agreeing(stored: Stored, doing: Doing, project: str) -> bool:
    """Tell whether it is done: project, changes and tombstone say the same, and of an upload all bytes are there."""
    standing = stored.standing(project)
    done = is_done(doing, standing)
    before = {"upload": [], "yank": ["claim", "upload"], "delete": ["claim", "upload"], "role": ["claim", "upload"]}
    after = {"upload": ["claim", "upload"], "yank": ["yank"], "delete": ["delete"], "role": ["role maintainer"]}
    changes = [each.what for each in stored.projects.changes() if each.project == project]
    assert changes == before[doing] + (after[doing] if done else [])
    filename, content = wheel(project)
    assert (stored.projects.deleted(filename) is not None) == (doing == "delete" and done)
    if standing is not None and standing.files:
        file = standing.files[0].file
        assert stored.shelf.is_right(file.sha256, len(content))
        assert file.metadata_sha256 is not None
        assert stored.shelf.is_right(file.metadata_sha256)
    return done


@pytest.mark.parametrize("doing", list(OWN))
def test_store__killed_at_every_step__has_all_that_was_acknowledged_and_nothing_half(
    place: Path | Server, tmp_path: Path, doing: Doing, scale: Scale
) -> None:
    """UPL-16, UPL-20: whole or not at all; doing it again is harmless, and what is left of it is found and mended."""
    stored = Stored(Database(place, 30.0), tmp_path / "store")
    stored.upload("first")
    if doing != "upload":
        stored.upload("p0")
    steps = killed(place, tmp_path / "store", doing, "p0", None)
    assert steps is not None
    assert steps >= OWN[doing]
    stride = scale.count(8 if doing == "upload" else 4, 1)
    counts = {True: 0, False: 0}
    for deadly in range(scale.chance("store", doing).randrange(stride) + 1, steps + 1, stride):
        project = f"p{deadly}"
        if doing != "upload":
            stored.upload(project)
        acknowledged = killed(place, tmp_path / "store", doing, project, deadly)
        done = agreeing(stored, doing, project)
        assert done or acknowledged is None
        counts[done] += 1
        if not done:
            do(stored, doing, project)
        assert agreeing(stored, doing, project)
    assert counts[False]
    assert [each for each in findings(stored, mend=False) if each.grave] == []
    findings(stored, mend=True)
    assert findings(stored, mend=False) == []
    stored.database.close()
