"""What the tests of formats, size, requires_python, tags and status share: pages of files that differ in shape."""

from typing import Any

import msgspec

from addons.policies.policy import Policy
from addons.simple.page import Page
from tests.addons.policies.rules import AT, page

CONTACT = "Ask #help"


def page_with(*filenames: str, **of_files: Any) -> Page:
    """Make a page whose files all have these attributes."""
    made = page(*filenames)
    return msgspec.structs.replace(
        made, files=tuple(msgspec.structs.replace(file, **of_files) for file in made.files), source="pypi"
    )


def own(page: Page) -> Page:
    """Give the page as one of an own source's."""
    return msgspec.structs.replace(page, source="acme", own=frozenset({"acme"}))


def hidden(policy: Policy, page: Page) -> set[str]:
    """Give the names of the files that the policy hides."""
    return {file.filename for file in policy.apply(page, AT).files if file.refused is not None and file.refused.hidden}
