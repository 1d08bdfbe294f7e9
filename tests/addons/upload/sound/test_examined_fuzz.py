"""Files damaged at random and on purpose: nothing is raised, and what is found sound is what the standard library reads."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.upload.sound.words import clean
from tests.addons.metadata.test_archive_fuzz import changed, changes, corrected
from tests.addons.metadata.test_tar_headers import block, long, pax, record
from tests.addons.upload.sound.making import INFO, METADATA, SDIST_NAME, Examine, examining, sdist, wheel

POINTS = {f"{INFO}/entry_points.txt": b"[console_scripts]\nfoo = foo_bar:main\n", "a/b.py": b"y = 1\n" * 40}
DESCRIBED = (
    METADATA + b"Requires-Dist: a>=1\nLicense-Expression: MIT\nClassifier: Topic :: Utilities\nProject-URL: a, b\n"
)
WHEELS = [wheel(), wheel(POINTS), wheel(POINTS, DESCRIBED)]
TOP = "foo_bar-1.0"
TARS = [
    gzip.decompress(sdist()),
    pax(record("path", f"{TOP}/PKG-INFO")) + block("cut", content=METADATA) + bytes(1024),
    block(f"{TOP}/PKG-INFO", content=DESCRIBED) + long(f"{TOP}/{'d' * 120}".encode()) + block("cut", content=b"x"),
    block(f"{TOP}/a", content=b"x") + block(f"{TOP}/b", tarfile.SYMTYPE) + block(f"{TOP}/PKG-INFO", content=METADATA),
]


@pytest.fixture(scope="module")
def examine_any(tmp_path_factory: pytest.TempPathFactory) -> Examine:
    """Examine bytes; one file for all of them."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    return examining(folder)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(WHEELS), changes, st.booleans())
def test_wheel__damaged_or_spliced__is_refused_or_sound_to_zipfile(
    examine_any: Examine, sound: bytes, what: list[tuple[str, int, bytes]], correct: bool
) -> None:
    """UPL-10: every byte counts: what is taken is as it was made but for times and modes of members."""
    content = changed(sound, what)
    if correct:
        content = corrected(content, len(content) - len(sound))
    if not examine_any(content).problems:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(io.BytesIO(sound)) as made:
            assert archive.testzip() is None
            assert {name: archive.read(name) for name in archive.namelist()} == {
                name: made.read(name) for name in made.namelist()
            }


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TARS), changes)
def test_sdist__damaged__is_refused_or_unpacked_by_tarfile(
    examine_any: Examine, sound: bytes, what: list[tuple[str, int, bytes]]
) -> None:
    """UPL-11: what is taken unpacks into its one folder, and PKG-INFO is what was looked at."""
    content = gzip.compress(changed(sound, what), 1)
    found = examine_any(content, SDIST_NAME)
    if found.new is not None:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            assert all(name == TOP or name.startswith(f"{TOP}/") for name in archive.getnames())
            info = archive.extractfile(f"{TOP}/PKG-INFO")
            assert info is not None
            assert found.metadata in (None, info.read())


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), changes)
def test_metadata__of_any_bytes__raises_nothing(
    examine_any: Examine, tail: bytes, what: list[tuple[str, int, bytes]]
) -> None:
    """UPL-08, UPL-19: whatever stands in it, what is said is printable ASCII (asked by `examining`)."""
    kind = b"Description-Content-Type: text/plain\n"
    examine_any(wheel(metadata=kind + changed(DESCRIBED, what) + tail.replace(b"\n\n", b"\n")))


@given(st.text(max_size=300))
def test_text_of_a_client__cleaned__can_stand_in_a_reason_phrase(text: str) -> None:
    """UPL-19: printable ASCII, short, on one line."""
    cleaned = clean(text)
    assert cleaned.isascii()
    assert cleaned.isprintable()
    assert not set("\r\n") & set(cleaned)
