"""A process that uses a file store, for tests that end it: `python -m tests.addons.cache.storing FOLDER hold|churn`.

`hold` fetches one file, says `half` when half of it is there, and then does what it reads: `go` on, or `leave`.
`churn` fetches files without end, and says `wrote` for each piece and `kept` for each file.
"""

import asyncio
import os
import random
import sys
from itertools import batched, count
from pathlib import Path

from addons.cache.blobs import Blobs
from tests.addons.cache.fetching import AMPLE, CONTENT, Giving, promise, read, settled, whole

BELOW_HALF = len(CONTENT) // 2 - 1


def say(words: str) -> None:
    """Write a line, at once."""
    os.write(1, f"{words}\n".encode())


async def hold(folder: Path) -> None:
    """Fetch one file, and stop before its middle."""
    blobs, giving = Blobs(folder, AMPLE), Giving(stop_at=BELOW_HALF)
    async with blobs.reading(promise(), giving) as readable:
        assert readable is not None
        await read(readable, 0, BELOW_HALF)
        say("half")
        if (await asyncio.to_thread(sys.stdin.readline)).strip() == "go":
            giving.go.set()
            await read(readable)
    await settled(blobs)
    say("done")


async def churn(folder: Path) -> None:
    """Fetch file after file, several at once."""
    chance = random.Random(os.getpid())

    def write(descriptor: int, piece: bytes | memoryview) -> int:
        written = os.write(descriptor, piece)
        say("wrote")
        return written

    blobs = Blobs(folder, AMPLE, write)
    for numbers in batched(count(), 4):
        contents = [chance.randbytes(chance.randrange(100_000)) for _ in numbers]
        await asyncio.gather(*(whole(blobs, Giving(content), promise(content)) for content in contents))
        await settled(blobs)
        for content in contents:
            say(f"kept {promise(content).sha256}")


if __name__ == "__main__":
    asyncio.run((hold if sys.argv[2] == "hold" else churn)(Path(sys.argv[1])))
