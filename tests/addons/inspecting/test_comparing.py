import msgspec

from addons.inspecting.comparing import Change, compare
from addons.simple.page import Refusal
from tests.addons.policies.rules import page, wheel

ONE, TWO = wheel("1.0"), wheel("2.0")


def test_compare__of_files_that_come_and_go__names_both() -> None:
    """Another source may answer under another configuration, or none."""
    gone, come = (
        Change(filename=ONE, before="offered", after="absent"),
        Change(filename=TWO, before="absent", after="offered"),
    )
    assert compare(page(ONE), page(TWO), "") == [gone, come]
    assert (compare(page(ONE), None, ""), compare(None, page(TWO), ""), compare(None, None, "")) == ([gone], [come], [])


def test_compare__of_a_yank_without_a_reason__is_a_change() -> None:
    """PEP 592: an empty reason yanks as well; other words alone change nothing of what can be had."""
    before = page(ONE)
    [file] = before.files
    yanked, refused = (
        msgspec.structs.replace(before, files=(msgspec.structs.replace(file, **marks),))
        for marks in ({"yanked": ""}, {"refused": Refusal("deny", "no")})
    )
    assert compare(before, yanked, "") == [Change(filename=ONE, before="offered", after="yanked")]
    [change] = compare(yanked, refused, "Ask us")
    assert change.words == "Blocked by wheelgate: deny: no. Ask us"
