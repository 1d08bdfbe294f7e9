"""What the tests of this folder share: rules as a configuration has them, pages with plain files, and drawn ones."""

from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from addons.policies.allow import AllowRule
from addons.policies.deny import Deny, DenyRule
from addons.policies.min_age import MinAge, MinAgeRule
from addons.policies.policy import Policy
from addons.policies.snapshot import Snapshot, SnapshotRule
from addons.policies.whole import Whole
from addons.policies.yank import Yank, YankRule
from addons.simple.names import ProjectName
from addons.simple.page import File, Page
from proxyconf.instants import Instant
from tests.addons.simple.drawing import PROJECT

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def deny_rule(project: str | None = PROJECT, versions: str | None = None, **more: Any) -> DenyRule:
    """Make a rule of deny, read as the configuration is."""
    return DenyRule(project=project, versions=_specifiers(versions), **{"reason": "steals tokens", **more})


def yank_rule(project: str | None = PROJECT, versions: str | None = None, **more: Any) -> YankRule:
    """Make a rule of yank."""
    return YankRule(project=project, versions=_specifiers(versions), **{"reason": "loses sessions", **more})


def allow_rule(project: str | None = PROJECT, versions: str | None = None, **more: Any) -> AllowRule:
    """Make a rule of allow."""
    return AllowRule(project=project, versions=_specifiers(versions), **{"reason": "looked through", **more})


def _specifiers(versions: str | None) -> SpecifierSet | None:
    return None if versions is None else SpecifierSet(versions)


def page(*filenames: str, project: ProjectName = PROJECT, **more: Any) -> Page:
    """Make a page of these files, each with a URL of its own."""
    files = tuple(
        File(filename=name, url=f"https://example.org/{name}", hashes={"sha256": "ab" * 32}) for name in filenames
    )
    return Page(project=project, files=files, **more)


def wheel(version: str) -> str:
    """Give the filename of a wheel of this version."""
    return f"foo_bar-{version}-py3-none-any.whl"


def refused(page: Page) -> set[str]:
    """Give the names of the files that are refused."""
    return {file.filename for file in page.files if file.refused is not None}


class Idle:
    """A policy that does nothing: what fakes of policies are made from."""

    def apply(self, page: Page, at: datetime) -> Page:
        """Give the page as it is."""
        return page

    def facts(self, project: ProjectName) -> Hashable:
        """Give nothing."""
        return ()

    def changes(self, page: Page, at: datetime) -> datetime | None:
        """Never."""
        return None

    def whole(self, at: datetime) -> Whole:
        """Say nothing."""
        return Whole()


specifiers = st.sampled_from([None, "==1.0", "<2", ">=2.0rc1", "!=3!1.0", "==1.*", "===1.0", "~=1.0", ""])
projects = st.sampled_from(["foo-bar", "Foo_Bar", "foo.bar", "FOO--BAR", "other"])
snapshots = st.sampled_from(["2026-01-31", "1500-01-01", "2027-01-01"]).map(Instant.read)
undated = st.sampled_from(["refuse", "pass"])
policies: st.SearchStrategy[Policy] = st.one_of(
    st.lists(st.builds(deny_rule, projects, specifiers), min_size=1, max_size=3).map(Deny),
    st.lists(st.builds(yank_rule, projects, specifiers), min_size=1, max_size=3).map(Yank),
    st.builds(MinAgeRule, project=projects, days=st.just(3650.0), undated=undated).map(lambda rule: MinAge([rule])),
    st.builds(SnapshotRule, project=projects, at=snapshots, undated=undated).map(lambda rule: Snapshot([rule])),
)
