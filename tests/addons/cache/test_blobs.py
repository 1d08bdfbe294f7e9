"""The file store in one process: one fetch for all, proven, kept under its hash, and nothing else is ever seen."""

import asyncio
import hashlib
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from addons.cache import small
from addons.cache.blobs import Blobs, Found
from addons.cache.promised import Damaged, Mismatch, Promise
from tests.addons.cache.fetching import (
    AMPLE,
    CONTENT,
    Broken,
    Giving,
    as_kept,
    gathered,
    lying,
    promise,
    read,
    settled,
    whole,
)

HALF = len(CONTENT) // 2


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """An empty store with room enough."""
    return Blobs(tmp_path, AMPLE)


@pytest.mark.parametrize("sized", [True, False])
async def test_file__fetched_once__is_kept_under_its_hash_and_read_from_there(
    blobs: Blobs, tmp_path: Path, sized: bool
) -> None:
    """The second reading asks nobody, also in a new store on the same folder."""
    giving = Giving(sized=sized)
    assert await whole(blobs, giving, promise(sized=sized)) == CONTENT
    await settled(blobs)
    assert lying(tmp_path) == as_kept(CONTENT)
    assert await whole(blobs, giving) == CONTENT
    assert await whole(Blobs(tmp_path, AMPLE), giving) == CONTENT
    assert giving.begun == [0]
    assert blobs.snapshot() | {"misses": 1, "hits": 1, "kept": 1, "bytes_from_upstream": len(CONTENT)} == (
        blobs.snapshot()
    )


async def test_find__of_a_file__gives_path_and_size_once_it_is_kept(blobs: Blobs) -> None:
    """What the fast lane asks before it reads the file itself."""
    sha256 = promise().sha256
    assert blobs.find(sha256) is None
    await whole(blobs, Giving())
    await settled(blobs)
    assert blobs.find(sha256) == Found(blobs.path(sha256), len(CONTENT))


async def test_small__that_the_store_says_it_keeps__can_be_seen_by_others(blobs: Blobs) -> None:
    """CCH-08: what is noted as in hand is on disk under its name."""
    for number in range(10):
        content = bytes([number])
        assert await small.keep(blobs, promise(content).sha256, content)
        assert blobs.path(promise(content).sha256).read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"x", CONTENT[: 1 << 16]])
async def test_file__of_any_length__arrives_whole(blobs: Blobs, tmp_path: Path, content: bytes) -> None:
    """Nothing and one byte are files, too."""
    assert await whole(blobs, Giving(content), promise(content)) == content
    await settled(blobs)
    assert lying(tmp_path) == as_kept(content)


WRONG: dict[str, tuple[bytes, Promise]] = {
    "another first byte": (b"x" + CONTENT[1:], promise()),
    "another last byte": (CONTENT[:-1] + b"x", promise()),
    "shorter": (CONTENT[:-1], promise()),
    "longer": (CONTENT + b"x", promise()),
    "longer, of unknown length": (CONTENT + b"x", promise(sized=False)),
    "shorter, of unknown length": (CONTENT[:-1], promise(sized=False)),
    "empty": (b"", promise()),
    "of another BLAKE2b": (CONTENT, Promise(promise().sha256, "0" * 64, len(CONTENT))),
    "of another length": (CONTENT, Promise(promise().sha256, None, len(CONTENT) + 1)),
}


@pytest.mark.parametrize("kind", WRONG)
async def test_file__that_is_not_what_was_promised__is_never_stored_nor_wholly_given(
    blobs: Blobs, tmp_path: Path, kind: str
) -> None:
    """FIL-10: no name for it on disk, no trace, and nobody gets as many bytes as were promised."""
    content, wanted = WRONG[kind]
    got = bytearray()
    with pytest.raises(Mismatch):
        await gathered(blobs, Giving(content, sized=False), wanted, got)
    assert len(got) < max(wanted.size or len(content), 1)
    await settled(blobs)
    assert lying(tmp_path) == {}
    assert blobs.snapshot()["mismatches"] == 1
    assert await whole(blobs, Giving()) == CONTENT


@pytest.mark.parametrize("place", [-1, 0, 100, HALF, len(CONTENT) - 1])
async def test_fetch__that_fails__fails_for_all_and_leaves_nothing(blobs: Blobs, tmp_path: Path, place: int) -> None:
    """At every stage; the next one who asks has it fetched anew."""
    giving = Giving(stop_at=-1, break_at=place)
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(blobs.reading(promise(), giving)) for _ in range(5)]
        giving.go.set()
        for reader in readers:
            assert reader is not None
            with pytest.raises(Broken):
                await read(reader)
    await settled(blobs)
    assert (giving.begun, lying(tmp_path)) == ([0], {})
    assert await whole(blobs, Giving()) == CONTENT


async def test_clients__fifty_for_one_cold_file__share_one_fetch_and_read_while_it_grows(blobs: Blobs) -> None:
    """FIL-12: each has its first bytes before the end is there, and all have the right ones."""
    giving = Giving(stop_at=HALF)
    first = [asyncio.Event() for _ in range(50)]

    async def client(number: int) -> bytes:
        async with blobs.reading(promise(), giving) as readable:
            assert readable is not None
            begin = await readable.read(0, 1000)
            first[number].set()
            return begin + await read(readable, len(begin))

    clients = [asyncio.ensure_future(client(number)) for number in range(50)]
    await asyncio.gather(giving.reached.wait(), *(event.wait() for event in first))
    giving.go.set()
    assert set(await asyncio.gather(*clients)) == {CONTENT}
    assert giving.begun == [0]
    assert blobs.snapshot()["joined"] == 49


async def test_stretch__of_a_growing_file__waits_for_its_bytes_and_for_nothing_more(blobs: Blobs) -> None:
    """What is there is given at once; what is beyond, when it comes; the last byte, when all is proven."""
    giving = Giving(stop_at=HALF)
    async with blobs.reading(promise(), giving) as readable:
        assert readable is not None
        await giving.reached.wait()
        assert await read(readable, HALF - 50, HALF) == CONTENT[HALF - 50 : HALF]
        async with blobs.reading(promise(), None) as another:
            assert another is not None
            beyond = asyncio.ensure_future(read(another, len(CONTENT) - 50, len(CONTENT)))
            done, _ = await asyncio.wait([beyond], timeout=0.05)
            assert not done
            giving.go.set()
            assert await beyond == CONTENT[-50:]


async def test_stretch__of_what_is_not_there__is_not_fetched(blobs: Blobs) -> None:
    """Whoever wants the end of a big file is not made to wait for all of it."""
    async with blobs.reading(promise(), None) as readable:
        assert readable is None


async def test_client__that_leaves__does_not_disturb_the_others(blobs: Blobs) -> None:
    """The one who came first goes first; the fetch is everybody's."""
    giving = Giving(stop_at=100)
    async with blobs.reading(promise(), giving) as second:
        async with blobs.reading(promise(), giving) as first:
            assert first is not None
            await first.read(0, 10)
        giving.go.set()
        assert second is not None
        assert await read(second) == CONTENT
    assert giving.begun == [0]


@pytest.mark.parametrize(("place", "kept"), [(HALF - 1, False), (HALF, True), (len(CONTENT) - 1, True)])
async def test_last_client__leaving__gives_up_what_is_not_half_there(
    blobs: Blobs, tmp_path: Path, place: int, kept: bool
) -> None:
    """What is nearly there is fetched to its end; of the rest nothing stays."""
    giving = Giving(stop_at=place)
    async with blobs.reading(promise(), giving) as readable:
        assert readable is not None
        await giving.reached.wait()
        await read(readable, 0, place)
    giving.go.set()
    await settled(blobs)
    assert lying(tmp_path) == (as_kept(CONTENT) if kept else {})


async def test_client__that_leaves_before_anything_is_asked__has_nothing_fetched(blobs: Blobs, tmp_path: Path) -> None:
    """Nobody is there to read it."""
    giving = Giving()
    async with blobs.reading(promise(), giving):
        pass
    await settled(blobs)
    assert (giving.begun, lying(tmp_path)) == ([], {})


async def test_client__that_comes_when_all_have_left__has_the_fetch_gone_on_with(blobs: Blobs, tmp_path: Path) -> None:
    """What is there is not fetched twice; the hash is of the whole."""
    giving, then = Giving(stop_at=1000), Giving()
    async with blobs.reading(promise(), giving) as readable:
        assert readable is not None
        await giving.reached.wait()
        await read(readable, 0, 1000)
    assert await whole(blobs, then) == CONTENT
    assert then.begun == [1000]
    await settled(blobs)
    assert lying(tmp_path) == as_kept(CONTENT)


async def test_fetch__gone_on_with_over_wrong_bytes__is_not_stored(blobs: Blobs, tmp_path: Path) -> None:
    """What somebody else began is proven together with the rest."""
    giving = Giving(b"x" * len(CONTENT), stop_at=1000)
    async with blobs.reading(promise(), giving) as readable:
        assert readable is not None
        await giving.reached.wait()
        await read(readable, 0, 1000)
    with pytest.raises(Mismatch):
        await whole(blobs, Giving())
    await settled(blobs)
    assert lying(tmp_path) == {}


async def test_store__closed_in_the_middle__leaves_nothing(blobs: Blobs, tmp_path: Path) -> None:
    """A gateway that stops takes its unfinished files along."""
    giving = Giving(stop_at=HALF)
    async with blobs.reading(promise(), giving):
        await giving.reached.wait()
        await blobs.close()
    assert lying(tmp_path) == {}


@pytest.mark.parametrize("change", [lambda path: os.truncate(path, 5), lambda path: path.write_bytes(CONTENT + b"x")])
async def test_kept_file__of_another_length__is_dropped_and_fetched_again(
    blobs: Blobs, tmp_path: Path, change: Any
) -> None:
    """Half of a file is not given to anybody."""
    giving = Giving()
    await whole(blobs, giving)
    await settled(blobs)
    change(blobs.path(promise().sha256))
    assert await whole(blobs, giving) == CONTENT
    await settled(blobs)
    assert giving.begun == [0, 0]
    assert lying(tmp_path) == as_kept(CONTENT)
    assert blobs.snapshot()["damaged"] == 1


async def test_kept_file__cut_off_under_a_reader__is_damaged(blobs: Blobs) -> None:
    """It ends with an error, never as if it were whole."""
    await whole(blobs, Giving())
    await settled(blobs)
    async with blobs.reading(promise(), Giving()) as readable:
        assert readable is not None
        await readable.read(0, 10)
        os.truncate(blobs.path(promise().sha256), 5)
        with pytest.raises(Damaged):
            await read(readable)


async def test_kept_file__used__has_its_last_use_written_down_once_a_minute(blobs: Blobs) -> None:
    """That is what making room goes by; no database is needed for it."""
    await whole(blobs, Giving())
    await settled(blobs)
    path = blobs.path(promise().sha256)
    for age, touched in ((3600, True), (30, False)):
        before = path.stat().st_mtime - age
        os.utime(path, (before, before))
        await whole(blobs, Giving())
        assert (path.stat().st_mtime > before + 1) is touched


async def test_verify__of_a_store__finds_and_drops_what_does_not_hash_to_its_name(blobs: Blobs, tmp_path: Path) -> None:
    """A disk that turned a byte shows only here, as its length is right."""
    contents = CONTENT[:1000], CONTENT[1000:2000]
    for content in contents:
        await whole(blobs, Giving(content), promise(content))
    await settled(blobs)
    wrong = blobs.path(promise(contents[0]).sha256)
    wrong.write_bytes(b"x" + contents[0][1:])
    assert dict(blobs.verify()) == {wrong.name: False, promise(contents[1]).sha256: True}
    assert lying(tmp_path) == as_kept(contents[1])


async def test_leftovers__of_processes_that_died__are_gone_once_the_store_begins(tmp_path: Path) -> None:
    """What nobody holds the lock of is nobody's; what was kept stays."""
    first = Blobs(tmp_path, AMPLE)
    await whole(first, Giving())
    await settled(first)
    (tmp_path / "growing" / ("0" * 64)).write_bytes(b"half a file")
    await Blobs(tmp_path, AMPLE).begin()
    assert lying(tmp_path) == as_kept(CONTENT)


async def test_file__fetched_under_two_promises__is_one_file(blobs: Blobs, tmp_path: Path) -> None:
    """Pages that say more or less of one file mean the same bytes."""
    giving = Giving(stop_at=HALF)
    readers = [
        asyncio.ensure_future(whole(blobs, giving, wanted))
        for wanted in (promise(), promise(blake2b=False), promise(blake2b=False))
    ]
    await giving.reached.wait()
    giving.go.set()
    assert set(await asyncio.gather(*readers)) == {CONTENT}
    await settled(blobs)
    assert giving.begun == [0]
    assert lying(tmp_path) == as_kept(CONTENT)


def test_snapshot__of_a_store__is_numbers_by_name(blobs: Blobs) -> None:
    """What the front desk shows."""
    assert msgspec.json.decode(msgspec.json.encode(blobs.snapshot()), type=dict[str, int]) == blobs.snapshot()
    assert set(blobs.snapshot().values()) == {0}
    assert hashlib.sha256(CONTENT).hexdigest() == promise().sha256
