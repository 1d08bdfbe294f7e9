"""A rule that ends by itself: every route changes at that very second, and nobody upstream is asked."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest

from addons.answering.answering import Answering
from addons.answers import Answer
from addons.policies.allow import Allow
from addons.policies.deny import Deny
from addons.policies.policy import Policy
from addons.policies.yank import Yank
from addons.sources.index import Index
from tests.addons.answering.asking import AT, JSON, answering, request
from tests.addons.policies.rules import allow_rule, deny_rule, yank_rule
from tests.addons.sources.places import public_index
from tests.fakepypi import FakePyPI

END = AT + timedelta(seconds=5)
MOMENTS = (AT, END - timedelta(microseconds=1), END, END + timedelta(days=9))
PAGE = "https://pypi.org/simple/foo-bar/"


@pytest.fixture
async def index(pypi: FakePyPI) -> AsyncIterator[Index]:
    async with public_index(pypi) as running:
        yield running


async def at(asked: Answering, url: str, moment: datetime) -> Answer:
    """Ask for a URL at a moment; what is no whole answer is a file's body under way, and good."""
    found = await asked.answer(request(url, Accept=JSON)._replace(at=moment))
    return found if isinstance(found, Answer) else Answer(200)


CASES: list[tuple[str, Sequence[Policy], list[int]]] = [
    ("deny", [Deny([deny_rule(until=END)])], [403, 403, 200, 200]),
    ("deny of a version", [Deny([deny_rule(versions="==1.0", until=END)])], [403, 403, 200, 200]),
    ("allow", [Allow([allow_rule(until=END)]), Deny([deny_rule()])], [200, 200, 403, 403]),
    ("yank", [Yank([yank_rule(until=END)])], [200, 200, 200, 200]),
]


@pytest.mark.parametrize(("policies", "statuses"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
async def test_rule__at_its_end__changes_page_file_and_metadata_without_asking_upstream(
    pypi: FakePyPI, index: Index, policies: Sequence[Policy], statuses: list[int]
) -> None:
    """The same page of the same upstream: a microsecond before as ever, and from that instant on another."""
    file = pypi.release("foo-bar", "1.0", announce_metadata=True)
    asked = answering(index, policies=policies)
    for moment in MOMENTS:  # so that all is in hand that comes from upstream
        await at(asked, PAGE, moment)
        await at(asked, f"{file.url}.metadata", moment)
    before = len(pypi.requests)
    pages = [(await at(asked, PAGE, moment)).headers["ETag"] for moment in MOMENTS]
    assert (pages[0], pages[2]) == (pages[1], pages[3])
    assert pages[0] != pages[2]
    assert [(await at(asked, file.url, moment)).status for moment in MOMENTS] == statuses
    assert [(await at(asked, f"{file.url}.metadata", moment)).status for moment in MOMENTS] == statuses
    assert len(pypi.requests) == before


@pytest.mark.parametrize(
    ("left", "told"), [(500, "max-age=60"), (60, "max-age=60"), (59.9, "max-age=59"), (0.5, "max-age=0")]
)
@pytest.mark.parametrize("url", [PAGE, "https://pypi.org/pypi/foo-bar/json"])
async def test_page__shortly_before_a_rule_ends__is_kept_by_clients_no_longer_than_that(
    pypi: FakePyPI, index: Index, url: str, left: float, told: str
) -> None:
    """A client's own copy would be true for as long as `max_age_seconds` says, and the rule is over before."""
    pypi.release("foo-bar", "1.0")
    asked = answering(index, policies=[Yank([yank_rule(until=END)])], max_age_seconds=60)
    assert (await at(asked, url, END - timedelta(seconds=left))).headers["Cache-Control"] == told
    assert (await at(asked, url, END)).headers["Cache-Control"] == "max-age=60"
