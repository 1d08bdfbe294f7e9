"""What authors do after an upload, with the real command and over HTTP, at a whole gateway: what everybody else sees of it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result

from tests.calling import call
from tests.fakepypi import FakePyPI
from tests.gateway.authors import API, SHARED, Made, Way, basic, build, token, way
from tests.gateway.running import JSON, RunningGateway, configuration
from tests.gateway.test_clients import client

OUTSIDE = "127.0.0.2"
FILES = "https://files.pythonhosted.org/wheelgate/store"
UNSET = ("TWINE_USERNAME", "TWINE_PASSWORD", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "TWINE_CERT")


@dataclass(frozen=True)
class House:
    """A gateway with a store; clients at OUTSIDE do not get what that has."""

    gateway: RunningGateway
    way: Way
    store: Path
    pypi: FakePyPI

    def release(self, *arguments: str, code: int = 0, secret: str = "") -> Result:
        """Call `wheelgate release` as an author would."""
        known = {"WHEELGATE_TOKEN": secret or self.way.secret, "HTTPS_PROXY": self.gateway.url}
        known |= {"SSL_CERT_FILE": str(self.way.ca), **dict.fromkeys(UNSET, "")}
        said = call("release", *arguments, **known)
        assert said.exit_code == code, said.output
        return said

    def upload(self, project: str, version: str = "1.0", requires: tuple[str, ...] = ()) -> Made:
        """Publish a wheel."""
        one = build(project, version, requires=requires)
        answer = self.way.upload(one)
        assert answer.status_code == 200, answer.text
        return one


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all tests of this file, each with names of its own."""
    folder = tmp_path_factory.mktemp("authors")
    secret = token(folder / "store")
    with FakePyPI(folder) as pypi:
        pypi.release("public", "1.0")
        outside = {"name": "outside", "networks": [OUTSIDE], "sources": ["pypi"]}
        with RunningGateway(configuration(pypi, folder, **SHARED, clients=[outside])) as gateway:
            yield House(gateway, way(gateway, secret), folder / "store", pypi)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work beside a configuration that leads nowhere."""
    monkeypatch.chdir(tmp_path)
    Path("wheelgate.yaml").write_text("certs: certs\nlisten: 127.0.0.1:1\n")


def test_whoami_and_list__with_a_stored_token__say_who_and_what(house: House) -> None:
    """UPL-24: the very token that uploads; a wrong one is told so, in the words that twine's users know."""
    house.upload("listed-one")
    assert house.release("whoami").stdout.startswith("principal  user:alice\n")
    assert house.release("list", "Listed_One").stdout.splitlines()[:2] == [
        "listed-one  active",
        "  owner       user:alice",
    ]
    said = house.release("whoami", secret="wgu_abcdef_0123456789abcdef0123", code=1)
    assert "Invalid or non-existent authentication information." in said.stderr


def test_yank__of_a_stored_release__is_what_pip_warns_of(house: House, tmp_path: Path) -> None:
    """UPL-16: on the page at once, in both forms; pip, which pins it, prints the reason; un-yanked, it is as before."""
    one = house.upload("yanked-one")
    assert house.release("yank", "yanked-one", "1.0", "--reason", "loses data").stdout == f"yanked  {one.filename}\n"
    assert house.way.files("yanked-one")[one.filename]["yanked"] == "loses data"
    assert 'data-yanked="loses data"' in house.way.get("https://pypi.org/simple/yanked-one/", "text/html").text
    assert "loses data" in _installed(house, tmp_path, "yanked-one==1.0")
    assert house.release("unyank", "yanked-one", "1.0").stdout == f"un-yanked  {one.filename}\n"
    assert not house.way.files("yanked-one")[one.filename].get("yanked")


def _installed(house: House, folder: Path, wanted: str) -> str:
    words = ("install", "--isolated", "--no-cache-dir", "--disable-pip-version-check", "--target", str(folder / "into"))
    reach = ("--proxy", house.gateway.url, "--cert", str(house.way.ca), "--no-deps", wanted)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PIP_CONFIG_FILE": "/dev/null"}
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, *reach],
        capture_output=True, text=True, timeout=60, check=False, env=environment, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_delete__of_one_of_two_releases__is_gone_from_every_route_and_never_comes_back(house: House) -> None:
    """UPL-14, UPL-16: page, legacy JSON, metadata and file answer without it, in words; its filename is refused for ever."""
    one, two = house.upload("half-gone"), house.upload("half-gone", "2.0")
    url = str(house.way.files("half-gone")[one.filename]["url"])
    assert house.way.get(url).content == one.content
    assert (
        house.release("delete", "half-gone", "1.0", "--reason", "secret", "--yes").stdout
        == f"deleted  {one.filename}\n"
    )
    assert list(house.way.files("half-gone")) == [two.filename]
    releases = house.way.get("https://pypi.org/pypi/half-gone/json").json()["releases"]
    assert [version for version, files in releases.items() if files] == ["2.0"]
    assert house.way.get("https://pypi.org/pypi/half-gone/1.0/json").status_code == 404
    for gone in (url, f"{url}.metadata"):
        answer = house.way.get(gone)
        assert answer.status_code in (403, 404, 410)
        assert answer.reason_phrase.startswith("wheelgate: ")
    for again in (one, build("half-gone", requires=("other",))):  # the same bytes, and others
        answer = house.way.upload(again)
        assert answer.status_code == 400
        assert answer.reason_phrase.startswith(
            "This filename was previously used by a file that has since been deleted."
        )
        assert "already exist" not in answer.text
    assert list(house.way.files("half-gone")) == [two.filename]


def test_delete__of_all_that_a_project_has__leaves_it_its_owners_and_pypi_is_not_asked(house: House) -> None:
    """UPL-14, UPL-26, MRG-02: the name stays taken: no public release shows, nobody else claims it, its owner goes on."""
    house.upload("all-gone")
    house.pypi.release("all-gone", "9.0")
    house.pypi.clear_log()  # of the name's claim
    house.release("delete", "all-gone", "1.0", "--reason", "secret", "--yes")
    assert house.way.files("all-gone") == {}
    assert house.way.get("https://pypi.org/pypi/all-gone/json").status_code == 404
    assert house.pypi.asked("/simple/all-gone/") == []
    bob = house.way.upload(build("all-gone", "2.0"), basic(token(house.store, "bob")))
    assert (bob.status_code, "isn't allowed to upload to project 'all-gone'" in bob.reason_phrase) == (403, True)
    two = house.upload("all-gone", "2.0")
    assert list(house.way.files("all-gone")) == [two.filename]


def test_api__over_the_gateway__lets_no_other_site_in(house: House) -> None:
    """OPTIONS is answered with the methods and no word of CORS; a page of another origin is refused, whatever it asks."""
    house.upload("closed")
    url = f"{API}/projects/closed"
    with house.way.client() as one:
        options = one.options(url)
        assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
        foreign = {"Origin": "https://example.org", "Authorization": basic(house.way.secret)}
        preflight = one.options(url, headers={**foreign, "Access-Control-Request-Method": "PUT"})
        asked = one.get(url, headers=foreign)
        allowed = one.get(url, headers={"Authorization": basic(house.way.secret)})
    assert (preflight.status_code, asked.status_code, allowed.status_code) == (403, 403, 200)
    for answer in (options, preflight, asked, allowed):
        assert [name for name in answer.headers if name.lower().startswith("access-control-")] == []


def test_group__that_does_not_get_the_store__is_refused_everything(house: House) -> None:
    """UPL-25, UPL-29: with the owner's own token: upload, API, trusted publishing and the interface's document."""
    house.upload("withheld")
    owner = {"Authorization": basic(house.way.secret)}
    with client(house.gateway, address=OUTSIDE) as one:
        answers = [
            one.post("https://upload.pypi.org/legacy/", content=build("withheld", "2.0").body, headers=owner),
            one.get(f"{API}/projects/withheld", headers=owner),
            one.get(f"{API}/openapi.json"),
            one.post(f"{API}/projects/withheld/releases/1.0/yank", json={"reason": "x"}, headers=owner),
            one.post(f"{API}/projects/withheld/releases/1.0/delete", json={"reason": "x"}, headers=owner),
        ]
        audience = one.get("https://upload.pypi.org/_/oidc/audience")
        page = one.get("https://pypi.org/simple/withheld/", headers={"Accept": JSON})
    assert [(each.status_code, "clients of your group do not get" in each.reason_phrase) for each in answers] == [
        (403, True)
    ] * 5
    assert (audience.status_code, "clients of your group" in json.dumps(audience.json())) == (422, True)
    assert page.status_code == 404
    assert list(house.way.files("withheld")) == ["withheld-1.0-py3-none-any.whl"]
