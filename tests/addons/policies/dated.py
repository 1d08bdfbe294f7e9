"""What the tests of the policies that ask for the time of upload share: rules, and pages with files of any time."""

from collections.abc import Iterable
from datetime import timedelta, timezone
from typing import Any

import msgspec
from hypothesis import strategies as st

from addons.policies.allow import AllowRule
from addons.policies.min_age import MinAgeRule
from addons.policies.snapshot import SnapshotRule
from addons.simple.page import Page
from proxyconf.instants import Instant
from proxyconf.values import specifiers
from tests.addons.policies.rules import AT, page, wheel
from tests.addons.simple.drawing import PROJECT

OWN = {"source": "acme", "own": frozenset({"acme"})}


def min_age_rule(project: str = PROJECT, days: float = 3, **more: Any) -> MinAgeRule:
    """Make a rule of min_age; `versions`, `since` and `until` as they are written."""
    return MinAgeRule(project=project, days=days, **_read(more))


def snapshot_rule(at: str = "2026-01-31T00:00Z", project: str = PROJECT, **more: Any) -> SnapshotRule:
    """Make a rule of snapshot; the texts as they are written."""
    return SnapshotRule(project=project, at=Instant.read(at), **_read(more))


def allow_rule(past: str, **more: Any) -> AllowRule:
    """Make the rule that lets a release through in spite of a policy."""
    return AllowRule(project=PROJECT, past=(past,), reason="needed now", author="j.doe@example.com", **_read(more))


def _read(written: dict[str, Any]) -> dict[str, Any]:
    readers = {"since": Instant.read, "until": Instant.read, "versions": specifiers}
    return {key: readers[key](value) if key in readers else value for key, value in written.items()}


def dated(*times: str | None, **more: Any) -> Page:
    """Make a page of wheels of the versions 1.0, 2.0 and so on, uploaded at these times."""
    return timed(page(*(wheel(f"{number}.0") for number in range(1, len(times) + 1)), **more), times)


def timed(plain: Page, times: Iterable[str | None]) -> Page:
    """Give the page with these upload times of its files."""
    files = [msgspec.structs.replace(file, upload_time=time) for file, time in zip(plain.files, times, strict=True)]
    return msgspec.structs.replace(plain, files=tuple(files))


def ago(**span: float) -> str:
    """Write, as PyPI does, the instant so long before the one at which these tests ask."""
    return (AT - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_be_had(page: Page) -> list[bool]:
    """Tell of each file whether it may be had."""
    return [file.refused is None for file in page.files]


instants = st.timedeltas(timedelta(0), timedelta(days=31)).map(lambda span: AT - span)
written_times = st.one_of(
    instants.map(lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")),
    instants.map(lambda at: at.astimezone(timezone(timedelta(hours=9))).isoformat()),
)
odd_times = (
    st.none() | st.text(max_size=30) | st.sampled_from(["0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00"])
)
