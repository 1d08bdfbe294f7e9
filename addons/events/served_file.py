"""The record of what was served, on disk: one SQLite file that processes share. Waits for the disk: not for the event loop.

It is opened for each writing and each reading, so one that is gone is made again, and one that is replaced is noticed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    create_engine,
    func,
    select,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from addons.events.got import Got
from addons.events.served import Batch, Times, What

NAME = "served.db"
"""What the file is called in the store's folder."""

FORM = 1
"""The form of the tables, which the file says (PRAGMA user_version)."""

_MOST_BYTES = 4_000_000_000  # some 50 million entries; clients can name what they get in more ways than a disk takes
_PAGE_BYTES = 4096
_BUSY_SECONDS = 2.0  # for which another process that writes is waited for
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_META = MetaData()
_SERVED = Table(
    "served",
    _META,
    *(Column(name, Text, nullable=False) for name in ("day", "client_group", "profile", "project", "filename")),
    *(
        Column(name, Integer, nullable=False) for name in ("times", "first", "last")
    ),  # of times: microseconds since 1970
    PrimaryKeyConstraint("day", "client_group", "profile", "project", "filename"),
    sqlite_with_rowid=False,
)


class RecordFault(Exception):
    """The record cannot be read or written. In words."""


class ServedFile:
    """The record at `path`, of at most so many bytes, which is made with its folder when there is something to write."""

    def __init__(self, path: Path, busy_seconds: float = _BUSY_SECONDS, most_bytes: int = _MOST_BYTES) -> None:
        self.path = path
        self._most_pages = most_bytes // _PAGE_BYTES
        url = URL.create("sqlite", database=str(path))
        self._engine = create_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"timeout": busy_seconds}
        )

    def add(self, batch: Batch) -> None:
        """Count all of it, or nothing. Raises RecordFault."""
        rows = [_row(*each) for each in batch.items()]
        if not rows:
            return
        with _in_words():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._changing() as link:
            added = insert(_SERVED)
            link.execute(
                added.on_conflict_do_update(
                    index_elements=_SERVED.primary_key.columns,
                    set_={
                        "times": _SERVED.c.times + added.excluded.times,
                        "first": func.min(_SERVED.c.first, added.excluded.first),
                        "last": func.max(_SERVED.c.last, added.excluded.last),
                    },
                ),
                rows,
            )

    def forget(self, before: date) -> int:
        """Remove what was served before a day, in UTC; gives how many entries that were. Raises RecordFault."""
        if not self.path.exists():
            return 0
        with self._changing() as link:
            return link.execute(_SERVED.delete().where(_SERVED.c.day < before.isoformat())).rowcount

    def read(self, since: date, until: date, group: str | None = None) -> list[Got]:
        """Give what was served from one day to another, both counted in, to one group or to all (None), in order.

        Nothing of a record that is not there. Raises RecordFault.
        """
        if not self.path.exists():
            return []
        keys = (_SERVED.c.client_group, _SERVED.c.profile, _SERVED.c.project, _SERVED.c.filename)
        sums = (func.sum(_SERVED.c.times), func.min(_SERVED.c.first), func.max(_SERVED.c.last))
        wanted = select(*keys, *sums).where(_SERVED.c.day.between(since.isoformat(), until.isoformat()))
        if group is not None:
            wanted = wanted.where(_SERVED.c.client_group == group)
        with self._opened() as link:
            if not _form(link):
                return []
            return [
                Got(group, profile, project, filename, int(number), _time(first), _time(last))
                for group, profile, project, filename, number, first, last in link.execute(
                    wanted.group_by(*keys).order_by(*keys)
                )
            ]

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        """Give a connection for one transaction, which nobody else writes beside; the tables are there."""
        with self._opened() as link:
            link.exec_driver_sql(f"PRAGMA max_page_count = {self._most_pages}")
            link.exec_driver_sql("BEGIN IMMEDIATE")
            if not _form(link):
                _META.create_all(link)
                link.exec_driver_sql(f"PRAGMA user_version = {FORM}")
            yield link
            link.exec_driver_sql("COMMIT")  # without it, the connection's end takes all of it back

    @contextmanager
    def _opened(self) -> Iterator[Connection]:
        with _in_words(self.path), self._engine.connect() as link:
            if _form(link) > FORM:
                raise RecordFault(f"{self.path}: a newer wheelgate has written it; move it away, or update this one")
            yield link


@contextmanager
def _in_words(path: Path | None = None) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise RecordFault(f"{path}: {ascii(said)[1:-1][:200]}") from error
    except OSError as error:
        raise RecordFault(f"{error.filename}: {error.strerror}") from error


def _form(link: Connection) -> int:
    return int(link.exec_driver_sql("PRAGMA user_version").scalar_one())


def _row(what: What, times: Times) -> dict[str, object]:
    day, group, profile, project, filename = what
    first, last = sorted((times.first, times.last))  # a clock may have been set back in between
    return {
        "day": day.isoformat(),
        "client_group": group,
        "profile": profile,
        "project": project,
        "filename": filename.encode("utf-8", "backslashreplace").decode(),  # what a folder has may be no text
        "times": times.number,
        "first": _stamp(first),
        "last": _stamp(last),
    }


def _stamp(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _time(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
