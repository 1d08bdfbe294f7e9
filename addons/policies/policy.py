"""What a policy is, and how they are applied: in the order written, each to the page that the one before it left."""

import logging
import re
from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import reduce
from typing import Protocol

import msgspec

from addons.policies.whole import Whole
from addons.simple.names import ProjectName
from addons.simple.page import File, Page, Refusal, with_files

logger = logging.getLogger(__name__)

FAILED = "this policy failed, so nothing is let through; the gateway's log says why"
"""The reason of a refusal by a policy that raised."""

RETRY = timedelta(seconds=1)
"""For how long the refusal of a page stands on which a policy failed; then it is tried again."""

_MOMENT = timedelta(microseconds=1)


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

    A policy that fails refuses the whole page: one that raises, or that gives what is no page of these files.
    """
    return reduce(lambda left, policy: _applied(policy, left, at), policies, page)


def _applied(policy: Policy, page: Page, at: datetime) -> Page:
    try:
        after = policy.apply(page, at)
        if (fault := _fault(page, after)) is None:
            return after
        logger.error("policy %s gave %s of %s, all of which is refused meanwhile", _name(policy), fault, page.project)
    except Exception:  # whatever is wrong with it, nobody gets what it has not seen
        logger.exception(
            "policy %s failed on the page of %s, all of which is refused meanwhile", _name(policy), page.project
        )
    verdict = Refusal(policy=_name(policy), reason=FAILED)
    files = tuple(msgspec.structs.replace(file, refused=file.refused or verdict) for file in page.files)
    return msgspec.structs.replace(page, files=files, failed=(*page.failed, _name(policy)))


def _name(policy: Policy) -> str:
    """Give the policy's name as it is configured: that of MinAge is `min_age`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(policy).__name__).lower()


def _fault(before: Page, after: object) -> str | None:
    """Say what a policy made of a page that it may not: None if nothing. A policy may be anybody's."""
    if after is before:
        return None
    if not isinstance(after, Page) or after.project != before.project:
        return "what is no page"
    left: Sequence[object] = after.files
    alike = len(left) == len(before.files)
    by_name = {} if alike else {file.filename: file for file in before.files}
    for place, file in enumerate(left):
        was = before.files[place] if alike else by_name.get(getattr(file, "filename", ""))
        if was is None or (file is not was and not _is_of(was, file)):
            return "other files than the page had, or let through what was refused,"
    return None


def _is_of(was: File, left: object) -> bool:
    """Tell whether a file is the one that it was, and as much refused."""
    if not isinstance(left, File) or (was.refused is not None and left.refused is None):
        return False
    return (left.filename, left.url, left.hashes) == (was.filename, was.url, was.hashes)


def facts_of(policies: Iterable[Policy], project: ProjectName, at: datetime) -> Hashable:
    """Give what the verdict of all policies depends on besides the page; of one that fails at that, this instant too."""
    return tuple((type(policy), facts) for policy in policies if (facts := _facts(policy, project, at)) != ())


def _facts(policy: Policy, project: ProjectName, at: datetime) -> Hashable:
    try:
        facts = policy.facts(project)
        hash(facts)
        return facts
    except Exception:  # so nothing is remembered under these facts, and the page is judged each time
        logger.exception("policy %s failed to say what it knows of %s", _name(policy), project)
        return ("failed", at)


def next_change(policies: Iterable[Policy], page: Page, at: datetime) -> datetime | None:
    """Give the first instant after `at` from which the clock may change any policy's verdict; None: never.

    Where a policy fails to say so, that is a second later: it is asked again then.
    """
    changes = [_change(policy, page, at) for policy in policies]
    return min((change for change in changes if change is not None), default=None)


def _change(policy: Policy, page: Page, at: datetime) -> datetime | None:
    try:
        change = policy.changes(page, at)
        return None if change is None else max(change, at + _MOMENT)  # never a verdict that does not even hold now
    except Exception:  # what the clock does to its verdict is not known
        logger.exception("policy %s failed to say when it changes the page of %s", _name(policy), page.project)
        return at + RETRY


def lasts_until(policies: Iterable[Policy], before: Page, after: Page, at: datetime) -> datetime | None:
    """Give the instant from which the page that the policies left has to be judged again; soon, if one failed on it."""
    change = next_change(policies, before, at)
    return min(change or at + RETRY, at + RETRY) if after.failed else change


def hide_refused(page: Page, *, all_of_them: bool = True) -> Page:
    """Give the page without its refused files, as `refusals: hide` shows it; else without those that are of no use here."""
    kept = tuple(file for file in page.files if file.refused is None or not (all_of_them or file.refused.hidden))
    return page if len(kept) == len(page.files) else with_files(page, kept)
