"""Projects sorted by name in a file: SQLite sorts what no memory need hold, and sees that each name is there once."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec

type Row = tuple[str, str, bytes]
"""A project: its normalised name, the name as its source shows it (in the file empty if it is the same), its entry as JSON."""

# The file is scratch: whoever finds it half written throws it away.
_SCRATCH = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA page_size = 16384",
    "PRAGMA cache_size = -32768",  # kibibytes
    "CREATE TABLE projects (name TEXT PRIMARY KEY, shown TEXT NOT NULL, entry BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE about (json BLOB NOT NULL)",
)


def write_names(path: Path, rows: Iterable[Row]) -> int:
    """Write the projects, of one name the first, and return how many there are. Raises what `rows` raises."""
    with closing(sqlite3.connect(path, isolation_level=None)) as names:
        for statement in _SCRATCH:
            names.execute(statement)
        names.execute("BEGIN")
        added = names.executemany("INSERT OR IGNORE INTO projects VALUES (?, ?, ?)", rows).rowcount
        names.execute("COMMIT")
        return added


def write_about(path: Path, about: dict[str, object]) -> None:
    """Write what the source said besides its projects."""
    with closing(sqlite3.connect(path, isolation_level=None)) as names:
        names.execute("INSERT INTO about VALUES (?)", [ENCODER.encode(about)])


def read_about(path: Path) -> dict[str, object]:
    """Read what the source said besides its projects."""
    with closing(sqlite3.connect(path)) as names:
        [(written,)] = names.execute("SELECT json FROM about")
        return dict(json.loads(written, parse_float=Decimal))


def read_names(path: Path) -> Iterator[Row]:
    """Yield the projects in the order of their names."""
    with closing(sqlite3.connect(path)) as names:
        yield from names.execute("SELECT name, iif(shown = '', name, shown), entry FROM projects ORDER BY name")


ENCODER = msgspec.json.Encoder(decimal_format="number")
"""Writes fractions as they were read: 2.50 stays 2.50."""
