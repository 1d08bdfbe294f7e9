"""RECORD, line by line and byte by byte."""

import hashlib

import pytest

from tests.addons.metadata.archives import zipped
from tests.addons.upload.sound.making import INFO, METADATA, WHEEL, Examine, files, record_line, recorded, wheel

ITSELF = f"{INFO}/RECORD,,\n"
OTHERS = record_line(f"{INFO}/METADATA", METADATA) + record_line(f"{INFO}/WHEEL", WHEEL)
FILE = b"x = 1\n"
SAID = record_line("foo_bar.py", FILE)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (OTHERS + ITSELF, "has a file that its RECORD does not list: 'foo_bar.py'"),
        (SAID + OTHERS, "has a RECORD that does not list itself"),
        (SAID + OTHERS + ITSELF.replace(",,", ",,7"), "has a RECORD with a hash or a size of itself"),
        (SAID + OTHERS + "more.py,,\n" + ITSELF, "has a RECORD that lists what is not there: 'more.py'"),
        (SAID + OTHERS + "../up.py,,\n" + ITSELF, "has a RECORD that lists what is not there: '../up.py'"),
        (SAID + SAID + OTHERS + ITSELF, "has a RECORD that lists 'foo_bar.py' twice"),
        ("foo_bar.py,,\n" + OTHERS + ITSELF, "has a RECORD without a hash of 'foo_bar.py'"),
        (record_line("foo_bar.py", FILE, "md5") + OTHERS + ITSELF, "has a RECORD with a weak hash of 'foo_bar.py'"),
        (record_line("foo_bar.py", b"x = 2\n") + OTHERS + ITSELF, "has a RECORD with another hash of 'foo_bar.py'"),
        (SAID.replace(",6", ",7") + OTHERS + ITSELF, "has a RECORD with another size of 'foo_bar.py'"),
        (SAID.replace(",6", ",") + OTHERS + ITSELF, "has a RECORD without the size of 'foo_bar.py'"),
        (SAID.replace(",6", ",six") + OTHERS + ITSELF, "has a RECORD with an unreadable hash or size of 'foo_bar.py'"),
        (SAID.replace("=", "=*") + OTHERS + ITSELF, "has a RECORD with an unreadable hash or size of 'foo_bar.py'"),
        (SAID[:-2] + OTHERS + ITSELF, "has a RECORD with a line that has not three fields"),
        ("a\0b,c,d\n", "has a RECORD"),
        ('"' + "a" * 200_000, "has a RECORD that is no CSV in UTF-8"),
        ("", "has a RECORD that does not list itself"),
    ],
)
def test_record__that_is_wrong__is_a_problem(content: str, words: str, examine: Examine) -> None:
    """UPL-10: every file once, with its sha256 and its size, as the bytes have them."""
    found = examine(zipped({**files(), f"{INFO}/RECORD": content.encode()})).problems
    assert [line for line in found if line.startswith("Invalid distribution file. It ") and words in line], found


@pytest.mark.parametrize("kind", ["sha256", "sha384", "sha512"])
def test_record__with_any_good_hash__is_sound(kind: str, examine: Examine) -> None:
    """UPL-10: sha256 or better; signatures may stand beside RECORD, and it need not list them (PEP 815)."""
    lines = "".join(record_line(name, content, kind) for name, content in files().items())
    members = {**files(), f"{INFO}/RECORD": (lines + ITSELF).encode(), f"{INFO}/RECORD.jws": b"{}"}
    assert examine(zipped(members)).problems == ()


def test_record__in_latin_1__is_a_problem(examine: Examine) -> None:
    """UPL-10: RECORD is UTF-8."""
    found = examine(zipped({**files(), f"{INFO}/RECORD": b"caf\xe9.py,,\n"})).problems
    assert any("has a RECORD that is no CSV in UTF-8" in line for line in found)


def test_record__wrong_of_many_files__says_how_many(examine: Examine) -> None:
    """UPL-19, UPL-23: of a fault that a thousand files have, the first ones are told, and how many more there are."""
    members = {**recorded(files()), **{f"more{number}.py": b"" for number in range(1000)}}
    found = examine(zipped(members)).problems
    assert len(found) == 6
    assert found[-1] == "Invalid distribution file. It has 995 more faults of this kind."


def test_wheel__that_is_sound__is_recorded_with_its_facts(examine: Examine) -> None:
    """UPL-08, UPL-10: the version normalised, Requires-Python and the hash of METADATA as they lie in the wheel."""
    metadata = METADATA + b"Requires-Python: >=3.9,\n  <4\n"
    found = examine(wheel(metadata=metadata), version="1.0.0", requires_python="<3")
    assert found.problems == ()
    assert found.new is not None
    assert (found.new.version, found.new.filetype, found.new.requires_python) == ("1.0", "bdist_wheel", ">=3.9, <4")
    assert found.new.metadata_sha256 == hashlib.sha256(metadata).hexdigest()
    assert found.metadata == metadata
