"""What people read: nothing of it may move their cursor."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.inspecting import showing
from addons.inspecting.showing import fields, harmless, whole


def test_examples__in_docstrings__are_true() -> None:
    """They are what people read first."""
    assert doctest.testmod(showing).failed == 0


@given(st.binary(max_size=200))
def test_whole__of_any_bytes__has_nothing_that_a_terminal_obeys(content: bytes) -> None:
    """Every line is printable but for tabs, and there are as many as there are lines."""
    found = list(whole(content))
    assert all(line.replace("\t", "").isprintable() for line in found)
    assert len(found) == content.removesuffix(b"\n").count(b"\n") + 1


@pytest.mark.parametrize("text", ["Jos\u00e9 \u2026 \U0001f600", "a\tb", "\\x1b"])
def test_harmless__of_what_can_be_printed__is_the_same(text: str) -> None:
    """People are called as they are called."""
    assert harmless(text) == text


def test_fields__of_much__end_where_nobody_reads_on() -> None:
    """The description is left out, and so is what follows the two hundredth line; how much, is said."""
    assert list(fields(b"Name: demo\r\n\r\nAbout\n")) == ["Name: demo", "… 2 more lines: --show prints them"]
    many = b"\n".join(b"Classifier: %d" % number for number in range(300))
    assert list(fields(many))[199:] == ["Classifier: 199", "… 100 more lines: --show prints them"]
    assert list(fields(b"Name: demo\n")) == ["Name: demo"]
