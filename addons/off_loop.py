"""Work on documents beside the event loop, where it would hold up everybody else's requests."""

import asyncio
from collections.abc import Callable


async def off_loop[**P, T](large: bool, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do `work`: in a thread if what it works on is large, else at once, as a hop to a thread costs more than it."""
    return await asyncio.to_thread(work, *args, **kwargs) if large else work(*args, **kwargs)
