import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from addons.policies.globs import Globs

NAMES = st.text("ab-.[]!", max_size=6)
PATTERNS = st.lists(st.sampled_from(["a", "b", "-", ".", "*", "?", "[ab]", "[!a]", "[", "]", "!"]), max_size=6).map(
    "".join
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PATTERNS, max_size=6), st.lists(NAMES, min_size=1, max_size=4))
@example(["ab*ba"], ["aba", "abba"])
@example(["*", ""], ["", "a"])
@example(["[]a]b", "[!]]*", "[a", "a]"], ["]b", "ab", "[a", "a]"])
def test_matching__any_patterns__are_those_that_fnmatch_says(patterns: list[str], names: list[str]) -> None:
    """The lookup by beginnings and ends is for speed alone."""
    globs = Globs((pattern, number) for number, pattern in enumerate(patterns))
    for name in names:
        expected = [number for number, pattern in enumerate(patterns) if fnmatchcase(name, pattern)]
        assert sorted(globs.matching(name)) == expected


@pytest.mark.parametrize(
    "pattern", ["*a" * 300 + "b", "a*" * 300 + "b", "*a*?" * 100 + "b", "[ab]*" * 300 + "b", "*" * 5000 + "b"]
)
def test_matching__patterns_made_to_explode__take_no_time(pattern: str) -> None:
    """No pattern of an operator's takes more than time in proportion, whatever name a stranger gives a file."""
    globs = Globs([(pattern, "it")])
    begun = time.process_time()
    assert list(globs.matching("b" + "a" * 20_000)) == []
    assert list(globs.matching("a" * 20_000 + "bc")) == []
    assert list(globs.matching("a" * 20_000 + "cb")) in ([], ["it"])
    assert time.process_time() - begun < 1
