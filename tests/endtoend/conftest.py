"""One fake PyPI, one private index, one folder of own files and one `wheelgate run` for all end-to-end tests.

Tests share them, so each has project names of its own.
"""

import itertools
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from tests.endtoend.authored import CLASSIFIERS
from tests.endtoend.clients import Client, Outcome, install
from tests.endtoend.gitlab import GitLab
from tests.endtoend.publishing import Press, publishing_configuration
from tests.fakepypi import FakeFile, FakeIndex, FakePyPI
from tests.fakepypi.building import Recipe, sdist, wheel
from tests.gateway.running import configuration
from tests.wheelgate_process import Gateway, free_port

CONTACT = "Ask #python-help"
PASSWORD = "open-sesame"
RESERVED = ["acme", "acme-*"]
DENIED = [
    {"project": "demo", "versions": "==2.0", "reason": "steals tokens", "id": "MAL-2026-1234"},
    {"project": "Left.Pad", "reason": "not maintained, use acme-pad", "id": "SEC-42"},
    {"project": "leaky", "versions": "==1.0", "reason": "leaks what it is told", "id": "SEC-43"},
    {"project": "wide-pad", "reason": "too wide, use acme-pad", "id": "SEC-44"},
    {"project": "gate", "versions": "==2.0", "reason": "stays open", "id": "SEC-45"},
]
YANKED = [{"project": "panels", "versions": "<3", "reason": "known to break the control room's panels", "id": "OPS-7"}]
POLICIES = [{"deny": DENIED}, {"yank": YANKED}]
WORDS = {
    "demo": f"Blocked by wheelgate: deny MAL-2026-1234: steals tokens. {CONTACT}",
    "left-pad": f"Blocked by wheelgate: deny SEC-42: not maintained, use acme-pad. {CONTACT}",
    "wide-pad": f"Blocked by wheelgate: deny SEC-44: too wide, use acme-pad. {CONTACT}",
    "gate": f"Blocked by wheelgate: deny SEC-45: stays open. {CONTACT}",
    "panels": f"Yanked by wheelgate: yank OPS-7: known to break the control room's panels. {CONTACT}",
}
_PORTS = itertools.count(1000)  # of PyPI's, where it is not


@dataclass(frozen=True)
class House:
    """What an organisation has: its folder, its private index, its gateway; and the PyPI of the world."""

    pypi: FakePyPI
    private: FakeIndex
    folder: Path
    gateway: Gateway
    variables: Mapping[str, str]

    def bad_demo(self) -> FakeFile:
        """Publish a project whose newest release is denied; gives the file of that release."""
        self.pypi.release("demo", "1.0")
        return self.pypi.release("demo", "2.0", announce_metadata=True)

    def install(self, client: Client, into: Path, *wanted: str, **further: str) -> Outcome:
        """Install through the gateway, as a user whose shell has evaluated the line that `wheelgate run` printed."""
        return install(client, into, {**self.variables, **further}, *wanted)

    def log(self) -> str:
        """All that the gateway has logged until now: what it says of a tunnel that it is asked for last has come through."""
        port = next(_PORTS)
        with httpx.Client(proxy=self.gateway.proxy, trust_env=False) as client, pytest.raises(httpx.ProxyError):
            client.get(f"https://pypi.org:{port}/")
        return self.gateway.err.until(f"PyPI is at port 443, not {port}\n")

    def page_status(self, project: str) -> int:
        """Ask for a project's page through the gateway; gives the status of its answer."""
        trust = ssl.create_default_context(cafile=self.variables["SSL_CERT_FILE"])
        with httpx.Client(proxy=self.gateway.proxy, verify=trust, trust_env=False) as client:
            return client.get(f"https://pypi.org/simple/{project}/").status_code


OWN = (
    wheel(Recipe(name="beamline", version="1.0")),
    wheel(Recipe(name="shutter", version="1.0")),
    wheel(Recipe(name="screws", version="1.0")),
    sdist(Recipe(name="magnets", version="2.1")),
    wheel(Recipe(name="lens", version="1.0+acme")),
    wheel(Recipe(name="lens", version="3.0")),
    wheel(Recipe(name="prism", version="3.0")),
)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """All of it, running."""
    place = tmp_path_factory.mktemp("house")
    folder, home = place / "wheels", place / "home"
    folder.mkdir()
    home.mkdir()
    for name, content in OWN:
        (folder / name).write_bytes(content)
    with FakePyPI(place) as pypi:
        private = pypi.private("reader", PASSWORD)
        login = {"username": "reader", "password_env": "PARTNER_PASSWORD", "ca": str(pypi.ca_path)}
        sources = [
            {"name": "acme", "folder": "wheels"},
            {"name": "partner", "index": private.place.simple_url, **login},
            {"name": "pypi", "index": "https://pypi.org/simple/", "public": True},
        ]
        config = configuration(
            pypi,
            place,
            listen="127.0.0.1:0",
            sources=sources,
            reserved=RESERVED,
            merge=[{"project": name, "sources": ["acme", "pypi"]} for name in ("lens", "prism")],
            policies=POLICIES,
            contact=CONTACT,
        )
        with Gateway(config, home, "--verbose", PARTNER_PASSWORD=PASSWORD) as gateway:
            yield House(pypi, private, folder, gateway, gateway.variables())


@pytest.fixture(scope="module")
def hiding(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The variables of a second gateway in front of the same PyPI, with the same policies and `refusals: hide`."""
    place = tmp_path_factory.mktemp("hiding")
    config = configuration(house.pypi, place, listen="127.0.0.1:0", policies=POLICIES, contact=CONTACT, refusals="hide")
    with Gateway(config, place) as gateway:
        yield gateway.variables()


@pytest.fixture(scope="session")
def press(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Press]:
    """A gateway that takes uploads, with a PyPI and a GitLab of its own. Tests share it, so each has names of its own."""
    place = tmp_path_factory.mktemp("press")
    with FakePyPI(place) as pypi, GitLab() as gitlab:
        pypi.document("pypi.org", "/pypi", "\n".join(CLASSIFIERS).encode(), "text/plain")  # flit asks for them
        config = publishing_configuration(pypi, gitlab.url, place)
        with Gateway(config, place, "--verbose") as gateway:
            job, others = gitlab.run_job("ada"), gitlab.run_job("grace", "acme/detectors", 8)
            yield Press(pypi, gateway, gateway.variables(), job, others)


@pytest.fixture(scope="module")
def cut_off(press: Press, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Press]:
    """The same with a store of its own, where the GitLab does not answer."""
    place = tmp_path_factory.mktemp("cut-off")
    config = publishing_configuration(press.pypi, f"http://127.0.0.1:{free_port()}", place)
    with Gateway(config, place, "--verbose") as gateway:
        yield replace(press, gateway=gateway, variables=gateway.variables())
