"""Files that go wrong on their way, or are not what their page says: no client ever takes one for whole."""

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from tests.fakepypi import (
    Corrupt,
    ExtraBytes,
    FakePyPI,
    GzipBody,
    Hang,
    LoginPage,
    NoContentLength,
    Redirect,
    Reset,
    Status,
    Truncate,
)
from tests.fakepypi.faults import Kind
from tests.gateway.conftest import Start
from tests.gateway.running import RunningGateway

SIZES = pytest.mark.parametrize("padding", [0, 3_000_000], ids=["small", "large"])


def impatient(start: Start, pypi: FakePyPI) -> RunningGateway:
    """Start a gateway that waits for upstream's next bytes no longer than a moment."""
    upstream = {"ca": str(pypi.ca_path), "proxy": "none", "connect_to": pypi.connect_to, "read_seconds": 0.2}
    return start(upstream=upstream)


def whole(ask: Callable[[], httpx.Response]) -> bytes | None:
    """Give a body that a client takes for a whole one, None for a refusal in words or a broken connection."""
    try:
        answer = ask()
    except httpx.TransportError:
        return None
    if answer.is_success:
        return answer.content
    assert answer.status_code in (502, 503)
    assert answer.reason_phrase.startswith("wheelgate: ")
    return None


FAULTS: list[Kind] = [
    Corrupt(0),
    Corrupt(10**9),
    Truncate(0),
    Truncate(100),
    Reset("headers"),
    Reset("body", 100),
    Hang("headers"),
    Hang("body", 100),
    ExtraBytes(),
    ExtraBytes(b"x" * 300_000),
    Status(500),
    Status(404),
    LoginPage(),
    GzipBody(),
    GzipBody(labelled=False),
    Redirect("https://example.org/elsewhere.whl"),
    Redirect("https://files.pythonhosted.org/"),
]


@SIZES
@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_file__that_goes_wrong_upstream__is_never_wholly_delivered(
    start: Start, pypi: FakePyPI, fault: Kind, padding: int
) -> None:
    """No client takes it for whole; and once upstream is well again, it is had."""
    file = pypi.release("demo", "1.0", size_padding=padding)
    gateway = impatient(start, pypi)
    pypi.fault(file.path, fault)
    assert whole(lambda: gateway.get(file.url)) is None
    pypi.lift()
    assert whole(lambda: gateway.get(file.url)) == file.content


@SIZES
@pytest.mark.parametrize("fault", [Corrupt(0), Corrupt(10**9), Truncate(120), Reset("body", 120)], ids=repr)
def test_resumed_file__that_goes_wrong_upstream__is_never_wholly_delivered(
    start: Start, pypi: FakePyPI, fault: Kind, padding: int
) -> None:
    """A download that is taken up again is proven by the hash of the whole as well."""
    file = pypi.release("demo", "1.0", size_padding=padding)
    gateway = impatient(start, pypi)
    pypi.fault(file.path, fault)
    assert whole(lambda: gateway.get(file.url, Range="bytes=100-")) is None


@pytest.mark.parametrize("fault", [Truncate(100), Reset("body", 100), Truncate(200_000)], ids=repr)
def test_file__of_unknown_length_that_is_cut_off__is_never_wholly_delivered(
    start: Start, pypi: FakePyPI, fault: Kind
) -> None:
    """With neither length nor hash on the page, and sent in chunks, its end is still told from its breaking off."""
    file = pypi.release("demo", "1.0", size_padding=1_000_000)
    pypi.add(replace(file, size=None, hashes={}))
    gateway = impatient(start, pypi)
    pypi.fault(file.path, NoContentLength())
    assert whole(lambda: gateway.get(file.url)) == file.content
    pypi.fault(file.path, fault)
    assert whole(lambda: gateway.get(file.url)) is None


@SIZES
def test_file__whose_page_tells_another_hash_or_length__is_never_wholly_delivered(
    start: Start, pypi: FakePyPI, padding: int
) -> None:
    """What the page says counts, not what upstream says with the file."""
    file = pypi.release("demo", "1.0", size_padding=padding)
    other = pypi.release("demo", "2.0", size_padding=padding)
    pypi.add(replace(file, hashes={"sha256": "0" * 64}))
    pypi.add(replace(other, size=len(other.content) + 1))
    gateway = impatient(start, pypi)
    assert whole(lambda: gateway.get(file.url)) is None
    assert whole(lambda: gateway.get(other.url)) is None


def test_metadata__that_is_not_what_the_page_says__is_got_otherwise(start: Start, pypi: FakePyPI) -> None:
    """MET-04: its hash is checked as a file's is; a wrong one is not kept, and the right one is read out of the wheel."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    gateway = impatient(start, pypi)
    pypi.fault(f"{file.path}.metadata", Corrupt(3), times=1)
    for _ in range(2):
        assert whole(lambda: gateway.get(f"{file.url}.metadata")) == file.metadata


def test_client__that_hangs_up_in_the_middle__disturbs_nobody(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """The next one is served."""
    file = pypi.release("demo", "1.0", size_padding=5_000_000)
    for _ in range(3):
        with gateway.client() as client, client.stream("GET", file.url) as answer:
            assert next(answer.iter_raw())
    assert gateway.get(file.url).content == file.content
