"""The file store on a disk that is full, unwritable, shared or taken away: no reading fails for that."""

import os
from pathlib import Path
from shutil import rmtree

import pytest

from addons.cache.blobs import Blobs
from addons.cache.promised import NotKept
from addons.cache.room import Limits, Room
from tests.addons.cache.fetching import AMPLE, CONTENT, Disk, Giving, as_kept, lying, promise, read, settled, whole

HALF = len(CONTENT) // 2
A, B, C = (CONTENT[start : start + 1000] for start in (0, 1000, 2000))


@pytest.mark.parametrize("room", [0, 1, 10_000, HALF, len(CONTENT) - 1])
async def test_disk__that_is_full__gives_what_it_took_and_says_that_it_is(
    tmp_path: Path, room: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever reads can go on past the store from where they are; nothing stays on disk, and the log tells it once."""
    disk = Disk(room)
    blobs = Blobs(tmp_path, AMPLE, disk.write)
    for _ in range(3):
        async with blobs.reading(promise(), Giving()) as readable:
            assert readable is not None
            with pytest.raises(NotKept, match="No space left"):
                await read(readable)
            if room > 1:
                assert await readable.arrived(0, room) == CONTENT[:room]
        await settled(blobs)
        assert lying(tmp_path) == {}
        disk.room = room
    assert caplog.text.count("No space left") == 1
    assert blobs.snapshot()["unkept"] == 3


async def test_disk__with_room_again__keeps_files_and_tells_of_the_next_fault(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault is said once until it is over."""
    disk = Disk(0)
    blobs = Blobs(tmp_path, AMPLE, disk.write)
    for room, content in ((0, A), (10**9, A), (0, B)):
        disk.room = room
        async with blobs.reading(promise(content), Giving(content)) as readable:
            assert readable is not None
            if room:
                assert await read(readable) == content
            else:
                with pytest.raises(NotKept):
                    await read(readable)
        await settled(blobs)
    assert caplog.text.count("No space left") == 2
    assert lying(tmp_path) == as_kept(A)


async def test_folder__that_cannot_be_made__is_no_store(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file stands where the folder should be: the reading is told so before anything is fetched."""
    (tmp_path / "cache").write_text("in the way")
    blobs, giving = Blobs(tmp_path / "cache", AMPLE), Giving()
    with pytest.raises(NotKept):
        await whole(blobs, giving)
    assert giving.begun == []
    assert "files pass through it and are not kept" in caplog.text


async def test_folder__taken_away_before_during_and_after_a_fetch__is_made_again(tmp_path: Path) -> None:
    """It may be deleted at any time; the reading under way goes on, and the next file is kept."""
    folder, giving = tmp_path / "cache", Giving(stop_at=HALF)
    blobs = Blobs(folder, AMPLE)
    async with blobs.reading(promise(), giving) as readable:
        assert readable is not None
        await giving.reached.wait()
        rmtree(folder)
        giving.go.set()
        assert await read(readable) == CONTENT
        await settled(blobs)
        assert not folder.exists() or lying(folder) == {}
    for _ in range(2):
        assert await whole(blobs, giving) == CONTENT
        await settled(blobs)
        assert lying(folder) == as_kept(CONTENT)
        rmtree(folder)


async def test_file__larger_than_the_store_may_be__is_not_fetched_into_it(tmp_path: Path) -> None:
    """Nothing makes way for what would not fit all the same."""
    blobs, giving = Blobs(tmp_path, Limits(1000, 0)), Giving()
    await whole(blobs, Giving(A), promise(A))
    await settled(blobs)
    with pytest.raises(NotKept):
        await whole(blobs, giving)
    assert giving.begun == []
    assert lying(tmp_path) == as_kept(A)


async def test_file__of_unknown_length_that_gets_too_large__leaves_the_others_alone(tmp_path: Path) -> None:
    """It makes way itself once it is there."""
    blobs = Blobs(tmp_path, Limits(1500, 0))
    for content in (A, CONTENT[:2000]):
        assert await whole(blobs, Giving(content, sized=False), promise(content, sized=False)) == content
        await settled(blobs)
    assert sum(map(len, lying(tmp_path).values())) <= 1500


async def test_room__for_a_further_file__is_made_by_what_was_used_longest_ago(tmp_path: Path) -> None:
    """Least recently used goes first, and no more of it than has to."""
    blobs = Blobs(tmp_path, Limits(2500, 0))
    for age, content in ((200, A), (100, B)):
        await whole(blobs, Giving(content), promise(content))
        await settled(blobs)
        path = blobs.path(promise(content).sha256)
        os.utime(path, (path.stat().st_mtime - age,) * 2)
    await whole(blobs, Giving(A), promise(A))
    await whole(blobs, Giving(C), promise(C))
    await settled(blobs)
    assert lying(tmp_path) == as_kept(A, C)
    assert blobs.snapshot()["evicted"] == 1


async def test_room__made_while_files_are_read_and_fetched__disturbs_neither(tmp_path: Path) -> None:
    """What is open is read to its end without its name; what is growing never makes way."""
    blobs, giving = Blobs(tmp_path, Limits(2500, 0)), Giving(B, stop_at=500)
    await whole(blobs, Giving(A), promise(A))
    await settled(blobs)
    async with blobs.reading(promise(A), None) as kept, blobs.reading(promise(B), giving) as growing:
        assert kept is not None
        assert growing is not None
        await giving.reached.wait()
        assert await whole(blobs, Giving(C), promise(C)) == C
        assert blobs.find(promise(A).sha256) is None
        giving.go.set()
        assert (await read(kept), await read(growing)) == (A, B)
    await settled(blobs)
    assert lying(tmp_path) == as_kept(B, C)


def put(folder: Path, name: str, size: int, age: float) -> Path:
    """Put a file into a store's folder that was last used so many seconds ago."""
    path = folder / name[:2] / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(bytes(size))
    now = path.stat().st_mtime
    os.utime(path, (now - age, now - age))
    return path


def test_room__on_a_disk_that_others_fill__keeps_its_least_part_free(tmp_path: Path) -> None:
    """Files make way until so much is free; if all of them were not enough, none does."""
    for number in range(5):
        put(tmp_path, f"{number:064}", 100, 1000 - number)

    def free(folder: Path) -> int:
        return 150 + 100 * (5 - len(list(tmp_path.glob("*/*"))))

    room = Room(tmp_path, Limits(10_000, 200), free)
    room.make(tmp_path / "a", 100)
    assert sorted(path.name[-1] for path in tmp_path.glob("*/*")) == ["2", "3", "4"]
    with pytest.raises(NotKept, match="No space left"):
        room.make(tmp_path / "b", 1000)
    assert len(list(tmp_path.glob("*/*"))) == 3


def test_room__that_is_promised_to_several__is_counted_for_all_of_them(tmp_path: Path) -> None:
    """What is on its way takes room as if it were there, until it is given up."""
    room = Room(tmp_path, Limits(250, 0), lambda folder: 10**9)
    room.make(tmp_path / "a", 100)
    room.make(tmp_path / "b", 100)
    with pytest.raises(NotKept):
        room.make(tmp_path / "c", 100)
    room.settle(tmp_path / "c", 0)
    room.settle(tmp_path / "a", 0)
    room.make(tmp_path / "c", 100)


def test_room__of_a_folder_that_others_fill__is_counted_anew_after_a_while(tmp_path: Path) -> None:
    """Other processes put files there, too."""
    now = [0.0]
    room = Room(tmp_path, Limits(250, 0), lambda folder: 10**9, lambda: now[0])
    room.make(tmp_path / "a", 10)
    room.settle(tmp_path / "a", 0)
    for number in range(4):
        put(tmp_path, f"{number:064}", 100, 1000 - number)
    now[0] = 31.0
    room.make(tmp_path / "b", 10)
    assert sorted(path.name[-1] for path in tmp_path.glob("*/*")) == ["2", "3"]


def test_room__for_what_has_its_name_already__is_counted_once(tmp_path: Path) -> None:
    """Between a file's getting its name and our being told so, nothing makes way for it a second time, nor does it."""
    room = Room(tmp_path, Limits(250, 0), lambda folder: 10**9)
    first, second = (tmp_path / f"{number:064}"[:2] / f"{number:064}" for number in range(2))
    room.make(first, 100)
    put(tmp_path, first.name, 100, 1000)
    room.make(second, 100)
    room.settle(first, 100)
    put(tmp_path, second.name, 100, 500)
    room.settle(second, 100)
    assert (first.exists(), second.exists(), room.evicted) == (True, True, 0)
    room.make(tmp_path / "c", 100)
    assert (first.exists(), second.exists(), room.evicted) == (False, True, 1)


def test_room__with_new_limits__goes_by_them(tmp_path: Path) -> None:
    """An edit of the configuration counts at once."""
    room = Room(tmp_path, Limits(250, 0), lambda folder: 10**9)
    room.limit(Limits(50, 0))
    with pytest.raises(NotKept):
        room.make(tmp_path / "a", 100)
