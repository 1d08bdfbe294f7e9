import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from addons.policies.spans import EVERYTHING, Versions, span

RELEASES = st.sampled_from(["0", "1", "1.0", "1.0.0", "1.1", "1.0.1", "2", "2.0", "10.9", "1!0", "1!1.0"])
SUFFIXES = st.sampled_from(["", "", ".dev0", "a1", "rc1", "rc1.dev2", ".post1", ".post0.dev1"])
LOCALS = st.sampled_from(["", "", "+x", "+1.2"])
TEXTS = st.builds("{}{}{}".format, RELEASES, SUFFIXES, LOCALS)
CLAUSES = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "~=", "==="]), TEXTS),
    st.builds("{}{}.*".format, st.sampled_from(["==", "!="]), RELEASES),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(CLAUSES, max_size=3), st.lists(TEXTS, min_size=1, max_size=6))
@example(["==1.0"], ["1", "1.0.0", "1.0+x", "1.0.post1"])
@example(["==1.0+x"], ["1.0", "1.0+x", "1.0+y"])
@example(["==1.0.*"], ["1", "1.0.dev0", "1.0a1+x", "1.1.dev0"])
@example(["~=1.0rc1"], ["1.0rc1", "1.9", "2.dev0", "1!1.5"])
@example(["<=1.0"], ["1.0+x", "1.0.dev0"])
@example(["===1.0"], ["1.0"])
def test_within__the_span_of_any_specifiers__are_all_that_they_contain(clauses: list[str], texts: list[str]) -> None:
    """A version that specifiers contain is always asked about, pre-releases and local versions too (PEP 440)."""
    try:
        specifiers = SpecifierSet(",".join(clauses))
    except InvalidSpecifier:
        return
    versions = {Version(text) for text in texts}
    near = Versions(versions).within(span(specifiers))
    assert {each for each in versions if specifiers.contains(each, prereleases=True)} <= set(near) <= versions


@pytest.mark.parametrize(
    ("specifiers", "near"),
    [
        ("==1.0", ["1.0", "1.0+x"]),
        ("==1.*", ["1.0", "1.0+x", "1.5"]),
        ("~=1.4", ["1.5"]),
        (">=1.2,<3", ["1.5", "2.0"]),
        ("<0.9", []),
    ],
)
def test_within__a_narrow_span__are_few(specifiers: str, near: list[str]) -> None:
    """Ten thousand rules about releases of one project cost little, as each is held against few versions."""
    versions = Versions(map(Version, ["1.0", "1.0+x", "1.5", "2.0", "4"]))
    assert versions.within(span(SpecifierSet(specifiers))) == [Version(text) for text in near]


def test_span__without_specifiers__is_everything() -> None:
    """A rule that names no versions is about all."""
    assert span(None) == EVERYTHING
