"""Policies on real pages hit exactly the files that `packaging` says are meant, found here in a way of the test's own."""

from contextlib import suppress

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidSdistFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from addons.policies.deny import Deny
from addons.policies.yank import Yank
from tests.addons.policies.rules import AT, deny_rule, yank_rule
from tests.recorded import recorded_json
from tests.recorded.test_pages import from_json

RULES = (
    ("numpy", "<1.5"),
    ("numpy", "==2.0.*"),
    ("lxml", "==2.3"),
    ("lxml", ">=3.5,<3.7"),
    ("setuptools", "<0.7"),
    ("setuptools", "==0.6rc11"),
    ("setuptools", "<=72,!=72"),
    ("requests", "==2.32.0"),
    ("pytz", "<2010"),
    ("pytz", "==2013b0"),
    ("boto3", "!=1.9.*"),
    ("tensorflow", "==2.0.*"),
)

every_rule = pytest.mark.parametrize(("project", "versions"), RULES)


def _files(project: str, versions: str, *, unreadable: bool) -> set[str]:
    """The files whose version the specifier covers; `unreadable` says whether those of no version count as well."""
    page = recorded_json(f"{project}.json")
    covered = SpecifierSet(versions)
    texts = sorted(page["versions"], key=len, reverse=True)
    found = {entry["filename"]: _version(entry["filename"], texts) for entry in page["files"]}
    return {
        filename
        for filename, version in found.items()
        if (unreadable if version is None else covered.contains(version, prereleases=True))
    }


def _version(filename: str, listed: list[str]) -> Version | None:
    """The version that packaging reads; for what it does not know, the longest listed one behind the project's name."""
    if filename.endswith(".whl"):
        return parse_wheel_filename(filename)[1]
    if filename.endswith((".tar.gz", ".zip")):
        with suppress(InvalidSdistFilename):
            return parse_sdist_filename(filename)[1]
    rest = filename.partition("-")[2]
    text = next(text for text in listed if rest.startswith(text) and rest[len(text)] in "-.")
    with suppress(InvalidVersion):
        return Version(text)
    return None


@every_rule
def test_deny__on_a_real_page__refuses_exactly_the_files_of_these_versions(project: str, versions: str) -> None:
    """JSN-19: old installers and eggs are found by their version too; a file of no version is refused with them."""
    page = Deny([deny_rule(project, versions)]).apply(from_json(project), AT)
    assert {file.filename for file in page.files if file.refused} == _files(project, versions, unreadable=True)
    assert {file.filename for file in page.files if file.refused} != {file.filename for file in page.files}


@every_rule
def test_yank__on_a_real_page__marks_exactly_the_files_of_these_versions(project: str, versions: str) -> None:
    """YNK-07: upstream's own yanks stay, in its words, before ours; nothing else is touched."""
    before = from_json(project)
    after = Yank([yank_rule(project, versions)]).apply(before, AT)
    changed = {new.filename for new, old in zip(after.files, before.files, strict=True) if new != old}
    assert changed == _files(project, versions, unreadable=False)
    assert changed
    for new, old in zip(after.files, before.files, strict=True):
        assert str(new.yanked).startswith(str(old.yanked)) or old.yanked is False
