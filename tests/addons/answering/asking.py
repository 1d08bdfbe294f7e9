"""What the tests of this folder share: an offer over real sources, and requests as a client makes them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from addons.answering.answering import Answering
from addons.answering.offer import Offer
from addons.answering.request import Request
from addons.answers import Answer
from addons.origin.tickets import Delivery
from addons.policies.policy import Policy
from addons.sources.priority import Priority, Reserved
from addons.sources.source import Source

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
JSON = "application/vnd.pypi.simple.v1+json"


def offer(*sources: Source, policies: Sequence[Policy] = (), hide: bool = False, reserved: Sequence[str] = ()) -> Offer:
    """Make an offer of these sources, in order, under these policies."""
    return Offer(Priority(sources, Reserved(reserved)), policies, hide=hide)


def answering(
    *sources: Source, policies: Sequence[Policy] = (), hide: bool = False, max_age_seconds: int = 0
) -> Answering:
    """Make the function that answers, with somebody to ask."""
    return Answering(offer(*sources, policies=policies, hide=hide), "Ask #help", max_age_seconds)


async def get(asked: Answering, url: str, method: str = "GET", **headers: str) -> Answer | Delivery:
    """Ask for a URL; underscores in header names stand for dashes."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return await asked.answer(Request(method, parts.netloc, target, named, AT))


async def answer(asked: Answering, url: str, **headers: str) -> Answer:
    """Ask for what is no file's body."""
    found = await get(asked, url, **headers)
    assert isinstance(found, Answer)
    return found


async def page(asked: Answering, project: str, **headers: str) -> Answer:
    """Ask for a page in JSON, unless the headers say otherwise."""
    return await answer(asked, f"https://pypi.org/simple/{project}/", **{"Accept": JSON, **headers})
