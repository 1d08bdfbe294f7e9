"""Edits of the configuration while uploads come: in force for the next one, while those under way end as they began."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.fakepypi import FakePyPI
from tests.gateway.authors import HOST, SHARED, Way, basic, build, phrase, token, until, upstream, way
from tests.gateway.listing import PUBLIC
from tests.gateway.logs import IN_FORCE, Log, listening
from tests.gateway.running import RunningGateway, configuration
from tests.standins.gitlab import GitLab, Job

USER = "gitlab-ci-token"
PYPIS = basic("pypi-AgEIcHlwaS5vcmcCJDExMTExMTEx")
PADDING = 3_000_000


@dataclass(frozen=True)
class House:
    """A running gateway whose configuration is edited."""

    way: Way
    folder: Path
    pypi: FakePyPI
    gitlab: GitLab
    log: Log

    def edit(self, **settings: object) -> None:
        """Write further settings, and wait until they are in force; None takes one out."""
        config = self.folder / "wheelgate.yaml"
        changed = {**yaml.safe_load(config.read_text()), **settings}
        config.write_text(yaml.safe_dump({name: value for name, value in changed.items() if value is not None}))
        self.log.wait_for(IN_FORCE)

    def jobs(self, group: str) -> dict[str, object]:
        """Give settings by which jobs of a group may upload."""
        rules = [{"groups": [group]}]
        return {"identities": {"gitlab_jobs": [{"name": "gitlab", "url": self.gitlab.url, "rules": rules}]}}

    def spooled(self) -> list[Path]:
        """What is on its way in."""
        folder = self.folder / "store" / "incoming"
        return [path for path in folder.iterdir() if path.stat().st_size] if folder.is_dir() else []


@pytest.fixture
def house(pypi: FakePyPI, tmp_path: Path) -> Iterator[House]:
    """It begins without a store."""
    secret = token(tmp_path / "store")
    config = configuration(pypi, tmp_path, sources=[PUBLIC], upstream=upstream(pypi))
    with listening("addons.lifetime") as log, GitLab() as gitlab, RunningGateway(config) as gateway:
        yield House(way(gateway, secret), tmp_path, pypi, gitlab, log)


def begin(house: House, link: ssl.SSLSocket, project: str) -> bytes:
    """Send the half of an upload, until the gateway has some of it on disk; gives the rest."""
    one = build(project, padding=PADDING)
    half = len(one.body) // 2
    link.sendall(house.way.head(one) + one.body[:half])
    until(house.spooled)
    return one.body[half:]


def test_store__configured_and_taken_out_while_uploads_come__counts_for_the_next_ones(house: House) -> None:
    """UPL-16, UPL-25: 403 before, 200 after; what is under way when the store is taken out is taken, whole, and shows once it is back."""
    assert house.way.upload(build("early")).status_code == 403
    house.edit(**SHARED)
    assert house.way.upload(build("early")).status_code == 200
    assert list(house.way.files("early")) == [build("early").filename]
    with house.way.dialled() as link:
        rest = begin(house, link, "meanwhile")
        house.edit(sources=[PUBLIC])
        assert house.way.upload(build("late")).status_code == 403
        link.sendall(rest)
        assert phrase(link) == b"HTTP/1.1 200 OK"
    assert house.way.files("early") == {}
    house.edit(**SHARED)
    for project, padding in (("early", 0), ("meanwhile", PADDING)):
        one = build(project, padding=padding)
        assert house.way.get(str(house.way.files(project)[one.filename]["url"])).content == one.content
    assert house.way.files("late") == {}


def test_job_rule__changed_while_uploads_come__counts_for_the_next_one(house: House) -> None:
    """UPL-24, UPL-26: even for a token that GitLab was asked about a moment ago; who is known already goes on to his end."""
    house.edit(**SHARED, uploads=house.jobs("acme"))
    job = house.gitlab.issue(Job())
    assert house.way.upload(build("by-job"), basic(job, USER)).status_code == 200
    with Way(house.way.proxy, house.way.ca, job).dialled() as link:
        one = build("by-job", "2.0", padding=PADDING)
        head = house.way.head(one).replace(basic(house.way.secret).encode(), basic(job, USER).encode())
        link.sendall(head + one.body[: PADDING // 2])
        until(house.spooled)
        house.edit(uploads=house.jobs("others"))
        refused = house.way.upload(build("by-job", "3.0"), basic(job, USER))
        assert (refused.status_code, refused.reason_phrase[:7]) == (403, "Invalid")
        link.sendall(one.body[PADDING // 2 :])
        assert phrase(link) == b"HTTP/1.1 200 OK"
    assert len(house.way.files("by-job")) == 2


def test_forward__changed_while_uploads_come__counts_for_the_next_one(house: House) -> None:
    """UPL-25: an upload that began as the store's own stays here, whatever is sent on meanwhile."""
    house.edit(**SHARED)
    assert house.way.upload(build("shared-lib"), PYPIS).status_code == 403
    with house.way.dialled() as link:
        rest = begin(house, link, "shared-own")
        house.edit(uploads={"forward": ["shared-*"]})
        assert house.way.upload(build("shared-lib"), PYPIS).status_code == 200
        assert len(house.pypi.asked(host=HOST)) == 1
        link.sendall(rest)
        assert phrase(link) == b"HTTP/1.1 200 OK"
    assert list(house.way.files("shared-own")) == [build("shared-own").filename]
    assert len(house.pypi.asked(host=HOST)) == 1
