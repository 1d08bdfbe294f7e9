"""Uploads that go on to the public index, through a whole gateway to a fake upload host; and all others, which never do."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.addons.upload.forms import KIND
from tests.fakepypi import FakePyPI
from tests.fakepypi.faults import Hang, Kind, Redirect, Reset, Status, TruncateHead
from tests.gateway.authors import HOST, SHARED, Way, basic, build, stored, token, until, upstream, way
from tests.gateway.running import RunningGateway, configuration
from tests.storing import release

PYPIS = "pypi-AgEIcHlwaS5vcmcCJDExMTExMTEx"
UV = "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7"


@dataclass(frozen=True)
class House:
    """A gateway that sends uploads of `shared-*` on, and the PyPI that takes them."""

    way: Way
    store: Path
    pypi: FakePyPI
    before: frozenset[Path] = frozenset()

    def sent_on(self) -> int:
        """How many requests have come to PyPI's upload host."""
        return len(self.pypi.asked(host=HOST))

    def lying(self) -> list[Path]:
        """What has come into the store's folder beside its database since the test began."""
        files = (path for path in self.store.rglob("*") if path.is_file() and not path.name.startswith("wheelgate"))
        return [path for path in files if path not in self.before]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all tests of this file."""
    folder = tmp_path_factory.mktemp("forwarding")
    secret = token(folder / "store")
    with FakePyPI(folder) as pypi:
        pypi.release("shared-lib", "0.9")
        settings = {**SHARED, "uploads": {"forward": ["shared-*"]}, "upstream": upstream(pypi)}
        with RunningGateway(configuration(pypi, folder, **settings)) as gateway:
            yield House(way(gateway, secret), folder / "store", pypi)


@pytest.fixture
def house(running: House) -> Iterator[House]:
    """The same, without what other tests left."""
    running.pypi.clear_log()
    yield replace(running, before=frozenset(running.lying()))
    running.pypi.lift()


def test_forward__upload_of_a_named_project__arrives_byte_for_byte(house: House) -> None:
    """UPL-25: the author's own credentials, type and body as they came; nothing of it lies here, and its page is PyPI's."""
    one = build("shared-lib", padding=300_000)
    answer = house.way.upload(one, basic(PYPIS))
    assert (answer.status_code, answer.content) == (200, b"")
    [seen] = house.pypi.asked(host=HOST)
    assert (seen.method, seen.path, seen.query, seen.sni) == ("POST", "/legacy/", "", HOST)
    assert (seen.headers["authorization"], seen.headers["content-type"]) == (basic(PYPIS), KIND)
    assert seen.content == one.body
    assert not set(seen.headers) & {"proxy-authorization", "via", "x-forwarded-for", "cookie"}
    assert (stored(house.store, "shared-lib"), house.lying()) == ({}, [])
    assert list(house.way.files("shared-lib")) == ["shared_lib-0.9-py3-none-any.whl"]


def test_forward__refusal_of_pypi__is_told_in_its_words(house: House) -> None:
    """UPL-18, UPL-25: status and body are PyPI's."""
    body = b"The name 'shared-lib' is too similar to an existing project."
    house.pypi.fault("/legacy/", Status(400, body), host=HOST)
    answer = house.way.upload(build("shared-lib"), basic(PYPIS))
    assert (answer.status_code, answer.content) == (400, body)
    assert house.lying() == []


def test_forward__own_token_for_a_named_project__never_leaves(house: House) -> None:
    """UPL-24, UPL-25: a token of the gateway's is not PyPI's to see; and it says what is needed."""
    answer = house.way.upload(build("shared-lib"))
    assert (answer.status_code, "need an API token of it" in answer.reason_phrase) == (403, True)
    assert (house.sent_on(), house.lying()) == (0, [])


@pytest.mark.parametrize("project", ["mine", "shared", "my-shared-lib", "sharing"])
def test_forward__every_other_project__never_reaches_pypis_upload_host(house: House, project: str) -> None:
    """UPL-25: whoever's token it is: ours stores it, PyPI's is refused."""
    refused = house.way.upload(build(project), basic(PYPIS))
    assert (refused.status_code, refused.reason_phrase.startswith("Invalid or non-existent")) == (403, True)
    assert house.way.upload(build(project)).status_code == 200
    assert list(house.way.files(project)) == [build(project).filename]
    assert house.sent_on() == 0


def test_forward__form_that_names_two_projects__goes_nowhere(house: House) -> None:
    """UPL-08, UPL-25: a file of another project under a name that goes on is neither sent nor kept."""
    mine, shared = build("mine-too"), build("shared-lib")
    one = type(mine)(shared.project, "1.0", mine.filename, mine.content)
    answer = house.way.upload(one, basic(PYPIS))
    assert (answer.status_code, "is not named after the project" in answer.reason_phrase) == (400, True)
    assert (house.sent_on(), stored(house.store, "mine-too")) == (0, {})


def test_forward__project_that_the_store_has__goes_nowhere(house: House) -> None:
    """UPL-25, UPL-26: what is the organisation's own is no public project, whatever the configuration says."""

    release(house.store, "shared-secret")
    answer = house.way.upload(build("shared-secret", "2.0"), basic(PYPIS))
    assert (answer.status_code, "one of your organisation's own" in answer.reason_phrase) == (403, True)
    assert house.sent_on() == 0


@pytest.mark.parametrize(
    "kind",
    [Reset(at="connect"), Reset(), TruncateHead(), Redirect("https://example.org/legacy/"), Status(500, b"Oops.")],
    ids=lambda kind: type(kind).__name__,
)
def test_forward__fault_of_pypi__is_told_in_words_and_nothing_is_kept(house: House, kind: Kind) -> None:
    """UPL-20, UPL-25: a 5xx, which is true: nobody knows; no redirect is followed, and no second address is tried."""
    where = "" if getattr(kind, "at", "") == "connect" else "/legacy/"
    house.pypi.fault(where, kind, host=HOST if where else None, times=None if where else 1)
    one = build("shared-lib")
    answer = house.way.upload(one, basic(PYPIS), UV)
    if isinstance(kind, Status):
        assert (answer.status_code, answer.content) == (500, b"Oops.")
    else:
        assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
        assert answer.reason_phrase.startswith(f"{HOST} ")
        assert answer.json()["code"].startswith(f"503 {HOST} ")
    assert house.sent_on() <= 1
    assert (stored(house.store, "shared-lib"), house.lying()) == ({}, [])


def test_forward__client_that_hangs_up_while_pypi_thinks__leaves_nothing(house: House) -> None:
    """UPL-16, UPL-25: the copy that was made to be sent on is removed."""
    one = build("shared-lib")
    fault = house.pypi.fault("/legacy/", Hang(), host=HOST)
    with Way(house.way.proxy, house.way.ca, PYPIS).dialled() as link:
        link.sendall(house.way.head(one).replace(basic(house.way.secret).encode(), basic(PYPIS).encode()) + one.body)
        assert fault.tap.reached.wait(10)
    fault.tap.open()
    until(lambda: house.lying() == [])
    assert house.sent_on() == 1
