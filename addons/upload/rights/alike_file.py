"""The names of a public source by what looks alike, in a file: made of its sorted names, at constant memory.

All of this waits for the disk, and lets go of Python's lock while SQLite works.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from addons.simple.names import ProjectName
from addons.upload.rights.alike import look_alike_key

# What `look_alike_key` does to a normalised name, which has small letters, digits and hyphens.
_KEY = "replace(replace(replace(replace(name, '-', ''), 'l', '1'), 'i', '1'), 'o', '0')"
# The file is scratch: whoever finds it half written throws it away.
_SCRATCH = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA temp_store = FILE",
    "PRAGMA page_size = 16384",
    "PRAGMA cache_size = -8192",  # kibibytes
)


def write_alike(names: Path, alike: Path) -> int:
    """Write what is in a file of sorted names (`addons.listing.sorted_names`), and give how many. Raises sqlite3.Error."""
    with closing(sqlite3.connect(alike, isolation_level=None)) as file:
        for statement in _SCRATCH:
            file.execute(statement)
        file.execute("ATTACH ? AS source", [str(names)])
        file.execute("BEGIN")
        file.execute("CREATE TABLE alike (key TEXT, name TEXT, PRIMARY KEY (key, name)) WITHOUT ROWID")
        file.execute(f"INSERT INTO alike SELECT {_KEY} AS key, name FROM source.projects ORDER BY key, name")  # noqa: S608
        count = file.execute("SELECT count(*) FROM alike").fetchone()[0]
        file.execute("COMMIT")
        return int(count)


def find_alike(alike: Path, project: ProjectName) -> Sequence[ProjectName]:
    """Give the names in a file that a name looks like, itself among them if it is there. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"file:{quote(str(alike))}?mode=ro&immutable=1", uri=True)) as file:
        found = file.execute("SELECT name FROM alike WHERE key = ? ORDER BY name", [look_alike_key(project)])
        return [ProjectName(name) for (name,) in found]
