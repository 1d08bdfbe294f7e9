"""A source whose pages a test puts in its hand, and policies that count how often they were asked."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import override

import msgspec

from addons.answering.answering import Answering
from addons.answering.request import Request
from addons.answers import Answer
from addons.metadata.archive import core_metadata
from addons.origin.tickets import Delivery
from addons.simple.names import ProjectName
from addons.simple.page import File, Page, Refusal
from addons.sources.folder import Folder
from addons.sources.source import ProjectAbsent
from tests.addons.policies.rules import Idle


class InHand(Folder):
    """A source that answers at once with the pages that it was given; like PyPI, unless it is `own`.

    `asked` has each question: the project and the `max_age`.
    """

    def __init__(self, *pages: Page, name: str = "pypi", own: bool = False) -> None:
        super().__init__(name, Path("/nonexistent"), core_metadata)
        self.own = own
        self.direct = not own
        self.asked: list[tuple[ProjectName, float | None]] = []
        self._in_hand: dict[ProjectName, Page] = {}
        for page in pages:
            self.put(page)

    def put(self, page: Page) -> None:
        """Answer with this page from now on."""
        self._in_hand[page.project] = msgspec.structs.replace(page, source=self.name)

    @override
    async def page(self, project: ProjectName, max_age: float | None = None) -> Page:
        """Give it. Raises ProjectAbsent."""
        self.asked.append((project, max_age))
        if project not in self._in_hand:
            raise ProjectAbsent(project)
        return self._in_hand[project]

    @override
    async def core_metadata(self, file: File) -> bytes:
        """Give some."""
        return f"Metadata-Version: 2.1\nName: {file.filename}\n".encode()


@dataclass
class Counting(Idle):
    """A policy that notes whose page it judged, and lets everything be; `edits` are what it knows of projects."""

    edits: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.judged: list[ProjectName] = []

    @override
    def apply(self, page: Page, at: datetime) -> Page:
        """Note the project."""
        self.judged.append(page.project)
        return page

    @override
    def facts(self, project: ProjectName) -> Hashable:
        """Give what it knows of the project."""
        return self.edits.get(project, ())


@dataclass
class Embargo(Counting):
    """A policy that refuses everything until an instant, and says so."""

    until: datetime = datetime(2100, 1, 1, tzinfo=UTC)

    @override
    def apply(self, page: Page, at: datetime) -> Page:
        """Refuse."""
        super().apply(page, at)
        refusal = Refusal("embargo", "too new") if at < self.until else None
        return msgspec.structs.replace(
            page, files=tuple(msgspec.structs.replace(file, refused=refusal) for file in page.files)
        )

    @override
    def changes(self, page: Page, at: datetime) -> datetime | None:
        """Give the instant if it is still to come."""
        return self.until if at < self.until else None


def at_once(asked: Answering, wanted: Request) -> Answer | Delivery:
    """Drive the answer by hand: it is there without a single suspension, or this raises AssertionError."""
    under_way = asked.answer(wanted)
    try:
        under_way.send(None)
    except StopIteration as done:
        found: Answer | Delivery = done.value
        return found
    under_way.close()
    raise AssertionError("it waits for something")
