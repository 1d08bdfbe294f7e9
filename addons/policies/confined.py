"""What a policy of the operator's own may do to a page: take files away, refuse, yank and allow; and nothing else. Pure."""

from collections.abc import Hashable
from datetime import datetime

from addons.policies.policy import Policy
from addons.policies.whole import Whole
from addons.simple.names import ProjectName
from addons.simple.page import File, Page

_KEPT = ("project", "source", "sources", "own", "version", "stale")


class OutOfBounds(Exception):
    """What the policy gave back is no page that this one may become."""


class Confined:
    """A policy around another, whose pages are looked at before they count."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def apply(self, page: Page, at: datetime) -> Page:
        """Give the page as the policy leaves it. Raises OutOfBounds, and whatever the policy raises."""
        after = self._policy.apply(page, at)
        if after is not page:
            check(page, after)
        return after

    def facts(self, project: ProjectName) -> Hashable:
        """Give what the policy gives."""
        return self._policy.facts(project)

    def changes(self, page: Page, at: datetime) -> datetime | None:
        """Give what the policy gives."""
        return self._policy.changes(page, at)

    def whole(self, at: datetime) -> Whole:
        """Give what the policy gives."""
        return self._policy.whole(at)


def check(before: Page, after: object) -> None:
    """Raise OutOfBounds unless `after` is the page of the same project and sources, with no file but its own.

    Each file must have the address and the hashes that it had, stand there once, and be refused if it was before.
    """
    if not isinstance(after, Page):
        raise OutOfBounds(f"gave {type(after).__name__} instead of a page")
    for name in _KEPT:
        if getattr(after, name) != getattr(before, name):
            raise OutOfBounds(f"changed the page's {name}")
    known = {file.filename: file for file in before.files}
    files: tuple[object, ...] = after.files
    for file in files:
        was = known.pop(file.filename, None) if isinstance(file, File) else None
        if was is None or not isinstance(file, File):
            raise OutOfBounds("added a file, or has one twice")
        if (file.url, file.hashes) != (was.url, was.hashes):
            raise OutOfBounds(f"changed the address or the hashes of {ascii(file.filename)[:200]}")
        if was.refused is not None and file.refused != was.refused:
            raise OutOfBounds(f"took back a refusal of {ascii(file.filename)[:200]}")
