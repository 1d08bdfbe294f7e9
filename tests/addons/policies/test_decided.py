"""Decisions as rule books: in which order they stand, and what their rules say."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from packaging.specifiers import SpecifierSet

from addons.policies.allow import AllowRule
from addons.policies.decided import books_of, decided, rule_of
from addons.policies.deny import DenyRule
from addons.policies.yank import YankRule
from addons.store.decision import Decision, Draft, Kind, Subject
from proxyconf.instants import Instant

AT = datetime(2026, 11, 23, 10, 0, 0, 5, tzinfo=UTC)


def decision(number: int, kind: Kind, *, client: str | None = None, project: str | None = "demo") -> Decision:
    """Give one."""
    subject = Subject(project=project, versions="<2", client=client)
    draft = Draft(kind=kind, subject=subject, reason="x", author="j.doe", id="T-1", until=AT + timedelta(days=1))
    return Decision(number=number, draft=draft, made=AT)


def test_books__of_decisions__are_denials_then_yanks_then_exemptions() -> None:
    """A denial is undone by no exemption, whichever was made first; what is not there makes no book."""
    made = [decision(1, "allow"), decision(2, "deny"), decision(3, "yank"), decision(4, "deny")]
    books = decided(made)
    assert [(book.name, len(book.rules)) for book in books] == [("deny", 2), ("yank", 1), ("allow", 1)]
    assert books[0].places == ("decision 2 of 2026-11-23 10:00 UTC", "decision 4 of 2026-11-23 10:00 UTC")
    assert decided([decision(1, "yank")])[0].name == "yank"
    assert decided([]) == ()


@pytest.mark.parametrize(("kind", "rule"), [("deny", DenyRule), ("yank", YankRule), ("allow", AllowRule)])
def test_rule__of_a_decision__says_what_was_decided(kind: Kind, rule: type[DenyRule | YankRule | AllowRule]) -> None:
    """The very rule that the configuration would have, with its end in it."""
    until = Instant.read((AT + timedelta(days=1)).isoformat())
    assert rule_of(decision(1, kind)) == rule(
        project="demo", versions=SpecifierSet("<2"), reason="x", author="j.doe", id="T-1", until=until
    )


def test_decisions__for_a_client_group__are_those_for_everybody_and_its_own() -> None:
    """Nobody gets another group's."""
    made = [decision(1, "deny"), decision(2, "deny", client="ci"), decision(3, "deny", client="lab")]

    def places(client: str | None) -> list[str]:
        return [place.split()[1] for book in decided(made, client) for place in book.places]

    assert (places(None), places("ci"), places("lab")) == (["1"], ["1", "2"], ["1", "3"])
    assert len(books_of(made)[0].rules) == 3


def test_decision__that_somebody_ended__is_no_rule() -> None:
    """Whoever hands it over."""
    assert decided([msgspec.structs.replace(decision(1, "deny"), ended=AT)]) == ()


def test_decision__that_is_no_rule__is_an_error_that_names_it() -> None:
    """As a row that was written by hand; it is not left out."""
    with pytest.raises(ValueError, match="decision 7 of 2026-11-23 10:00 UTC: names neither a project nor a sha256"):
        decided([decision(7, "deny", project=None)])
