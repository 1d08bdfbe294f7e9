"""Documents agree with the page in every file, version and yank."""

from typing import Any

from hypothesis import given

from addons.legacy.agreeing import describes, project_document, release_document, vulnerabilities
from addons.legacy.shelf import Key, key, shelved
from addons.simple.page import Page, versions_of
from tests.addons.legacy.making import document, documents, file, page, pages, wheel


def whole(upstream: dict[str, Any], shown: Page, **info: Any) -> dict[str, Any]:
    """Return upstream's document of the project as it agrees with the page."""
    shelf = shelved(shown)
    assert shelf.latest is not None
    return project_document(upstream, shelf, shelf.latest, info or upstream.get("info", {}), [])


def test_document__of_an_untouched_page__is_upstream_s() -> None:
    """LEG-02: where no policy did anything, nothing is lost and nothing is added."""
    one, two = wheel("1.0"), wheel("2.0")
    upstream = document({"1.0": [one], "2.0": [two]}, "2.0")
    made = project_document(upstream, shelf := shelved(page(one, two)), shelf.releases[key("2.0")], upstream["info"],
                            upstream["vulnerabilities"])  # fmt: skip
    assert made == {**upstream, "info": {**upstream["info"], "yanked_reason": None}}
    assert list(made["releases"]) == ["1.0", "2.0"]


def test_document__keeps_what_it_does_not_know() -> None:
    """LEG-02: unknown keys, `last_serial` and `ownership` stay as they are."""
    upstream = document({"1.0": [wheel("1.0")]}, "1.0", tomorrow={"a": [None]})
    made = whole(upstream, page(wheel("1.0")))
    assert (made["tomorrow"], made["last_serial"], made["ownership"]) == ({"a": [None]}, 42, {"organization": None})
    assert made["info"]["new-key"] == ["1.0"]


def test_document__of_a_page_without_a_version__has_nothing_of_it() -> None:
    """LEG-02: a version that the page does not show is neither a key, nor empty, nor anywhere else."""
    upstream = document({"1.0": [wheel("1.0")], "6.6.6": [wheel("6.6.6")], "0.9": []}, "6.6.6")
    made = whole(upstream, page(wheel("1.0")), version="1.0")
    assert list(made["releases"]) == ["1.0"]
    assert [one["filename"] for one in made["urls"]] == [wheel("1.0").filename]
    assert "6.6.6" not in str({**made, "vulnerabilities": None, "info": made["info"]["version"]})


def test_document__of_a_page_with_more__has_the_more() -> None:
    """LEG-01: files and versions that upstream's document lacks (another source's, or newer ones) are in it."""
    own = file("foo_bar-1.0.tar.gz", url="https://files.pythonhosted.org/wheelgate/own/foo-bar/foo_bar-1.0.tar.gz")
    upstream = document({"1.0": [wheel("1.0")]}, "1.0")
    made = whole(upstream, page(wheel("1.0"), own, wheel("2.0")), version="2.0")
    assert {text: [one["filename"] for one in files] for text, files in made["releases"].items()} == {
        "1.0": [wheel("1.0").filename, own.filename],
        "2.0": [wheel("2.0").filename],
    }
    assert made["releases"]["1.0"][1]["url"] == own.url
    assert made["info"]["version"] == "2.0"


def test_document__spelling_versions_otherwise__keeps_its_spelling() -> None:
    """LEG-03: 1.0 and 1.0.0 are one release, under upstream's key, also in `info`."""
    upstream = document({"1.0.0": [wheel("1.0")]}, "1.0")
    made = whole(upstream, page(wheel("1.0"), versions=("1",)))
    assert (list(made["releases"]), made["info"]["version"]) == (["1.0.0"], "1.0.0")
    assert made["urls"] == made["releases"]["1.0.0"] != []


def test_document__of_yanked_files__is_yanked() -> None:
    """YNK-08: `info.yanked` is true when all files of the release are, with their words."""
    shown = page(wheel("1.0", yanked="Blocked by wheelgate: deny: no"))
    made = whole(document({"1.0": [wheel("1.0")]}, "1.0"), shown)
    assert (made["info"]["yanked"], made["info"]["yanked_reason"]) == (True, "Blocked by wheelgate: deny: no")
    assert (made["urls"][0]["yanked"], made["urls"][0]["yanked_reason"]) == (True, "Blocked by wheelgate: deny: no")


def test_release_document__has_no_releases() -> None:
    """LEG-03: the version's form has `urls` and `info`, and no key `releases`, out of whichever document it is made."""
    one, two = wheel("1.0"), wheel("2.0", yanked=True)
    upstream, release = document({"1.0": [one], "2.0": [two]}, "2.0"), shelved(page(one, two)).releases[key("1.0")]
    made = release_document(upstream, release, {"version": "1.0"}, [])
    assert "releases" not in made
    assert [entry["filename"] for entry in made["urls"]] == [one.filename]
    assert made["info"] == {"version": "1.0", "yanked": False, "yanked_reason": None}
    assert made["last_serial"] == 42


def test_vulnerabilities__that_are_no_list__are_not_known() -> None:
    """LEG-06: what upstream says is taken as it is; what is no list says nothing."""
    assert vulnerabilities({"vulnerabilities": [{"id": "X"}, 1]}) == [{"id": "X"}, 1]
    odd: list[dict[str, Any]] = [{}, {"vulnerabilities": None}, {"vulnerabilities": {}}]
    assert [vulnerabilities(one) for one in odd] == [None] * 3


@given(pages(), documents)
def test_document__of_any_page_and_upstream__agrees_with_the_page(shown: Page, upstream: dict[str, Any]) -> None:
    """LEG-02, YNK-08: files, URLs, versions and yanks are the page's, all of them and no other."""
    shelf = shelved(shown)
    if shelf.latest is None:
        assert not shown.files
        return
    made = whole(upstream, shown)
    entries = [entry for files in made["releases"].values() for entry in files]
    expected = {(one.filename, one.url, one.yanked is not False, one.requires_python) for one in shown.files}
    said = {(one["filename"], one["url"], one["yanked"], one["requires_python"]) for one in entries}
    assert said == expected
    assert len(entries) == len(shown.files)
    listed: set[Key] = {key(text) for text in versions_of(shown)}
    with_files = {key(text) for text, files in made["releases"].items() if files}
    assert {key(text) for text in made["releases"]} == listed | with_files
    assert made["urls"] == made["releases"][made["info"]["version"]] != []
    assert made["info"]["yanked"] == all(entry["yanked"] for entry in made["urls"])


@given(pages(), documents)
def test_release_document__of_any_page_and_upstream__agrees_with_the_project_s(
    shown: Page, upstream: dict[str, Any]
) -> None:
    """LEG-03: each release's own document has the very files of the project's, and its yank."""
    shelf = shelved(shown)
    for release in shelf.releases.values():
        if shelf.latest is None or shelf.find(release.text) is None:
            continue
        made = release_document(upstream, release, {}, [])
        [told] = [files for text, files in whole(upstream, shown)["releases"].items() if key(text) == release.key]
        assert made["urls"] == told
        assert made["info"]["yanked"] == release.yanked
        assert describes(made, release)
