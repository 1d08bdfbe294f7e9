"""File objects: all that clients read in them, agreeing with the page."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.legacy.file_objects import file_object
from tests.addons.legacy.making import BLAKE2B, SHA256, URL, file, wheel
from tests.addons.simple.drawing import json_values

KEYS = {
    "filename", "packagetype", "python_version", "has_sig", "comment_text", "md5_digest", "digests", "core-metadata",
    "size", "downloads", "upload_time", "upload_time_iso_8601", "url", "requires_python", "yanked", "yanked_reason",
}  # fmt: skip


def test_file_object__of_a_page_s_file__has_every_key() -> None:
    """LEG-04: what PyPI says of a file, from what its page says."""
    made = file_object(wheel("1.0", core_metadata={"sha256": "0" * 64}))
    assert made == {
        "comment_text": None,
        "core-metadata": {"sha256": "0" * 64},
        "digests": {"sha256": SHA256, "blake2b_256": BLAKE2B},
        "downloads": -1,
        "filename": "foo_bar-1.0-py3-none-any.whl",
        "has_sig": False,
        "md5_digest": None,
        "packagetype": "bdist_wheel",
        "python_version": "py3",
        "requires_python": ">=3.8",
        "size": 1234,
        "upload_time": "2024-01-02T03:04:05",
        "upload_time_iso_8601": "2024-01-02T03:04:05.678901Z",
        "url": URL + "foo_bar-1.0-py3-none-any.whl",
        "yanked": False,
        "yanked_reason": None,
    }
    assert made.keys() == KEYS


@pytest.mark.parametrize(
    ("filename", "kind", "python"),
    [
        ("foo_bar-1.0-cp39-abi3-manylinux_2_17_x86_64.whl", "bdist_wheel", "cp39"),
        ("foo_bar-1.0-1-py2.py3-none-any.whl", "bdist_wheel", "py2.py3"),
        ("foo-bar-1.0.tar.gz", "sdist", "source"),
        ("foo-bar-1.0.zip", "sdist", "source"),
        ("foo-bar-1.0.tar.bz2", "sdist", "source"),
        ("foo_bar-1.0-py2.7.egg", "bdist_egg", "2.7"),
        ("foo_bar-1.0-py2.7-win32.egg", "bdist_egg", "2.7"),
        ("foo-bar-1.0.win32-py2.7.exe", "bdist_wininst", "2.7"),
        ("foo-bar-1.0.win32.exe", "bdist_wininst", "any"),
        ("foo-bar-1.0.win-amd64-py3.4.msi", "bdist_msi", "3.4"),
        ("foo-bar-1.0-1.noarch.rpm", "bdist_rpm", "any"),
        ("foo-bar-1.0.linux-x86_64.tar.gz", "bdist_dumb", "any"),
    ],
)
def test_file_object__by_filename__says_what_was_uploaded(filename: str, kind: str, python: str) -> None:
    """LEG-04: packagetype and python_version can be read from the name where upstream does not say them."""
    made = file_object(file(filename))
    assert (made["packagetype"], made["python_version"]) == (kind, python)


@pytest.mark.parametrize(
    ("yanked", "expected"), [(False, (False, None)), (True, (True, None)), ("", (True, None)), ("bad", (True, "bad"))]
)
def test_file_object__of_a_yanked_file__says_so(yanked: bool | str, expected: tuple[bool, str | None]) -> None:
    """YNK-08: the file's yank is the page's, whatever upstream's document says of it."""
    known = {"digests": {"sha256": SHA256}, "yanked": not yanked, "yanked_reason": "of old"}
    made = file_object(wheel("1.0", yanked=yanked), known)
    assert (made["yanked"], made["yanked_reason"]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02T03:04:05Z", ("2024-01-02T03:04:05", "2024-01-02T03:04:05.000000Z")),
        ("2024-01-02T03:04:05.5+02:00", ("2024-01-02T01:04:05", "2024-01-02T01:04:05.500000Z")),
        ("0001-01-01T00:00:00+14:00", (None, None)),
        (None, (None, None)),
    ],
)
def test_file_object__with_an_upload_time__has_it_twice(text: str | None, expected: tuple[str | None, ...]) -> None:
    """LEG-04: without zone and with it, in UTC."""
    made = file_object(wheel("1.0", upload_time=text))
    assert (made["upload_time"], made["upload_time_iso_8601"]) == expected


def test_file_object__known_to_upstream__keeps_what_only_upstream_knows() -> None:
    """LEG-02, LEG-04: other digests, texts and keys of tomorrow stay; what the page says wins."""
    known: dict[str, Any] = {
        "digests": {"sha256": SHA256.upper(), "md5": "0" * 32, "blake2b_256": "1" * 64},
        "md5_digest": "0" * 32,
        "comment_text": "a comment",
        "packagetype": "bdist_dumb",
        "python_version": "2.7",
        "upload_time": "2024-01-02T03:04:06",
        "url": "https://files.pythonhosted.org/elsewhere",
        "requires_python": ">=2",
        "size": 99,
        "core-metadata": True,
        "tomorrow": {"a": 1},
    }
    made = file_object(wheel("1.0", size=None), known)
    assert {name: made[name] for name in known} == {
        **known,
        "digests": {**known["digests"], "sha256": SHA256},
        "url": URL + "foo_bar-1.0-py3-none-any.whl",
        "requires_python": ">=3.8",
        "core-metadata": False,
    }


@pytest.mark.parametrize(
    ("hashes", "known"),
    [
        ({"sha256": SHA256}, {"digests": {"sha256": "0" * 64}}),
        ({"sha256": SHA256}, {"digests": {"md5": "0" * 32}, "url": "https://example.org/x"}),
        ({}, {"digests": {"sha256": SHA256}, "url": "https://example.org/x"}),
        ({"sha256": SHA256, "md5": "1" * 32}, {"digests": {"sha256": SHA256, "md5": "0" * 32}}),
    ],
)
def test_file_object__of_other_bytes_than_upstream_s__takes_nothing_from_it(
    hashes: dict[str, str], known: dict[str, Any]
) -> None:
    """MRG-05: another file under the same name lends the page's file neither digest nor comment."""
    made = file_object(wheel("1.0", hashes=hashes), {**known, "comment_text": "of another", "tomorrow": 1})
    assert made == file_object(wheel("1.0", hashes=hashes))


def test_file_object__without_hashes_at_upstream_s_url__takes_its_digests() -> None:
    """A page without hashes leads to the same URL: then upstream's document tells them."""
    made = file_object(wheel("1.0", hashes={}), {"url": wheel("1.0").url, "digests": {"sha256": SHA256}})
    assert made["digests"] == {"sha256": SHA256, "blake2b_256": BLAKE2B}


@given(st.dictionaries(st.sampled_from([*sorted(KEYS), "x"]), json_values))
def test_file_object__of_any_upstream_object__has_the_types_that_clients_expect(known: dict[str, Any]) -> None:
    """LEG-04: nonsense in upstream's object costs nothing and reaches nobody who would trip over it."""
    made = file_object(wheel("1.0"), {**known, "url": wheel("1.0").url})
    assert made.keys() >= KEYS
    assert (made["filename"], made["url"]) == (wheel("1.0").filename, wheel("1.0").url)
    assert all(isinstance(made[name], str) for name in ("packagetype", "python_version", "upload_time"))
    assert all(isinstance(digest, str) for digest in made["digests"].values())
    assert made["size"] == 1234
