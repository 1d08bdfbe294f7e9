from collections.abc import Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatch
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.policies.deny import DenyRule
from addons.policies.rules import Rulebook, Ruled, covers, is_in_force
from addons.simple.distributions import version_of
from addons.simple.names import ProjectName
from addons.simple.page import File, Page
from tests.addons.policies.rules import AT, deny_rule, page, wheel

ONE, TWO, THREE = "11" * 32, "22" * 32, "33" * 32
SOON = AT + timedelta(seconds=1)
DEMO = ProjectName("foo-bar")


def hashed(filename: str, sha256: str | None) -> File:
    """Give a file with this sha256, or with none."""
    return File(filename, "https://example.org/x", {"sha256": sha256} if sha256 else {"md5": "aa"})


def covered(rules: Sequence[DenyRule], on: Page, at: datetime = AT, *, unknown: bool = True) -> dict[str, list[str]]:
    """Give the reasons of the rules that cover each file."""
    found = Rulebook(rules).covered(on, at, unknown=unknown)
    return {on.files[place].filename: [str(rule.reason) for rule in rules] for place, rules in found.items()}


@pytest.mark.parametrize("spelling", ["foo-bar", "Foo_Bar", "FOO.BAR", "foo-*", "Foo_*", "*"])
def test_covered__by_name_prefix_or_all__whatever_the_spelling(spelling: str) -> None:
    """NAM-03: a name, a prefix and `*` mean the normalised name of the page."""
    assert covered([deny_rule(spelling, reason="x")], page(wheel("1.0"))) == {wheel("1.0"): ["x"]}


@pytest.mark.parametrize("spelling", ["foo", "foo-bar-*", "fo-*", "bar", "foobar", "foo-ba"])
def test_covered__by_a_name_or_prefix_that_only_looks_alike__is_nothing(spelling: str) -> None:
    """A prefix ends at a hyphen, and is not itself below it."""
    assert covered([deny_rule(spelling)], page(wheel("1.0"))) == {}


@pytest.mark.parametrize("project", ["a", "a-b", "a-b-c", "a-b-c-d"])
def test_covered__by_prefixes_of_all_lengths__finds_each(project: str) -> None:
    """A project with many hyphens is below each prefix before one."""
    rules = [deny_rule(name, reason=name) for name in ("a-*", "a-b-*", "a-b-c-*", "*")]
    [said] = covered(rules, page("x.exe", project=ProjectName(project))).values()
    assert said == [rule.project for rule in rules if rule.project == "*" or project.startswith(str(rule.project)[:-1])]


@pytest.mark.parametrize(
    ("glob", "hit"),
    [
        ("*.tar.gz", {"foo-bar-1.0.tar.gz"}),
        ("*.WHL", {wheel("1.0"), wheel("2.0")}),
        ("foo_bar-[12].0-*", {wheel("1.0"), wheel("2.0")}),
        ("foo_bar-[!1].0-*", {wheel("2.0")}),
        ("foo?bar-1.0*", {wheel("1.0"), "foo-bar-1.0.tar.gz"}),
        ("foo_bar-1.0", set()),
    ],
)
def test_covered__by_a_pattern__is_the_files_whose_whole_name_matches(glob: str, hit: set[str]) -> None:
    """Of the whole filename, in capitals or not."""
    found = covered([deny_rule(files=("odd.zip", glob))], page(wheel("1.0"), wheel("2.0"), "foo-bar-1.0.tar.gz"))
    assert found.keys() == hit


def test_covered__by_a_pattern__is_a_file_in_capitals_too() -> None:
    """Who names the file chooses its capitals, and does not get round a denial by that."""
    assert covered([deny_rule(files=("*.tar.gz",), reason="x")], page("Foo-Bar-1.0.TAR.GZ")).keys() == {
        "Foo-Bar-1.0.TAR.GZ"
    }


def test_covered__by_a_pattern_with_many_stars__takes_no_time() -> None:
    """No pattern of an operator's can explode, whatever name a stranger gives a file."""
    name = "a" * 20_000
    assert covered([deny_rule(files=("*a" * 300 + "b",))], page(name)) == {}


def test_covered__by_sha256_without_a_project__is_every_file_with_that() -> None:
    """Malware is the same under every name; capitals and the algorithm's name in front of the digest count for nothing."""
    rules = [deny_rule(None, sha256=(f"sha256:{TWO.upper()}", ONE), reason="x")]
    files = (hashed("a.whl", ONE), hashed("b.whl", TWO), hashed("c.whl", THREE), hashed("d.whl", None))
    for project in ("foo-bar", "other"):
        assert covered(rules, Page(project=ProjectName(project), files=files)) == {"a.whl": ["x"], "b.whl": ["x"]}


@pytest.mark.parametrize("project", ["foo-bar", "foo-*"])
def test_covered__by_sha256_with_a_project__is_that_projects_only(project: str) -> None:
    """Both must hold."""
    rules = [deny_rule(project, sha256=(ONE,), reason="x")]
    assert covered(rules, Page(project=DEMO, files=(hashed("a.whl", ONE),))) == {"a.whl": ["x"]}
    assert covered(rules, Page(project=ProjectName("other"), files=(hashed("a.whl", ONE),))) == {}


def test_covered__by_sha256_and_versions__is_where_both_hold() -> None:
    """What narrows a rule narrows it wherever it is looked up."""
    files = tuple(hashed(wheel(version), ONE) for version in ("1.0", "2.0"))
    for project in (None, "*", "foo-bar"):
        assert covered(
            [deny_rule(project, "<2", sha256=(ONE,), files=("*.whl",))], Page(project=DEMO, files=files)
        ) == {wheel("1.0"): ["steals tokens"]}


def test_covered__by_a_sha256_written_twice__is_covered_once() -> None:
    """Else its words would be said twice."""
    rules = [deny_rule(None, sha256=(ONE, ONE), reason="x")]
    assert covered(rules, Page(project=DEMO, files=(hashed("a.whl", ONE),))) == {"a.whl": ["x"]}


def test_covered__by_rules_of_every_kind__has_them_in_the_order_written() -> None:
    """The first one gives a file its words, wherever the lookup finds it."""
    rules = [
        deny_rule("*", files=("*.whl",), reason="a"),
        deny_rule(None, sha256=(ONE,), reason="b"),
        deny_rule("Foo.Bar", "<2", reason="c"),
        deny_rule("*", sha256=(TWO, ONE), reason="d"),
        deny_rule("foo-*", reason="e"),
    ]
    on = Page(project=DEMO, files=(hashed(wheel("1.0"), ONE),))
    assert covered(rules, on) == {wheel("1.0"): ["a", "b", "c", "d", "e"]}
    assert covered(rules[::-1], on) == {wheel("1.0"): ["e", "d", "c", "b", "a"]}


@pytest.mark.parametrize("unknown", [True, False])
def test_covered__of_a_file_without_a_readable_version__is_for_the_caller_to_say(unknown: bool) -> None:
    """JSN-19: a refusal takes it for the denied one, an exemption does not."""
    files = Page(project=DEMO, files=(hashed("odd", ONE),))
    for rule in (deny_rule(versions="<2"), deny_rule(None, "<2", sha256=(ONE,))):
        assert bool(covered([rule], files, unknown=unknown)) is unknown


@pytest.mark.parametrize("project", ["foo-bar", None])
def test_covered__at_the_very_second_a_rule_ends__is_no_more(project: str | None) -> None:
    """`until` is the first instant at which it does not count, whatever the zone it was written in."""
    rules = [deny_rule(project, sha256=(ONE,), until=SOON)]
    on = Page(project=DEMO, files=(hashed(wheel("1.0"), ONE),))
    book = Rulebook(rules)
    assert covered(rules, on, SOON - timedelta(microseconds=1)) != {}
    assert covered(rules, on, SOON) == {}
    assert (book.changes(on, AT), book.changes(on, SOON)) == (SOON, None)


names = st.sampled_from(["foo-bar", "Foo_Bar", "foo-*", "foo-bar-*", "*", "other", None])
sha256s = st.lists(st.sampled_from([ONE, TWO]), max_size=2).map(tuple)
globs = st.lists(st.sampled_from(["*.tar.gz", "*-1.0*", "FOO?bar-[2-9]*", "*"]), max_size=2).map(tuple)


def about_something(project: str | None, versions: str | None, **more: Any) -> DenyRule:
    """Make a rule; one that names nothing is about every project."""
    return deny_rule("*" if project is None and not more["sha256"] else project, versions, **more)


rules = st.builds(
    about_something,
    names,
    st.sampled_from([None, "<2", "==1.0", ">=2.0rc1", "!=1.0"]),
    files=globs,
    sha256=sha256s,
    reason=st.sampled_from(["a", "b"]),
    until=st.sampled_from([None, AT, SOON, AT - timedelta(days=1)]),
)
files = st.builds(
    hashed,
    st.sampled_from([wheel("1.0"), wheel("2.0rc1"), "foo-bar-2.0.tar.gz", "Foo.Bar-1.0.zip", "odd"]),
    st.sampled_from([ONE, TWO, THREE, None]),
)
projects = st.sampled_from([DEMO, ProjectName("foo-bar-baz"), ProjectName("other"), ProjectName("foo")])
several = st.lists(rules, max_size=5)


def naively(rule: DenyRule, file: File, project: ProjectName, at: datetime, *, unknown: bool) -> bool:
    """Match one rule against one file, as the documentation says it."""
    named = rule.project in (None, "*", project) or (
        str(rule.project).endswith("-*") and project.startswith(str(rule.project)[:-1])
    )
    return (
        named
        and is_in_force(rule, at)
        and covers(rule, version_of(file.filename, project), unknown=unknown)
        and (not rule.sha256 or file.hashes.get("sha256") in rule.sha256)
        and (not rule.files or any(fnmatch(file.filename.lower(), glob.lower()) for glob in rule.files))
    )


@settings(max_examples=100, deadline=None)
@given(several, st.lists(files, max_size=4), projects, st.booleans())
def test_covered__by_any_rules__is_what_matching_each_against_each_gives(
    drawn: list[DenyRule], on: list[File], project: ProjectName, unknown: bool
) -> None:
    """The lookup by name and by hash is for speed alone."""
    found = Rulebook(drawn).covered(Page(project=project, files=tuple(on)), AT, unknown=unknown)
    expected = {
        place: tuple(rule for rule in drawn if naively(rule, file, project, AT, unknown=unknown))
        for place, file in enumerate(on)
    }
    assert found == {place: covering for place, covering in expected.items() if covering}


@settings(max_examples=100, deadline=None)
@given(several, st.lists(files, max_size=4), projects)
def test_changes__of_any_rules__is_when_what_they_cover_changes_next(
    drawn: list[DenyRule], on: list[File], project: ProjectName
) -> None:
    """Until that instant the verdict is the same at every moment."""
    book, whole = Rulebook(drawn), Page(project=project, files=tuple(on))
    change = book.changes(whole, AT)
    assert change in (None, SOON)
    before = SOON - timedelta(microseconds=1) if change is not None else AT + timedelta(days=9)
    assert book.covered(whole, AT, unknown=True) == book.covered(whole, before, unknown=True)


def facts(rules: Sequence[DenyRule], project: str = "foo-bar", contact: str = "") -> object:
    """Give the facts of a project."""
    return Ruled(rules, contact).facts(ProjectName(project))


@settings(max_examples=100, deadline=None)
@given(several, several, projects)
def test_facts__of_any_two_rulebooks__are_equal_exactly_if_the_rules_about_the_project_are(
    one: list[DenyRule], other: list[DenyRule], project: ProjectName
) -> None:
    """Equal facts, equal verdict: what is kept is used on; and different rules never share it."""

    def about(drawn: list[DenyRule]) -> list[DenyRule]:
        return [rule for rule in drawn if _is_about(rule, project)]

    again = [msgspec.structs.replace(rule) for rule in one]
    assert facts(one, project) == facts(again, project)
    assert (facts(one, project) == facts(other, project)) == (about(one) == about(other))


def _is_about(rule: DenyRule, project: ProjectName) -> bool:
    anywhere = bool(rule.sha256) and rule.project is None
    return anywhere or naively(
        msgspec.structs.replace(rule, versions=None, files=(), sha256=(), until=None),
        hashed("x", None), project, AT, unknown=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        {"versions": "<3"},
        {"files": ("*.whl",)},
        {"sha256": (ONE,)},
        {"reason": "y"},
        {"id": "T-1"},
        {"until": SOON},
        {"project": "foo-*"},
    ],
)
def test_facts__with_any_part_of_a_rule_changed__are_others(other: dict[str, Any]) -> None:
    """Each part can change the verdict or its words."""
    rule: dict[str, Any] = {"project": "foo-bar", "versions": "<2", "reason": "x"}
    assert facts([deny_rule(**rule)]) != facts([deny_rule(**{**rule, **other})])


def test_facts__of_a_project_that_no_rule_is_about__are_none() -> None:
    """Nothing depends on rules that are about others; whom the words name counts where there are words."""
    assert facts([deny_rule("other"), deny_rule("foo-bar-*")], contact="x") == ()
    assert facts([deny_rule()], contact="x") != facts([deny_rule()], contact="y")


def test_facts__with_a_rule_about_another_project_above__stay() -> None:
    """An edit at the top of a long list judges no page anew but that project's."""
    for below in (deny_rule(), deny_rule(None, sha256=(ONE,))):
        assert facts([deny_rule("other"), below]) == facts([below])


def test_facts__with_a_rule_on_a_hash_moved_past_a_named_one__are_others() -> None:
    """Which of two rules stands first says which words a file gets."""
    named, anywhere = deny_rule(), deny_rule(None, sha256=(ONE,))
    assert facts([named, anywhere]) != facts([anywhere, named])


def test_facts__of_ten_thousand_rules__are_looked_up_not_searched() -> None:
    """What is about all projects is kept once, however many are asked for: else memory would be rules times projects."""
    book = Rulebook([deny_rule("*", files=(f"*-{number}.exe",)) for number in range(1000)])
    kept = {id(book.about(ProjectName(f"project-{number}"))) for number in range(50)}
    assert len(kept) == 1
