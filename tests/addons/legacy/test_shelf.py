"""Releases out of a page, and the one that PyPI would show first."""

import pytest

from addons.legacy.shelf import Shelf, shelved
from addons.simple.page import File
from tests.addons.legacy.making import file, page, wheel


def latest(*files: File, versions: tuple[str, ...] | None = None) -> str | None:
    """Return the text of the latest release of a page."""
    found = shelved(page(*files, versions=versions)).latest
    return found.text if found is not None else None


def texts(shelf: Shelf) -> dict[str, list[str]]:
    """Return the filenames by version."""
    return {release.text: [one.filename for one in release.files] for release in shelf.releases.values()}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([wheel("1.9"), wheel("1.10"), wheel("1.2")], "1.10"),
        ([wheel("1.0"), wheel("2.0rc1"), wheel("2.0.dev1")], "1.0"),
        ([wheel("1.0rc1"), wheel("1.0a1")], "1.0rc1"),
        ([wheel("1.0"), wheel("2.0", yanked=True)], "1.0"),
        ([wheel("1.0"), wheel("2.0", yanked="bad"), wheel("3.0", yanked="")], "1.0"),
        ([wheel("1.0rc1"), wheel("2.0", yanked="bad")], "1.0rc1"),
        ([wheel("1.0", yanked=True), wheel("2.0", yanked=True), wheel("3.0rc1", yanked=True)], "2.0"),
        ([wheel("1.0"), wheel("2.0", yanked=True), file("foo_bar-2.0.tar.gz")], "2.0"),
        ([wheel("1.0.post1"), wheel("1!0.1")], "1!0.1"),
        ([wheel("1.0rc1"), file("foo-bar-2004d.tar.gz")], "1.0rc1"),
        ([file("foo-bar-2004d.tar.gz"), file("foo-bar-2004e.tar.gz")], "2004e"),
        ([], None),
    ],
)  # fmt: skip
def test_latest__is_not_yanked_no_pre_release_and_highest_in_this_order(
    files: list[File], expected: str | None
) -> None:
    """LEG-02: PyPI's order; a release is yanked when all its files are."""
    assert latest(*files) == expected


def test_latest__never_is_a_release_without_files() -> None:
    """LEG-02: of a listed version without files nothing could be said."""
    assert latest(wheel("1.0"), versions=("1.0", "9.0")) == "1.0"
    assert latest(versions=("9.0",)) is None


@pytest.mark.parametrize("spelling", ["1.0", "1.0.0", "v1", "01.0", "1.00"])
def test_find__in_any_spelling_of_a_version__gives_its_files(spelling: str) -> None:
    """LEG-03: 1.0 is 1.0.0."""
    shelf = shelved(page(wheel("1.0"), file("foo_bar-1.0.0.tar.gz"), wheel("1.0.1"), versions=("1.0.0", "1.0.1")))
    found = shelf.find(spelling)
    assert found is not None
    assert (found.text, [one.filename for one in found.files]) == (
        "1.0.0",
        ["foo_bar-1.0-py3-none-any.whl", "foo_bar-1.0.0.tar.gz"],
    )


@pytest.mark.parametrize("text", ["2.0", "1.0.1", "", "no version", "1.0\n2", "9" * 5000])
def test_find__of_a_version_without_files__gives_nothing(text: str) -> None:
    """LEG-03: nothing is known of what the page does not show, nor of what it lists without a file."""
    assert shelved(page(wheel("1.0"), versions=("1.0", "2.0"))).find(text) is None


def test_shelf__of_files_whose_version_cannot_be_read__goes_by_the_listed_versions() -> None:
    """A file that no version can be read from stands with the listed version that its name begins with, or alone."""
    files = ["foo-bar-2004d.tar.gz", "foo-bar-2004d-odd.zip", "foo_bar-rest-of-it.tar.gz", "foo-bar-1.0.tar.gz"]
    assert texts(shelved(page(*map(file, files), versions=("1.0", "2004d", "2004")))) == {
        "1.0": ["foo-bar-1.0.tar.gz"],
        "2004d": ["foo-bar-2004d.tar.gz", "foo-bar-2004d-odd.zip"],
        "2004": [],
        "rest-of-it": ["foo_bar-rest-of-it.tar.gz"],
    }


@pytest.mark.parametrize(
    ("yanks", "expected"),
    [
        ([False, "a"], (False, None)),
        ([True, True], (True, None)),
        (["", True], (True, None)),
        (["a", "b", "a", True], (True, "a; b")),
    ],
)
def test_release__of_files_with_yanks__is_yanked_when_all_are(
    yanks: list[bool | str], expected: tuple[bool, str | None]
) -> None:
    """YNK-08: the release's yank is that of all its files, with every reason once."""
    files = [file(f"foo_bar-1.0-{at}-py3-none-any.whl", yanked=yank) for at, yank in enumerate(yanks)]
    release = shelved(page(*files)).find("1.0")
    assert release is not None
    assert (release.yanked, release.reason) == expected
