from datetime import UTC, datetime

import msgspec
import pytest

from addons.policies.deny import Deny
from addons.policies.policy import apply_all
from addons.policies.yank import Yank
from proxyconf.misfit import Misfit
from tests.addons.policies.rules import AT, deny_rule, page, wheel, yank_rule

SAID = "Yanked by wheelgate: yank: loses sessions"


@pytest.mark.parametrize("spelling", ["foo-bar", "Foo_Bar", "FOO.BAR"])
def test_yank__of_a_version__marks_all_its_files(spelling: str) -> None:
    """YNK-07: all files of the release, however project and version are spelled; they can still be had."""
    before = page(wheel("1.0"), "foo-bar-1.0.0.tar.gz", wheel("2.0"))
    after = Yank([yank_rule(spelling, "==1")]).apply(before, AT)
    assert [file.yanked for file in after.files] == [SAID, SAID, False]
    assert [file.refused for file in after.files] == [None, None, None]


def test_yank__of_another_project__leaves_the_page_as_it_is() -> None:
    """A rule for one project touches no other."""
    untouched = page(wheel("1.0"))
    assert Yank([yank_rule("foo")]).apply(untouched, AT) is untouched


@pytest.mark.parametrize(
    ("given", "said"),
    [(False, SAID), (True, SAID), ("broken upstream", f"broken upstream; {SAID}"), ("false", f"false; {SAID}")],
)
def test_yank__of_what_upstream_yanked__says_both_reasons(given: bool | str, said: str) -> None:
    """YNK-07: upstream's reason comes first, and is not lost; the text `false` is a reason."""
    before = page(wheel("1.0"))
    [file] = (
        Yank([yank_rule()])
        .apply(msgspec.structs.replace(before, files=(msgspec.structs.replace(before.files[0], yanked=given),)), AT)
        .files
    )
    assert file.yanked == said


def test_yank__by_two_rules__says_both_with_whom_to_ask() -> None:
    """Each rule that covers a file has its words."""
    rules = [yank_rule(versions="==1.0", reason="a.", id="T-1"), yank_rule(versions="<2", reason="b")]
    [file] = Yank(rules, contact="Ask us").apply(page(wheel("1.0")), AT).files
    assert file.yanked == "Yanked by wheelgate: yank T-1: a. Ask us; Yanked by wheelgate: yank: b. Ask us"


def test_yank__of_a_file_without_a_version__is_for_whole_projects_only() -> None:
    """Whose version cannot be read is not yanked by a guess; a rule without versions covers it."""
    odd = page("foo_bar-nightly.tar.gz")
    assert Yank([yank_rule(versions="==1.0")]).apply(odd, AT) == odd
    assert Yank([yank_rule()]).apply(odd, AT).files[0].yanked == SAID


def test_yank__of_a_denied_file__leaves_the_words_of_the_block() -> None:
    """What is printed is why it is refused."""
    [file] = apply_all([Deny([deny_rule(versions="==1.0")]), Yank([yank_rule()])], page(wheel("1.0")), AT).files
    assert file.yanked == "Blocked by wheelgate: deny: steals tokens"


def test_yank__that_ends_by_itself__says_when_and_is_over_then() -> None:
    """The release comes back on that very second."""
    end = datetime(2026, 12, 1, 8, tzinfo=UTC)
    untouched = page(wheel("1.0"))
    [file] = Yank([yank_rule(until=end)]).apply(untouched, AT).files
    assert file.yanked == "Yanked by wheelgate: yank: loses sessions (until 2026-12-01 08:00 UTC)"
    assert Yank([yank_rule(until=end)]).apply(untouched, end) is untouched


def test_yank__of_single_files__leaves_the_rest_of_the_release() -> None:
    """A broken wheel is yanked, and the sdist beside it is taken."""
    after = Yank([yank_rule(files=("*.whl",))]).apply(page(wheel("1.0"), "foo-bar-1.0.tar.gz"), AT)
    assert [file.yanked for file in after.files] == [SAID, False]


def test_yank__that_names_nothing__cannot_be_made() -> None:
    """A rule that was left half-written is not about everything."""
    with pytest.raises(Misfit, match="neither a project nor a sha256"):
        yank_rule(None)
