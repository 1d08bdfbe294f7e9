"""How running gateways hear of a purge."""

import asyncio
import os
from pathlib import Path

from addons.cache.purges import Purges, follow
from addons.simple.names import normalise
from tests.addons.cache.furnished import NOW

DEMO, OTHER = normalise("demo"), normalise("other")


def test_heard__of_what_was_purged_since_the_last_look__is_said_once(tmp_path: Path) -> None:
    """Also the same project again, within the same tick of the clock; not what was purged before the first look."""
    folder = tmp_path / "cache" / "purged"
    telling = Purges(folder)
    telling.tell(OTHER, NOW)
    hearing = Purges(folder)
    assert hearing.heard() == set()
    telling.tell(DEMO, NOW)
    assert hearing.heard() == {DEMO}
    telling.tell(DEMO, NOW)
    assert hearing.heard() == {DEMO}
    assert hearing.heard() == set()


def test_tell__takes_away_what_is_no_news_any_more(tmp_path: Path) -> None:
    """The folder does not grow."""
    purges = Purges(tmp_path)
    purges.tell(OTHER, NOW)
    os.utime(tmp_path / OTHER, (NOW - 4000, NOW - 4000))
    purges.tell(DEMO, NOW)
    assert [path.name for path in tmp_path.iterdir()] == [DEMO]


def test_heard__of_a_folder_with_anything_in_it__is_projects_only(tmp_path: Path) -> None:
    """Whoever may write there can have memory forgotten, and nothing else."""
    purges = Purges(tmp_path)
    for name in ("-", ".hidden", "a b", "x" * 200):
        (tmp_path / name).touch()
    assert purges.heard() == {normalise("x" * 200)}


async def test_follow__of_a_folder_that_comes_and_goes__tells_of_each_purge(tmp_path: Path) -> None:
    """The cache may be deleted at any time."""
    folder, heard = tmp_path / "purged", asyncio.Queue[str]()
    task = asyncio.ensure_future(follow(folder, heard.put_nowait, 0.001))
    while not (folder / DEMO).exists() or heard.empty():
        await asyncio.to_thread(Purges(folder).tell, DEMO, NOW)
    assert await heard.get() == DEMO
    (folder / DEMO).unlink()
    folder.rmdir()
    await asyncio.to_thread(Purges(folder).tell, OTHER, NOW)
    while await heard.get() != OTHER:
        pass
    task.cancel()
