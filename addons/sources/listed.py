"""What a source says its projects are: a document, written to a file as it came and not read yet."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class ListDocument:
    """A source's project list (PEP 503's root page, PEP 691's "project list").

    `version` is a digest of the document: equal versions, equal lists. `fresh_seconds` is for how long nothing else
    need be asked. `serial` is what the source's X-PyPI-Last-Serial header said.
    """

    version: str
    media_type: str  # lower-case, without parameters
    gzipped: bool = False
    etag: str | None = None
    serial: str | None = None
    fresh_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ListTerms:
    """How a source's list outlasts its freshness: the key that it has on disk (None: it is not kept there), and for how
    long (seconds) it stands in while the source is unavailable, which is waited for so long (seconds).
    """

    key: str | None = None
    stale_seconds: float = 0.0
    patience_seconds: float = 3.0


class Lister(Protocol):
    """Whoever can list projects: every source can. `own`: they are the organisation's."""

    @property
    def name(self) -> str: ...

    @property
    def own(self) -> bool: ...

    @property
    def list_terms(self) -> ListTerms: ...

    async def projects(self, into: Path, known: ListDocument | None = None) -> ListDocument:
        """Write the list of the source's projects to the file `into`, as it came, unless it is still the known one.

        Then nothing is written and the `version` is the same. Raises SourceUnavailable.
        """
        ...
