"""Edits of the configuration while requests come in all the time: none is lost, and each is under one version of it."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import httpx

from tests.fakepypi import FakeFile, FakePyPI
from tests.gateway.conftest import Start
from tests.gateway.logs import IN_FORCE, Log
from tests.gateway.running import JSON, RunningGateway
from tests.gateway.test_reload import edited

EDITS = 5
FEWEST = 20  # answers between two edits: else nothing was under load
PAGE, DOCUMENT = "https://pypi.org/simple/demo/", "https://pypi.org/pypi/demo/json"


def version(number: int) -> dict[str, object]:
    """Give a configuration that says its number in three places: the contact, a denied release, a yanked one."""
    about = {"project": "demo", "reason": f"reason {number}"}
    deny, yank = {"versions": f"=={number % 2 + 1}.0", **about}, {"versions": "==3.0", **about}
    return {"contact": f"contact {number}", "policies": [{"deny": [deny]}, {"yank": [yank]}]}


@dataclass
class Load:
    """Who asks all the time, and the versions that they saw; `failed` are answers that no one version gives."""

    files: dict[str, FakeFile]
    stop: Event = field(default_factory=Event)
    enough: Event = field(default_factory=Event)
    seen: list[int] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    wanted: int = FEWEST

    def ask(self, gateway: RunningGateway, question: Callable[[httpx.Client], int]) -> None:
        """Ask one thing over and over on one connection, until the end."""
        with gateway.client() as client:
            while not self.stop.is_set():
                try:
                    self.seen.append(question(client))
                except (httpx.HTTPError, AssertionError) as error:
                    self.failed.append(repr(error)[:500])
                if len(self.seen) >= self.wanted:
                    self.enough.set()

    def until_more(self) -> None:
        """Wait until so many more answers have come."""
        self.wanted = len(self.seen) + FEWEST
        self.enough.clear()
        assert self.enough.wait(20)

    def page(self, client: httpx.Client) -> int:
        """Ask for the page as pip does, in hand or asked of PyPI in between."""
        fresh = {"Cache-Control": "no-cache"} if len(self.seen) % 3 == 0 else {}
        return one_version(client.get(PAGE, headers={"Accept": JSON, **fresh}).raise_for_status())

    def document(self, client: httpx.Client) -> int:
        """Ask for the legacy JSON."""
        return one_version(client.get(DOCUMENT).raise_for_status())

    def file(self, client: httpx.Client) -> int:
        """Ask for both files: at each moment one of them is denied, and the other is had whole."""
        answers = [client.get(self.files[number].url) for number in ("1.0", "2.0")]
        numbers = []
        for answer, file in zip(answers, self.files.values(), strict=False):
            assert answer.status_code in (200, 403)
            if answer.status_code == 403:
                numbers.append(one_version(answer))
                assert f"=={numbers[-1] % 2 + 1}.0" == f"=={file.version}"
            else:
                assert answer.content == file.content
        return max(numbers, default=0)


def one_version(answer: httpx.Response) -> int:
    """Give the number that the answer says, in all its places. Raises AssertionError if it says two."""
    said = {int(number) for number in re.findall(r"(?:reason|contact) (\d+)", answer.text)}
    assert len(said) == 1, answer.text
    [number] = said
    if answer.status_code == 200:
        assert f"demo-{number % 2 + 1}.0" in answer.text
        assert len(re.findall(rf"deny: reason {number}\. contact {number}", answer.text)) >= 1
    return number


@contextmanager
def asking(gateway: RunningGateway, load: Load) -> Iterator[None]:
    """Ask for pages, documents and files, each on a connection of its own, while the body runs."""
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(load.ask, gateway, question) for question in (load.page, load.document, load.file)]
        try:
            yield
        finally:
            load.stop.set()
        for each in asked:
            each.result(20)


def test_edits__under_load__lose_no_request_and_mix_no_versions(
    start: Start, pypi: FakePyPI, tmp_path: Path, log: Log
) -> None:
    """Each answer is of one version in every place; from the log's word on no request begins under the one before."""
    load = Load({number: pypi.release("demo", number) for number in ("1.0", "2.0", "3.0")})
    gateway = start(**version(0))
    config = tmp_path / "wheelgate.yaml"
    with asking(gateway, load):
        for number in range(1, EDITS + 1):
            load.until_more()
            config.write_text(edited(config, **version(number)))
            log.wait_for(IN_FORCE)
            with gateway.client() as client:
                assert (load.page(client), load.document(client)) == (number, number)
        load.until_more()
    assert load.failed == []
    assert set(load.seen) - {0} == set(range(1, EDITS + 1))
