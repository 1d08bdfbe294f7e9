import asyncio
from collections.abc import Sequence

import pytest

from addons.answers import Answer
from addons.inspecting.turns import Turns

DONE = Answer(200, {}, b"")


class Works:
    """Answers that are worked out until they are let go."""

    def __init__(self) -> None:
        self.running = self.most = 0
        self.go = asyncio.Event()

    async def work(self) -> Answer:
        """Run until let go."""
        self.running += 1
        self.most = max(self.most, self.running)
        await self.go.wait()
        self.running -= 1
        return DONE

    async def begun(self, turns: Turns, number: int) -> Sequence[asyncio.Task[Answer]]:
        """Begin so many, and let each get as far as it can."""
        tasks = [asyncio.create_task(turns.taken(self.work)) for _ in range(number)]
        for _ in range(5):
            await asyncio.sleep(0)
        return tasks


async def test_turns__of_many__are_few_at_a_time() -> None:
    """Whoever waits is answered when the turn comes; nobody who may wait is turned away."""
    works, turns = Works(), Turns(at_once=2, waiting=3)
    tasks = await works.begun(turns, 5)
    assert works.running == 2
    works.go.set()
    assert await asyncio.gather(*tasks) == [DONE] * 5
    assert works.most == 2


async def test_turns__with_too_many_waiting__are_refused_with_when_to_come_again() -> None:
    """Beyond those who wait it is 503 with Retry-After, at once and in words; afterwards there is room again."""
    works, turns = Works(), Turns(at_once=1, waiting=1)
    tasks = await works.begun(turns, 4)
    refused = [task.result() for task in tasks if task.done()]
    assert [(each.status, each.headers["Retry-After"]) for each in refused] == [(503, "5")] * 2
    assert "too many explanations" in str(refused[0].body)
    works.go.set()
    await asyncio.gather(*tasks)
    assert await turns.taken(works.work) == DONE


async def test_turns__of_those_who_fail_or_leave__are_given_back() -> None:
    """Neither a fault nor a client that left while it waited takes a turn away for ever."""
    works, turns = Works(), Turns(at_once=1, waiting=1)

    async def fail() -> Answer:
        raise ValueError("a fault")

    with pytest.raises(ValueError, match="a fault"):
        await turns.taken(fail)
    tasks = await works.begun(turns, 2)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    works.go.set()
    assert await turns.taken(works.work) == DONE
