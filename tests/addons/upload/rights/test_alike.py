"""Names that look alike, and names that nobody may have."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from addons.listing.sorted_names import write_names
from addons.simple.names import normalise
from addons.upload.refusal import UploadRefused
from addons.upload.rights.alike import STANDARD_LIBRARY, check_possible, look_alike_key, named
from addons.upload.rights.alike_file import find_alike, write_alike
from tests.addons.upload.rights.making import sane

NAMES = st.from_regex(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,10}[A-Za-z0-9])?", fullmatch=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("flask", "F1ask"),
        ("flask", "f-l-a-s-k"),
        ("python-dateutil", "python.dateuti1"),
        ("foo", "F00"),
        ("pip", "p1p"),
    ],
)
def test_look_alike_key__of_names_that_look_alike__is_one(one: str, other: str) -> None:
    """UPL-27: l and i are 1, o is 0, dots, hyphens and underscores do not count, nor do capitals."""
    assert look_alike_key(one) == look_alike_key(other)


@pytest.mark.parametrize(("one", "other"), [("flask", "flasks"), ("numpy", "nurnpy"), ("foo", "fo")])
def test_look_alike_key__of_others__differs(one: str, other: str) -> None:
    """UPL-27: no more is alike than PyPI says."""
    assert look_alike_key(one) != look_alike_key(other)


@given(NAMES)
@bounded(max_examples=100)
def test_look_alike_key__in_any_spelling__is_that_of_the_normalised_name(name: str) -> None:
    """UPL-27: what is equal when normalised is alike, and a key's key is itself."""
    key = look_alike_key(name)
    assert key == look_alike_key(normalise(name)) == look_alike_key(key)
    assert not set(key) & set("._-lio")


@given(st.sets(NAMES.map(normalise), min_size=1, max_size=12), NAMES.map(normalise))
@example({normalise("flask"), normalise("f-1ask"), normalise("fias-k")}, normalise("F.lask"))
@bounded(max_examples=25)
def test_file_of_names__looked_into__gives_what_the_key_says(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], wanted: str
) -> None:
    """UPL-27: SQLite's key of a name is ours."""
    folder = tmp_path_factory.mktemp("alike")
    write_names(folder / "names", ((name, "", b"{}") for name in names))
    assert write_alike(folder / "names", folder / "alike") == len(names)
    for each in (*names, wanted):
        same = sorted(name for name in names if look_alike_key(name) == look_alike_key(each))
        assert list(find_alike(folder / "alike", normalise(each))) == same


def test_file_of_names__that_is_not_there__is_an_error(tmp_path: Path) -> None:
    """It is not made, as an empty one would say that no name is public."""
    with pytest.raises(sqlite3.Error):
        find_alike(tmp_path / "none", normalise("demo"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["json", "Email", "importlib", "__future__", "_thread", "xml", "this"])
def test_name__of_a_standard_module__is_refused(name: str) -> None:
    """UPL-27: in any spelling, as PyPI refuses it."""
    project = normalise(name.strip("_"))
    assert project in STANDARD_LIBRARY
    with pytest.raises(UploadRefused) as raised:
        check_possible(project, ())
    assert sane(raised.value).status == 400
    assert "(conflict with Python Standard Library module name)" in raised.value.lines[0]


def test_name__that_is_prohibited__is_refused() -> None:
    """UPL-23: by a name, or a prefix."""
    for name in ("requirements-txt", "bad-thing"):
        with pytest.raises(UploadRefused, match=f"The name '{name}' isn't allowed."):
            check_possible(normalise(name), ("requirements-txt", "bad-*"))
    check_possible(normalise("bad"), ("requirements-txt", "bad-*"))


@pytest.mark.parametrize("name", ["", "-demo", "demo_", "d\u00e9mo", "a b", "demo\n", "\u212a", "x" * 50 + "/"])
def test_name__that_is_none__is_refused_in_ascii(name: str) -> None:
    """NAM-02, UPL-23: 400, and nothing in it that a terminal obeys."""
    with pytest.raises(UploadRefused) as raised:
        named(name)
    assert raised.value.lines[0].startswith("The name ")
    assert " is invalid." in raised.value.lines[0]
    assert sane(raised.value).status == 400


def test_name__in_any_spelling__is_normalised() -> None:
    """Once, where it enters."""
    assert named("Acme_.Core") == "acme-core"
