"""`wheelgate run` that is killed, or told to stop, in the middle of uploads over HTTP: what is there when it runs again."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from addons.install import clock
from addons.store.checking import Check
from addons.store.database import Database
from addons.store.shelf import Shelf
from addons.storekeeper import metadata_of
from tests.fakepypi import FakePyPI
from tests.faults.conftest import Scale
from tests.gateway.authors import SHARED, Made, Way, build, phrase, stored, token, until
from tests.gateway.running import configuration
from tests.wheelgate_process import Gateway

PADDING = 3_000_000


@dataclass(frozen=True)
class House:
    """A store, and the configuration of the gateways that are started over it, one after the other."""

    config: Path
    folder: Path
    secret: str

    @property
    def store(self) -> Path:
        """Where it lies."""
        return self.folder / "store"

    @contextlib.contextmanager
    def running(self) -> Iterator[tuple[Gateway, Way]]:
        """Start a gateway."""
        with Gateway(self.config, self.folder, "--verbose") as gateway:
            yield gateway, Way(gateway.proxy, self.folder / "certs" / "ca.pem", self.secret)

    def lying(self, kind: str) -> list[Path]:
        """Give the files of one folder of the store that have bytes."""
        with contextlib.suppress(FileNotFoundError):
            return [path for path in (self.store / kind).rglob("*") if path.is_file() and path.stat().st_size]
        return []

    def check(self, most: int) -> None:
        """Fail for anything that is grave; what is nobody's may be as much as uploads were cut off, and is mended."""
        database, late = Database(self.store), clock() + timedelta(days=2)
        found = [*Check(database, Shelf(self.store), metadata_of, mend=False).findings(late)]
        assert [each for each in found if each.grave] == []
        assert len(found) <= most
        list(Check(database, Shelf(self.store), metadata_of, mend=True).findings(late))
        assert list(Check(database, Shelf(self.store), metadata_of, mend=False).findings(late)) == []
        database.close()


def house_of(pypi: FakePyPI, folder: Path) -> House:
    """Make one."""
    config = configuration(pypi, folder, listen="127.0.0.1:0", **SHARED)
    return House(config, folder, token(folder / "store"))


def agreeing(house: House, way: Way, one: Made, *, acknowledged: bool) -> bool:
    """Tell whether a file is there: row, page and bytes say the same, and an acknowledged one is."""
    row, entry = stored(house.store, one.project), way.files(one.project)
    assert set(row) == set(entry) <= {one.filename}
    if row:
        assert row[one.filename] == one.sha256
        assert way.get(str(entry[one.filename]["url"])).content == one.content
        assert way.get(f"{entry[one.filename]['url']}.metadata").status_code == 200
    assert row or not acknowledged
    return bool(row)


def test_gateway__killed_at_any_moment_of_an_upload__has_what_it_acknowledged_and_nothing_half(
    pypi: FakePyPI, tmp_path: Path, scale: Scale
) -> None:
    """UPL-16, UPL-20: while the body comes, when its bytes are kept, when its row is written, after the answer; a repeat succeeds."""
    house = house_of(pypi, tmp_path)
    moments: dict[str, Callable[[Made], object]] = {
        "while the body comes": lambda one: house.lying("incoming"),
        "all was sent": lambda one: True,
        "its bytes are kept": lambda one: Shelf(house.store).path(one.sha256).exists(),
        "its row is written": lambda one: stored(house.store, one.project),
        "it is answered": lambda one: True,
    }
    few = [scale.chance("killed").choice([*moments][:4]), "it is answered"]
    chosen = [*moments] * 8 if scale.full else few
    before: tuple[Made, bool] | None = None
    for number, moment in enumerate(chosen):
        one = build(f"killed-{number}", padding=PADDING)
        with house.running() as (gateway, way):
            if before is not None:
                tried_again(house, way, *before)
            answered = False
            with way.dialled() as link:
                sent = len(one.body) // 2 if moment == "while the body comes" else len(one.body)
                link.sendall(way.head(one) + one.body[:sent])
                until(partial(moments[moment], one))
                if moment == "it is answered":
                    answered = phrase(link).startswith(b"HTTP/1.1 200 ")
                    assert answered
                gateway.stop(signal.SIGKILL)
                answered = answered or phrase(link).startswith(b"HTTP/1.1 200 ")
        before = one, answered
    with house.running() as (_, way):
        assert before is not None
        tried_again(house, way, *before)
    house.check(most=2 * len(chosen))


def tried_again(house: House, way: Way, one: Made, answered: bool) -> None:
    """Look after what a kill has left, and do it again."""
    agreeing(house, way, one, acknowledged=answered)
    for _ in range(2):
        answer = way.upload(one)
        assert answer.status_code == 200, answer.text
        assert agreeing(house, way, one, acknowledged=True)


def test_gateway__told_to_stop_in_the_middle_of_uploads__ends_in_good_order(pypi: FakePyPI, tmp_path: Path) -> None:
    """UPL-16, UPL-20: exit code 0; what has come whole is done or was never there, what has not leaves nothing.

    Nor is a client that hung up before an error in the log.
    """
    house = house_of(pypi, tmp_path)
    half, whole = build("half", padding=PADDING), build("whole", padding=PADDING)
    with house.running() as (gateway, way):
        with way.dialled() as gone:
            gone.sendall(way.head(half) + half.body[:PADDING])
            until(lambda: house.lying("incoming"))
        until(lambda: not house.lying("incoming"))
        with way.dialled() as one, way.dialled() as other:
            one.sendall(way.head(half) + half.body[: len(half.body) // 2])
            until(lambda: house.lying("incoming"))
            other.sendall(way.head(whole) + whole.body)
            assert gateway.stop() == 0
            answers = [phrase(one), phrase(other)]
        said = gateway.err.to_its_end()
    assert "Traceback" not in said, said
    assert not answers[0].startswith(b"HTTP/1.1 200 ")
    assert house.lying("incoming") == []
    with house.running() as (_, way):
        assert not agreeing(house, way, half, acknowledged=False)
        agreeing(house, way, whole, acknowledged=answers[1].startswith(b"HTTP/1.1 200 "))
        assert [way.upload(each).status_code for each in (half, whole)] == [200, 200]
        assert all(agreeing(house, way, each, acknowledged=True) for each in (half, whole))
    house.check(most=2)
