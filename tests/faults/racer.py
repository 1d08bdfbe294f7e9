"""One of the processes that race: `python -m tests.faults.racer FOLDER SEED COUNT NUMBER`; says `ready`, and runs once told."""

import asyncio
import random
import sys
from pathlib import Path

from addons.cache.blobs import Blobs
from tests.addons.cache.fetching import AMPLE, Giving, promise, settled, whole
from tests.addons.cache.storing import say


def contents(seed: int, count: int) -> list[bytes]:
    """Make the files that all of them fetch."""
    chance = random.Random(seed)
    return [chance.randbytes(chance.randrange(1, 60_000)) for _ in range(count)]


async def fetch(blobs: Blobs, number: int, content: bytes) -> None:
    """Have one file, and say whether it is right, and who fetched it."""
    giving = Giving(content)
    got = await whole(blobs, giving, promise(content))
    if giving.begun == [0]:
        say(f"fetched {number}")
    elif giving.begun:
        say(f"taken up {number}")
    say("right" if got == content else "wrong")


async def main(folder: Path, seed: int, count: int, number: int) -> None:
    """Fetch all files at once, in an order of its own."""
    blobs, files = Blobs(folder, AMPLE), list(enumerate(contents(seed, count)))
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    random.Random(seed * 10 + number).shuffle(files)
    await asyncio.gather(*(fetch(blobs, each, content) for each, content in files))
    await settled(blobs)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
