"""Core metadata that PyPI announces lies on disk, under the sha256 that the page says."""

from pathlib import Path

from tests.fakepypi import Corrupt, FakeFile, FakePyPI, Reset
from tests.gateway.conftest import Start
from tests.gateway.running import RunningGateway


def asked(gateway: RunningGateway, file: FakeFile) -> tuple[int, bytes]:
    """Ask for the file's metadata: status and body."""
    answer = gateway.get(f"{file.url}.metadata")
    return answer.status_code, answer.content


def test_metadata__after_a_restart_while_upstream_is_down__is_the_same(start: Start, pypi: FakePyPI) -> None:
    """CCH-08: clients that read it before they choose a file can go on."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    first = start()
    before = asked(first, file)
    first.stop()
    pypi.fault("", Reset("connect"))
    assert asked(start(), file) == before == (200, file.metadata)


def test_metadata__of_a_file_that_nobody_may_have__is_refused_though_it_is_kept(start: Start, pypi: FakePyPI) -> None:
    """What lies on disk has no say in it."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    first = start()
    assert asked(first, file)[0] == 200
    first.stop()
    denied = start(policies=[{"deny": [{"project": "demo", "reason": "steals tokens"}]}])
    assert asked(denied, file)[0] == 403


def test_metadata__that_is_not_what_the_page_says__is_kept_nowhere(
    start: Start, pypi: FakePyPI, tmp_path: Path
) -> None:
    """MET-02: and given to nobody: the wheel has what was announced."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    pypi.fault(f"{file.path}.metadata", Corrupt())
    gateway = start()
    assert asked(gateway, file) == (200, file.metadata)
    gateway.stop()
    assert [path.read_bytes() for path in tmp_path.glob("cache/files/*/*")] == [file.metadata]


def test_metadata__where_no_file_is_kept__is_passed_on(start: Start, pypi: FakePyPI, tmp_path: Path) -> None:
    """A disk without room fails no request."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    gateway = start(cache={"folder": str(tmp_path / "cache"), "max_gb": 0})
    assert asked(gateway, file) == (200, file.metadata)
