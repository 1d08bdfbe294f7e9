"""PyPI fails behind a whole gateway: what clients get, what is marked, and what a restart changes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from tests.deleting import delete
from tests.fakepypi import FakePyPI, Hang, LoginPage, Reset, Status, Truncate
from tests.gateway.conftest import Start
from tests.gateway.logs import IN_FORCE, Log, listening
from tests.gateway.running import RunningGateway, configuration

STALE = "X-Wheelgate-Stale"
PAGE, LEGACY = "https://pypi.org/simple/demo/", "https://pypi.org/pypi/demo/json"
DENY = {"deny": [{"project": "demo", "versions": "==1.0", "reason": "steals tokens"}]}


@pytest.fixture
def published(pypi: FakePyPI) -> FakePyPI:
    """A project with page and document, for which the index is asked each time."""
    pypi.cache_control = "max-age=0"
    pypi.release("demo", "1.0", announce_metadata=True)
    return pypi


@pytest.fixture
def sources_log() -> Iterator[Log]:
    """The log of outages, from now on."""
    with listening("addons.sources.outage") as kept:
        yield kept


def given(gateway: RunningGateway, url: str) -> httpx.Response:
    """Give an answer that there is."""
    answer = gateway.get(url, Accept="application/vnd.pypi.simple.v1+json, application/json")
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("kind", [Status(503), Reset(), Reset("body", 9), Truncate(9), LoginPage()], ids=repr)
@pytest.mark.parametrize("url", [PAGE, LEGACY], ids=["page", "document"])
def test_answer__while_pypi_fails__is_the_kept_one_and_marked(
    start: Start, published: FakePyPI, sources_log: Log, kind: object, url: str
) -> None:
    """CCH-08: the same bytes; the mark goes when PyPI is back, and clients keep it for no moment longer."""
    gateway = start(max_age_seconds=300, fresh_seconds=0)
    before = given(gateway, url)
    assert (STALE in before.headers, before.headers["Cache-Control"]) == (False, "max-age=300")
    published.release("demo", "2.0")  # so that the page would be sent, and not a 304
    published.fault("/", kind)  # type: ignore[arg-type] # one of them
    during = given(gateway, url)
    assert (during.content, during.headers["ETag"]) == (before.content, before.headers["ETag"])
    assert during.headers[STALE].isdecimal()
    assert during.headers["Cache-Control"] == "max-age=0"
    sources_log.wait_for("; what is kept of it is given meanwhile")
    published.lift()
    after = given(gateway, url)
    assert (after.content == before.content, STALE in after.headers) == (False, False)
    sources_log.wait_for("source pypi: answers again; for ")


def test_answer__not_modified_while_pypi_fails__has_no_mark(gateway: RunningGateway, published: FakePyPI) -> None:
    """CCH-04, CCH-08: clients write the headers of a 304 over those of what they have."""
    etag = given(gateway, PAGE).headers["ETag"]
    published.fault("/", Status(503))
    answer = gateway.page("demo", If_None_Match=etag)
    assert (answer.status_code, STALE in answer.headers) == (304, False)
    assert answer.headers["Cache-Control"] == "max-age=0"


@pytest.mark.parametrize("url", [PAGE, LEGACY], ids=["page", "document"])
def test_answer__while_pypi_hangs__comes_within_the_patience(start: Start, published: FakePyPI, url: str) -> None:
    """CCH-08: though PyPI never answers while the client waits."""
    gateway = start(cache={"folder": "cache", "patience_seconds": 0.1}, fresh_seconds=0)
    given(gateway, url)
    hang = published.fault("/", Hang())
    assert STALE in given(gateway, url).headers
    assert hang.reached.wait(10)
    assert STALE in given(gateway, url).headers


def test_client__that_wants_a_fresh_answer_while_pypi_fails__gets_the_kept_one(
    gateway: RunningGateway, published: FakePyPI
) -> None:
    """CCH-11, CCH-08: `uv --refresh` asks PyPI, and installs on."""
    given(gateway, PAGE)
    published.fault("/", Status(503))
    asked = len(published.requests)
    answer = gateway.page("demo", Cache_Control="no-cache")
    assert (answer.status_code, STALE in answer.headers) == (200, True)
    assert len(published.requests) > asked


def test_project__never_asked_for__is_unavailable_at_once(gateway: RunningGateway, published: FakePyPI) -> None:
    """503 in words, with Retry-After: also when nobody waits for PyPI any more."""
    published.fault("/", Reset())
    answers = [gateway.page("other") for _ in range(8)]
    assert {answer.status_code for answer in answers} == {503}
    assert [answer.headers["Retry-After"] for answer in answers] == ["5"] * 4 + ["1"] * 4  # then it is asked again
    assert all("source pypi: " in answer.reason_phrase for answer in answers)
    assert "is down, and is asked again in" in answers[-1].reason_phrase


def test_status__tells_how_each_index_is(gateway: RunningGateway, published: FakePyPI) -> None:
    """As usual, out, down: for whoever watches the gateway."""

    def condition() -> object:
        return gateway.get("http://wheelgate.internal/status").json()["sources"]

    given(gateway, PAGE)
    assert condition() == {"pypi": "usual"}
    published.fault("/", Reset())
    given(gateway, PAGE)
    assert condition() == {"pypi": "out"}
    for _ in range(5):
        gateway.page("other")
    assert condition() == {"pypi": "down"}


def test_policy__edited_while_pypi_fails__counts_for_what_is_kept(
    start: Start, published: FakePyPI, tmp_path: Path
) -> None:
    """CCH-08: kept is what PyPI said; it is judged as everything is, now."""
    with listening("addons.lifetime") as log:
        gateway = start()
        given(gateway, PAGE)
        published.fault("/", Status(503))
        [listed] = given(gateway, PAGE).json()["files"]
        assert "yanked" not in listed
        config = tmp_path / "wheelgate.yaml"
        config.write_text(yaml.safe_dump({**yaml.safe_load(config.read_text()), "policies": [DENY]}))
        log.wait_for(IN_FORCE)
        answer = given(gateway, PAGE)
        [listed] = answer.json()["files"]
        assert (listed["yanked"], STALE in answer.headers) == ("Blocked by wheelgate: deny: steals tokens", True)
        refused = gateway.get(listed["url"])
        assert (refused.status_code, refused.reason_phrase) == (403, "Blocked by wheelgate: deny: steals tokens")


def test_project__taken_down_before_pypi_fails__stays_away(start: Start, published: FakePyPI, tmp_path: Path) -> None:
    """CCH-08, CCH-09: neither its page nor its files come back, nor after a restart."""
    gateway = start()
    [listed] = given(gateway, PAGE).json()["files"]
    published.remove("demo")
    assert gateway.page("demo").status_code == 404
    published.fault("/", Status(503))
    assert gateway.page("demo").status_code == 503
    assert gateway.get(listed["url"]).status_code == 503
    with RunningGateway(configuration(published, tmp_path, fresh_seconds=0)) as restarted:
        assert restarted.page("demo").status_code == 503


def test_gateway__started_again_while_pypi_is_down__answers_what_it_had(published: FakePyPI, tmp_path: Path) -> None:
    """CCH-02, CCH-08: the same bytes under the same ETag, from the folder of the cache."""
    with RunningGateway(configuration(published, tmp_path, fresh_seconds=0)) as first:
        before = {url: given(first, url) for url in (PAGE, LEGACY)}
    published.fault("", Reset("connect"))
    with RunningGateway(configuration(published, tmp_path, fresh_seconds=0)) as second:
        for url, answer in before.items():
            again = given(second, url)
            assert (again.content, again.headers["ETag"]) == (answer.content, answer.headers["ETag"])
            assert STALE in again.headers
    shutil.rmtree(tmp_path / "cache")
    with RunningGateway(configuration(published, tmp_path, fresh_seconds=0)) as third:
        assert third.page("demo").status_code == 503


def test_offline__with_what_it_had__asks_nobody(published: FakePyPI, tmp_path: Path) -> None:
    """Everything that is kept is given, and the rest says why it is not."""
    with RunningGateway(configuration(published, tmp_path, fresh_seconds=0)) as first:
        before = {url: given(first, url).content for url in (PAGE, LEGACY)}
    connections = published.connections
    offline = configuration(published, tmp_path, fresh_seconds=0, offline=True)
    with RunningGateway(offline) as second:
        assert {url: given(second, url).content for url in (PAGE, LEGACY)} == before
        for _ in range(6):
            answer = second.page("other")
            assert answer.status_code == 503
            assert "pypi.org is not asked, as the configuration says offline" in answer.reason_phrase
    assert published.connections == connections


def test_cache__deleted_or_damaged_while_running__is_noticed_by_nobody(
    gateway: RunningGateway, published: FakePyPI, tmp_path: Path
) -> None:
    """It is a cache: without it PyPI is asked."""
    before = given(gateway, PAGE)
    database = tmp_path / "cache" / "documents" / "cache.db"
    assert database.is_file()
    database.write_bytes(b"no database" * 5000)
    assert given(gateway, PAGE).content == before.content
    delete(tmp_path / "cache")
    published.release("demo", "2.0")
    assert len(given(gateway, PAGE).json()["files"]) == 2
    assert database.is_file()
    published.fault("/", Status(503))
    assert len(given(gateway, PAGE).json()["files"]) == 2


def test_absence__is_remembered_of_pypi_and_never_of_an_own_index(
    start: Start, published: FakePyPI, tmp_path: Path
) -> None:
    """CCH-09, MRG-06: a dozen jobs are one question; a new own project is there at once, and nobody else's."""
    private = published.private()
    (tmp_path / "secret").write_text("secret\n")
    own = {"name": "own", "index": private.place.simple_url, "username": "reader", "password_file": "secret"}
    public = {"name": "pypi", "index": "https://pypi.org/simple/", "public": True}
    gateway = start(sources=[own, public], cache={"folder": "cache"})
    assert [gateway.page("new").status_code for _ in range(12)] == [404] * 12
    assert [len(published.asked(f"{root}/simple/new/")) for root in ("", "/private")] == [1, 12]
    published.release("new", "9.0")
    private.release("new", "1.0")
    [file] = gateway.page("new").json()["files"]
    assert file["filename"] == "new-1.0-py3-none-any.whl"
    assert len(published.asked("/simple/new/")) == 1


def test_own_index__that_fails__is_stood_in_for_and_pypi_is_not_asked(
    start: Start, published: FakePyPI, tmp_path: Path
) -> None:
    """MRG-03, CCH-08: its outage brings in no stranger's project; and its password is in no file."""
    private = published.private(password="hunter2-hunter2")
    private.cache_control = "max-age=0"
    private.release("demo", "0.5")
    (tmp_path / "secret").write_text("hunter2-hunter2\n")
    own = {"name": "own", "index": private.place.simple_url, "username": "reader", "password_file": "secret"}
    upstream = yaml.safe_load(configuration(published, tmp_path).read_text())["upstream"]
    gateway = start(
        sources=[own, {"name": "pypi", "index": "https://pypi.org/simple/", "public": True}], upstream=upstream
    )
    before = given(gateway, PAGE)
    published.fault("/private/", Status(503))
    during = given(gateway, PAGE)
    assert (during.content, STALE in during.headers) == (before.content, True)
    assert gateway.page("other").status_code == 503
    assert published.asked("/simple/", host="pypi.org") == []
    for path in (tmp_path / "cache").rglob("*"):
        assert path.is_dir() or b"hunter2" not in path.read_bytes(), path
