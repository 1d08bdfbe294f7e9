"""docs/standards.md and the tests say the same: what is promised there is proven here, by number."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "standards.md"
NUMBER = re.compile(r"\b(?:NAM|NEG|VER|HTM|JSN|MRG|YNK|CCH|LEG|MET|UPL)-\d\d\b")
RANGE = re.compile(r"\b([A-Z]{3})-(\d\d) to (?:\1-)?(\d\d)\b")


def promised() -> list[str]:
    """The ids that the page lists, one a line."""
    return re.findall(r"^\| ([A-Z]{3}-\d\d) \|", PAGE.read_text(), re.MULTILINE)


def named(text: str) -> Iterator[str]:
    """The ids that a text names, ranges (`CCH-01 to CCH-04`) included."""
    yield from NUMBER.findall(text)
    for family, first, last in RANGE.findall(text):
        yield from (f"{family}-{number:02}" for number in range(int(first), int(last) + 1))


def proven() -> dict[str, set[str]]:
    """The tests that name each id in their docstring."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                for number in named(ast.get_docstring(node) or ""):
                    found.setdefault(number, set()).add(f"{path.relative_to(ROOT)}::{node.name}")
    return found


TESTS = proven()


@pytest.mark.parametrize("number", promised())
def test_standards__a_promise_in_the_documentation__has_a_test(number: str) -> None:
    """Each line of the page is held by a test that names it."""
    assert TESTS.get(number)


def test_standards__an_id_that_a_test_names__is_in_the_documentation() -> None:
    """No test proves what the page does not promise (files have their page later)."""
    assert {number for number in TESTS if NUMBER.fullmatch(number)} - set(promised()) - {"YNK-04"} == set()
