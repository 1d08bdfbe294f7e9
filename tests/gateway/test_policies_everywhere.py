"""Each policy through whole gateways: what comes over the wire, on both roads, and who is on the project list."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from addons.lane_others import OPTION
from addons.policies.kinds import KINDS
from tests.addons.policies.each import CASES, Case, Effect, attested, policy_of
from tests.fakepypi import FakeFile, FakePyPI
from tests.gateway import planting
from tests.gateway.running import JSON, RunningGateway, configuration

INDEX, FILES = "https://pypi.org", "https://files.pythonhosted.org"
THERE: Mapping[str, Case] = {
    f"case-{number}": CASES[name] for number, name in enumerate(CASES) if policy_of(name) in KINDS
}

type Published = Mapping[str, tuple[FakeFile, FakeFile]]


@contextmanager
def gateways(folder: Path, refusals: str) -> Iterator[tuple[RunningGateway, Published]]:
    """Run one gateway under the policies of all cases, each about a project of its own, of which release 2.0 is the first."""
    with FakePyPI(folder) as pypi:
        published = {name: (case.publish(pypi, name), attested(pypi, name, "1.0")) for name, case in THERE.items()}
        policies = [each for name, case in THERE.items() for each in case.policies(published[name][0])]
        with RunningGateway(configuration(pypi, folder, policies=policies, refusals=refusals)) as gateway:
            yield gateway, published


@pytest.fixture(scope="module", params=["explain", "hide"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningGateway, Published, bool]]:
    """A gateway for all tests here, its projects, and whether it hides what it refuses."""
    with gateways(tmp_path_factory.mktemp("everywhere"), request.param) as (gateway, published):
        yield gateway, published, request.param == "hide"


def is_listed(effect: Effect, *, hide: bool) -> bool:
    """Tell whether a page has such a file."""
    return effect in ("left", "yanked") or (not hide and effect != "unlisted")


def is_marked(effect: Effect) -> bool:
    """Tell whether it is listed as yanked."""
    return effect in ("refused", "yanked")


def told(answer: httpx.Response) -> tuple[int, bool]:
    """Give an answer's status, and whether its reason is a policy's."""
    return answer.status_code, answer.reason_phrase.startswith("Blocked by wheelgate: ")


@pytest.mark.parametrize("lane", [True, False], ids=["lane", "flows"])
@pytest.mark.parametrize("project", THERE)
def test_policy__over_the_wire__is_one_decision_on_all_routes(
    running: tuple[RunningGateway, Published, bool], project: str, lane: bool
) -> None:
    """FIL-06, FIL-09, MET-14, LEG-03, LEG-08: asked as pip, uv and poetry ask, on the fast road and on the other."""
    gateway, published, hide = running
    planting.option(gateway, **{OPTION: lane})
    with gateway.client() as client:
        page = client.get(f"{INDEX}/simple/{project}/", headers={"Accept": JSON}).json()
        page_in_html = client.get(f"{INDEX}/simple/{project.upper()}/", follow_redirects=True).text
        document = client.get(f"{INDEX}/pypi/{project}/json")
        for file, effect in zip(published[project], (THERE[project].effect, THERE[project].others), strict=True):
            listed = is_listed(effect, hide=hide)
            marked = [bool(entry.get("yanked")) for entry in page["files"] if entry["filename"] == file.filename]
            assert marked == [is_marked(effect)] * listed
            assert (f">{file.filename}</a>" in page_in_html) == listed
            assert (file.filename in document.text) == listed
            release = client.get(f"{INDEX}/pypi/{project}/{file.version}/json")
            yanked = [url["yanked"] for url in release.json().get("urls", [])]
            assert (release.status_code, yanked) == ((200, [is_marked(effect)]) if listed else (404, []))
            _had(client, file, effect in ("left", "yanked"))


def _had(client: httpx.Client, file: FakeFile, had: bool) -> None:
    ask: dict[str, Any] = {
        "file": {"url": file.url},
        "by a part": {"url": file.url, "headers": {"Range": "bytes=0-9"}},
        "by its head": {"url": file.url, "method": "HEAD"},
        "of the client's cache": {"url": file.url, "headers": {"If-None-Match": f'"{file.sha256}"'}},
        "on the index": {"url": f"{INDEX}{file.path}?x=1"},
        "metadata": {"url": f"{file.url}.metadata"},
        "escaped metadata": {"url": f"{file.url}%2emetadata"},
        "made up": {"url": f"{FILES}/packages/py3/{file.project[0]}/{file.project}/{file.filename}"},
        "provenance": {"url": file.extra["provenance"]},
    }
    statuses = {"by a part": 206, "of the client's cache": 304, "made up": 302}
    for way, asked in ask.items():
        found = told(client.request(**{"method": "GET", **asked}))
        assert found == ((statuses.get(way, 200), False) if had else (403, True)), way


def test_list__under_all_policies__has_who_has_anything(running: tuple[RunningGateway, Published, bool]) -> None:
    """MRG-12, JSN-21: in both forms; a project is off it only if a policy refuses all of it whatever its page says."""
    gateway, _, hide = running
    expected = sorted(name for name, case in THERE.items() if case.listed or not hide)
    in_json = gateway.get(f"{INDEX}/simple/", accept=JSON).json()
    assert [entry["name"] for entry in in_json["projects"]] == expected
    in_html = gateway.get(f"{INDEX}/simple/", accept="text/html").text
    assert {name for name in THERE if f'href="{name}/"' in in_html} == set(expected)
