"""Uploads through a whole gateway whose store cannot keep them: locked for long, gone, or on a full disk."""

import shutil
import signal
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from addons.store.database import NAME
from tests.fakepypi import FakePyPI
from tests.faults.test_small_disk import OnSmallDisk, can_mount
from tests.gateway.authors import SHARED, Way, basic, build, stored, token, until, way
from tests.gateway.running import RunningGateway, configuration
from tests.standins.gitlab import GitLab

USER = "gitlab-ci-token"


@dataclass(frozen=True)
class House:
    """A gateway with a store, and a CI job whose right to upload does not hang on the store's database."""

    way: Way
    store: Path
    pypi: FakePyPI
    job: str

    def lying(self) -> set[Path]:
        """What is on its way in."""
        return {path for path in (self.store / "incoming").rglob("*") if path.is_file()}


@pytest.fixture
def house(pypi: FakePyPI, tmp_path: Path) -> Iterator[House]:
    """One that has a project, whose page was asked for."""
    pypi.release("public", "1.0")
    secret = token(tmp_path / "store")
    with GitLab() as gitlab:
        jobs = [{"name": "gitlab", "url": gitlab.url, "rules": [{"groups": ["acme"]}]}]
        config = configuration(pypi, tmp_path, **SHARED, uploads={"identities": {"gitlab_jobs": jobs}})
        with RunningGateway(config) as gateway:
            one = House(way(gateway, secret), tmp_path / "store", pypi, basic(gitlab.issue(), USER))
            assert one.way.upload(build("first"), one.job).status_code == 200
            assert list(one.way.files("first")) == [build("first").filename]
            yield one


def told_to_wait(answer: httpx.Response) -> None:
    """Fail for any other answer than a 503 in words, that says when to try again."""
    assert answer.status_code == 503, (answer, answer.text)
    assert int(answer.headers["retry-after"]) > 0
    assert "nothing was stored" in answer.reason_phrase
    assert "try again" in answer.text


def test_upload__while_the_database_is_locked__waits_and_then_is_told_so(house: House) -> None:
    """UPL-16, UPL-20: a short lock costs nobody an upload; a long one is a 503 in words, nothing is half, and pages go on."""
    with ThreadPoolExecutor(2) as pool, sqlite3.connect(house.store / NAME, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        by_job = pool.submit(house.way.upload, build("locked"), house.job)
        by_token = pool.submit(house.way.upload, build("locked-too"))
        until(house.lying)
        assert not by_job.done()
        for _ in range(3):
            assert list(house.way.files("first")) == [build("first").filename]
            assert list(house.way.files("public")) == ["public-1.0-py3-none-any.whl"]
        assert not by_job.done()
        told_to_wait(by_job.result())
        told_to_wait(by_token.result())
        assert (house.way.files("locked"), house.lying()) == ({}, set())
        waiting = pool.submit(house.way.upload, build("locked"), house.job)
        until(house.lying)
        other.execute("ROLLBACK")
        assert waiting.result().status_code == 200
    other.close()
    assert list(house.way.files("locked")) == [build("locked").filename]
    assert stored(house.store, "locked-too") == {}


def test_upload__while_the_database_is_gone__never_begins_another_one(house: House) -> None:
    """UPL-16, UPL-26, MRG-02: 503 in words; a new database would give every name away, and send clients to PyPI for them."""
    places = [house.store / f"{NAME}{end}" for end in ("", "-wal", "-shm")]
    away = house.store.with_name("away")
    away.mkdir()
    for path in places:
        if path.exists():
            shutil.move(path, away)
    for project in ("first", "stranger"):
        told_to_wait(house.way.upload(build(project, "2.0"), house.job))
    refused = house.way.upload(build("first", "2.0"))
    assert (refused.status_code, "the store cannot be read now" in refused.reason_phrase) == (403, True)
    assert not (house.store / NAME).exists()
    assert list(house.way.files("first")) == [build("first").filename]
    assert house.lying() == set()
    for path in away.iterdir():
        shutil.move(path, house.store)
    until(lambda: house.way.upload(build("first", "2.0"), house.job).status_code == 200)
    assert len(house.way.files("first")) == 2
    assert house.pypi.asked("/simple/stranger/") == []
    assert len(house.pypi.asked("/simple/first/")) == 1  # when it was claimed


class OnFullDisk(OnSmallDisk):
    """A gateway whose store lies on a file system of 4 MB, or else may have no large files."""

    def __init__(self, config: Path, folder: Path, *, mounted: bool) -> None:
        super().__init__(config, folder, mounted=mounted)
        self._command = tuple(
            str(folder / "store") if word == str(folder / "cache") else str(word) for word in self._command
        )

    @property
    def store(self) -> Path:
        """Where its store can be seen from here."""
        return (
            Path(f"/proc/{self.process.pid}/root{self._folder / 'store'}") if self._mounted else self._folder / "store"
        )


def test_upload__while_the_disk_is_full__is_told_so_and_leaves_nothing(pypi: FakePyPI, tmp_path: Path) -> None:
    """UPL-16, UPL-20: 503 in words, whether the body or its bytes do not fit; smaller ones are taken on, and pages answer."""
    (tmp_path / "store").mkdir()
    with GitLab() as gitlab:
        jobs = [{"name": "gitlab", "url": gitlab.url, "rules": [{"groups": ["acme"]}]}]
        settings = {**SHARED, "uploads": {"identities": {"gitlab_jobs": jobs}}, "listen": "127.0.0.1:0"}
        config = configuration(pypi, tmp_path, **settings)
        with OnFullDisk(config, tmp_path, mounted=can_mount(tmp_path / "store")) as gateway:
            author = Way(gateway.proxy, tmp_path / "certs" / "ca.pem", gitlab.issue())
            job = basic(author.secret, USER)
            assert author.upload(build("small"), job).status_code == 200
            for _ in range(2):
                answer = author.upload(build("large", padding=5_000_000), job)
                told_to_wait(answer)
                assert "disk" in answer.reason_phrase
                assert [path for path in (gateway.store / "incoming").iterdir() if path.is_file()] == []
            assert author.files("large") == {}
            assert author.upload(build("small", "2.0"), job).status_code == 200
            assert len(author.files("small")) == 2
            assert gateway.stop(signal.SIGTERM) == 0
