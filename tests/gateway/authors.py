"""Authors at a whole gateway, of whatever process: real wheels, real tokens, forms as twine writes them, and what is there then."""

import base64
import contextlib
import hashlib
import random
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from addons.install import clock
from addons.simple.names import ProjectName
from addons.store.database import Database, Server
from addons.store.principals import Principal
from addons.store.projects import Projects
from addons.store.tokens import Tokens
from addons.upload.identity.tokens import made
from tests.addons.metadata.archives import zipped
from tests.addons.upload.forms import KIND, form, upload
from tests.addons.upload.sound.making import WHEEL, recorded
from tests.fakepypi import FakePyPI
from tests.fakepypi.building import Recipe
from tests.gateway.listing import PUBLIC
from tests.gateway.running import JSON, RunningGateway

HOST = "upload.pypi.org"
URL = f"https://{HOST}/legacy/"
API = f"https://{HOST}/wheelgate/api/v1"
STORE = {"name": "store", "store": True}
SHARED = {"sources": [STORE, PUBLIC]}


def basic(secret: str, user: str = "__token__") -> str:
    """Give the header in which a user name and a secret are said (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{user}:{secret}'.encode()).decode()}"


def token(place: Path | Server, user: str = "alice") -> str:
    """Make an upload token of a user's in the database at a place; gives its text."""
    text, kept = made(Principal("user", user), by="operator", at=clock(), until=None)
    database = Database(place)
    Tokens(database).make(kept)
    database.close()
    return text


@dataclass(frozen=True)
class Made:
    """A wheel that was built, and the body in which it is handed in."""

    project: str
    version: str
    filename: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Its hash."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def body(self) -> bytes:
        """The form."""
        said = {"name": self.project, "version": self.version, "metadata_version": "2.2"}
        return form(*upload(self.content, self.filename, **said))


def build(project: str, version: str = "1.0", padding: int = 0, requires: tuple[str, ...] = ()) -> Made:
    """Build a wheel that is sound; `padding` is how many bytes of no use it has."""
    recipe = Recipe(name=project, version=version, requires=requires)
    info = f"{recipe.stem}.dist-info"
    members = {f"{info}/METADATA": recipe.metadata, f"{info}/WHEEL": WHEEL, f"{recipe.module}.py": b"x = 1\n"}
    if padding:
        members[f"{recipe.module}_padding.bin"] = random.Random(recipe.stem).randbytes(padding)
    return Made(project, version, f"{recipe.stem}-py3-none-any.whl", zipped(recorded(members, info)))


@dataclass(frozen=True)
class Way:
    """How a client reaches a gateway: its proxy's URL, and where its CA lies. `secret` is the token of who uploads."""

    proxy: str
    ca: Path
    secret: str

    @contextlib.contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Give a client that trusts this gateway only."""
        trust = ssl.create_default_context(cafile=self.ca)
        with httpx.Client(proxy=self.proxy, verify=trust, trust_env=False, timeout=30) as client:
            yield client

    def upload(self, one: Made, authorization: str = "", accept: str = "*/*") -> httpx.Response:
        """Hand a wheel in."""
        headers = {"Content-Type": KIND, "Authorization": authorization or basic(self.secret), "Accept": accept}
        with self.client() as client:
            return client.post(URL, content=one.body, headers=headers)

    def get(self, url: str, accept: str = JSON) -> httpx.Response:
        """Ask for something; redirects are followed."""
        with self.client() as client:
            return client.get(url, headers={"Accept": accept}, follow_redirects=True)

    def files(self, project: str) -> dict[str, dict[str, object]]:
        """Give the entries of a project's page by filename; none where there is no page."""
        page = self.get(f"https://pypi.org/simple/{project}/")
        assert page.status_code in (200, 404), page.text
        return {each["filename"]: each for each in page.json()["files"]} if page.status_code == 200 else {}

    @contextlib.contextmanager
    def dialled(self) -> Iterator[ssl.SSLSocket]:
        """Open a connection to the upload host, over which a test writes by hand."""
        proxy = urlsplit(self.proxy)
        with socket.create_connection((proxy.hostname or "", proxy.port or 0), timeout=20) as link:
            link.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n".encode())
            said = b""
            while not said.endswith(b"\r\n\r\n"):
                said += link.recv(1)
            assert b" 200 " in said
            with ssl.create_default_context(cafile=self.ca).wrap_socket(link, server_hostname=HOST) as secured:
                yield secured

    def head(self, one: Made) -> bytes:
        """Give the head of the request that hands a wheel in."""
        lines = (
            *(
                f"POST /legacy/ HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: {basic(self.secret)}",
                f"Content-Type: {KIND}",
            ),
            *(f"Content-Length: {len(one.body)}", "", ""),
        )
        return "\r\n".join(lines).encode()


def way(gateway: RunningGateway, secret: str) -> Way:
    """Give the way to a gateway of this process."""
    return Way(gateway.url, gateway.authority.ca_path, secret)


def phrase(link: ssl.SSLSocket) -> bytes:
    """Give the first line of the next answer; none where the connection ends before."""
    received = b""
    with contextlib.suppress(OSError):
        while b"\r\n\r\n" not in received and (part := link.recv(65_536)):
            received += part
    return received.partition(b"\r\n")[0]


def stored(place: Path | Server, project: str) -> dict[str, str]:
    """Give what rows there are of a project's files: filename to sha256."""
    database = Database(place)
    standing = Projects(database).standing(ProjectName(project))
    database.close()
    return {} if standing is None else {each.file.filename: each.file.sha256 for each in standing.files}


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Ask until it is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end


def upstream(pypi: FakePyPI) -> dict[str, object]:
    """Give settings by which what would go on to PyPI's upload host comes to the fake one."""
    return {
        "ca": str(pypi.ca_path),
        "proxy": "none",
        "connect_to": {**pypi.connect_to, HOST: pypi.address},
        "connect_seconds": 2,
        "read_seconds": 5,
        "page_seconds": 5,
    }
