"""Real legacy documents, rewritten after the real page: with no policy between, PyPI's own words come out."""

from collections.abc import Sequence
from typing import Any

import pytest

from addons.legacy.agreeing import describes, project_document, release_document, vulnerabilities
from addons.legacy.shelf import Shelf, shelved
from tests.recorded import recorded_json
from tests.recorded.test_pages import from_json

SAME_AS_0_12_01 = "0.12.1"
"""requests was released as 0.12.01 and as 0.12.1, which are one version: here they are one release."""

every_document = pytest.mark.parametrize("project", ["iniconfig", "requests"])


def _both(project: str) -> tuple[dict[str, Any], Shelf]:
    return recorded_json(f"{project}.legacy.json"), shelved(from_json(project))


def _told(entries: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """File objects by filename, without what the recorded page does not have (a plain mirror's names no core metadata)."""
    return {entry["filename"]: {key: entry[key] for key in entry if key != "core-metadata"} for entry in entries}


@every_document
def test_project_document__of_a_real_project__is_the_real_document(project: str) -> None:
    """LEG-01, LEG-02, LEG-04: the same releases in the same order, each file object to the key, the same latest release."""
    real, shelf = _both(project)
    assert shelf.latest is not None
    assert describes(real, shelf.latest)
    ours = project_document(real, shelf, shelf.latest, real["info"], vulnerabilities(real) or [])
    assert list(ours["releases"]) == [text for text in real["releases"] if text != SAME_AS_0_12_01]
    every = [entry for entries in real["releases"].values() for entry in entries]
    assert _told([entry for entries in ours["releases"].values() for entry in entries]) == _told(every)
    for text in ours["releases"].keys() - {"0.12.01"}:
        assert _told(ours["releases"][text]) == _told(real["releases"][text])
    assert ours.keys() == real.keys()
    assert ours["info"] == real["info"]


def test_release_document__of_a_real_yanked_release__says_so_in_pypis_words() -> None:
    """LEG-03, YNK-08: the release is yanked because all its files are."""
    real, shelf = _both("requests")
    release = shelf.find("2.32.0")
    assert release is not None
    ours = release_document(real, release, real["info"], [])
    assert ours["info"]["yanked"] is True
    assert ours["info"]["yanked_reason"] == "Yanked due to conflicts with CVE-2024-35195 mitigation"
    assert _told(ours["urls"]) == _told(real["releases"]["2.32.0"])
