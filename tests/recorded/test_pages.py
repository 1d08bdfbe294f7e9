"""Real pages through both forms: what PyPI says of a file arrives, whatever its age and shape."""

import json
import logging
from typing import Any

import pytest

from addons.simple.html_form import read_html, render_html
from addons.simple.json_form import read_json, render_json
from addons.simple.names import normalise
from addons.simple.page import Page
from tests.recorded import recorded, recorded_json

PROJECTS = (
    "boto3",
    "datacamp-light",
    "iniconfig",
    "lxml",
    "numpy",
    "pepy",
    "pytz",
    "requests",
    "setuptools",
    "tensorflow",
)
STATUS = {"datacamp-light": "quarantined", "pepy": "archived"}
IN_HTML = ("numpy", "requests", "setuptools")
ADDED = {"numpy": ["1.0.1.dev3460", "1.10.0.post2"]}
"""Versions of files that PyPI has among those of another release: clients go by the filename."""

every_page = pytest.mark.parametrize("project", PROJECTS)
every_html = pytest.mark.parametrize("project", IN_HTML)


def _url(project: str) -> str:
    return f"https://pypi.org/simple/{project}/"


def from_json(project: str) -> Page:
    """The recorded JSON page as the gateway reads it."""
    return read_json(recorded(f"{project}.json"), _url(project), normalise(project))


def _from_html(project: str) -> Page:
    return read_html(recorded(f"{project}.html"), _url(project), normalise(project))


def _said(page: Page) -> dict[str, tuple[object, ...]]:
    """What both forms can say of each file."""
    return {
        file.filename: (file.url, file.hashes["sha256"], file.requires_python, file.yanked, file.core_metadata)
        for file in page.files
    }


@every_page
def test_render_json__of_a_real_page__has_every_file_with_every_field(project: str) -> None:
    """JSN-02, JSN-04, JSN-06, JSN-07, JSN-19: no real file is dropped for its age or shape, no field is changed, in order."""
    real = recorded_json(f"{project}.json")
    ours: dict[str, Any] = json.loads(render_json(from_json(project)))
    without_null = [{key: value for key, value in entry.items() if value is not None} for entry in real["files"]]
    assert [{"yanked": False} | entry for entry in ours["files"]] == without_null


@every_page
def test_render_json__of_a_real_page__lists_the_versions_that_pypi_lists(project: str) -> None:
    """JSN-14: those without files and those that PEP 440 does not allow stay; what only a filename says comes behind."""
    ours = json.loads(render_json(from_json(project)))["versions"]
    assert ours == recorded_json(f"{project}.json")["versions"] + ADDED.get(project, [])


@every_page
def test_render_json__of_a_real_page__keeps_the_keys_that_it_does_not_know(project: str) -> None:
    """JSN-02, JSN-15: the serial in `meta` is none of the standard's, and stays a text where it is one."""
    serial = recorded_json(f"{project}.json")["meta"].get("_last-serial")
    assert json.loads(render_json(from_json(project)))["meta"].get("_last-serial") == serial


@every_page
def test_render__of_a_real_page__has_the_projects_status_in_both_forms(project: str) -> None:
    """YNK-09, HTM-14, JSN-15: archived projects are installed as ever, of quarantined ones there is nothing; both forms say it."""
    page, status = from_json(project), STATUS.get(project)
    assert page.status == status
    assert json.loads(render_json(page)).get("project-status", {}).get("status") == status
    assert read_html(render_html(page), _url(project), page.project).status == status
    assert bool(page.files) is (status != "quarantined")


@every_page
def test_render_html__of_a_real_page__says_what_its_json_says(project: str) -> None:
    """HTM-03, HTM-04, HTM-05: URLs, hashes, requires-python and yank reasons survive the other form."""
    page = from_json(project)
    again = read_html(render_html(page), _url(project), page.project)
    assert _said(again) == _said(page)
    assert [file.filename for file in again.files] == [file.filename for file in page.files]


@every_html
def test_read_html__of_a_real_page__says_what_its_json_says(project: str) -> None:
    """HTM-09: PyPI's own HTML means to us what its JSON means."""
    ours, json_page = _said(_from_html(project)), _said(from_json(project))
    assert ours.keys() == json_page.keys()
    differing = {name for name, said in ours.items() if _trimmed(said) != _trimmed(json_page[name])}
    assert not differing


def _trimmed(said: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(value.strip() if isinstance(value, str) else value for value in said)


@every_page
def test_read_json__of_a_real_page__finds_nothing_odd(project: str, caplog: pytest.LogCaptureFixture) -> None:
    """JSN-19: eggs, installers, RPMs and versions that are none are old, not odd: nobody is warned of them."""
    with caplog.at_level(logging.WARNING):
        from_json(project)
    assert not caplog.messages


@every_html
def test_read_html__of_a_real_page__finds_nothing_odd(project: str, caplog: pytest.LogCaptureFixture) -> None:
    """JSN-19: nor in HTML."""
    with caplog.at_level(logging.WARNING):
        _from_html(project)
    assert not caplog.messages
