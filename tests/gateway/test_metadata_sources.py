"""Where core metadata comes from, in order, and what becomes of it where one of those places is wrong (MET-04)."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.addons.metadata.archives import zipped
from tests.fakepypi import FakePyPI, Hang, IgnoreRange, Reset, Status, WrongRange
from tests.fakepypi.faults import Kind
from tests.gateway.announced import (
    fetched,
    hashed,
    head_of,
    made_way,
    metadata_of,
    said,
    stretches,
    unannounced,
    until,
    until_announced,
    wheel_of,
    wholes,
)
from tests.gateway.conftest import Start
from tests.gateway.listing import PUBLIC, listed
from tests.gateway.logs import Log, listening
from tests.gateway.running import RunningGateway

MB = 1_000_000


@pytest.fixture
def warnings() -> Iterator[Log]:
    """What announcing warns of, from now on."""
    with listening("addons.announcing") as kept:
        yield kept


def test_kept_file__is_read_before_upstream_is_asked(start: Start, pypi: FakePyPI) -> None:
    """MET-04: a wheel that somebody got is announced from then on; nothing but the wheel was ever fetched."""
    file = unannounced(pypi, "demo", "1.0")
    gateway = start()
    assert gateway.get(file.url).content == file.content
    until_announced(gateway, file, file.metadata)
    assert metadata_of(gateway, file).content == file.metadata
    assert fetched(pypi, file) == 1


def test_metadata__that_a_plain_mirror_serves__costs_one_request(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """MET-04: whoever asks, and however often; nothing of the wheel is fetched."""
    file = unannounced(pypi, "demo", "1.0")
    for _ in range(3):
        assert metadata_of(gateway, file).content == file.metadata
    assert (len(pypi.asked(f"{file.path}.metadata")), len(pypi.asked(file.path))) == (1, 0)


@pytest.mark.parametrize("sized", [True, False], ids=["sized", "of unknown size"])
def test_metadata__of_a_large_wheel_without_any__costs_its_end(
    gateway: RunningGateway, pypi: FakePyPI, sized: bool
) -> None:
    """MET-12, MET-04: at most 3 requests and 256 KiB, whatever the wheel's size."""
    file = pypi.big("demo", "1.0", 30 * MB)
    pypi.add(replace(file, size=30 * MB if sized else None))
    answer = metadata_of(gateway, file)
    assert b"Name: demo" in answer.content
    ranges = stretches(pypi, file)
    assert fetched(pypi, file) <= 3
    assert wholes(pypi) == []
    if sized:
        assert sum(int(last) - int(first) + 1 for first, last in (each[6:].split("-") for each in ranges)) <= 262_144
    until_announced(gateway, file, answer.content)


REFUSALS: list[Kind] = [IgnoreRange(), WrongRange(), *map(Status, (403, 405, 416, 501))]


@pytest.mark.parametrize("kind", REFUSALS, ids=repr)
def test_metadata__where_ranges_are_not_to_be_had__is_read_out_of_the_whole(
    gateway: RunningGateway, pypi: FakePyPI, kind: Kind
) -> None:
    """MET-12, MET-02: the wheel is fetched once, and kept for those who will want it."""
    file = pypi.release("demo", "1.0", size_padding=MB)
    pypi.fault(file.path, kind, times=1)
    answer = metadata_of(gateway, file)
    assert answer.status_code == 200, answer.text
    assert b"Name: demo" in answer.content
    assert wholes(pypi) == [file.path]
    until_announced(gateway, file, answer.content)
    assert gateway.get(file.url).content == file.content
    assert wholes(pypi) == [file.path]


@pytest.mark.parametrize("kind", [Status(500), Status(403), Reset(), Hang()], ids=repr)
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "silent"])
def test_metadata__that_upstream_fails_to_give__is_got_otherwise(
    start: Start, pypi: FakePyPI, kind: Kind, announced: bool
) -> None:
    """MET-02, MET-04: errors, resets and silence at `.metadata` cost the client time, and nothing else."""
    file = pypi.release("demo", "1.0", announce_metadata=announced)
    pypi.fault(f"{file.path}.metadata", kind)
    way = {"ca": str(pypi.ca_path), "proxy": "none", "connect_to": pypi.connect_to}
    gateway = start(upstream={**way, "read_seconds": 0.3, "page_seconds": 0.3})
    answer = metadata_of(gateway, file)
    assert answer.status_code == 200, answer.text
    assert b"Name: demo" in answer.content
    until_announced(gateway, file, answer.content)


def test_announced_hash__that_nothing_fulfils__is_refused_and_announced_no_more(
    gateway: RunningGateway, pypi: FakePyPI, warnings: Log
) -> None:
    """MET-02, MET-04: nobody gets other bytes than were announced; once the wheel has passed by, its own are announced."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    pypi.add(replace(file, metadata_hashes={"sha256": "0" * 64}))
    assert said(gateway, file) == {"sha256": "0" * 64}
    assert metadata_of(gateway, file).status_code == 502
    warnings.wait_for(f"the metadata announced of {file.filename} is not what the file has, and is announced no more")
    until(lambda: said(gateway, file) is False)
    assert gateway.get(file.url).content == file.content
    until_announced(gateway, file, file.metadata)
    assert metadata_of(gateway, file).content == file.metadata


def test_announced_hash__that_only_the_wheel_fulfils__is_kept(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """MET-02, MET-04: upstream's other bytes are given to nobody, and the announcement stays."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    pypi.add(replace(file, metadata=head_of("demo")))
    before = said(gateway, file)
    assert metadata_of(gateway, file).content == file.metadata
    assert said(gateway, file) == before == hashed(file.metadata or b"")


def test_metadata__that_the_wheel_contradicts_as_it_passes_by__is_replaced(
    gateway: RunningGateway, pypi: FakePyPI, warnings: Log
) -> None:
    """MET-04: pip would refuse the wheel; what is announced then is the wheel's own, under another ETag."""
    wrong = head_of("demo") + b"Requires-Dist: what-the-wheel-does-not-need\n"
    file = wheel_of(pypi, "demo", head_of("demo"))
    pypi.add(replace(file, metadata=wrong))
    assert metadata_of(gateway, file).content == wrong
    until_announced(gateway, file, wrong)
    etag = gateway.page("demo").headers["ETag"]
    assert gateway.get(file.url).content == file.content
    warnings.wait_for(f"the metadata announced of {file.filename} is not what the file has, and is announced no more")
    until_announced(gateway, file, head_of("demo"))
    assert gateway.page("demo", If_None_Match=etag).status_code == 200
    assert metadata_of(gateway, file).content == head_of("demo")


def test_metadata__of_a_wheel_that_turns_out_to_have_none__is_announced_no_more(
    gateway: RunningGateway, pypi: FakePyPI, caplog: pytest.LogCaptureFixture
) -> None:
    """MET-04, MET-05: what upstream said of it was made up; the log says why it is gone."""
    caplog.set_level(logging.INFO)
    file = wheel_of(pypi, "demo", head_of("demo"), "demo-1.0", "other-1.0")
    pypi.add(replace(file, metadata=head_of("demo")))
    assert metadata_of(gateway, file).content == head_of("demo")
    until_announced(gateway, file, head_of("demo"))
    assert gateway.get(file.url).status_code == 200
    until(lambda: said(gateway, file) is False)
    assert f"no metadata is announced of {file.filename}: it has not exactly one .dist-info/METADATA" in caplog.text


def test_wheel__that_changes_between_two_ranges__gives_no_mixture(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """MET-12: parts of two states are never put together: it is begun anew."""
    members = {f"demo/{number}.py": b"" for number in range(1500)}  # so that the directory is larger than a first look
    content = zipped({"demo-1.0.dist-info/METADATA": head_of("demo"), **members})
    file = pypi.add_bytes("demo", "1.0", "demo-1.0-py3-none-any.whl", content)
    pypi.fault(file.path, Status(206, content[-66_000:], headers={"ETag": '"other"', **_range(content)}), times=1)
    answer = metadata_of(gateway, file)
    assert answer.content == head_of("demo"), answer.text
    assert len(stretches(pypi, file)) == 4
    assert wholes(pypi) == []


def _range(content: bytes) -> dict[str, str]:
    return {"Content-Range": f"bytes {len(content) - 66_000}-{len(content) - 1}/{len(content)}"}


def test_merged_project__has_each_index_asked_for_its_own(start: Start, pypi: FakePyPI) -> None:
    """MET-04, MRG-05: with the login of each; what is known of one index's files says nothing of the other's."""
    private = pypi.private()
    theirs, public = unannounced(private, "lens", "2.0"), pypi.release("lens", "1.0")
    partner = {"name": "partner", "index": private.place.simple_url, "username": "reader", "ca": str(pypi.ca_path)}
    gateway = start(
        sources=[{**partner, "password_env": "PARTNER_PASSWORD"}, PUBLIC],
        merge=[{"project": "lens", "sources": ["partner", "pypi"]}],
        metadata={"ahead": True},
    )
    entries = {str(entry["filename"]): entry for entry in listed(gateway, "lens")}
    assert set(entries) == {theirs.filename, public.filename}
    urls = {name: f"{entry['url']}.metadata" for name, entry in entries.items()}
    assert gateway.get(urls[theirs.filename]).content == theirs.metadata
    assert b"Version: 1.0" in gateway.get(urls[public.filename]).content
    until(
        lambda: all(isinstance(entry.get("core-metadata"), dict) for entry in listed(gateway, "lens")),
    )
    assert wholes(pypi) == []


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the private index asks for."""
    monkeypatch.setenv("PARTNER_PASSWORD", "secret")


def test_offline__with_files_in_the_cache__announces_theirs_and_no_others(start: Start, pypi: FakePyPI) -> None:
    """MET-02, MET-04: what is here is read out of our own copies, for wheels that nobody had announced before."""
    kept, other = (unannounced(pypi, "demo", version) for version in ("1.0", "2.0"))
    first = start()
    first.page("demo")
    first.get(kept.url)
    until(lambda: said(first, kept) is not False)
    first.stop()
    pypi.fault("", Reset("connect"))
    gateway = start(offline=True, metadata={"ahead": True})
    until_announced(gateway, kept, kept.metadata)
    assert metadata_of(gateway, kept).content == kept.metadata
    assert said(gateway, other) is False
    assert metadata_of(gateway, other).status_code == 503


def test_offline__with_files_whose_metadata_nobody_read__reads_it_now(
    start: Start, pypi: FakePyPI, tmp_path: Path
) -> None:
    """MET-04: a cache that was filled before metadata was announced, or carried here without."""
    file = unannounced(pypi, "demo", "1.0")
    first = start()
    first.get(file.url)
    until(lambda: said(first, file) is not False)
    first.stop()
    made_way(tmp_path, file.metadata)
    gateway = start(offline=True)
    until_announced(gateway, file, file.metadata)


def test_clients__twenty_at_once__cost_what_one_does(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """MET-04: single flight, on one gateway."""
    file = pypi.release("demo", "1.0", size_padding=MB)
    gateway.page("demo")
    held = pypi.gate(f"{file.path}.metadata")
    begun = threading.Barrier(20)

    def client(number: int) -> bytes:
        begun.wait(20)
        return metadata_of(gateway, file).content

    with ThreadPoolExecutor(20) as pool:
        outcomes = pool.map(client, range(20))
        assert held.reached.wait(20)
        held.open()
        assert len(set(outcomes)) == 1
    assert fetched(pypi, file) <= 3
