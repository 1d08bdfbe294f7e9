"""Work in a process of its own: what becomes of it when it goes wrong or nobody waits for it."""

import asyncio
import os
from pathlib import Path

import pytest

from addons.listing.apart import StepFailed, apart
from addons.listing.orders import BuildOrder, BuildOutcome, Part, ReadOrder, ReadOutcome, Rules
from tests.addons.listing.making import JSON, document


def order(folder: Path, body: bytes) -> ReadOrder:
    """Order that a document be read."""
    raw = folder / "raw"
    raw.write_bytes(body)
    names = str(folder / "names")
    return ReadOrder(document=str(raw), media_type=JSON, gzipped=False, most_bytes=10**9, names=names)


async def test_step__that_goes_well__gives_its_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway's own code is found from wherever the gateway was started, and no other of that name."""
    (tmp_path / "addons").mkdir()
    (tmp_path / "addons" / "__init__.py").write_text("raise ImportError")
    (tmp_path / "msgspec.py").write_text("raise ImportError")
    monkeypatch.chdir(tmp_path)
    body = document("alpha", meta={"api-version": "1.77"})
    outcome = await apart("read", order(tmp_path, body), ReadOutcome)
    assert (outcome.count, outcome.refused) == (1, None)
    assert "1.77" in outcome.said[0]


async def test_step__that_has_a_fault__says_which(tmp_path: Path) -> None:
    """A file that is not there is this machine's fault, in words that fit into the log."""
    parts = (Part(source="pypi", own=False, names=str(tmp_path / "none" / "names")),)
    with pytest.raises(StepFailed, match=r"build ended with 1: .*unable to open database file"):
        await apart("build", BuildOrder(parts=parts, rules=Rules(), prefix=str(tmp_path / "x")), BuildOutcome)


async def test_reading__of_a_document_that_fells_the_reader__fells_nobody_else(tmp_path: Path) -> None:
    """A number of ten thousand digits ends ijson, and with it no more than the reader's own process."""
    with pytest.raises(StepFailed, match="read ended with"):
        await apart("read", order(tmp_path, b'{"projects": [' + b"9" * 10_000 + b"]}"), ReadOutcome)


async def test_step__that_nobody_waits_for__is_ended(tmp_path: Path) -> None:
    """A client that leaves, and a gateway that stops, leave no process behind."""
    fifo = tmp_path / "raw"
    os.mkfifo(fifo)
    endless = ReadOrder(document=str(fifo), media_type=JSON, gzipped=False, most_bytes=1, names=str(tmp_path / "names"))
    task = asyncio.ensure_future(apart("read", endless, ReadOutcome))
    feeding = await asyncio.to_thread(os.open, fifo, os.O_WRONLY)  # opens when the process reads
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(BrokenPipeError):  # nobody reads any more
        os.write(feeding, b"x")
    os.close(feeding)
