"""What an organisation has that publishes: a gateway with a store of its own, and a GitLab whose jobs publish.

All that depends on how uploads are configured and logged stands here, once.
"""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.endtoend.authored import Authored
from tests.endtoend.clients import CLIENTS, Outcome, install
from tests.endtoend.publishers import CI_JOB, Publisher
from tests.fakepypi import FakePyPI
from tests.gateway.running import configuration
from tests.wheelgate_process import Gateway

UPLOAD_HOST = "upload.pypi.org"
HEAVY = "heavy-*"
MOST = 1_000_000
"""Bytes that a file of a project of HEAVY may have."""

INSTALLERS = [client for client in CLIENTS if client.name in ("pip", "uv")]
_ANSWERED = re.compile(r"an upload (?:is taken|is refused|cannot be taken): ")
_PORTS = itertools.count(2000)  # of PyPI's, where it is not


def sources() -> list[dict[str, object]]:
    """The organisation's store before PyPI."""
    return [
        {"name": "acme", "store": True},
        {"name": "pypi", "index": "https://pypi.org/simple/", "public": True},
    ]


def uploads(gitlab_url: str) -> dict[str, object]:
    """Every job of the group `acme` may publish, in the name of its GitLab project."""
    rules = [{"groups": ["acme"]}]
    return {
        "identities": {"gitlab_jobs": [{"name": "gitlab", "url": gitlab_url, "rules": rules}]},
        "limits": [{"project": HEAVY, "max_file_mb": MOST // 1_000_000}],
    }


def publishing_configuration(pypi: FakePyPI, gitlab_url: str, folder: Path) -> Path:
    """Write the configuration of such a gateway. What went on to the public index would come to the fake one."""
    return configuration(
        pypi,
        folder,
        listen="127.0.0.1:0",
        sources=sources(),
        uploads=uploads(gitlab_url),
        upstream={
            "ca": str(pypi.ca_path),
            "proxy": "none",
            "connect_to": {**pypi.connect_to, UPLOAD_HOST: pypi.address},
            "connect_seconds": 2,
            "read_seconds": 5,
            "page_seconds": 5,
        },
    )


@dataclass(frozen=True)
class Press:
    """A running gateway that takes uploads; `job` is the token of a job that may, `others_job` that of another project's."""

    pypi: FakePyPI
    gateway: Gateway
    variables: Mapping[str, str]
    job: str
    others_job: str

    def publish(self, publisher: Publisher, project: Authored, *options: str, **login: str) -> Outcome:
        """Publish as the job that may, or as `user` and with `password`."""
        said = (login.get("user", CI_JOB), login.get("password", self.job))
        return publisher.publish(project.folder, self.variables, said, *options)

    def install(self, project: Authored, into: Path) -> dict[str, Mapping[str, str]]:
        """Install a project's very release with pip and with uv from their default index; gives what each installed."""
        found = {}
        for client in INSTALLERS:
            (folder := into / client.name).mkdir()
            done = install(client, folder, self.variables, f"{project.name}=={project.version}")
            assert done.code == 0, done.output
            found[client.name] = done.installed
        return found

    def log(self) -> str:
        """All that the gateway has logged until now: what it says of a tunnel that it is asked for last has come through."""
        port = next(_PORTS)
        with httpx.Client(proxy=self.gateway.proxy, trust_env=False) as client, pytest.raises(httpx.ProxyError):
            client.get(f"https://pypi.org:{port}/")
        return self.gateway.err.until(f"PyPI is at port 443, not {port}\n")

    def uploads(self) -> int:
        """How many uploads the gateway has answered until now, whatever with: it logs each."""
        return len(_ANSWERED.findall(self.log()))
