"""Uploads over HTTP at the same time, to two gateways of one store, of either engine; and all else that a store on a server has to do."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Barrier

import httpx
import pytest

from addons.install import clock
from addons.simple.names import ProjectName
from addons.store.database import Database, Server
from addons.store.decision import Draft, Subject
from addons.store.decisions import Decisions
from addons.store.projects import Projects
from tests.fakepypi import FakePyPI
from tests.gateway.authors import API, SHARED, Made, Way, basic, build, stored, token, until, way
from tests.gateway.running import RunningGateway, configuration
from tests.postgres import PASSWORD, Postgres
from tests.wheelgate_process import Gateway

SHOWN = 5.0  # seconds; that one is enough is measured where nothing else runs


@dataclass(frozen=True)
class House:
    """Two gateways, in two processes, of one store whose database is at `place`."""

    ways: tuple[Way, Way]
    place: Path | Server
    bob: str

    def at_once(self, work: Sequence[tuple[Way, Made, str]]) -> list[httpx.Response]:
        """Hand all of it in at once."""
        start = Barrier(len(work))

        def one(way: Way, made: Made, authorization: str) -> httpx.Response:
            body = made.body
            assert body
            start.wait(20)
            return way.upload(made, authorization)

        with ThreadPoolExecutor(len(work)) as pool:
            return list(pool.map(lambda each: one(*each), work))


def settings_of(place: Path | Server, folder: Path) -> dict[str, object]:
    """Give the settings of a store in a folder whose database is at a place."""
    store: dict[str, object] = {"folder": str(folder / "store")}
    if isinstance(place, Server):
        (folder / "password").write_text(PASSWORD)
        store |= {"database": place.url, "password_file": str(folder / "password")}
    return {"store": store, **SHARED}


def shows(way: Way, project: str, filenames: set[str]) -> bool:
    """Tell whether a page has just these files."""
    return set(way.files(project)) == filenames


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all tests of this file and each engine."""
    folder = tmp_path_factory.mktemp("together")
    (folder / "other").mkdir()
    with ExitStack() as stack:
        place: Path | Server = folder / "store"
        if request.param == "postgresql":
            server: Postgres = request.getfixturevalue("postgres_server")
            place = stack.enter_context(server.database())
        alice, bob = token(place), token(place, "bob")
        pypi = stack.enter_context(FakePyPI(folder))
        settings = settings_of(place, folder)
        one = stack.enter_context(RunningGateway(configuration(pypi, folder, **settings)))
        config = configuration(pypi, folder / "other", listen="127.0.0.1:0", **settings)
        other = stack.enter_context(Gateway(config, folder / "other"))
        ways = way(one, alice), Way(other.proxy, folder / "other" / "certs" / "ca.pem", alice)
        yield House(ways, place, bob)


def test_upload__of_two_authors_for_one_name_at_once__is_one_s(house: House) -> None:
    """UPL-26: whoever is first has it, whole; the other one is told so as if it had been his for long, at either gateway."""
    one, other = house.ways
    for number, (first, second) in enumerate([(one, other), (one, one)]):
        project = f"race-{number}"
        alices, bobs = build(project, "1.0"), build(project, "2.0")
        answers = house.at_once([(first, alices, basic(one.secret)), (second, bobs, basic(house.bob))])
        assert sorted(answer.status_code for answer in answers) == [200, 403]
        won = 0 if answers[0].status_code == 200 else 1
        assert f"isn't allowed to upload to project '{project}'" in answers[1 - won].reason_phrase
        standing = Projects(Database(house.place)).standing(ProjectName(project))
        assert standing is not None
        assert {str(each): role for each, role in standing.roles.items()} == {("user:alice", "user:bob")[won]: "owner"}
        assert stored(house.place, project) == {(alices, bobs)[won].filename: (alices, bobs)[won].sha256}
        for each in house.ways:
            until(partial(each.files, project), SHOWN)
            assert list(each.files(project)) == [(alices, bobs)[won].filename]


def test_upload__of_other_bytes_under_one_name_at_once__is_one_of_them(house: House) -> None:
    """UPL-13: what is acknowledged is what is served; the other is told that a file is there."""
    one, other = house.ways
    made = [build("twice", requires=(f"other>={number}",)) for number in range(2)]
    answers = house.at_once([(way, each, basic(one.secret)) for way, each in zip((one, other), made, strict=True)])
    assert sorted(answer.status_code for answer in answers) == [200, 400]
    won = made[0] if answers[0].status_code == 200 else made[1]
    assert "File already exists" in next(answer.reason_phrase for answer in answers if answer.status_code == 400)
    for each in house.ways:
        until(partial(each.files, "twice"), SHOWN)
        assert each.get(str(each.files("twice")[won.filename]["url"])).content == won.content


def test_upload__of_twenty_files_at_once__all_show_at_both_gateways(house: House) -> None:
    """UPL-16, UPL-20: of a project that nobody had, from several connections, within a second."""
    one = house.ways[0]
    made = [build("many", f"1.{number}", padding=50_000) for number in range(20)]
    work = [(house.ways[number % 2], each, basic(one.secret)) for number, each in enumerate(made)]
    answers = house.at_once(work)
    assert [(answer.status_code, answer.reason_phrase) for answer in answers] == [(200, "OK")] * 20
    wanted = {each.filename: each.sha256 for each in made}
    for each in house.ways:
        until(partial(shows, each, "many", set(wanted)), SHOWN)
        assert {name: entry["hashes"] for name, entry in each.files("many").items()} == {
            name: {"sha256": sha256} for name, sha256 in wanted.items()
        }
    assert stored(house.place, "many") == wanted


def test_gateway__whose_store_is_on_a_server__goes_on_after_either_was_restarted(
    postgres_server: Postgres, postgresql: Server, pypi: FakePyPI, tmp_path: Path
) -> None:
    """UPL-16, UPL-20: upload, yank and denial last; while the server is down 503 in words, pages hold, and nothing is half."""
    secret, settings = token(postgresql), settings_of(postgresql, tmp_path)
    one, two = build("lasting"), build("lasting", "2.0")
    config = configuration(pypi, tmp_path, **settings)
    with RunningGateway(config) as gateway:
        author = way(gateway, secret)
        assert [author.upload(each).status_code for each in (one, two)] == [200, 200]
        url = str(author.files("lasting")[one.filename]["url"])
        assert author.get(url).content == one.content
        with author.client() as client:
            yanked = client.post(
                f"{API}/projects/lasting/releases/1.0/yank",
                json={"reason": "loses data"},
                headers={"Authorization": basic(secret)},
            )
        assert yanked.status_code == 200, yanked.text
        denied = Draft(
            kind="deny", subject=Subject(project="lasting", versions="==2.0"), reason="leaks", author="j.doe"
        )
        Decisions(Database(postgresql)).make([denied], clock())
        until(lambda: "leaks" in str(author.files("lasting")[two.filename].get("yanked")), SHOWN)
        postgres_server.stop()
        try:
            refused = author.upload(build("lasting", "3.0"))
            assert (refused.status_code, "store cannot be read now" in refused.reason_phrase) == (403, True)
            assert author.files("lasting")[one.filename]["yanked"] == "loses data"
        finally:
            postgres_server.start()
        until(lambda: author.upload(build("lasting", "3.0")).status_code == 200)
    with RunningGateway(config) as gateway:
        author = way(gateway, secret)
        shown = author.files("lasting")
        assert sorted(shown) == [build("lasting", version).filename for version in ("1.0", "2.0", "3.0")]
        assert shown[one.filename]["yanked"] == "loses data"
        assert "leaks" in str(shown[two.filename]["yanked"])
        assert author.get(url).content == one.content
