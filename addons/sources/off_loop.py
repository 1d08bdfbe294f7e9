"""Parsing, beside the event loop where it would hold it up."""

import asyncio
from collections.abc import Callable

_SMALL = 32_768  # bytes: parsed in less time than a hop to a thread is worth


async def off_loop[**P, T](size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do `work` on a document of `size` bytes: at once if it is small, in a thread if not."""
    if size <= _SMALL:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)
