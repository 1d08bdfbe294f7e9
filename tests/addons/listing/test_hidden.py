"""What policies take off the project list under `refusals: hide`: what their pages have nothing of, at that instant."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.listing.orders import Hidden, Rules
from addons.listing.rules_now import RulesNow
from addons.policies.allow import Allow, AllowRule
from addons.policies.deny import Deny, DenyRule
from addons.policies.policy import Policy, apply_all, hide_refused
from addons.policies.yank import Yank, YankRule
from addons.simple.names import normalise
from addons.simple.page import File, Page
from addons.simple.scopes import Scopes
from proxyconf.instants import Instant
from tests.addons.listing.making import AT, Kept, Lists, building, document, listed, part

SHA256 = "ab" * 32
SOON = Instant.fromisoformat((AT + timedelta(hours=1)).isoformat())
PROJECTS = ("a", "a-b", "a-b-c", "b", "b-a")


def deny(**rule: Any) -> Deny:
    """Make deny of one rule."""
    return Deny([DenyRule(**{"reason": "no", **rule})])


def allow(**rule: Any) -> Allow:
    """Make allow of one rule."""
    return Allow([AllowRule(**{"reason": "yes", **rule})])


def gone(policies: Sequence[Policy], at: datetime = AT) -> set[str]:
    """Give which of the projects do not show."""
    hidden = RulesNow(Rules(), policies)(at).hidden
    return {
        name for name in PROJECTS if any(Scopes(e.scopes).cover(name) and not Scopes(e.but).cover(name) for e in hidden)
    }


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ([deny(project="A_b")], {"a-b"}),
        ([deny(project="a-*")], {"a-b", "a-b-c"}),
        ([deny(project="*")], set(PROJECTS)),
        ([deny(project="a-*", until=SOON)], {"a-b", "a-b-c"}),
        ([deny(project="a-*", until=Instant.fromisoformat(AT.isoformat()))], set()),
        ([deny(project="a", versions="<2")], set()),
        ([deny(project="a", files=("*",))], set()),
        ([deny(sha256=(SHA256,))], set()),
        ([Yank([YankRule(project="a", reason="no")])], set()),
        ([allow(project="b-*"), deny(project="*")], set(PROJECTS) - {"b-a"}),
        ([allow(project="b-a", files=("*.whl",)), deny(project="*")], set(PROJECTS) - {"b-a"}),
        ([allow(project="a", past=("deny",)), deny(project="*")], set(PROJECTS) - {"a"}),
        ([allow(project="a", past=("min_age",)), deny(project="*")], set(PROJECTS)),
        ([allow(sha256=(SHA256,)), deny(project="*")], set()),
        ([allow(project="a", until=Instant.fromisoformat(AT.isoformat())), deny(project="*")], set(PROJECTS)),
        ([deny(project="*"), allow(project="a")], set(PROJECTS)),
        ([deny(project="a"), allow(project="*"), deny(project="b")], {"a"}),
        ([allow(project="a"), deny(project="a"), allow(project="b"), deny(project="b-*")], {"b-a"}),
    ],
)  # fmt: skip
def test_project__of_which_nothing_can_be_had__is_hidden(policies: Sequence[Policy], expected: set[str]) -> None:
    """MRG-12: by name, prefix and `*`, as long as the rule is in force, but for what is allowed above it."""
    assert gone(policies) == expected


scopes = st.sampled_from(["a", "a-b", "a-*", "b-*", "a-b-*", "*"])
ends = st.sampled_from([None, SOON, Instant.fromisoformat(AT.isoformat())])
rules: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({"project": scopes, "until": ends})
few = st.lists(rules, min_size=1, max_size=3)
drawn: st.SearchStrategy[Policy] = st.one_of(
    few.map(lambda those: Deny([DenyRule(reason="no", **each) for each in those])),
    few.map(lambda those: Allow([AllowRule(reason="yes", **each) for each in those])),
    few.map(lambda those: Allow([AllowRule(reason="yes", past=("deny",), **each) for each in those])),
)


@settings(max_examples=60)
@given(st.lists(drawn, max_size=4), st.sampled_from([AT, SOON, SOON + timedelta(seconds=1)]))
def test_list__under_rules_about_whole_projects__says_what_the_pages_say(policies: list[Policy], at: datetime) -> None:
    """MRG-12: a project is off the list exactly if its page, which has a file, shows none."""
    empty = set()
    for name in PROJECTS:
        file = File(filename=f"{name.replace('-', '_')}-1.0-py3-none-any.whl", url="https://example.org/x", hashes={})
        page = Page(project=normalise(name), files=(file,))
        if not hide_refused(apply_all(policies, page, at)).files:
            empty.add(name)
    assert gone(policies, at) == empty


@given(st.from_regex(r"[ab]{1,2}(-[ab]{1,2}){0,3}", fullmatch=True), st.sets(scopes))
def test_scopes__many_at_once__cover_what_each_covers(name: str, written: set[str]) -> None:
    """A prefix is about what begins with it and its dash, `*` about all."""
    fits = {scope for scope in written if scope in ("*", name) or (scope[-1] == "*" and name.startswith(scope[:-1]))}
    assert Scopes(written).cover(name) == bool(fits)


def test_list__built_under_prefixes_and_exceptions__lacks_what_they_cover(tmp_path: Path) -> None:
    """MRG-12: names are compared normalised, an own source's too."""
    own = part(tmp_path, "acme", document("Acme.Tool", "mine"), own=True)
    public = part(tmp_path, "pypi", document("acme", "ACME_x", "acme-x-y", "theirs"))
    hidden = Hidden(scopes=frozenset({"acme-*", "mine"}), but=frozenset({"acme-x-*"}))
    assert listed(building(tmp_path, own, public, hidden=(hidden,))) == ["acme", "acme-x-y", "theirs"]
    more = Hidden(scopes=frozenset({"*"}), but=frozenset({"theirs"}))
    assert listed(building(tmp_path, own, public, hidden=(hidden, more))) == ["theirs"]


def test_rules__while_nothing_ends__are_one_object() -> None:
    """What was made under them is found without comparing ten thousand names; an end, and a look back, make others."""
    now = RulesNow(Rules(reserved=("own",)), [deny(project="a"), deny(project="b", until=SOON)])
    first, later = now(AT), SOON + timedelta(days=400)
    assert now(SOON - timedelta(microseconds=1)) is first
    assert (first.reserved, [each.scopes for each in first.hidden]) == (("own",), [frozenset({"a", "b"})])
    after = now(SOON)
    assert [each.scopes for each in after.hidden] == [frozenset({"a"})]
    assert now(later) is after
    assert now(AT) == first


async def test_rule__that_ends__puts_its_projects_on_the_list_at_once(kept: Kept) -> None:
    """MRG-12: at that very instant, by itself, and with no download; a request from before is under the rule yet."""
    pypi = Lists(projects_now=["a", "b"])
    projects = kept.under(RulesNow(Rules(), [deny(project="*", until=SOON)]), pypi)
    assert listed(await projects.current(SOON - timedelta(microseconds=1))) == []
    made = await asyncio.gather(projects.current(AT), projects.current(SOON), projects.current(AT))
    assert [listed(each) for each in made] == [[], ["a", "b"], []]
    assert pypi.asked == 1
