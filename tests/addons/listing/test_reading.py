"""Documents, read into files of sorted names."""

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from addons.listing.orders import ReadOutcome
from addons.listing.reading import Heard
from addons.simple.names import InvalidName, normalise
from tests.addons.listing.making import HTML, JSON, document, reading

hostile = st.text(max_size=12) | st.sampled_from(
    ["\u212aubernetes", "a\nb", "<script>", '"><a href="x/">', "../x", "-a", "a-", "A.B", "a_b", "a-b", "x" * 300, ""]
)


def test_names__in_any_spelling_and_order__are_normalised_and_sorted(tmp_path: Path) -> None:
    """JSN-21, NAM-01: sorted by normalised name, which each is once; entries keep the name as it is shown."""
    done = reading(tmp_path, document("Zope", "a.b", "A_B", "FrIeNdLy-._.-bArD"))
    assert done.names == ["a-b", "friendly-bard", "zope"]
    assert [entry["name"] for entry in done.entries] == ["a.b", "FrIeNdLy-._.-bArD", "Zope"]
    assert done.outcome.count == 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(hostile | st.none() | st.integers()))
def test_names__that_are_none__are_left_out_and_counted(tmp_path: Path, names: list[Any]) -> None:
    """NAM-02: no odd name costs the others, and none gets through."""
    sound = set()
    for name in names:
        try:
            sound |= {normalise(name)} if isinstance(name, str) and len(name) <= 255 else set()
        except InvalidName:
            continue
    done = reading(tmp_path, document({"name": "always"}, *({"name": name} for name in names)))
    assert set(done.names) == sound | {"always"}
    assert done.names == sorted(done.names)


def test_odd_entries__are_told_of_once_and_harmlessly(tmp_path: Path) -> None:
    """One line for the log says how many there were, with an example that cannot break it."""
    done = reading(tmp_path, document("alpha", {"name": "a\nb"}, 7, None, {"x": 1}))
    assert done.names == ["alpha"]
    [words] = done.outcome.said
    assert words.startswith("4 entries")
    assert "\n" not in words


def test_unknown_keys__of_entry_top_and_meta__stay(tmp_path: Path) -> None:
    """JSN-02, JSN-15: what this gateway does not know stays as it is, and a serial keeps value and type."""
    entry = {"_last-serial": "12", "name": "alpha", "x-new": {"y": [1, None, 2.5]}}
    other = {"_last-serial": 12, "name": "beta"}
    meta = {"api-version": "1.4", "_last-serial": "99", "tracks": []}
    done = reading(tmp_path, document(entry, other, meta=meta, extra=[True]))
    assert done.entries == [entry, other]
    assert done.about == {"meta": {"_last-serial": "99", "tracks": []}, "extra": [True]}


@pytest.mark.parametrize("meta", [None, {}, {"api-version": None}, {"api-version": "1.0"}, {"api-version": 1.4}])
def test_api_version__that_is_one__is_read(tmp_path: Path, meta: object) -> None:
    """VER-01, VER-08: missing is 1.0, and a number is read as text."""
    assert reading(tmp_path, document("alpha", meta=meta)).outcome.refused is None


@pytest.mark.parametrize("meta", [{"api-version": "2.0"}, {"api-version": "x"}, {"api-version": True}, [], "1.4"])
def test_api_version__of_another_major__is_refused(tmp_path: Path, meta: object) -> None:
    """VER-02: what may mean anything is not read."""
    assert reading(tmp_path, document("alpha", meta=meta)).outcome.refused is not None


def test_api_version__of_a_newer_minor__is_told(tmp_path: Path) -> None:
    """VER-03: it is read, and the log says so."""
    heard = Heard()
    logging.getLogger().addHandler(heard)
    try:
        assert reading(tmp_path, document("alpha", meta={"api-version": "1.99"})).names == ["alpha"]
    finally:
        logging.getLogger().removeHandler(heard)
    assert any("1.99" in words for words in heard.words)


def test_list__of_nothing_sound__is_refused(tmp_path: Path) -> None:
    """NEG-11: a list of things that are no projects is no empty list."""
    assert "3 projects" in (reading(tmp_path, document({}, 1, {"name": "-"})).outcome.refused or "")


def test_list__that_is_empty__is_one(tmp_path: Path) -> None:
    """An index without projects may say so."""
    assert reading(tmp_path, document()).outcome == ReadOutcome(count=0)


def test_list__in_gzip__is_read(tmp_path: Path) -> None:
    """What was sent compressed is kept so, and read so."""
    assert reading(tmp_path, gzip.compress(document("alpha")), gzipped=True).names == ["alpha"]


def test_list__in_damaged_gzip__is_refused(tmp_path: Path) -> None:
    """NEG-11: neither a part of a list nor one that is not what was compressed is taken for it."""
    whole = gzip.compress(document(*(f"project-{number}" for number in range(200))))
    flipped = [bytes([*whole[:at], whole[at] ^ 255, *whole[at + 1 :]]) for at in (15, len(whole) // 2, len(whole) - 6)]
    for damaged in (whole[: len(whole) // 2], whole[:-4], whole[:5], b"no gzip", *flipped, b""):
        assert reading(tmp_path, damaged, gzipped=True).outcome.refused is not None


def test_list__that_is_longer_than_it_may_be__is_refused(tmp_path: Path) -> None:
    """A small body that decompresses without end is not followed."""
    body = gzip.compress(document("a" * 3_000_000))
    assert len(body) < 10_000
    assert "longer than 2 MB" in (reading(tmp_path, body, most_bytes=2_000_000, gzipped=True).outcome.refused or "")


def test_list__in_html__is_read_by_its_type(tmp_path: Path) -> None:
    """NEG-10: the answer's own type says how to read it."""
    page = b'<title>Simple index</title><a href="foo-bar/">Foo.Bar</a> <a href="../">..</a>'
    done = reading(tmp_path, page, HTML)
    assert (done.names, done.entries, len(done.outcome.said)) == (["foo-bar"], [{"name": "Foo.Bar"}], 1)
    assert reading(tmp_path, page, JSON).outcome.refused is not None
    assert reading(tmp_path, document("alpha"), "text/html").outcome.refused is not None


def test_names__in_reverse_and_many__are_sorted(tmp_path: Path) -> None:
    """Twenty thousand names come out sorted, each with its own entry."""
    numbers = range(20_000)
    entries = [{"name": f"p{number:05}", "_last-serial": number} for number in reversed(numbers)]
    done = reading(tmp_path, json.dumps({"projects": entries}).encode())
    assert [entry["_last-serial"] for entry in done.entries] == list(numbers)
