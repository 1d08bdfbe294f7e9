"""What a document is, and of which project, by its address."""

import pytest

from addons.cache.whose import Whose, kind_of

PYPI = "https://pypi.org/simple/"
OWN = "https://index.example.org/root/pypi/+simple/"


@pytest.mark.parametrize(
    ("index", "url", "kind", "project"),
    [
        (PYPI, "https://pypi.org/simple/foo-bar/", "page", "foo-bar"),
        (OWN, f"{OWN}foo-bar/", "page", "foo-bar"),
        (PYPI, "https://pypi.org/pypi/foo-bar/json", "legacy", "foo-bar"),
        (PYPI, "https://pypi.org/pypi/foo-bar/1.0%2B1/json", "legacy", "foo-bar"),
        (PYPI, "https://pypi.org/integrity/foo-bar/1.0/foo_bar-1.0.tar.gz/provenance", "provenance", "foo-bar"),
        (
            PYPI,
            "https://files.pythonhosted.org/packages/a/Foo.Bar-1.0-py3-none-any.whl.metadata",
            "metadata",
            "foo-bar",
        ),
        (OWN, f"{OWN}a%2Fb/foo_bar-1.0+x-py3-none-any.whl.metadata?key=1", "metadata", "foo-bar"),
        (PYPI, "https://pypi.org/simple/foo/#kept", "page", "foo"),
        (PYPI, "https://pypi.org/simple/", "other", None),
        (PYPI, "https://pypi.org/simple/foo/bar/", "other", None),
        (PYPI, "https://pypi.org/pypi?%3Aaction=list_classifiers", "classifiers", None),
        (PYPI, "https://pypi.org/pypi/a/b/c/json", "other", None),
        (PYPI, "https://example.org/", "other", None),
        (PYPI, "provenance", "provenance", None),
        (PYPI, "", "other", None),
        ("", "", "other", None),
    ],
)
def test_kind__of_an_address__is_told_with_its_project(index: str, url: str, kind: str, project: str | None) -> None:
    """In whichever spelling a file is named; what tells nothing is of no project."""
    assert kind_of(Whose("any", index, "", url)) == (kind, project)
