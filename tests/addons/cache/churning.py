"""A process that keeps, reads and forgets documents until its input ends: `python -m tests.addons.cache.churning FOLDER`."""

import asyncio
import os
import random
import sys
import threading
import time
from pathlib import Path

from addons.cache.documents import Documents, Stored
from tests.addons.cache.furnished import INDEX, key

PROJECTS = [f"p{number}" for number in range(30)]


async def churn(folder: Path, ended: threading.Event) -> None:
    """Do it, and say so once it has begun."""
    chance, documents = random.Random(os.getpid()), Documents(folder)
    while not ended.is_set():
        url = f"{INDEX}{chance.choice(PROJECTS)}/"
        body = chance.randbytes(chance.choice([100, 20_000, 90_000]))
        await documents.keep(key(url), Stored(200, url, {}, body), time.time(), 0.0)
        stamp = await documents.stamp(key(url))
        if stamp is not None and chance.random() < 0.3:
            await documents.find(key(url), stamp.digest)
        elif chance.random() < 0.2:
            await documents.forget(key(url), time.time())
        os.write(1, b".")
    await documents.close()


def until_the_input_ends(ended: threading.Event) -> None:
    """Wait for it."""
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    done = threading.Event()
    threading.Thread(target=until_the_input_ends, args=(done,), daemon=True).start()
    asyncio.run(churn(Path(sys.argv[1]), done))
