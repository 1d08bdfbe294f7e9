"""What a policy is, and how they are applied: in the order written, each to the page that the one before it left."""

import logging
from collections.abc import Hashable, Iterable
from datetime import datetime
from functools import reduce
from typing import Protocol

import msgspec

from addons.policies.whole import Whole
from addons.simple.names import ProjectName
from addons.simple.page import Page, Refusal, with_files

logger = logging.getLogger(__name__)

FAILED = "this policy failed, so nothing is let through; the log says why"
"""The reason of a refusal by a policy that raised."""


class Policy(Protocol):
    """One rule book of the configuration. Its class, module and YAML key have the same name."""

    def apply(self, page: Page, at: datetime) -> Page:
        """Give the page as it is under this policy at the instant `at` (aware, UTC); never adds a file."""
        ...

    def facts(self, project: ProjectName) -> Hashable:
        """Give all that the verdict on this project's page depends on besides the page: equal facts, equal verdict.

        `()` if the policy leaves the project's page as it is.
        """
        ...

    def changes(self, page: Page, at: datetime) -> datetime | None:
        """Give the instant after `at` from which the verdict may be another by the clock alone; None: never."""
        ...

    def whole(self, at: datetime) -> Whole:
        """Give what it says of whole projects at the instant `at`, whatever their pages say; project lists ask it."""
        ...


def apply_all(policies: Iterable[Policy], page: Page, at: datetime) -> Page:
    """Give the page under all policies: refused files are marked, not gone, so that the file route can say why.

    A policy that raises refuses the whole page.
    """
    return reduce(lambda left, policy: _applied(policy, left, at), policies, page)


def _applied(policy: Policy, page: Page, at: datetime) -> Page:
    try:
        return policy.apply(page, at)
    except Exception:  # whatever is wrong with it, nobody gets what it has not seen
        name = type(policy).__name__
        logger.exception("policy %s failed on the page of %s, all of which is refused meanwhile", name, page.project)
        verdict = Refusal(policy=name.lower(), reason=FAILED)
        files = tuple(msgspec.structs.replace(file, refused=file.refused or verdict) for file in page.files)
        return msgspec.structs.replace(page, files=files)


def next_change(policies: Iterable[Policy], page: Page, at: datetime) -> datetime | None:
    """Give the first instant after `at` from which the clock may change any policy's verdict; None: never."""
    return min((change for policy in policies if (change := policy.changes(page, at)) is not None), default=None)


def hide_refused(page: Page, *, all_of_them: bool = True) -> Page:
    """Give the page without its refused files, as `refusals: hide` shows it; else without those that are of no use here."""
    kept = tuple(file for file in page.files if file.refused is None or not (all_of_them or file.refused.hidden))
    return page if len(kept) == len(page.files) else with_files(page, kept)
