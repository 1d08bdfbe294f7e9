import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from addons.policies.policy import hide_refused
from addons.policies.requires_python import RequiresPython, RequiresPythonRule, admits_any
from proxyconf.misfit import Misfit
from tests.addons.policies.rules import AT, wheel
from tests.addons.policies.shapes import hidden, own, page_with

POLICY = RequiresPython([RequiresPythonRule(pythons=("3.10", "3.11"))])
FILE = wheel("1.0")


@pytest.mark.parametrize("given", [None, "", ">=3.9", ">=3.11.4", "==3.10.7", "<3.11", "~=3.10", "==3.*", "!=3.11.*",
                                   "nonsense", ">=3.6.*,<99", ">=3," * 300, "===3.11.2"])  # fmt: skip
def test_requires_python__that_a_machine_has_or_nobody_can_read__stays(given: str | None) -> None:
    """JSN-09: one micro version that is admitted is enough; what pip cannot read is no reason."""
    before = page_with(FILE, requires_python=given)
    assert POLICY.apply(before, AT) is before


@pytest.mark.parametrize(
    "given",
    [
        ">=3.12",
        "<3.10",
        "==2.7.*",
        ">3.11.99999,>=3.12",
        "<3",
        "!=3.10.*,!=3.11.*",
        "===4",
        "==3.12",
        ">=3.9,!=3.10.*,<3.11.0a1,!=3.1",
    ],
)
def test_requires_python__that_no_machine_has__is_hidden(given: str) -> None:
    """No page lists it, and the words say for which Python it is."""
    after = POLICY.apply(page_with(FILE, requires_python=given), AT)
    [file] = after.files
    assert file.refused is not None
    assert file.refused.reason == f"it is for Python {given}, and the machines here have 3.10, 3.11"
    assert hide_refused(after, all_of_them=False).files == ()


def test_requires_python__of_an_own_file__is_its_own_business() -> None:
    """Unless the rule says `own`."""
    ours = own(page_with(FILE, requires_python=">=4"))
    rule = RequiresPythonRule(pythons=("3.11",), own=True)
    assert not hidden(POLICY, ours)
    assert hidden(RequiresPython([rule]), ours) == {FILE}


def test_requires_python__with_a_micro_version__is_that_one() -> None:
    """`3.11.4` is no other."""
    assert not admits_any(">=3.11.5", ("3.11.4",))
    assert not admits_any(">3.11.4", ("3.11.4",))
    assert admits_any("==3.11.4", ("3.11.4",))
    assert admits_any(">=3.11.5", ("3.11",))


def test_requires_python__by_versions__leaves_a_file_without_one() -> None:
    """What is hidden is certainly of no use; whose version cannot be read is left to others."""
    policy = RequiresPython([RequiresPythonRule(versions=SpecifierSet("==1.0"), pythons=("3.11",))])
    assert hidden(policy, page_with(FILE, "foo_bar-nightly.tar.gz", requires_python=">=4")) == {FILE}


clauses = st.builds(
    lambda how, micro: f"{how}3.11{micro}",
    st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "~="]),
    st.sampled_from(["", ".0", ".1", ".2", ".3", ".7", ".8", ".40", ".3.post1", ".3rc1"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(clauses, min_size=1, max_size=4))
def test_requires_python__of_any_clauses__is_what_trying_every_micro_version_says(written: list[str]) -> None:
    """The few versions that are tried stand for all of them."""
    text = ",".join(written)
    tried = any(SpecifierSet(text).contains(f"3.11.{micro}") for micro in range(60))
    assert admits_any(text, ("3.11",)) is tried


@pytest.mark.parametrize("pythons", [(), ("3",), (">=3.11",), ("3.11.x",), ("cp311",)])
def test_requires_python__without_a_python__is_a_misfit(pythons: tuple[str, ...]) -> None:
    """It says how to write them."""
    with pytest.raises(Misfit):
        RequiresPythonRule(pythons=pythons)
