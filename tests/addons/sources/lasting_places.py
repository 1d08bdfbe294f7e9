"""What the tests of outages share: an index that keeps its documents on disk, by a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from addons.cache.documents import Documents
from addons.sources.asking import Keeping
from addons.sources.index import Index
from tests.addons.sources.places import Time, public_index
from tests.fakepypi import FakePyPI

DAY = 86_400.0


@asynccontextmanager
async def lasting_index(
    pypi: FakePyPI,
    folder: Path,
    time: Time,
    *,
    wall: Time | None = None,
    patience: float = 5.0,
    stale: float = DAY,
    absent: float = 0.0,
    forever: tuple[str, ...] = (),
    **settings: Any,
) -> AsyncIterator[Index]:
    """Make the source `pypi` of one process of many: all that have the folder share what is on disk."""
    documents = Documents(folder, wall=wall or time)
    keeping = Keeping(
        documents=documents,
        stale_seconds=stale,
        patience_seconds=patience,
        absent_seconds=absent,
        forever=forever.__contains__,
    )
    try:
        async with public_index(pypi, time, keeping=keeping, **settings) as index:
            yield index
    finally:
        await documents.close()


async def all_done() -> None:
    """Wait for all that goes on in the background."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)
