"""Finding out what a source serves: who waits for it, for how long, and how often it is asked."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from addons.announcing.proving import Proving
from addons.announcing.serving import Serving
from addons.cache.documents import Documents
from addons.simple.page import File, Page
from addons.sources.folder import Folder
from addons.sources.priority import Part
from addons.sources.source import SourceUnavailable
from tests.addons.cache.furnished import INDEX, key
from tests.addons.sources.places import DEMO, Time, own_folder


def file(version: str, announced: bool = False, kind: str = "-py3-none-any.whl", yanked: bool = False) -> File:
    """A file of the page."""
    name = f"demo-{version}{kind}"
    return File(name, f"https://example.org/{name}", {"sha256": "aa" * 32}, core_metadata=announced, yanked=yanked)


FILES = tuple(file(f"1.{number}") for number in range(6))


@dataclass
class Asking:
    """A source that is asked for metadata; it answers once it may."""

    gives: bytes | None = None
    asked: list[str] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    down: bool = False

    async def __call__(self, file: File) -> bytes | None:
        """Try one file."""
        self.asked.append(file.filename.split("-")[1])
        self.begun.set()
        await self.go.wait()
        if self.down:
            raise SourceUnavailable("down")
        return self.gives


@dataclass
class Place:
    """Two sources and a clock."""

    folder: Folder
    documents: Documents
    clock: Time

    def serving(self, name: str = "pypi") -> Serving:
        """What is known of a source."""
        return Serving(key(INDEX, name), self.documents, self.clock)

    def part(self, *files: File) -> Part:
        """A page."""
        return Part(self.folder, Page(project=DEMO, files=files or FILES))


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """Nothing known."""
    documents = Documents(tmp_path / "documents")
    yield Place(own_folder(tmp_path), documents, Time())
    await documents.close()


async def tasks_done() -> None:
    """Wait for all else that goes on."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


@pytest.mark.parametrize(("gives", "asked"), [(b"x", ["1.5"]), (None, ["1.5", "1.4", "1.3"])])
async def test_source__that_says_nothing_of_metadata__is_asked_for_three_wheels_at_most(
    place: Place, gives: bytes | None, asked: list[str]
) -> None:
    """MET-04: the last ones of its page, until there is one; whoever came waits for that."""
    proving, asking, serving = Proving(place.clock), Asking(gives), place.serving()
    asking.go.set()
    await proving.prove(place.part(), serving, asking)
    assert asking.asked == asked
    place.clock.now += 59
    await proving.prove(place.part(), serving, asking)
    await tasks_done()
    assert asking.asked == asked


async def test_pages__that_tell_nothing_of_a_source__have_it_asked_for_nothing(place: Place) -> None:
    """MET-04: without wheels that could be tried, or where it announces some."""
    proving, asking, serving = Proving(place.clock), Asking(), place.serving()
    sdist, yanked = file("1.0", kind=".tar.gz"), file("1.1", yanked=True)
    for files in ((sdist,), (yanked,), (*FILES, file("2.0", announced=True))):
        await proving.prove(place.part(*files), serving, asking)
    await tasks_done()
    assert asking.asked == []


async def test_source__that_hangs__is_waited_for_a_moment_by_all_together(place: Place) -> None:
    """MET-04: the moment is over for all at once: no later page of the source waits another second."""
    proving, asking, serving = Proving(place.clock), Asking(), place.serving()
    first = asyncio.ensure_future(proving.prove(place.part(), serving, asking))
    await asking.begun.wait()
    assert not first.done()
    place.clock.now += 1
    await asyncio.wait_for(proving.prove(place.part(), serving, asking), 0.5)
    assert not first.done()
    asking.go.set()
    await first
    await proving.close()


async def test_first_page__of_a_source_that_hangs__waits_a_second(place: Place) -> None:
    """MET-04: and no longer."""
    loop, proving, asking = asyncio.get_running_loop(), Proving(place.clock), Asking()
    began = loop.time()
    await proving.prove(place.part(), place.serving(), asking)
    assert 0.9 < loop.time() - began < 5
    await proving.close()


async def test_source__that_gave_nothing__is_asked_again_after_a_minute_and_nobody_waits(place: Place) -> None:
    """MET-04: it may have been down when it was asked first."""
    proving, asking, serving = Proving(place.clock), Asking(down=True), place.serving()
    asking.go.set()
    await proving.prove(place.part(), serving, asking)
    assert len(asking.asked) == 3
    asking.go.clear()
    place.clock.now += 60
    await asyncio.wait_for(proving.prove(place.part(), serving, asking), 0.5)
    asking.go.set()
    await tasks_done()
    assert len(asking.asked) == 6


async def test_client__that_leaves_while_a_source_is_asked__does_not_end_the_asking(place: Place) -> None:
    """MET-04: the next one gets what it finds out."""
    proving, asking, serving = Proving(place.clock), Asking(b"x"), place.serving()
    first = asyncio.ensure_future(proving.prove(place.part(), serving, asking))
    await asking.begun.wait()
    first.cancel()
    second = asyncio.ensure_future(proving.prove(place.part(), serving, asking))
    asking.go.set()
    await second
    assert asking.asked == ["1.5"]


async def test_many_sources__are_each_asked_by_themselves(place: Place) -> None:
    """MET-04: one that hangs holds up no other."""
    proving, hanging = Proving(place.clock), Asking()
    first = asyncio.ensure_future(proving.prove(place.part(), place.serving(), hanging))
    await hanging.begun.wait()
    others = [Asking(b"x") for _ in range(5)]
    for number, asking in enumerate(others):
        asking.go.set()
        await asyncio.wait_for(proving.prove(place.part(), place.serving(f"s{number}"), asking), 0.5)
    assert [asking.asked for asking in others] == [["1.5"]] * 5
    await proving.close()
    await first


async def test_proving__after_the_end_of_all__asks_nothing(place: Place) -> None:
    """MET-04: what was under way is over, and nothing new begins."""
    proving, asking = Proving(place.clock), Asking()
    first = asyncio.ensure_future(proving.prove(place.part(), place.serving(), asking))
    await asking.begun.wait()
    await proving.close()
    await first
    await proving.prove(place.part(), place.serving("other"), asking)
    assert asking.asked == ["1.5"]
    assert asyncio.all_tasks() == {asyncio.current_task()}
