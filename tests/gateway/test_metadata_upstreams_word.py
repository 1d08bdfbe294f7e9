"""What upstream announces of core metadata itself passes at once, in whatever words, and is a promise of ours too."""

import hashlib
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.addons.metadata.archives import tarred
from tests.fakepypi import FakeFile, FakePyPI, Hang, IgnoreRange, LoginPage, Reset, Status
from tests.gateway.announced import (
    AHEAD,
    hashed,
    head_of,
    lying_at,
    metadata_of,
    said,
    unannounced,
    until,
    until_announced,
    wheel_of,
    wholes,
)
from tests.gateway.conftest import Start
from tests.gateway.running import RunningGateway

MB = 1_000_000


def promised(pypi: FakePyPI, **said: str) -> FakeFile:
    """Release a wheel whose metadata upstream announces with these hashes."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    return pypi.add(replace(file, metadata_hashes=said))


def test_announcement__without_a_hash__passes_and_gets_one(start: Start, pypi: FakePyPI) -> None:
    """MET-02, MET-04: it is unproven, and compared with the wheel that passes by."""
    file = promised(pypi)
    gateway = start(metadata=AHEAD)
    assert said(gateway, file) in (True, hashed(file.metadata or b""))
    until_announced(gateway, file, file.metadata)
    gateway.stop()
    pypi.fault("", Reset("connect"))
    assert metadata_of(start(), file).content == file.metadata


@pytest.mark.parametrize("named", [{}, {"sha512": "0" * 128}], ids=["true", "another hash"])
def test_announcement__of_a_file_without_sha256__is_kept(
    gateway: RunningGateway, pypi: FakePyPI, named: dict[str, str]
) -> None:
    """MET-02: an index that knows other hashes is passed on, metadata too, though nothing can be kept of it."""
    file = promised(pypi, **named)
    file = pypi.add(replace(file, hashes={"sha512": hashlib.sha512(file.content).hexdigest()}))
    assert said(gateway, file)
    answer = metadata_of(gateway, file)
    assert (answer.status_code, answer.content) == (200, file.metadata), answer.text


def test_announcement__of_an_sdist_without_a_hash__is_kept(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """MET-02: it is upstream's word that PKG-INFO is final; what it serves is passed on."""
    info = head_of("demo", metadata_version="2.1")
    file = pypi.add_bytes("demo", "1.0", "demo-1.0.tar.gz", tarred(("demo-1.0/PKG-INFO", info)))
    pypi.add(replace(file, metadata=info, metadata_hashes={}))
    assert said(gateway, file) is True
    answer = metadata_of(gateway, file)
    assert (answer.status_code, answer.content) == (200, info), answer.text
    assert wholes(pypi) == []


def test_announcement__where_nothing_is_kept__is_served(start: Start, pypi: FakePyPI, tmp_path: Path) -> None:
    """MET-02: a disk without room breaks no promise, neither upstream's nor ours."""
    theirs, silent = promised(pypi), pypi.release("silent", "1.0", size_padding=MB)
    gateway = start(cache={"folder": str(tmp_path / "cache"), "max_gb": 0}, metadata=AHEAD)
    assert metadata_of(gateway, theirs).content == theirs.metadata
    said(gateway, silent)
    assert b"Name: silent" in metadata_of(gateway, silent).content


def test_wheel__that_gives_nothing_less_than_itself_and_no_disk_takes__is_not_announced(
    start: Start, pypi: FakePyPI, tmp_path: Path
) -> None:
    """MET-02: what could not be served again is no promise: 404, as of an index without metadata."""
    file = pypi.release("demo", "1.0", size_padding=MB)
    pypi.fault(file.path, IgnoreRange())
    gateway = start(cache={"folder": str(tmp_path / "cache"), "max_gb": 0}, metadata=AHEAD)
    for _ in range(2):
        assert said(gateway, file) is False
        assert metadata_of(gateway, file).status_code == 404


def test_page__while_the_index_is_silent_about_metadata__is_not_held_up(start: Start, pypi: FakePyPI) -> None:
    """MET-02: the first one waits a second at most, the next one not at all; it is announced once it is known."""
    file = unannounced(pypi, "demo", "1.0")
    held = pypi.fault("/packages/", Hang())
    gateway = start(metadata=AHEAD)
    begun = time.monotonic()
    assert gateway.page("demo").status_code == 200
    first = time.monotonic()
    assert gateway.page("demo").status_code == 200
    assert first - begun < 4  # upstream would be waited for 5 seconds
    assert time.monotonic() - first < 0.9
    assert held.reached.wait(10)
    pypi.lift()
    until(lambda: said(gateway, file) is not False)


def test_metadata__that_is_damaged_on_disk__is_got_anew(start: Start, pypi: FakePyPI, tmp_path: Path) -> None:
    """MET-02: nobody gets the damaged bytes."""
    file = pypi.release("demo", "1.0")
    first = start()
    served = metadata_of(first, file).content
    until(lying_at(tmp_path, served).exists)
    first.stop()
    lying_at(tmp_path, served).write_bytes(b"X" + served[1:])
    second = start()
    for _ in range(2):
        assert metadata_of(second, file).content == served
    until_announced(second, file, served)


@pytest.mark.parametrize("kind", [LoginPage(), Status(200, b"not metadata"), Status(200, head_of("other"))], ids=repr)
def test_metadata__that_is_none_at_upstream__is_had_otherwise(
    gateway: RunningGateway, pypi: FakePyPI, kind: LoginPage | Status
) -> None:
    """MET-04, MET-05: whatever else is answered with 200, or of another project, is no metadata."""
    file = wheel_of(pypi, "demo", head_of("demo"))
    pypi.add(replace(file, metadata=head_of("demo")))
    pypi.fault(f"{file.path}.metadata", kind)
    assert metadata_of(gateway, file).content == head_of("demo")


def test_file__whose_address_has_a_query__is_announced_only_where_metadata_is_found(
    start: Start, pypi: FakePyPI
) -> None:
    """MET-01: clients put `.metadata` behind all of the address."""
    good = unannounced(pypi, "good", "1.0")
    file = unannounced(pypi, "demo", "1.0")
    pypi.add(replace(file, url=f"{file.url}?x=1"))
    gateway = start(metadata=AHEAD)
    assert said(gateway, good)
    for _ in range(2):
        address = gateway.page("demo").json()["files"][0]["url"]
        announced = said(gateway, file)
        content = gateway.get(f"{address}.metadata").content
        assert not announced or content == file.metadata
        metadata_of(gateway, file)
