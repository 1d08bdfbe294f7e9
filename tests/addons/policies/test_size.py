import pytest

from addons.policies.size import Size, SizeRule
from addons.simple.page import Refusal
from proxyconf.misfit import Misfit
from tests.addons.policies.rules import AT, refused, wheel
from tests.addons.policies.shapes import CONTACT, own, page_with

FILE = wheel("1.0")


@pytest.mark.parametrize(("size", "is_refused"), [(0, False), (2_000_000, False), (2_000_001, True), (10**12, True)])
def test_size__beyond_the_limit__is_refused(size: int, is_refused: bool) -> None:
    """A megabyte has 1,000,000 bytes, and the limit itself still comes in."""
    after = Size([SizeRule(max_mb=2)]).apply(page_with(FILE, size=size), AT)
    assert bool(refused(after)) is is_refused


def test_size__of_a_large_file__says_both_numbers() -> None:
    """Who reads it knows what to ask for."""
    [file] = Size([SizeRule(max_mb=2.5, id="OPS-1")], CONTACT).apply(page_with(FILE, size=12_345_678), AT).files
    said = "the file has 12.35 MB, at most 2.5 are let in; ask for an exception if you need it"
    assert file.refused == Refusal(policy="size", reason=said, id="OPS-1")
    assert file.yanked == f"Blocked by wheelgate: size OPS-1: {said}. Ask #help"


@pytest.mark.parametrize("unsized", ["refuse", "pass"])
def test_size__that_the_page_does_not_say__is_judged_by_the_stated_rule(unsized: str) -> None:
    """JSN-10: a page need not have sizes; what is unknown is refused unless the rule says otherwise."""
    rule = SizeRule(max_mb=2, unsized=unsized)  # type: ignore[arg-type]  # one of the two words
    assert bool(refused(Size([rule]).apply(page_with(FILE, size=None), AT))) is (unsized == "refuse")
    assert refused(Size([SizeRule(max_mb=2)]).apply(page_with(FILE, size=None), AT))


def test_size__with_an_exception_above__lets_it_in() -> None:
    """The first rule that covers a file decides; own files are free."""
    large = page_with(FILE, size=3_000_000)
    policy = Size([SizeRule(project="foo-*", max_mb=4), SizeRule(max_mb=2)])
    assert policy.apply(large, AT) is large
    assert refused(Size([SizeRule(max_mb=2), SizeRule(project="foo-*", max_mb=4)]).apply(large, AT))
    assert not refused(Size([SizeRule(max_mb=2)]).apply(own(large), AT))


@pytest.mark.parametrize("max_mb", [0, -1, 1e9, float("nan")])
def test_size__that_is_none__is_a_misfit(max_mb: float) -> None:
    """Nothing at all is a deny."""
    with pytest.raises(Misfit):
        SizeRule(max_mb=max_mb)
