"""Project lists in JSON, read event by event."""

import io
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.listing.json_entries import json_entries
from addons.simple.page import NotAPage
from tests.addons.listing.making import document

scalars = st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3)
)


def entries(body: bytes) -> tuple[list[Any], dict[str, Any]]:
    """Read all of a document: its entries, and what else it says."""
    about: dict[str, Any] = {}
    return list(json_entries(io.BytesIO(body), about)), about


@given(st.lists(values, max_size=5), st.dictionaries(st.text("xyz", min_size=1), values, max_size=3))
def test_entries__of_any_json__are_what_json_loads_gives(projects: list[Any], top: dict[str, Any]) -> None:
    """JSN-02: entries and all other keys arrive as they are, whatever they are."""
    body = json.dumps({"projects": projects, **top}).encode()
    assert entries(body) == (projects, top)


def test_entries__in_a_document_cut_anywhere__are_no_list() -> None:
    """NEG-11: truncated JSON is never a shorter list."""
    whole = document("alpha", {"name": "beta", "x": [1, {"y": 2}]}, more={"z": 1})
    for end in range(len(whole)):
        with pytest.raises(NotAPage):
            entries(whole[:end])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"projects"',
        b"{}",
        b'{"meta": {}}',
        b'{"projects": null}',
        b'{"projects": {}}',
        b'{"projects": "alpha"}',
        b'{"projects": [], "projects": []}',
        b'{"projects": []} {"projects": []}',
        b'{"projects": [NaN]}',
        b'{"projects": ["\xff"]}',
        b"<html><body>Please sign in</body></html>",
        b'{"projects": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
        b'{"projects": [' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"]}",
        b'{"projects": [1e99999999999999999999999]}',
        b'{"deep": ' + b"[" * 100_000 + b"]" * 100_000 + b', "projects": []}',
    ],
    ids=lambda body: ascii(body)[:30],
)
def test_entries__of_what_is_no_list__are_refused(body: bytes) -> None:
    """NEG-11: what is no object with one list of projects is no empty list, and costs no memory."""
    with pytest.raises(NotAPage):
        entries(body)


def test_entries__with_a_fraction__keep_it_to_the_digit() -> None:
    """JSN-02: a number is passed on as it was written."""
    [entry], _ = entries(b'{"projects": [{"weight": 2.50}]}')
    assert entry == {"weight": Decimal("2.50")}
    assert str(entry["weight"]) == "2.50"


def test_entry__with_a_key_twice__has_the_last() -> None:
    """JSN-22: of two values one is settled on before anything is decided."""
    assert entries(b'{"projects": [{"name": "alpha", "name": "beta"}]}')[0] == [{"name": "beta"}]
