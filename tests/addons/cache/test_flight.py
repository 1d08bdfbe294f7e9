import asyncio
from collections.abc import Awaitable, Callable

import pytest

from addons.cache.flight import Flights


class Work:
    """Work that waits until it is let go, and counts how often it was begun."""

    def __init__(self, outcome: str | Exception = "done") -> None:
        self.begun = 0
        self.go = asyncio.Event()
        self._outcome = outcome

    async def __call__(self) -> str:
        self.begun += 1
        await self.go.wait()
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


async def asking(
    flights: Flights[str, str], key: str, work: Callable[[], Awaitable[str]], many: int = 1
) -> list[asyncio.Task[str]]:
    """Let `many` ask, and give them the time to do so."""
    tasks = [asyncio.create_task(flights.share(key, work)) for _ in range(many)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_share__by_many_at_once__does_the_work_once() -> None:
    """However many ask, one does it and all have the outcome."""
    work = Work()
    tasks = await asking(Flights(), "a", work, 50)
    work.go.set()
    assert await asyncio.gather(*tasks) == ["done"] * 50
    assert work.begun == 1


async def test_share__of_two_keys__does_both() -> None:
    """One key's work is not another's."""
    flights: Flights[str, str] = Flights()
    one, two = Work("1"), Work("2")
    tasks = [*await asking(flights, "a", one), *await asking(flights, "b", two)]
    one.go.set()
    two.go.set()
    assert await asyncio.gather(*tasks) == ["1", "2"]


async def test_share__after_the_work_is_done__does_it_anew() -> None:
    """It is no cache: what comes later gets what is true later."""
    flights: Flights[str, str] = Flights()
    work = Work()
    work.go.set()
    assert (await flights.share("a", work), await flights.share("a", work)) == ("done", "done")
    assert work.begun == 2


async def test_share__of_work_that_fails__fails_for_all_who_wait_and_is_forgotten() -> None:
    """An error goes to everybody; the next one to ask tries again."""
    flights: Flights[str, str] = Flights()
    work = Work(ValueError("broken"))
    tasks = await asking(flights, "a", work, 3)
    work.go.set()
    assert [str(error) for error in await asyncio.gather(*tasks, return_exceptions=True)] == ["broken"] * 3
    with pytest.raises(ValueError, match="broken"):
        await flights.share("a", work)
    assert work.begun == 2


@pytest.mark.parametrize("leaver", [0, 1])
async def test_share__left_by_one__goes_on_for_the_others(leaver: int) -> None:
    """A client that hangs up takes nothing from the others, not even the one that asked first."""
    work = Work()
    tasks = await asking(Flights(), "a", work, 2)
    tasks[leaver].cancel()
    await asyncio.wait([tasks[leaver]])
    work.go.set()
    assert await tasks[1 - leaver] == "done"
    assert tasks[leaver].cancelled()
    assert work.begun == 1


async def test_share__left_by_all__fails_without_a_complaint() -> None:
    """An error that nobody waits for any more is no unhandled one."""
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
    flights: Flights[str, str] = Flights()
    work = Work(ValueError("broken"))
    [task] = await asking(flights, "a", work)
    task.cancel()
    await asyncio.wait([task])
    work.go.set()
    [late] = await asking(flights, "a", Work())
    with pytest.raises(ValueError, match="broken"):
        await late
    del task, late
    assert complaints == []


async def test_begin__while_the_work_is_under_way__waits_for_it_and_shares_the_next() -> None:
    """Who needs what is true now is not given what was found out before; those who need it share it among themselves."""
    flights: Flights[str, str] = Flights()
    earlier, later = Work("earlier"), Work("later")
    [first] = await asking(flights, "a", earlier)
    seconds = [asyncio.create_task(flights.begin("a", later)) for _ in range(5)]
    await asyncio.sleep(0)
    assert later.begun == 0
    earlier.go.set()
    later.go.set()
    assert await first == "earlier"
    assert await asyncio.gather(*seconds) == ["later"] * 5
    assert later.begun == 1


async def test_begin__when_the_work_under_way_fails__does_it_anew() -> None:
    """An older fault is not this asker's."""
    flights: Flights[str, str] = Flights()
    failing, later = Work(ValueError("old")), Work("later")
    [first] = await asking(flights, "a", failing)
    second = asyncio.create_task(flights.begin("a", later))
    failing.go.set()
    later.go.set()
    with pytest.raises(ValueError, match="old"):
        await first
    assert await second == "later"
