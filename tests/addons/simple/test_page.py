import pytest

from addons.simple.page import File, Page, versions_of, with_files, without_versions
from tests.addons.simple.drawing import PROJECT


def _file(filename: str) -> File:
    return File(filename=filename, url=f"https://example.org/{filename}", hashes={})


ONE, ONE_SDIST, TWO = (
    _file("foo_bar-1.0-py3-none-any.whl"),
    _file("foo-bar-1.0.tar.gz"),
    _file("foo_bar-2.0-py3-none-any.whl"),
)
PAGE = Page(project=PROJECT, files=(ONE, ONE_SDIST, TWO), versions=("0.1", "1.0.0", "2.0", "2004d"))


@pytest.mark.parametrize(
    ("files", "versions"),
    [
        ((ONE, ONE_SDIST, TWO), ("0.1", "1.0.0", "2.0", "2004d")),
        ((ONE, TWO), ("0.1", "1.0.0", "2.0", "2004d")),
        ((TWO,), ("0.1", "2.0", "2004d")),
        ((), ("0.1", "2004d")),
        ((ONE, ONE_SDIST, TWO, _file("foo_bar-3.0-py3-none-any.whl")), ("0.1", "1.0.0", "2.0", "2004d", "3.0")),
    ],
)
def test_with_files__other_files__versions_follow(files: tuple[File, ...], versions: tuple[str, ...]) -> None:
    """JSN-14: a version that lost all its files goes, whichever way it is spelled; one that never had files stays."""
    page = with_files(PAGE, files)
    assert page.files == files
    assert page.versions == versions


def test_with_files__no_versions_listed__none_invented() -> None:
    """A page whose source listed no versions still lists none."""
    page = Page(project=PROJECT, files=(ONE, TWO))
    assert with_files(page, iter([ONE])) == Page(project=PROJECT, files=(ONE,))


def test_without_versions__a_forbidden_one__leaves_the_list() -> None:
    """JSN-14: a rule can take a version without files out of the list."""
    assert without_versions(PAGE, lambda text: text == "0.1").versions == ("1.0.0", "2.0", "2004d")
    assert without_versions(Page(project=PROJECT, files=()), lambda _: True).versions is None


def test_versions_of__none_listed__those_of_the_files() -> None:
    """VER-04: the list above API version 1.0 can be made from the files, each version once."""
    assert versions_of(Page(project=PROJECT, files=(ONE, ONE_SDIST, TWO, _file("foo_bar.txt")))) == ("1.0", "2.0")
    assert versions_of(PAGE) == PAGE.versions
