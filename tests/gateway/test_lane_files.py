"""Files on the fast lane: the same bytes as on the flow road, as fast as each client takes them, and proven."""

import logging
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from addons.lane_others import OPTION
from addons.origin.tickets import Delivery
from addons.simple.page import File
from addons.sources.source import Reading, Span
from tests.fakepypi import FakeFile, FakePyPI, Truncate
from tests.gateway import planting
from tests.gateway.conftest import Start
from tests.gateway.links import Delivered, Link, answered, asked, link, said, script
from tests.gateway.roads import on_both
from tests.gateway.running import RunningGateway, configuration
from tests.gateway.test_lane_flow import waiting_to_be_sent

FILES = "files.pythonhosted.org"
MB = 1_000_000
ROOM = 64 * 1024  # the transport's own limit


def target_of(file: FakeFile) -> str:
    """Give the path of a file."""
    return file.url.removeprefix(f"https://{FILES}")


def wanted(file: FakeFile, *headers: str, method: str = "GET") -> bytes:
    """Give the request for a file."""
    return asked(target_of(file), *headers, host=FILES, method=method)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningGateway, FakeFile]]:
    """A gateway that keeps a file already."""
    folder: Path = tmp_path_factory.mktemp("files")
    with FakePyPI(folder) as pypi:
        file = pypi.release("demo", "1.0", size_padding=700_000)
        with RunningGateway(configuration(pypi, folder)) as gateway:
            assert gateway.get(file.url).content == file.content
            yield gateway, file


KINDS = [
    ("GET", ()),
    ("HEAD", ()),
    ("GET", ("Range: bytes=1-4",)),
    ("HEAD", ("Range: bytes=1-4",)),
    ("GET", ("Range: bytes=-16384",)),
    ("GET", ("Range: bytes=500000-",)),
    ("GET", ("Range: bytes=99999999-",)),
    ("HEAD", ("Range: bytes=99999999-",)),
    ("GET", ("Range: bytes=1-4, 6-8",)),
    ("GET", ("Range: bytes=1-4", "Range: bytes=6-8")),
    ("GET", ("Range: bites=1-4",)),
    ("GET", ("Range: bytes=1-4", 'If-Range: "x"')),
    ("GET", ("If-None-Match: *",)),
    ("GET", ("Accept-Encoding: gzip", "Cache-Control: no-cache")),
]


@pytest.mark.parametrize(("method", "headers"), KINDS)
def test_file__in_every_way_of_asking__is_answered_on_the_lane_as_on_the_flow_road(
    served: tuple[RunningGateway, FakeFile], method: str, headers: tuple[str, ...]
) -> None:
    """FIL-01, FIL-03, FIL-04: byte for byte, also where the connection ends behind it."""
    gateway, file = served
    sent = wanted(file, *headers, method=method) + wanted(file, "Connection: close", *headers, method=method)
    with_lane, without, taken = on_both(gateway, sent, connect=FILES, sni=FILES)
    assert with_lane == without
    assert with_lane.startswith(b"HTTP/1.1 ")
    assert taken == 2


@pytest.fixture
def file_link(served: tuple[RunningGateway, FakeFile]) -> Iterator[Link]:
    """A connection to the files host."""
    with link(served[0], connect=FILES, sni=FILES) as one:
        yield one


def test_requests__pipelined_behind_a_file__are_answered_in_order(
    served: tuple[RunningGateway, FakeFile], file_link: Link
) -> None:
    """What is asked while it is sent waits for its turn."""
    _, file = served
    file_link.socket.sendall(wanted(file) + wanted(file, "Range: bytes=0-3") + wanted(file, method="HEAD"))
    file_link.socket.sendall(wanted(file))
    assert file_link.read().body == file.content
    assert file_link.read().body == file.content[:4]
    assert file_link.read("HEAD").status == 200
    assert file_link.read().body == file.content


def test_client__that_half_closes__still_gets_its_whole_file(
    served: tuple[RunningGateway, FakeFile], file_link: Link
) -> None:
    """It has said all, and listens."""
    file_link.socket.sendall(wanted(served[1]))
    file_link.half_close()
    assert file_link.read().body == served[1].content
    assert file_link.rest() == b""


def test_client__that_half_closes_and_whose_file_is_silent__is_given_up(
    gateway: RunningGateway, pypi: FakePyPI
) -> None:
    """Most that say no more have gone: nobody waits for upstream for their sake for longer than a second."""
    file = pypi.big("demo", "1.0", 2 * MB)
    gate = pypi.gate(file.path, MB)
    with link(gateway, connect=FILES, sni=FILES) as one:
        one.socket.sendall(wanted(file))
        one.some(MB // 2)
        one.half_close()
        assert len(one.rest()) < 2 * MB
    gate.open()


def test_cold_file__is_sent_as_it_grows(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """FIL-12: the client has the first half while upstream holds back the second; nothing polls."""
    file = pypi.big("demo", "1.0", 2 * MB)
    gate = pypi.gate(file.path, MB)
    with link(gateway, connect=FILES, sni=FILES) as one:
        one.socket.sendall(wanted(file))
        one.some(MB)
        gate.open()
        assert sha256(one.read().body).hexdigest() == file.sha256


def test_client__that_reads_nothing__has_no_more_than_a_part_encrypted_for_it(start: Start, pypi: FakePyPI) -> None:
    """However large the file is: what waits is a part above the transport's limit, and others are served meanwhile."""
    file = pypi.big("demo", "1.0", 40 * MB)
    gateway = start()
    with link(gateway, connect=FILES, sni=FILES) as one, said("took nothing") as cut_off:
        one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.socket.sendall(wanted(file))
        assert gateway.get(file.url, "HEAD").status_code == 200
        assert gateway.get(file.url, Range="bytes=39999990-").status_code == 206
        assert waiting_to_be_sent(gateway) <= ROOM + 400_000
        assert not cut_off.is_set()


def test_client__that_takes_nothing_of_a_file_for_too_long__is_cut_off(
    start: Start, pypi: FakePyPI, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody holds a file open for ever."""
    caplog.set_level(logging.INFO)
    file = pypi.big("demo", "1.0", 40 * MB)
    gateway = start()
    planting.option(gateway, tcp_timeout=1)
    with link(gateway, connect=FILES, sni=FILES) as one, said("took nothing of its answer") as heard:
        one.socket.sendall(wanted(file))
        assert heard.wait(10)


def test_client__that_hangs_up__ends_its_sending_and_nobody_elses(
    gateway: RunningGateway, pypi: FakePyPI, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said in the log as what it is, and not as a fault."""
    caplog.set_level(logging.INFO)
    file = pypi.big("demo", "1.0", 40 * MB)
    with said("the client hung up") as heard:
        with link(gateway, connect=FILES, sni=FILES) as one:
            one.socket.sendall(wanted(file))
            assert one.socket.recv(1000)
        assert heard.wait(10)
    assert gateway.get(file.url, Range="bytes=0-9").status_code == 206
    ours = [record for record in caplog.records if record.name.startswith("addons")]
    assert [record for record in ours if record.levelno >= logging.WARNING] == []


def test_file__that_breaks_off_upstream__ends_the_connection_before_it_is_whole(
    gateway: RunningGateway, pypi: FakePyPI
) -> None:
    """Its status is sent by then, so nothing else can tell."""
    file = pypi.big("demo", "1.0", 8 * MB)
    pypi.fault(file.path, Truncate(MB))
    with link(gateway, connect=FILES, sni=FILES) as one:
        one.socket.sendall(wanted(file) + wanted(file))
        with pytest.raises((EOFError, OSError)):
            one.read()


class Odd:
    """Something that has a file of a kind, and counts who asks."""

    def __init__(self, size: int | None, error: Exception | None = None) -> None:
        self._size = size
        self._error = error
        self.closed = threading.Event()

    @asynccontextmanager
    async def read(self, file: File, span: Span | None) -> AsyncIterator[Reading]:
        """Give it."""

        async def chunks() -> AsyncIterator[bytes]:
            yield b"hel"
            if self._error is not None:
                raise self._error
            yield b"lo"

        try:
            if self._error is not None and self._size is None:
                raise self._error
            yield Reading(self._size, chunks())
        finally:
            self.closed.set()


def _delivered(gateway: RunningGateway, odd: Odd) -> None:
    script(gateway, Delivered(Delivery(odd, File("demo-1.0.tar.gz", "https://example.org/x", {}), {"X": "y"})))


def test_file__of_unknown_length__is_left_to_the_flow_road(gateway: RunningGateway) -> None:
    """Which sends it in chunks; then the lane is back."""
    _delivered(gateway, Odd(None))
    with link(gateway) as one:
        one.socket.sendall(asked("/", "Connection: close"))
        answer = one.rest()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")
    assert answered(gateway) == 0


@pytest.mark.parametrize("fast", [True, False])
def test_fault__before_the_first_byte_of_a_file__is_500_in_words(
    gateway: RunningGateway, fast: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault that nobody foresaw: its words are in the log, on both roads."""
    planting.option(gateway, **{OPTION: fast})
    _delivered(gateway, Odd(None, RuntimeError(planting.FAULT)))
    with link(gateway) as one:
        answer = one.ask(asked())
    assert answer.status == 500
    assert b"wheelgate: a fault inside the gateway" in answer.head
    assert planting.FAULT in caplog.text


@pytest.mark.parametrize("fast", [True, False])
def test_fault__in_the_middle_of_a_file__ends_the_connection(gateway: RunningGateway, fast: bool) -> None:
    """Nobody takes the part for the whole."""
    planting.option(gateway, **{OPTION: fast})
    odd = Odd(5, RuntimeError(planting.FAULT))
    _delivered(gateway, odd)
    with link(gateway) as one:
        one.socket.sendall(asked())
        with pytest.raises((EOFError, OSError)):
            one.read()
    assert odd.closed.wait(10)
