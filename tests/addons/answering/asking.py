"""What the tests of this folder share: an offer over real sources, and requests as a client makes them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from addons.answering.answering import Answering
from addons.answering.offer import Found, Judgements, Offer
from addons.answering.request import Request
from addons.answers import Answer
from addons.origin.tickets import Delivery, Receiving
from addons.policies.policy import Policy
from addons.simple.names import ProjectName
from addons.sources.priority import Priority, Reserved
from addons.sources.source import Source
from addons.view_parts import Memory, answering_of
from proxyconf.settings import Settings

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"

type Merge = Mapping[ProjectName, Sequence[Source]]


def offer(
    *sources: Source,
    policies: Sequence[Policy] = (),
    hide: bool = False,
    reserved: Sequence[str] = (),
    merge: Merge | None = None,
    judgements: Judgements | None = None,
) -> Offer:
    """Make an offer of these sources, in order, under these policies."""
    return Offer(Priority(sources, Reserved(reserved), merge), policies, hide=hide, judgements=judgements)


def answering(
    *sources: Source,
    policies: Sequence[Policy] = (),
    merge: Merge | None = None,
    memory: Memory | None = None,
    hide: bool = False,
    **settings: object,
) -> Answering:
    """Make the function that answers, with somebody to ask; `settings` as in the configuration."""
    usual = {"contact": "Ask #help", "refusals": "hide" if hide else "explain"}
    how = Settings(**{**usual, **settings})  # type: ignore[arg-type] # checked by Settings itself
    return answering_of(Priority(sources, Reserved(how.reserved), merge), policies, how, memory or Memory())


def request(url: str, method: str = "GET", **headers: str) -> Request:
    """Make a request for a URL; underscores in header names stand for dashes."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return Request(method, parts.netloc, target, {k.replace("_", "-").lower(): v for k, v in headers.items()}, AT)


async def get(asked: Answering, url: str, method: str = "GET", **headers: str) -> Answer | Delivery:
    """Ask for a URL."""
    found = await asked.answer(request(url, method, **headers))
    assert not isinstance(found, Receiving)
    return found


async def answer(asked: Answering, url: str, method: str = "GET", **headers: str) -> Answer:
    """Ask for what is no file's body."""
    found = await get(asked, url, method, **headers)
    assert isinstance(found, Answer)
    return found


async def page(asked: Answering, project: str, **headers: str) -> Answer:
    """Ask for a page in JSON, unless the headers say otherwise."""
    return await answer(asked, f"https://pypi.org/simple/{project}/", **{"Accept": JSON, **headers})


async def found(asked: Offer, project: str = "demo") -> Found:
    """Give what is offered of a project."""
    return await asked.find(ProjectName(project), AT)
