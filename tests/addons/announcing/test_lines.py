"""What is known of a project's files: laws of joining, over processes and restarts, and when pages show it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.announcing.lines import NOTHING, Line, Lines
from addons.cache.announced import Entries, Entry, read, written
from addons.cache.documents import Documents
from addons.cache.layout import Layout
from addons.cache.whose import announced_key
from tests.addons.cache.furnished import INDEX, key
from tests.addons.sources.places import DEMO, Time

A, B, X, Y = (letter * 64 for letter in "abcd")
KEY = key(INDEX), DEMO
NONE = Entry("ranges", 1.0, reason="has none")


class Shared:
    """A folder, and how processes begin on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Time()

    def put(self, *sha256s: str) -> None:
        """Let these blobs be there."""
        for sha256 in sha256s:
            path = Layout(self.folder).file(sha256)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")

    @asynccontextmanager
    async def lines(self) -> AsyncIterator[Lines]:
        """Begin a process."""
        documents = Documents(self.folder / "documents")
        yield Lines(documents, Layout(self.folder).file, self.clock)
        await documents.close()

    async def write(self, content: bytes) -> None:
        """Write a document as another version would."""
        documents = Documents(self.folder / "documents")
        await documents.change(announced_key(*KEY), lambda before: content)
        await documents.close()


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    """An empty folder with two blobs."""
    made = Shared(tmp_path / "cache")
    made.put(A, B)
    return made


async def entries(lines: Lines) -> Entries:
    """What is known now, by all processes."""
    return (await lines.looked(KEY)).entries


async def test_note__of_one_process__is_known_by_others_and_after_a_restart(shared: Shared) -> None:
    """MET-02: in memory at once, on disk for all; another process looks every ten seconds, without anybody waiting."""
    async with shared.lines() as one, shared.lines() as other:
        assert (await other.line(KEY)).entries == {}
        await one.note(KEY, {X: Entry("ranges", 1.0, A)})
        await one.note(KEY, {Y: Entry("file", 1.0, B)})
        assert one.entry(KEY, X) == Entry("ranges", 1.0, A)
        assert (await other.line(KEY)).entries == {}
        shared.clock.now += 10
        line = other.at_hand(KEY)
        assert line is not None
        assert line.entries == {}
        assert set((await other.looked(KEY)).entries) == {X, Y}
    async with shared.lines() as later:
        assert set((await later.line(KEY)).entries) == {X, Y}


async def test_notes__of_two_processes_at_once__are_all_there(shared: Shared) -> None:
    """MET-02: none writes over what another one has found meanwhile."""
    files = [f"{number:064}" for number in range(40)]
    async with shared.lines() as one, shared.lines() as other:
        await asyncio.gather(
            *(
                (one if number % 2 else other).note(KEY, {file: Entry("file", 1.0, A)})
                for number, file in enumerate(files)
            )
        )
        assert set(await entries(one)) == set(await entries(other)) == set(files)


async def test_proven__that_another_process_found_first__is_not_written_over(shared: Shared) -> None:
    """MET-04: what was read out of the file itself stands, in memory and on disk, whoever comes later."""
    async with shared.lines() as one, shared.lines() as other:
        await other.line(KEY)
        await one.note(KEY, {X: Entry("file", 1.0, A)})
        await other.note(KEY, {X: Entry("ranges", 2.0, B)})
        assert (await entries(one))[X].sha256 == (await entries(other))[X].sha256 == A
        await one.note(KEY, {X: NONE})
        assert (await entries(one))[X].sha256 == A
    async with shared.lines() as later:
        assert (await entries(later))[X] == Entry("file", 1.0, A)


async def test_unproven__found_wrong_by_the_file__is_known_no_more(shared: Shared) -> None:
    """MET-04: everywhere, and whenever it was noted, also by a clock that has been set back since."""
    async with shared.lines() as one, shared.lines() as other:
        await one.note(KEY, {X: Entry("upstream", 9.0, A)})
        assert (await entries(other))[X].sha256 == A
        await one.note(KEY, {X: Entry("file", 1.0, B)})
        assert (await entries(other))[X].sha256 == B
        await one.note(KEY, {Y: Entry("upstream", 9.0, A)})
        await one.note(KEY, {Y: Entry("ranges", 1.0, B)})
        line = await one.line(KEY)
        assert line.entries[Y].sha256 == B


async def test_metadata__that_is_not_there_any_more__is_not_known(shared: Shared) -> None:
    """MET-02: what made way cannot be served, so a process that begins announces nothing of it; nor of odd names."""
    async with shared.lines() as one:
        await one.note(KEY, {X: Entry("file", 1.0, A), Y: Entry("file", 1.0, reason="has none")})
    Layout(shared.folder).file(A).unlink()
    async with shared.lines() as later:
        assert set((await later.line(KEY)).entries) == {Y}
        await later.note(KEY, {A: Entry("file", 1.0, B)})
    shared.put(A)
    async with shared.lines() as last:
        assert set((await last.line(KEY)).entries) == {X, Y, A}


@pytest.mark.parametrize(
    "content",
    [
        b"\x00",
        b"\xc1",
        msgspec.msgpack.encode([1, 2]),
        msgspec.msgpack.encode({X: ["guessed", 1.0, A]}),
        msgspec.msgpack.encode({X: ["file", "yesterday", A]}),
        msgspec.msgpack.encode({X: ["file", 1.0, "../../documents/cache.db"]}),
        msgspec.msgpack.encode({X: ["file", 1.0, "a" * 5000]}),
        msgspec.msgpack.encode({X: ["file", 1.0, A.upper()]}),
    ],
)
async def test_document__written_by_another_version__is_as_if_there_were_none(shared: Shared, content: bytes) -> None:
    """MET-02: no page fails of it, no path leads out of the store, and the next note is kept."""
    await shared.write(content)
    async with shared.lines() as lines:
        assert (await lines.line(KEY)).entries == {}
        await lines.note(KEY, {Y: Entry("file", 1.0, B)})
        assert (await entries(lines)).keys() == {Y}


async def test_store__that_cannot_be_looked_into__has_nothing_and_fails_no_page(shared: Shared, tmp_path: Path) -> None:
    """MET-02: the disk fails no request."""
    async with shared.lines() as one:
        await one.note(KEY, {X: Entry("file", 1.0, A)})
    documents = Documents(shared.folder / "documents")
    lines = Lines(documents, lambda sha256: tmp_path / ("long" * 100), shared.clock)
    assert (await lines.line(KEY)).entries == {}
    await documents.close()


async def test_newer_fields__of_an_entry__are_passed_over(shared: Shared) -> None:
    """MET-02: a version that notes more leaves what this one reads."""
    await shared.write(msgspec.msgpack.encode({X: ["file", 1.0, A, "", "more"], Y: ["ranges", 2.0]}))
    async with shared.lines() as lines:
        assert (await lines.line(KEY)).entries == {X: Entry("file", 1.0, A), Y: Entry("ranges", 2.0)}


async def test_forgotten_project__is_read_from_disk_again(shared: Shared) -> None:
    """CCH-09: what was purged there is not in memory either; other projects are."""
    async with shared.lines() as lines:
        await lines.note(KEY, {X: Entry("file", 1.0, A)})
        await shared.write(b"")
        lines.forget(DEMO)
        assert lines.entry(KEY, X) is None
        assert (await lines.line(KEY)).entries == {}


def test_state__of_a_page_where_something_came__is_new_at_most_so_often() -> None:
    """MET-02: a page of 1,000 files is rendered anew every two seconds at most, a small one at once."""
    line = Line({}, 0.0)
    assert line.state(0.0, 1000) is NOTHING
    line.note({X: Entry("ranges", 1.0, A)})
    first = line.state(0.0, 1000)
    assert first.entries.keys() == {X}
    line.note({Y: Entry("ranges", 1.0, A)})
    assert line.state(1.9, 1000) is first
    assert line.state(1.9, 1) is not first
    assert line.state(99.0, 1000).entries.keys() == {X, Y}


def test_promise__that_ended__is_off_the_page_at_once() -> None:
    """MET-02: however large the page is, as pip and uv fail on what is announced and not served."""
    ends: list[Callable[[Line], None]] = [
        lambda line: line.note({X: NONE}),
        lambda line: line.note({X: Entry("file", 2.0, B)}),
        lambda line: line.forget(X),
        lambda line: line.take({X: Entry("file", 2.0, B)}),
        lambda line: line.note({Y: NONE}),
    ]
    for end in ends:
        line = Line({X: Entry("ranges", 1.0, A)}, 0.0)
        line.note({B: Entry("ranges", 1.0, A)})
        line.state(0.0, 10**6)
        end(line)
        assert line.state(0.0, 10**6).entries == line.entries


hashes = st.sampled_from([A, B, ""])
known = st.builds(Entry, st.sampled_from(["file", "upstream", "ranges"]), st.sampled_from([1.0, 2.0]), hashes)
steps = st.one_of(
    st.tuples(st.just("note"), st.sampled_from([X, Y]), known),
    st.tuples(st.just("forget"), st.sampled_from([X, Y]), known),
    st.tuples(st.just("take"), st.sampled_from([X, Y]), known),
    st.tuples(st.just("wait"), st.just(X), known),
)


@given(st.lists(steps, max_size=12))
def test_state__whatever_happens__never_promises_more_and_is_the_same_while_nothing_does(
    happening: list[tuple[str, str, Entry]],
) -> None:
    """MET-02: nothing is announced that is not known; in time all is; it is the same object until something happens."""
    line, now = Line({}, 0.0), 0.0
    for what, file, entry in happening:
        match what:
            case "note":
                line.note({file: entry})
            case "forget":
                line.forget(file)
            case "take":
                line.take({file: entry})
            case _:
                now += 1.0
        state = line.state(now, 1000)
        assert line.state(now, 1000) is state
        assert all(line.entries[each].sha256 == entry.sha256 for each, entry in state.entries.items())
    assert line.state(now + 2.0, 1000).entries == line.entries


@given(st.dictionaries(st.sampled_from([X, Y]), known))
def test_entries__written_and_read__are_the_same(made: dict[str, Entry]) -> None:
    """MET-02: nothing is lost by a restart."""
    assert read(written(made)) == made
