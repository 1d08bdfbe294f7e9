import asyncio
import os
from pathlib import Path

from addons.off_loop import opened


def open_files() -> set[str]:
    """What this process has open, by path."""
    return {str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}


async def test_opened__by_one_who_leaves_meanwhile__is_closed_all_the_same(tmp_path: Path) -> None:
    """A client that hangs up while its file is being opened leaves nothing open behind it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)  # opening it takes until somebody opens its other end

    async def read() -> None:
        async with opened(path, "rb"):
            raise AssertionError("nobody is left to read it")

    reading = asyncio.ensure_future(read())
    await asyncio.sleep(0)
    reading.cancel()
    (await asyncio.to_thread(path.open, "wb")).close()
    await asyncio.wait([reading])
    assert reading.cancelled()
    assert str(path) not in open_files()
