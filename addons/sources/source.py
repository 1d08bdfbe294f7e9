"""What a source is, and the two ways in which it can fail to answer, which are never confused."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from addons.simple.names import ProjectName
from addons.simple.page import File, Page
from addons.sources.listed import ListDocument, ListTerms


class ProjectAbsent(Exception):
    """The source said for certain that it does not have the project: the next one may be asked."""


class SourceUnavailable(Exception):
    """The source gave no certain answer (error, time-out, login page, damaged page): nobody else is asked. In words.

    `retry_seconds`: after which the source is asked again at the earliest, where that is known.
    """

    def __init__(self, words: str, retry_seconds: float | None = None) -> None:
        super().__init__(words)
        self.retry_seconds = retry_seconds


class Refused(SourceUnavailable):
    """The source is there, and says no: asking it again would hardly help. In words."""


class FileGone(Exception):
    """The page lists the file, but it is not there any more, or not as the page says. In words."""


class Unranged(Exception):
    """Of this file nothing but the whole can be had. In words."""


@dataclass(frozen=True)
class Span:
    """A stretch of a file's bytes: from `start` up to but not including `stop`."""

    start: int
    stop: int


@dataclass(frozen=True)
class Reading:
    """A file, or a span of it, being read: the whole file's size in bytes (None if unknown) and the bytes to come.

    `onward`, if there is one, gives the bytes of a whole file from a place on, instead of all its `chunks`: proven as
    those are, without the cost of what stands before.
    """

    size: int | None
    chunks: AsyncIterator[bytes]
    onward: Callable[[int], AsyncIterator[bytes]] | None = None


@dataclass(frozen=True)
class Stretch:
    """Bytes of a file as its source has it now, from `at` on; `length` is the whole file's.

    `tag` is what the source tells one state of the file from another by.
    """

    at: int
    content: bytes
    length: int
    tag: str


@dataclass(frozen=True)
class LegacyDocument:
    """A document of PyPI's legacy JSON API, an object as bytes; `version` is a digest of them.

    `describes` is the version that its `info` is about, as it spells it; None if it says none. `stale`: how old it is
    (seconds) where it stands in for an answer that did not come.
    """

    content: bytes
    version: str
    describes: str | None
    stale: float | None = None


@dataclass(frozen=True)
class Told:
    """Another document of PyPI's, as it sent it. `stale`: as in `LegacyDocument`."""

    content: bytes
    stale: float | None = None


class Source(Protocol):
    """A place that has projects. `own`: it is the organisation's, and what it has is never asked of a public one."""

    @property
    def name(self) -> str: ...

    @property
    def own(self) -> bool: ...

    @property
    def direct(self) -> bool:
        """Whether its files' URLs are PyPI's own and reach clients unchanged."""
        ...

    async def page(self, project: ProjectName, max_age: float | None = None) -> Page:
        """Give the project's page, asked again if what is kept of it is older than `max_age` seconds.

        The same object, or one of the same `version`, as long as nothing changed. While the source does not answer, one
        that is `stale`, if there is one. Raises ProjectAbsent or SourceUnavailable.
        """
        ...

    def read(self, file: File, span: Span | None) -> AbstractAsyncContextManager[Reading]:
        """Read a file of the page, whole and checked against the page's hash, or a span of it.

        Raises FileGone or SourceUnavailable, before the first byte or between any two.
        """
        ...

    async def stretch(self, file: File, at: int | None, count: int) -> Stretch:
        """Give `count` bytes of a file from `at` on, or its last ones (None), as the source has them: nothing is checked.

        Raises Unranged, FileGone or SourceUnavailable.
        """
        ...

    async def core_metadata(self, file: File) -> bytes:
        """Give the core metadata that the page announces for the file (PEP 658), checked against its announced hash.

        Raises FileGone or SourceUnavailable.
        """
        ...

    async def legacy(
        self, project: ProjectName, version: str | None, max_age: float | None = None
    ) -> LegacyDocument | None:
        """Give PyPI's document of a project (`version` None) or of one release; None if this source has none.

        What is in hand is given without suspending. Raises SourceUnavailable.
        """
        ...

    async def provenance(self, file: File, max_age: float | None = None) -> Told | None:
        """Give PyPI's provenance of a file of the page, a JSON object (PEP 740); None if this source has none.

        Raises SourceUnavailable.
        """
        ...

    async def classifiers(self, max_age: float | None = None) -> Told | None:
        """Give PyPI's list of classifiers, lines of UTF-8; None if this source has none. Raises SourceUnavailable."""
        ...

    @property
    def list_terms(self) -> ListTerms: ...

    async def projects(self, into: Path, known: ListDocument | None = None) -> ListDocument:
        """Write the list of the source's projects to the file `into`, as it came, unless it is still the known one.

        Then nothing is written and the `version` is the same. Raises SourceUnavailable.
        """
        ...

    async def retire(self) -> None:
        """Let go of connections once nothing is under way over them."""
        ...

    async def close(self) -> None:
        """Let go of connections now."""
        ...
