"""What clients get of files that are too young, or later than the snapshot: page, file and legacy JSON."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from addons.answering.answering import Answering
from addons.answers import Answer
from addons.policies.min_age import MinAge
from addons.policies.policy import Policy
from addons.policies.snapshot import Snapshot
from addons.sources.index import Index
from tests.addons.answering.asking import AT, JSON, answering, request
from tests.addons.policies.dated import ago, min_age_rule, snapshot_rule
from tests.addons.sources.places import public_index
from tests.fakepypi import FakePyPI

PAGE = "https://pypi.org/simple/demo/"


@pytest.fixture
async def index(pypi: FakePyPI) -> AsyncIterator[Index]:
    async with public_index(pypi) as running:
        yield running


async def ask(asked: Answering, url: str, at: datetime = AT) -> Answer:
    """Ask for a URL at an instant."""
    answer = await asked.answer(request(url, Accept=JSON)._replace(at=at))
    assert isinstance(answer, Answer)
    return answer


def policed(index: Index, policy: Policy) -> Answering:
    return answering(index, policies=[policy])


def yanks(answer: Answer) -> list[object]:
    return [file.get("yanked", False) for file in json.loads(answer.body)["files"]]


async def test_page__as_a_file_comes_of_age__changes_at_that_second(pypi: FakePyPI, index: Index) -> None:
    """To the last microsecond before it the page is the same bytes under the same ETag, and then it is another."""
    pypi.release("demo", "1.0", upload_time=ago(days=2))
    asked = policed(index, MinAge([min_age_rule("demo")]))
    due = AT + timedelta(days=1)
    first = await ask(asked, PAGE)
    last = await ask(asked, PAGE, due - timedelta(microseconds=1))
    assert (first.body, first.headers["ETag"]) == (last.body, last.headers["ETag"])
    assert yanks(first) == [
        "Blocked by wheelgate: min_age: released 2026-03-02T05:06Z, available 2026-03-05T05:07Z",
    ]
    assert yanks(await ask(asked, PAGE, due)) == [False]


async def test_file__that_is_too_young__is_refused_with_its_date(pypi: FakePyPI, index: Index) -> None:
    """A direct request hears when the file is to be had."""
    file = pypi.release("demo", "1.0", upload_time=ago(days=2))
    answer = await ask(policed(index, MinAge([min_age_rule("demo")])), file.url)
    assert (answer.status, answer.headers["Cache-Control"]) == (403, "no-store")
    assert "available 2026-03-05T05:07Z" in answer.reason


async def test_file__later_than_the_snapshot__is_refused_and_nowhere_listed(pypi: FakePyPI, index: Index) -> None:
    """The page is empty and there; the legacy JSON knows no such release; the file's URL is refused in words."""
    file = pypi.release("demo", "1.0", upload_time="2026-02-01T00:00:00Z")
    asked = policed(index, Snapshot([snapshot_rule(project="demo")]))
    page = await ask(asked, PAGE)
    assert (page.status, json.loads(page.body)["files"], json.loads(page.body)["versions"]) == (200, [], [])
    refusal = await ask(asked, file.url)
    assert (refusal.status, "released 2026-02-01T00:00Z" in refusal.reason) == (403, True)
    assert (await ask(asked, "https://pypi.org/pypi/demo/1.0/json")).status == 404
