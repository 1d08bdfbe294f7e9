"""What the tests of the legacy JSON API share: asking for documents, and policies that have something against them."""

import json
from typing import Any

from addons.answering.answering import Answering
from addons.answers import Answer
from addons.policies.deny import Deny
from addons.policies.yank import Yank
from tests.addons.answering.asking import answer, page
from tests.addons.policies.rules import deny_rule, yank_rule

DENY_2 = Deny([deny_rule("DeMo", "==2.0.0", id="MAL-1")])
DENY_ALL = Deny([deny_rule("DEMO", reason="not wanted")])
YANK_2 = Yank([yank_rule("demo", ">=2", reason="breaks panels")])
WORDS = "Blocked by wheelgate: deny MAL-1: steals tokens"


async def legacy(asked: Answering, below: str = "demo", **headers: str) -> Answer:
    """Ask for a document: `demo` or `demo/1.0`."""
    return await answer(asked, f"https://pypi.org/pypi/{below}/json", **headers)


async def document(asked: Answering, below: str = "demo", **headers: str) -> dict[str, Any]:
    """Give a document that there is."""
    found = await legacy(asked, below, **headers)
    assert (found.status, found.headers["Content-Type"]) == (200, "application/json"), found
    made = json.loads(found.body)
    assert isinstance(made, dict)
    return made


async def shown(asked: Answering, project: str = "demo") -> set[tuple[str, str, bool]]:
    """Give filename, URL and yank of what the project's page lists."""
    listed = json.loads((await page(asked, project)).body)["files"]
    return {(file["filename"], file["url"], bool(file.get("yanked", False))) for file in listed}


def files(made: dict[str, Any]) -> set[tuple[str, str, bool]]:
    """Give the same of a project's document."""
    return {(one["filename"], one["url"], one["yanked"]) for listed in made["releases"].values() for one in listed}
