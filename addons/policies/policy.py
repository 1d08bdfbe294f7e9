"""What a policy is, and how they are applied: in the order written, each to the page that the one before it left."""

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from typing import Protocol

from addons.simple.page import Page, with_files


class Policy(Protocol):
    """One rule book of the configuration. Its class, module and YAML key have the same name."""

    def apply(self, page: Page, at: datetime) -> Page:
        """Give the page as it is under this policy at the instant `at` (aware, UTC); never adds a file."""
        ...


def apply_all(policies: Iterable[Policy], page: Page, at: datetime) -> Page:
    """Give the page under all policies: refused files are marked, not gone, so that the file route can say why."""
    return reduce(lambda left, policy: policy.apply(left, at), policies, page)


def hide_refused(page: Page) -> Page:
    """Give the page without its refused files, as `refusals: hide` shows it."""
    kept = tuple(file for file in page.files if file.refused is None)
    return page if len(kept) == len(page.files) else with_files(page, kept)
