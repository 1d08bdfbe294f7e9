"""How it stands with the configuration: what is in force since when, and what is wrong with the last edit of its file.

One judge for all who ask: a running gateway, its status, and `wheelgate check` take and refuse the same texts in the same
words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from proxyconf.reading import ConfigurationError
from proxyconf.settings import Settings


def words(error: Exception, configuration: Path) -> str:
    """Say why a configuration cannot be in force: `FILE:LINE:COLUMN: words` where it is the text, else `FILE: words`."""
    return str(error) if isinstance(error, ConfigurationError) else f"{configuration}: {error}"


@dataclass(frozen=True)
class BadEdit:
    """An edit that is not in force: the words for it, its place in the file (from 1), and when it was seen."""

    error: str
    line: int | None
    column: int | None
    since: datetime


class Edits:
    """What came of the edits of one configuration file since the gateway's start.

    `clock` gives the time. All of it may be asked from any thread.
    """

    def __init__(self, configuration: Path | None, clock: Callable[[], datetime]) -> None:
        self.configuration = configuration
        self.since = clock()
        self.sha256: str | None = None
        self.bad: BadEdit | None = None
        self._clock = clock

    def know(self, sha256: str | None) -> None:
        """Take note that the text in the file is what is in force, by its sha256; no edit is bad any more."""
        self.sha256 = sha256
        self.bad = None

    def take(self, sha256: str | None) -> None:
        """Take note that a new text is in force from now on."""
        self.know(sha256)
        self.since = self._clock()

    def refuse(self, error: Exception) -> str:
        """Take note of an edit that cannot be in force, until the next one; gives the words for it."""
        place = (error.line, error.column) if isinstance(error, ConfigurationError) else (None, None)
        said = words(error, self.configuration or Path())
        self.bad = BadEdit(said, *place, self._clock())
        return said

    def facts(self, waiting: Sequence[str]) -> Mapping[str, object]:
        """Give it as JSON has it: `in_force`, `bad_edit` (null if there is none), and the settings that wait for a restart."""
        bad = self.bad
        return {
            "in_force": {"since": _iso(self.since), "sha256": self.sha256},
            "bad_edit": bad and {"error": bad.error, "line": bad.line, "column": bad.column, "since": _iso(bad.since)},
            "waiting_for_restart": list(waiting),
        }


def at_start(settings: Settings) -> Mapping[str, object]:
    """Give the settings that are read at the start only, by their names."""
    folders = {"cache.folder": settings.cache.folder, "store.folder": settings.store.folder}
    return {"listen": settings.listen, "certs": settings.certs, **folders, "store.database": settings.store.database}


def waiting(started: Settings, now: Settings) -> tuple[str, ...]:
    """Give the names of the settings that are other now than those that the gateway was started with, and need a restart."""
    before, after = at_start(started), at_start(now)
    return tuple(name for name in before if before[name] != after[name])


def _iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
