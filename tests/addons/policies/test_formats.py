from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from addons.policies.formats import Formats, FormatsRule, format_of
from proxyconf.misfit import Misfit
from tests.addons.policies.rules import AT, page, refused, wheel
from tests.addons.policies.shapes import own

SDIST, EGG, ODD = "foo-bar-1.0.tar.gz", "foo_bar-1.0-py2.7.egg", "foo_bar-1.0-variants.json"
FILES = (wheel("1.0"), SDIST, EGG, "foo_bar-1.0.win32.exe", ODD)


def rules(*written: dict[str, Any]) -> Formats:
    """Make the policy."""
    return Formats([FormatsRule(**rule) for rule in written])


@pytest.mark.parametrize(
    ("filename", "kind"),
    [
        (wheel("1.0"), "wheel"),
        ("X-1.WHL", "wheel"),
        *((f"x-1{ending}", "sdist") for ending in (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".TAR.Z", ".tar")),
        ("x-1.tar.lzma", "sdist"),
        (EGG, "egg"),
        *((f"x-1{ending}", "installer") for ending in (".exe", ".msi", ".rpm", ".dmg", ".Exe")),
        (ODD, "other"),
        ("x", "other"),
    ],
)
def test_format__by_its_ending__is_told(filename: str, kind: str) -> None:
    """Every archive that pip would build is an sdist, in whatever case its name is written."""
    assert format_of(filename) == kind


@pytest.mark.parametrize(
    ("rule", "hit"),
    [
        ({"only": ("wheel",)}, set(FILES[1:])),
        ({"only": ("wheel", "sdist")}, set(FILES[2:])),
        ({"refuse": ("sdist", "egg")}, {SDIST, EGG}),
        ({"refuse": ()}, set()),
    ],
)
def test_formats__only_or_refuse__keep_the_others_outside(rule: dict[str, Any], hit: set[str]) -> None:
    """A list of what comes in, or of what does not."""
    assert refused(rules(rule).apply(page(*FILES), AT)) == hit


def test_formats__with_an_exception_above__let_it_in() -> None:
    """The first rule that covers a file decides, and only the first."""
    exception = {"project": "Foo.Bar", "versions": SpecifierSet("==1.0"), "refuse": ()}
    files = (SDIST, "foo-bar-2.0.tar.gz")
    assert refused(rules(exception, {"only": ("wheel",)}).apply(page(*files), AT)) == {files[1]}
    assert refused(rules({"only": ("wheel",)}, exception).apply(page(*files), AT)) == set(files)


def test_formats__of_a_file_without_a_version__are_not_let_in_by_a_guess() -> None:
    """JSN-19: an exception for a version covers no file whose version cannot be read, a refusal for one does."""
    odd = page("foo_bar-nightly.tar.gz")
    versions = SpecifierSet("==1.0")
    assert refused(rules({"versions": versions, "refuse": ()}, {"only": ("wheel",)}).apply(odd, AT))
    assert refused(rules({"versions": versions, "only": ("wheel",)}).apply(odd, AT))


def test_formats__by_sha256__decide_on_that_file() -> None:
    """An exception for the one file that was looked through, in any project."""
    exception = {"sha256": ("ab" * 32,), "refuse": ()}
    assert not refused(rules(exception, {"only": ("wheel",)}).apply(page(SDIST), AT))


def test_formats__of_own_files__are_free_unless_said() -> None:
    """What the organisation builds itself is not judged by a rule that does not say `own`."""
    ours = own(page(SDIST))
    assert rules({"only": ("wheel",)}).apply(ours, AT) is ours
    assert refused(rules({"only": ("wheel",), "own": True}).apply(ours, AT)) == {SDIST}
    assert refused(rules({"refuse": ()}, {"only": ("wheel",), "own": True}).apply(ours, AT)) == {SDIST}


def test_formats__of_a_release_with_an_sdist_only__say_why_and_what_to_do() -> None:
    """It stays listed as yanked, so that unpinned installs take another; the rule's own words go before ours."""
    [file] = rules({"only": ("wheel",)}).apply(page(SDIST), AT).files
    assert isinstance(file.yanked, str)
    assert file.yanked.startswith(
        "Blocked by wheelgate: formats: an sdist runs its own code when it is installed; take"
    )
    assert file.refused is not None
    assert not file.refused.hidden
    [file] = rules({"only": ("wheel",), "reason": "ask us"}).apply(page(SDIST), AT).files
    assert file.yanked == "Blocked by wheelgate: formats: ask us"


@pytest.mark.parametrize("rule", [{}, {"only": ()}, {"only": ("wheel",), "refuse": ()}])
def test_formats__without_a_meaning__are_misfits(rule: dict[str, Any]) -> None:
    """A rule says one thing."""
    with pytest.raises(Misfit):
        rules(rule)
