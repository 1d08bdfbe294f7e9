"""Small blobs, proofs without a reading, and waiting until a file has its name."""

import os
import time
from pathlib import Path

import pytest

from addons.cache import small
from addons.cache.blobs import Blobs
from addons.cache.promised import Mismatch, NotKept, Promise
from addons.cache.room import Limits
from tests.addons.cache.fetching import AMPLE, CONTENT, Broken, Disk, Giving, as_kept, lying, promise, settled, whole
from tests.addons.cache.furnished import sha256


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """An empty store with room enough."""
    return Blobs(tmp_path, AMPLE)


@pytest.mark.parametrize("content", [b"", b"x", CONTENT], ids=["empty", "one byte", "large"])
async def test_small__kept_and_read__are_the_very_bytes(blobs: Blobs, tmp_path: Path, content: bytes) -> None:
    """MET-03: now and after a restart; keeping it again changes nothing."""
    for _ in range(2):
        assert await small.keep(blobs, sha256(content), content)
        assert await small.read(blobs, Promise(sha256(content)), None) == content
    await settled(blobs)
    assert lying(tmp_path) == as_kept(content)
    assert await small.read(Blobs(tmp_path, AMPLE), Promise(sha256(content)), None) == content


async def test_small__under_another_hash__is_not_kept(blobs: Blobs, tmp_path: Path) -> None:
    """MET-02: no name is given to bytes that have another one."""
    assert not await small.keep(blobs, sha256(b"other"), b"this")
    await settled(blobs)
    assert lying(tmp_path) == {}


async def test_small__that_is_not_there_or_cannot_be_fetched__is_said(blobs: Blobs) -> None:
    """MET-02: each in its own way."""
    with pytest.raises(NotKept):
        await small.read(blobs, promise(), None)
    with pytest.raises(Broken):
        await small.read(blobs, promise(), Giving(break_at=-1))
    with pytest.raises(Mismatch):
        await small.read(blobs, promise(b"other", sized=False), Giving())
    assert await small.read(blobs, promise(), Giving()) == CONTENT


async def test_small__on_a_full_disk__is_not_kept(tmp_path: Path) -> None:
    """MET-02: what is not on disk is not promised."""
    assert not await small.keep(Blobs(tmp_path, AMPLE, Disk(10).write), sha256(CONTENT), CONTENT)
    assert not await small.keep(Blobs(tmp_path / "b", Limits(10, 0)), sha256(CONTENT), CONTENT)


async def test_proven__of_a_kept_file__is_its_place_and_no_use_of_it(blobs: Blobs) -> None:
    """MET-04: metadata is read out of right files only, and what nobody asked for makes way as if it had not been."""
    wanted = promise()
    assert await blobs.proven(wanted.sha256) is None
    await whole(blobs, Giving())
    await blobs.put_away(wanted.sha256)
    path = blobs.path(wanted.sha256)
    ago = time.time() - 86_400
    for again in (blobs, Blobs(path.parents[2], AMPLE)):
        os.utime(path, (ago, ago))
        assert await again.proven(wanted.sha256) == path
        assert path.stat().st_mtime == pytest.approx(ago)


@pytest.mark.parametrize("content", [b"", CONTENT[:-1] + b"x"], ids=["empty", "wrong"])
async def test_proven__of_a_damaged_file__is_none_and_drops_it(blobs: Blobs, content: bytes) -> None:
    """MET-04: no metadata is read out of it."""
    path = blobs.path(promise().sha256)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert await blobs.proven(promise().sha256) is None
    assert not path.exists()
    path.mkdir()
    assert await blobs.proven(promise().sha256) is None


async def test_put_away__of_a_file_that_was_read__ends_once_it_has_its_name(blobs: Blobs) -> None:
    """MET-02: its last byte goes out before that; whoever wants to read it from its place has to wait."""
    for number in range(20):
        content = CONTENT[number : number + 5000]
        await whole(blobs, Giving(content), promise(content))
        await blobs.put_away(promise(content).sha256)
        assert blobs.find(promise(content).sha256) is not None
    await blobs.put_away("ab" * 32)
