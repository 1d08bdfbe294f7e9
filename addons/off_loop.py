"""Work on documents and files beside the event loop, where it would hold up everybody else's requests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Literal


async def off_loop[**P, T](large: bool, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do `work`: in a thread if what it works on is large, else at once, as a hop to a thread costs more than it."""
    return await asyncio.to_thread(work, *args, **kwargs) if large else work(*args, **kwargs)


@asynccontextmanager
async def opened(path: Path, mode: Literal["rb", "wb"]) -> AsyncIterator[BinaryIO]:
    """Give the open file, as `opened_by` does. Raises OSError."""
    async with opened_by(lambda: path.open(mode)) as file:
        yield file


@asynccontextmanager
async def opened_by(work: Callable[[], BinaryIO]) -> AsyncIterator[BinaryIO]:
    """Give the file that `work` opens in a thread. It is closed in the end, also if whoever asked left meanwhile.

    Raises as `work`.
    """
    # No task: those are all cancelled when the loop ends, and what a thread opens then nobody would close.
    opening: asyncio.Future[BinaryIO] = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        file = await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait([opening])  # nobody else could close it
        if opening.exception() is None:
            opening.result().close()
        raise
    with file:
        yield file
