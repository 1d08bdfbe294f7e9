from typing import Any

import msgspec
import pytest

from addons.policies.allow import Allow, AllowRule
from addons.policies.deny import Deny
from addons.policies.policy import apply_all
from addons.policies.status import Status, StatusRule
from addons.simple.page import Page
from proxyconf.misfit import Misfit
from tests.addons.policies.rules import AT, deny_rule, page, refused, wheel
from tests.addons.policies.shapes import CONTACT, own

FILES = (wheel("1.0"), wheel("2.0"))
ARCHIVED = "the project is archived, nobody mends it any more; look for one that is kept up"


def project(status: str | None, reason: str | None = None, **more: Any) -> Page:
    """Make a page of this status."""
    return page(*FILES, status=status, status_reason=reason, **more)


def yanked(page: Page) -> list[bool]:
    """Tell of each file whether it is yanked."""
    return [bool(file.yanked) for file in page.files]


@pytest.mark.parametrize("status", [None, "active", "of-tomorrow", "own", "project"])
def test_status__that_means_nothing__passes(status: str | None) -> None:
    """JSN-13: a status that is not known has no effect."""
    before = project(status)
    assert Status([StatusRule(archived="refuse", deprecated="refuse")]).apply(before, AT) is before


@pytest.mark.parametrize(
    ("rule", "status", "meaning"),
    [
        ({}, "archived", "yank"),
        ({}, "deprecated", "yank"),
        ({}, "quarantined", "refuse"),
        ({}, "Quarantined", "refuse"),
        ({"archived": "refuse"}, "archived", "refuse"),
        ({"archived": "refuse"}, "deprecated", "pass"),
        ({"deprecated": "yank"}, "deprecated", "yank"),
        ({"archived": "pass"}, "archived", "pass"),
        ({"archived": "pass"}, "quarantined", "refuse"),
    ],
)
def test_status__by_rule__is_refused_yanked_or_passed(rule: dict[str, Any], status: str, meaning: str) -> None:
    """YNK-09: what a rule leaves out passes, one that names none yanks, and quarantine is never passed."""
    after = Status([StatusRule(**rule)]).apply(project(status), AT)
    assert refused(after) == (set(FILES) if meaning == "refuse" else set())
    assert yanked(after) == [meaning == "yank"] * 2


def test_status__yanked__says_it_in_the_projects_own_words_too() -> None:
    """On one line and cut, before whom to ask; upstream's own yank reason comes first (YNK-07)."""
    before = project("archived", "use\nfoo2 " + "x" * 500)
    first = msgspec.structs.replace(before.files[0], yanked="broken")
    before = msgspec.structs.replace(before, files=(first, before.files[1]))
    one, two = (file.yanked for file in Status([StatusRule()], CONTACT).apply(before, AT).files)
    said = f'Yanked by wheelgate: status: {ARCHIVED} (it says: "use foo2 {"x" * 191}"). Ask #help'
    assert (one, two) == (f"broken; {said}", said)


def test_status__refused_wholly__is_listed_unyanked() -> None:
    """A client then asks for a file, and its 403 is what people can read; the status stays the project's own."""
    after = Status([StatusRule(archived="refuse", reason="no")]).apply(project("archived", "done"), AT)
    assert (yanked(after), refused(after)) == ([False, False], set(FILES))
    assert [file.refused.reason for file in after.files if file.refused] == ['no (it says: "done")'] * 2
    assert (after.status, after.status_reason) == ("archived", "done")


def test_status__refused_in_part__is_yanked_so_that_the_rest_is_taken() -> None:
    """Where a file is let through, or another rule passes it, there is something to fall back to."""
    allow = Allow([AllowRule(project="foo-bar", files=(FILES[0],), reason="ours")])
    after = apply_all([allow, Status([StatusRule(archived="refuse")])], project("archived"), AT)
    assert (yanked(after), refused(after)) == ([False, True], {FILES[1]})
    rules = [StatusRule(files=(FILES[0],), archived="pass"), StatusRule(archived="refuse")]
    assert refused(Status(rules).apply(project("archived"), AT)) == {FILES[1]}


def test_status__of_a_denied_project__leaves_the_words_of_the_deny() -> None:
    """A deny shows its project as quarantined, which is no word of upstream's."""
    after = apply_all([Deny([deny_rule()]), Status([StatusRule()])], project("archived"), AT)
    assert {file.refused.policy for file in after.files if file.refused} == {"deny"}


def test_status__of_an_own_project__is_free_unless_said() -> None:
    """A rule judges own sources with `own` only."""
    ours = own(project("archived"))
    assert Status([StatusRule()]).apply(ours, AT) == ours
    assert yanked(Status([StatusRule(own=True)]).apply(ours, AT)) == [True, True]


@pytest.mark.parametrize("meaning", ["yank", "pass"])
def test_status__that_would_pass_a_quarantine__is_a_misfit(meaning: Any) -> None:
    """YNK-10: its page is empty whatever a policy says, so no rule may look as if it could."""
    with pytest.raises(Misfit, match="is always"):
        StatusRule(quarantined=meaning)
