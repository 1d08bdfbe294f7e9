from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from addons.policies.verdicts import is_allowed, is_own, last_end, refusal, with_changed, with_refused
from addons.policies.wording import words
from addons.simple.page import Refusal
from tests.addons.policies.rules import deny_rule, page, wheel

END = datetime(2026, 12, 1, 8, tzinfo=UTC)
LATER = END + timedelta(days=1)
MALWARE = Refusal(policy="deny", reason="malware.", id="T-1")


def test_refusal__by_a_rule__has_its_words_ticket_and_end() -> None:
    """The rule's own words, or the policy's where the rule has none."""
    rule = deny_rule(reason="x", id="T-1", until=END)
    assert refusal("deny", rule, "y") == Refusal(policy="deny", reason="x", id="T-1", until=END)
    assert refusal("size", msgspec.structs.replace(rule, reason=None), "y").reason == "y"


@pytest.mark.parametrize(
    ("ends", "last"), [((), None), ((None,), None), ((END, None), None), ((END, LATER), LATER), ((LATER, END), LATER)]
)
def test_last_end__of_rules__is_when_none_is_left(ends: tuple[datetime | None, ...], last: datetime | None) -> None:
    """While any rule without an end says the same, nobody is told of an end."""
    rules = [deny_rule(until=end) for end in ends]
    assert last_end(rules) == last
    if rules:
        assert refusal("deny", rules[0], "", rules).until == last


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (END, "(until 2026-12-01 08:00 UTC)"),
        (END.astimezone(timezone(timedelta(hours=-5))), "(until 2026-12-01 08:00 UTC)"),
        (END + timedelta(seconds=7), "(until 2026-12-01 08:00:07 UTC)"),
    ],
)
def test_words__of_what_ends_by_itself__say_when(end: datetime, said: str) -> None:
    """A person can wait for it; the contact comes last."""
    ending = msgspec.structs.replace(MALWARE, until=end)
    assert words(ending, "Ask us") == f"Blocked by wheelgate: deny T-1: malware {said}. Ask us"
    assert words(ending, "") == f"Blocked by wheelgate: deny T-1: malware {said}"
    assert words(MALWARE, "") == "Blocked by wheelgate: deny T-1: malware."


def test_with_refused__of_files__refuses_those_that_are_neither_refused_nor_exempt() -> None:
    """The first refusal's words stay, and an exemption counts for its policy only."""
    before = page(*(wheel(f"{number}.0") for number in range(5)))
    marks: list[dict[str, Any]] = [
        {},
        {"refused": Refusal("deny", "first")},
        {"allowed": ("deny",)},
        {"allowed": ("*",)},
        {"allowed": ("size",)},
    ]
    marked = [msgspec.structs.replace(file, **more) for file, more in zip(before.files, marks, strict=True)]
    before = msgspec.structs.replace(before, files=tuple(marked))
    after = with_refused(before, dict.fromkeys(range(5), MALWARE), "")
    said = [file.refused.reason if file.refused else None for file in after.files]
    assert said == ["malware.", "first", None, None, "malware."]
    assert [file.yanked for file in after.files] == [words(MALWARE, ""), False, False, False, words(MALWARE, "")]


def test_with_refused__of_nothing__is_the_very_page() -> None:
    """A page that no rule is about costs nothing."""
    before = page(wheel("1.0"))
    assert with_refused(before, {}, "") is before
    assert with_changed(before, {}) is before


def test_is_allowed__of_a_file__is_by_name_or_for_all() -> None:
    """Nothing is exempt unless it says so."""
    [file] = page(wheel("1.0")).files
    assert not is_allowed(file, "deny")
    assert [is_allowed(msgspec.structs.replace(file, allowed=(name,)), "deny") for name in ("deny", "*", "den")] == [
        True,
        True,
        False,
    ]


def test_is_own__on_a_merged_page__is_by_the_files_source() -> None:
    """Each file has the source that it came from; on a page of one source that is the page's."""
    before = page(wheel("1.0"), wheel("2.0"), source="pypi", own=frozenset({"acme"}), sources={wheel("1.0"): "acme"})
    assert [is_own(before, file) for file in before.files] == [True, False]
    assert not is_own(msgspec.structs.replace(before, own=frozenset()), before.files[0])
