"""`store check`: what is lost, damaged or nobody's is found, and mended where it can be."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, text

from addons.store.checking import Check, Finding
from addons.store.sweeping import GRACE, sweep
from addons.store.tables import PROJECTS, ROLES
from addons.storekeeper import metadata_of
from tests.addons.store.files import ALICE, AT, Stored


def now() -> datetime:
    """Give the time of the file system, as what is put there has."""
    return datetime.now(UTC)  # noqa: TID251 - of the file system


def check(stored: Stored, at: datetime, *, mend: bool = False) -> list[Finding]:
    """Check the store."""
    return list(Check(stored.database, stored.shelf, metadata_of, mend=mend).findings(at))


def shown(findings: list[Finding]) -> list[tuple[str, str, bool, bool]]:
    """Give what counts of them."""
    return [(each.kind, each.subject, each.grave, each.mended) for each in findings]


def test_check__of_a_sound_store__finds_nothing(stored: Stored) -> None:
    """Nor does it take away what is somebody's, however old it is."""
    new = stored.upload()
    assert check(stored, now() + timedelta(days=9), mend=True) == []
    assert stored.shelf.is_right(new.sha256)


def test_check__bytes_that_are_gone__are_a_loss_that_is_named(stored: Stored) -> None:
    """With project and release, so that somebody can upload it again; mending cannot bring them back."""
    new = stored.upload()
    stored.shelf.path(new.sha256).unlink()
    [found] = check(stored, now(), mend=True)
    assert shown([found]) == [("lost", new.filename, True, False)]
    assert found.words.startswith("demo 1.0: its bytes are gone")


@pytest.mark.parametrize("harm", [b"", b"damaged"])
def test_check__damaged_bytes__are_moved_aside(stored: Stored, harm: bytes) -> None:
    """Nobody gets them any more, and the very file can be uploaded again."""
    new = stored.upload()
    place = stored.shelf.path(new.sha256)
    place.write_bytes(harm)
    assert shown(check(stored, now())) == [("damaged", new.filename, True, False)]
    assert place.exists()
    assert shown(check(stored, now(), mend=True)) == [("damaged", new.filename, True, False)]
    assert not place.exists()
    assert (stored.shelf.store / "damaged" / new.sha256).read_bytes() == harm
    stored.upload()
    assert check(stored, now()) == []


def test_check__core_metadata_that_is_gone__is_read_out_of_the_file_again(stored: Stored) -> None:
    """What is given out of a file is what lies in it."""
    new = stored.upload()
    assert new.metadata_sha256 is not None
    stored.shelf.path(new.metadata_sha256).write_bytes(b"x")
    assert shown(check(stored, now())) == [("metadata", new.filename, True, False)]
    assert shown(check(stored, now(), mend=True)) == [("metadata", new.filename, False, True)]
    assert check(stored, now()) == []


def test_check__core_metadata_other_than_the_files__is_said(stored: Stored) -> None:
    """A person has to look how that came."""
    new = stored.upload()
    with stored.database.writing() as connection:
        connection.execute(text(f"UPDATE files SET metadata_sha256 = '{'0' * 64}'"))
    assert shown(check(stored, now(), mend=True))[0] == ("metadata", new.filename, True, False)


def test_check__bytes_of_no_row__go_once_they_are_old_enough(stored: Stored) -> None:
    """Before that an upload may be about to name them."""
    stored.upload()
    stored.shelf.put_bytes(b"nobody's", "ab" * 32)
    assert check(stored, now(), mend=True) == []
    late = now() + GRACE + timedelta(minutes=1)
    assert shown(check(stored, late)) == [("nobody's", f"files/ab/{'ab' * 31}", False, False)]
    assert shown(check(stored, late, mend=True)) == [("nobody's", f"files/ab/{'ab' * 31}", False, True)]
    assert check(stored, late) == []


def test_sweep__bytes_of_a_deleted_file__stay_for_the_grace(stored: Stored) -> None:
    """Who reads them reads them to their end; a leftover of an upload goes with them."""
    new = stored.upload()
    stored.upload(version="2.0")
    later = now() + timedelta(days=30)
    stored.delete("demo", [new.filename], at=later)
    assert new.metadata_sha256 is not None
    (stored.shelf.incoming / "left").write_bytes(b"half")
    size = stored.shelf.path(new.metadata_sha256).stat().st_size
    assert sweep(stored.database, stored.shelf, later + timedelta(hours=1)) == (2, size + 4)
    assert stored.shelf.is_right(new.sha256)
    assert sweep(stored.database, stored.shelf, later + GRACE) == (1, new.size)
    assert check(stored, later + GRACE) == []


def test_sweep__while_the_same_bytes_are_put__does_not_take_them(stored: Stored) -> None:
    """What was found to be nobody's is looked at again where nobody can put it."""
    stored.shelf.put_bytes(b"old", "cd" * 32)
    place = stored.shelf.path("cd" * 32)
    os.utime(place, (0, 0))
    stored.upload()
    found = Check(stored.database, stored.shelf, metadata_of, mend=True).findings(now())
    os.utime(place)  # as `put` does with what is there
    assert [each.mended for each in found] == []
    assert place.exists()


def test_check__where_the_database_is_gone__says_so_and_takes_nothing(stored: Stored) -> None:
    """Bytes without a database are not nobody's."""
    stored.shelf.put_bytes(b"x", "ab" * 32)
    assert [each.kind for each in check(stored, now() + timedelta(days=9), mend=True)] == ["database"]
    with pytest.raises(ValueError, match="is not there"):
        sweep(stored.database, stored.shelf, now() + timedelta(days=9))
    assert stored.shelf.path("ab" * 32).exists()


@pytest.mark.parametrize(
    ("harm", "kind", "grave"),
    [
        (lambda connection: connection.execute(insert(ROLES).values(project="demo", principal="?", role="owner")), "role", True),
        (lambda connection: connection.execute(insert(ROLES).values(project="demo", principal="user:x", role="king")), "role", True),
        (lambda connection: connection.execute(delete(ROLES)), "ownerless", False),
    ],
)  # fmt: skip
def test_check__who_may_what__has_to_make_sense(
    stored: Stored, harm: Callable[[object], object], kind: str, grave: bool
) -> None:
    """A project that nobody owns is told, and no fault of the store's."""
    stored.upload()
    with stored.database.writing() as connection:
        harm(connection)
    assert [(each.kind, each.grave) for each in check(stored, now())] == [(kind, grave)]


def test_check__more_rows_than_are_read_at_once__are_all_looked_at(stored: Stored) -> None:
    """In turns, so that memory does not grow with the store."""
    stored.upload()
    with stored.database.writing() as connection:
        row = {"display": "p", "status": "active", "made": AT, "by": "a"}
        connection.execute(insert(PROJECTS), [{**row, "name": f"p{number}"} for number in range(1001)])
        roles = [{"project": f"p{number}", "principal": str(ALICE), "role": "owner"} for number in range(1000)]
        connection.execute(insert(ROLES), roles)
    assert shown(check(stored, now())) == [("ownerless", "p1000", False, False)]
