"""The `info` of a release out of core metadata, where upstream says nothing of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.legacy.composing import composed_info
from addons.legacy.shelf import Release
from tests.addons.legacy.making import PROJECT, wheel

# What a real document of PyPI has in its `info`; `yanked` and `yanked_reason` are the page's and come later.
KEYS = {
    "author", "author_email", "bugtrack_url", "classifiers", "description", "description_content_type", "docs_url",
    "download_url", "downloads", "dynamic", "home_page", "keywords", "license", "license_expression", "license_files",
    "maintainer", "maintainer_email", "name", "package_url", "platform", "project_url", "project_urls",
    "provides_extra", "release_url", "requires_dist", "requires_python", "summary", "version",
}  # fmt: skip

RELEASE = Release("1.0+local.1", (wheel("1.0+local.1"),))
METADATA = b"""\
Metadata-Version: 2.4
Name: Foo.Bar
Version: 1.0+local.1
Summary: In a line
Home-page: UNKNOWN
Author: A. Author
Author-email: a@example.org
Keywords: lab,panel
Platform: linux
Platform: windows
Classifier: Topic :: Utilities
Classifier: Typing :: Typed
License-Expression: MIT
License-File: LICENSE
Project-URL: Home, https://example.org
Requires-Python: >=3.9
Requires-Dist: click>=8
Requires-Dist: rich; extra == "colour"
Provides-Extra: colour
Description-Content-Type: text/markdown

# Foo
"""


def test_info__out_of_metadata__has_every_key_of_pypi() -> None:
    """LEG-01, LEG-04: a release that upstream has no document of is described as PyPI would describe it."""
    made = composed_info(PROJECT, RELEASE, METADATA, built=True)
    assert made.keys() == KEYS
    known = {name: value for name, value in made.items() if value is not None}
    assert known == {
        "author": "A. Author",
        "author_email": "a@example.org",
        "classifiers": ["Topic :: Utilities", "Typing :: Typed"],
        "description": "# Foo\n",
        "description_content_type": "text/markdown",
        "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
        "keywords": "lab,panel",
        "license_expression": "MIT",
        "license_files": ["LICENSE"],
        "name": "Foo.Bar",
        "package_url": "https://pypi.org/project/Foo.Bar/",
        "platform": "linux,windows",
        "project_url": "https://pypi.org/project/Foo.Bar/",
        "project_urls": {"Home": "https://example.org"},
        "provides_extra": ["colour"],
        "release_url": "https://pypi.org/project/Foo.Bar/1.0%2Blocal.1/",
        "requires_dist": ["click>=8", 'rich; extra == "colour"'],
        "requires_python": ">=3.9",
        "summary": "In a line",
        "version": "1.0+local.1",
    }


def test_info__without_metadata__says_that_dependencies_are_not_known() -> None:
    """LEG-04: `requires_dist: null` makes poetry look into the file; what the page says of Python is said."""
    made = composed_info(PROJECT, RELEASE, None, built=False)
    assert made.keys() == KEYS
    assert (made["name"], made["version"], made["requires_dist"]) == ("foo-bar", "1.0+local.1", None)
    assert (made["requires_python"], made["summary"], made["description"]) == (">=3.8", None, "")


def test_info__of_a_release_without_dependencies__says_that_there_are_none() -> None:
    """LEG-04: an empty list is an answer, null is none."""
    made = composed_info(PROJECT, RELEASE, b"Metadata-Version: 2.1\nName: foo-bar\nVersion: 1\n", built=True)
    assert made["requires_dist"] == []


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("Metadata-Version: 2.2\n", ["click"]),
        ("Metadata-Version: 2.10\n", ["click"]),
        ("Metadata-Version: 2.1\n", None),
        ("Metadata-Version: 1.0\n", None),
        ("Metadata-Version: none\n", None),
        ("", None),
        ("Metadata-Version: 2.2\nDynamic: Requires-Dist\n", None),
        ("Metadata-Version: 2.2\nDynamic: requires-dist\nDynamic: Version\n", None),
        ("Metadata-Version: 2.2\nDynamic: Version\n", ["click"]),
    ],
)
def test_info__out_of_an_sdist__has_dependencies_where_they_cannot_change(
    head: str, expected: list[str] | None
) -> None:
    """MET-07: what an sdist says holds for its wheels from version 2.2 on, if it is not dynamic (PEP 643)."""
    metadata = f"{head}Name: foo-bar\nVersion: 1.0\nRequires-Dist: click\n".encode()
    assert composed_info(PROJECT, RELEASE, metadata, built=False)["requires_dist"] == expected


def test_info__out_of_metadata_of_another_project__keeps_this_one_s_name() -> None:
    """A name in the metadata that is another project's is not repeated to clients."""
    made = composed_info(PROJECT, RELEASE, b"Metadata-Version: 2.1\nName: evil\nVersion: 9\n", built=True)
    assert (made["name"], made["version"], made["project_url"]) == (
        "foo-bar",
        "1.0+local.1",
        "https://pypi.org/project/foo-bar/",
    )


@given(st.binary(max_size=300) | st.builds(lambda *parts: b"\n".join(parts), *[
    st.sampled_from([*METADATA.splitlines(), b"Name: \xff", b"Metadata-Version: \xe9", b"Project-URL: a, b",
                     b"Keywords: \xff", b"Requires-Dist: \xff", b"", b"Dynamic: \xff", b"Summary: a\n b"])
    for _ in range(6)
]), st.booleans())  # fmt: skip
def test_info__out_of_any_bytes__is_one(metadata: bytes, built: bool) -> None:
    """Metadata are somebody else's bytes: whatever they are, they are read or passed over."""
    made = composed_info(PROJECT, RELEASE, metadata, built=built)
    assert made.keys() == KEYS
    assert made["version"] == "1.0+local.1"
    assert made["requires_dist"] is None or all(isinstance(line, str) for line in made["requires_dist"])
