"""The organisation's own store through a whole gateway: on every route, from the addresses that clients have built in."""

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from addons.lane_others import OPTION
from addons.simple.names import ProjectName
from addons.store.database import Database
from addons.store.projects import Projects
from tests.fakepypi import FakePyPI
from tests.gateway import planting
from tests.gateway.listing import PUBLIC, listed
from tests.gateway.running import JSON, RunningGateway, configuration
from tests.storing import UPLOADED, anybody, release

INDEX = "https://pypi.org"
LEGACY = "https://pypi.python.org"  # which twine asks
FILES = "https://files.pythonhosted.org/wheelgate/store/demo-up"
STORE = {"name": "store", "store": True}
SHARED = {"sources": [STORE, PUBLIC]}
DEMO = ProjectName("demo-up")
WHEEL = "demo_up-1.0-py3-none-any.whl"
NUMBERS = itertools.count(1)


class Place:
    """A gateway whose store has two releases of a project that is PyPI's as well, in another version."""

    def __init__(self, folder: Path, pypi: FakePyPI) -> None:
        self.pypi = pypi
        self.store = folder / "store"
        self.one = release(self.store, "Demo.Up", requires_python=">=3.9", requires=("other>=1",), padding=300_000)
        self.two = release(self.store, "Demo.Up", "2.0", kind="sdist")
        self.public = pypi.release("demo-up", "9.0")
        Projects(Database(self.store)).yank(DEMO, [self.two.filename], "slow", anybody, by="user:alice", at=UPLOADED)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, RunningGateway]]:
    """Such a one."""
    folder: Path = tmp_path_factory.mktemp("stored")
    with FakePyPI(folder) as pypi:
        place = Place(folder, pypi)
        with RunningGateway(configuration(pypi, folder, **SHARED)) as gateway:
            yield place, gateway


@pytest.fixture(params=[True, False], ids=["lane", "flow road"])
def gateway(place: tuple[Place, RunningGateway], request: pytest.FixtureRequest) -> RunningGateway:
    """Its gateway, on either road."""
    planting.option(place[1], **{OPTION: request.param})
    return place[1]


@pytest.fixture
def here(place: tuple[Place, RunningGateway]) -> Iterator[Place]:
    """What is in the store; PyPI was not asked about any of that."""
    yield place[0]
    assert place[0].pypi.asked("/simple/demo-up/") == place[0].pypi.asked("/pypi/demo-up/json") == []


def test_page__of_a_stored_project__is_had_from_the_default_index(gateway: RunningGateway, here: Place) -> None:
    """UPL-16, UPL-30, MRG-01, MRG-11: as JSON, and as HTML for who takes anything (hatch); PyPI's release is not there."""
    second, first = sorted(listed(gateway, "demo-up"), key=lambda entry: str(entry["filename"]))[::-1]
    assert first == {
        "filename": WHEEL,
        "url": f"{FILES}/{WHEEL}",
        "hashes": {"sha256": here.one.sha256},
        "requires-python": ">=3.9",
        "size": here.one.size,
        "upload-time": "2026-11-23T10:00:00.250000Z",
        "core-metadata": {"sha256": here.one.metadata_sha256},
    }
    assert (second["filename"], second["yanked"], "core-metadata" in second) == ("demo_up-2.0.tar.gz", "slow", False)
    page = gateway.page("demo-up").json()
    assert (page["versions"], page["project-status"]) == (["1.0", "2.0"], {"status": "active"})
    html = gateway.get(f"{INDEX}/simple/demo-up/", accept="*/*")
    assert html.headers["content-type"] == "text/html; charset=utf-8"
    assert f'href="{FILES}/{WHEEL}#sha256={here.one.sha256}"' in html.text


def test_metadata__of_a_stored_wheel__is_where_its_page_says(gateway: RunningGateway, here: Place) -> None:
    """UPL-16: byte for byte as announced."""
    metadata = gateway.get(f"{FILES}/{WHEEL}.metadata")
    assert hashlib.sha256(metadata.content).hexdigest() == here.one.metadata_sha256
    assert b"Requires-Dist: other>=1" in metadata.content


def test_file__of_the_store__is_had_on_both_roads(gateway: RunningGateway, here: Place) -> None:
    """FIL-06: whole, in ranges, and not again for who has it; what no page lists is not had."""
    whole = gateway.get(f"{FILES}/{WHEEL}")
    assert (whole.status_code, hashlib.sha256(whole.content).hexdigest()) == (200, here.one.sha256)
    part = gateway.get(f"{FILES}/{WHEEL}", Range="bytes=1000-1999")
    assert (part.status_code, part.content) == (206, whole.content[1000:2000])
    rest = gateway.get(f"{FILES}/{WHEEL}", Range="bytes=200000-")
    assert (rest.status_code, rest.content) == (206, whole.content[200_000:])
    head = gateway.get(f"{FILES}/{WHEEL}", "HEAD")
    assert (head.status_code, head.headers["content-length"]) == (200, str(here.one.size))
    assert gateway.get(f"{FILES}/{WHEEL}", If_None_Match=whole.headers["etag"]).status_code == 304
    assert gateway.get(f"{FILES}/demo_up-9.0-py3-none-any.whl").status_code == 403
    assert gateway.get(here.public.url).status_code == 403


@pytest.mark.parametrize("name", ["demo-up", "Demo.Up", "demo_up"])
def test_legacy_json__of_a_stored_project__has_its_releases(gateway: RunningGateway, here: Place, name: str) -> None:
    """UPL-30, LEG-03, MRG-02: from where `twine upload --skip-existing` asks, which follows redirects."""
    with gateway.client() as client:
        answer = client.get(f"{LEGACY}/pypi/{name}/json", follow_redirects=True, headers={"Accept": "application/json"})
    assert answer.status_code == 200
    releases = answer.json()["releases"]
    assert {version: [file["filename"] for file in files] for version, files in releases.items()} == {
        "1.0": [WHEEL],
        "2.0": ["demo_up-2.0.tar.gz"],
    }
    assert (answer.json()["info"]["version"], answer.json()["info"]["requires_dist"]) == ("1.0", ["other>=1"])
    [file] = releases["2.0"]
    assert (file["yanked"], file["yanked_reason"]) == (True, "slow")


def test_check_url__of_a_stored_file__has_the_hash_that_uv_compares(gateway: RunningGateway, here: Place) -> None:
    """UPL-30: `uv publish --check-url` passes over what is there with these bytes, and stops where there are others."""
    answer = gateway.get(f"{INDEX}/simple/demo-up/", accept=f"{JSON}, text/html;q=0.01")
    found = {entry["filename"]: entry["hashes"]["sha256"] for entry in answer.json()["files"]}
    assert found == {here.one.filename: here.one.sha256, here.two.filename: here.two.sha256}


def test_list__with_a_store__has_its_projects_and_pypis(gateway: RunningGateway, here: Place) -> None:
    """MRG-12: each name once."""
    here.pypi.create("beta")
    names = [entry["name"] for entry in gateway.get(f"{INDEX}/simple/", accept=JSON).json()["projects"]]
    assert names.count("demo-up") == 1


def test_upload__while_the_gateway_runs__shows_at_once_with_new_etags(gateway: RunningGateway, here: Place) -> None:
    """UPL-16: page in both forms, list, legacy JSON and metadata, when the process that made the change says so."""
    name = f"fresh-{next(NUMBERS)}"
    urls = {
        "page": (f"{INDEX}/simple/{name}/", JSON),
        "html": (f"{INDEX}/simple/{name}/", "text/html"),
        "legacy": (f"{INDEX}/pypi/{name}/json", "application/json"),
        "list": (f"{INDEX}/simple/", JSON),
    }
    before: dict[str, str] = {}
    for version in ("1.0", "2.0"):
        new = release(here.store, name, version)
        planting.tell_stored(gateway, ProjectName(name))
        answers: dict[str, httpx.Response] = {
            each: gateway.get(url, accept=accept) for each, (url, accept) in urls.items()
        }
        assert all(answer.status_code == 200 for answer in answers.values())
        assert all(new.filename in answers[each].text for each in ("page", "html", "legacy"))
        assert f'"name":"{name}"' in answers["list"].text.replace(" ", "")
        etags = {each: answer.headers["etag"] for each, answer in answers.items()}
        assert {each for each in etags if before.get(each) == etags[each]} == ({"list"} if before else set())
        before = etags
        url = f"{FILES.rpartition('/')[0]}/{name}/{new.filename}.metadata"
        assert hashlib.sha256(gateway.get(url).content).hexdigest() == new.metadata_sha256
