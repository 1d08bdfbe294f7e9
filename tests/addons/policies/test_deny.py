from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from addons.policies.deny import Deny
from addons.policies.policy import apply_all, hide_refused
from addons.policies.yank import Yank
from addons.simple.names import ProjectName
from addons.simple.page import Refusal, versions_of
from proxyconf.misfit import Misfit
from tests.addons.policies.rules import AT, deny_rule, page, refused, wheel, yank_rule

FILES = (wheel("1.0"), "foo-bar-1.0.tar.gz", "foo_bar-1.0.0-1-py3-none-any.whl", wheel("2.0rc1"), wheel("2.0"))


@pytest.mark.parametrize("spelling", ["foo-bar", "Foo_Bar", "FOO.BAR", "foo_-.bar"])
def test_deny__with_the_project_spelled_otherwise__still_refuses(spelling: str) -> None:
    """NAM-03: no spelling in the configuration slips past the page's normalised name."""
    assert refused(Deny([deny_rule(spelling)]).apply(page(*FILES), AT)) == set(FILES)


def test_deny__of_another_project__leaves_the_page_as_it_is() -> None:
    """A rule for one project touches no other, not even one whose name begins alike."""
    untouched = page(*FILES)
    assert Deny([deny_rule("foo"), deny_rule("foo-bar-baz"), deny_rule("foobar")]).apply(untouched, AT) is untouched


@pytest.mark.parametrize(
    ("versions", "hit"),
    [
        ("==1.0", FILES[:3]),
        ("==1", FILES[:3]),
        ("==1.0.0", FILES[:3]),
        ("==1.*", FILES[:3]),
        ("<2", FILES[:3]),
        ("<=2", FILES),
        ("<=2,!=2", FILES[:4]),
        ("==2.0rc1", FILES[3:4]),
        (">=2", FILES[4:]),
        (">1", FILES[3:]),
        (">=3", ()),
        ("", FILES),
    ],
)
def test_deny__by_versions__hits_them_however_they_are_spelled(versions: str, hit: tuple[str, ...]) -> None:
    """1.0 is 1.0.0, pre-releases count, and a specifier means what it means to pip (PEP 440)."""
    assert refused(Deny([deny_rule(versions=versions)]).apply(page(*FILES), AT)) == set(hit)


@pytest.mark.parametrize(
    "filename", ["foo_bar-nightly.tar.gz", "foo_bar-2004d.zip", "foo_bar-x.exe", "foo_bar.whl", "odd"]
)
def test_deny__by_versions_of_a_file_without_one__refuses_it(filename: str) -> None:
    """JSN-19: whose version nobody can read might be the denied one."""
    assert refused(Deny([deny_rule(versions="==9")]).apply(page(filename, wheel("1.0")), AT)) == {filename}


@pytest.mark.parametrize("local", ["1.0+local.1", "1.0+cu118"])
def test_deny__of_a_version__hits_its_local_builds(local: str) -> None:
    """PEP 440: `==1.0` is any build of 1.0."""
    assert refused(Deny([deny_rule(versions="==1.0")]).apply(page(wheel(local)), AT)) == {wheel(local)}


@given(st.tuples(st.integers(0, 5), st.integers(0, 5)), st.integers(0, 3))
def test_deny__of_a_version_with_zeros_behind__is_the_same(release: tuple[int, int], zeros: int) -> None:
    """No number of zeros makes another version of it."""
    padded = ".".join(map(str, release)) + ".0" * zeros
    for file, rule in (
        (padded, Version(".".join(map(str, release)))),
        (str(Version(f"{release[0]}.{release[1]}")), padded),
    ):
        assert refused(Deny([deny_rule(versions=f"=={rule}")]).apply(page(wheel(file)), AT)) == {wheel(file)}


def test_deny__of_a_release__shows_it_as_yanked_with_the_words() -> None:
    """Unpinned installs then fall back to another release, pinned ones print why."""
    deny = Deny([deny_rule(versions="==2.0", id="SEC-1")], contact="Ask #help")
    one, two = deny.apply(page(wheel("1.0"), wheel("2.0")), AT).files
    assert (one.yanked, one.refused) == (False, None)
    assert two.yanked == "Blocked by wheelgate: deny SEC-1: steals tokens. Ask #help"
    assert two.refused == Refusal(policy="deny", reason="steals tokens", id="SEC-1")


def test_deny__of_a_project__lists_it_unyanked_and_quarantined() -> None:
    """Clients ask for a file then, and its 403 is what people can read; one rule on all versions outweighs the others."""
    denied = Deny([deny_rule(versions="==1.0"), deny_rule(reason="malware")]).apply(page(*FILES), AT)
    assert refused(denied) == set(FILES)
    assert {file.yanked for file in denied.files} == {False}
    assert (denied.status, denied.status_reason) == ("quarantined", "Blocked by wheelgate: deny: malware")


def test_deny__with_two_rules_for_a_file__says_the_first() -> None:
    """The words are those of one rule, in the order written."""
    rules = [deny_rule(versions="==1.0", reason="a"), deny_rule("Foo_Bar", "<2", reason="b")]
    [file] = Deny(rules).apply(page(wheel("1.0")), AT).files
    assert file.refused == Refusal(policy="deny", reason="a")


def test_deny__of_what_is_refused_already__keeps_the_first_words() -> None:
    """Page and 403 say the same, whichever of two deny policies comes first."""
    first, release = Deny([deny_rule(versions="==1.0", reason="a")]), Deny([deny_rule(versions="<2", reason="b")])
    project = Deny([deny_rule(reason="c")])
    for second in (release, project):
        [file] = apply_all([first, second], page(wheel("1.0")), AT).files
        assert file.refused == Refusal(policy="deny", reason="a")
        assert file.yanked == "Blocked by wheelgate: deny: a"


def test_deny__of_what_a_policy_yanked__says_that_it_is_blocked() -> None:
    """A block outweighs a yank."""
    [file] = apply_all([Yank([yank_rule()]), Deny([deny_rule(versions="==1.0")])], page(wheel("1.0")), AT).files
    assert file.yanked == "Blocked by wheelgate: deny: steals tokens"


@pytest.mark.parametrize(
    ("versions", "listed"), [("==0.9", ("1.0",)), (None, ("1.0",)), ("==1.0", ("0.9", "1.0")), ("<2", ("1.0",))]
)
def test_deny__of_a_listed_version_without_files__takes_it_off_the_list(
    versions: str | None, listed: tuple[str, ...]
) -> None:
    """JSN-14: upstream may list a version that has no file; denied, nothing else would tell of it, so it goes.

    One that cannot be read (dev) might be the denied one.
    """
    before = page(wheel("1.0"), versions=("0.9", "1.0", "dev"))
    assert versions_of(Deny([deny_rule(versions=versions)]).apply(before, AT)) == listed


def test_deny__of_an_unreadable_version_when_hidden__leaves_no_word_of_it() -> None:
    """A file whose version cannot be read is refused, and the text that stands for it on the list goes with it."""
    before = page("foo_bar-nightly.tar.gz", wheel("2.0"), versions=("nightly", "2.0"))
    hidden = hide_refused(Deny([deny_rule(versions="==1.0")]).apply(before, AT))
    assert ([file.filename for file in hidden.files], versions_of(hidden)) == ([wheel("2.0")], ("2.0",))


def test_deny__of_a_project_when_hidden__leaves_no_file_and_no_version() -> None:
    """`refusals: hide`: nothing of it can be seen but that it is quarantined."""
    hidden = hide_refused(Deny([deny_rule()]).apply(page(*FILES, versions=("0.9", "1.0", "2.0")), AT))
    assert (hidden.files, versions_of(hidden)) == ((), ())


def test_deny__of_an_ambiguous_sdist__reads_it_as_the_pages_project_does() -> None:
    """FIL-08: on the page of `a`, `a-b-1.0.tar.gz` has no version that can be read, so a rule on versions covers it."""
    name = "a-b-1.0.tar.gz"
    assert refused(Deny([deny_rule("a", "==9")]).apply(page(name, project=ProjectName("a")), AT)) == {name}
    assert refused(Deny([deny_rule("a-b", "==1")]).apply(page(name, project=ProjectName("a-b")), AT)) == {name}
    assert refused(Deny([deny_rule("a-b", "==9")]).apply(page(name, project=ProjectName("a-b")), AT)) == set()


def test_deny__that_ends_by_itself__says_when_and_is_over_then() -> None:
    """A person in front of a terminal reads how long to wait."""
    rule = deny_rule(versions="==1.0", until=datetime(2026, 12, 1, 8, tzinfo=UTC))
    [file] = Deny([rule]).apply(page(wheel("1.0")), AT).files
    assert file.yanked == "Blocked by wheelgate: deny: steals tokens (until 2026-12-01 08:00 UTC)"
    untouched = page(wheel("1.0"))
    assert Deny([rule]).apply(untouched, datetime(2026, 12, 1, 8, tzinfo=UTC)) is untouched


def test_deny__of_a_project_until_an_instant__says_when() -> None:
    """The words of a whole project's denial do so too; and not while another rule goes on without an end."""
    rule = deny_rule(until=datetime(2026, 12, 1, 8, tzinfo=UTC))
    denied = Deny([rule]).apply(page(*FILES), AT)
    assert denied.status_reason == "Blocked by wheelgate: deny: steals tokens (until 2026-12-01 08:00 UTC)"
    for further in (deny_rule(), deny_rule("foo-*")):
        assert (
            Deny([rule, further]).apply(page(*FILES), AT).status_reason == "Blocked by wheelgate: deny: steals tokens"
        )


def test_deny__by_a_rule_that_ends_and_one_that_does_not__names_no_end() -> None:
    """The words are the first rule's; the end is that of all."""
    end = datetime(2026, 12, 1, 8, tzinfo=UTC)
    rules = [deny_rule(versions="==1.0", reason="a", until=end), deny_rule(versions="<2", reason="b")]
    [file] = Deny(rules).apply(page(wheel("1.0")), AT).files
    assert file.refused == Refusal(policy="deny", reason="a")


def test_deny__by_hash_of_a_file_of_any_project__says_so_on_its_release() -> None:
    """The same bytes under another name are refused as well."""
    rule = deny_rule(None, sha256=("ab" * 32,), reason="malware, whatever it is called")
    for project in ("foo-bar", "other"):
        [file] = Deny([rule]).apply(page("other-1.0.zip", project=ProjectName(project)), AT).files
        assert file.refused == Refusal(policy="deny", reason="malware, whatever it is called")


def test_deny__that_names_nothing__cannot_be_made() -> None:
    """A rule that was left half-written is not about everything."""
    with pytest.raises(Misfit, match="neither a project nor a sha256"):
        deny_rule(None, files=("*.whl",))
