"""What the metadata of one heavy wheel costs upstream: requests and bytes, of few members and of many."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.asking import Target, WrongAnswer, ask_once
from benchmarks.contenders import wheelgate
from benchmarks.figures import OURS, Figures
from benchmarks.graphs import RELEASES
from benchmarks.made_wheels import MadeWheel
from benchmarks.mirrored import mirrored
from benchmarks.plain_mirror import Having

REQUESTS, KIB = "asked for one wheel's metadata", "KiB for one wheel's metadata"
DIRECTORY = "directory"  # of the archive alone, which whoever reads it needs


_BEFORE = ((50_000, 3),) * 3
"""Small ones, not counted: that the mirror has no `.metadata` is believed after three, and asked again in an hour."""


def load(size: int, members: int) -> str:
    """What the row is called."""
    return f"{size / 1e6:.0f} MB wheel, {members:,} members"


def measure(figures: Figures, heavy: Sequence[tuple[int, int]], folder: Path) -> None:
    """Ask a fresh gateway for the metadata of each, once an index is known to give ranges and no metadata.

    Three others come first, so that this is known.
    """
    with (
        mirrored(folder, Having(heavy=[*_BEFORE, *heavy])) as upstream,
        wheelgate(folder, upstream.direct.target, metadata={"ahead": False}) as gateway,
    ):
        for number, (size, members) in enumerate([*_BEFORE, *heavy]):
            wheel = MadeWheel(f"heavy-{number}", RELEASES[-1], size=size, members=members, described=20_000)
            _ask(gateway.target, f"/simple/{wheel.name}/", "pypi.org")
            before = upstream.counts()
            body = _ask(gateway.target, f"{wheel.path}.metadata", "files.pythonhosted.org")
            if body != wheel.metadata:
                raise WrongAnswer(f"{wheel.filename}: its metadata is not what is in it")
            met = upstream.counts().since(before)
            found = {REQUESTS: met.asked, KIB: met.size / 1024}
            if number >= len(_BEFORE):
                figures.add(OURS, load(size, members), found)
                figures.add("whole", load(size, members), {REQUESTS: 1, KIB: wheel.body.size / 1024})
                figures.add(DIRECTORY, load(size, members), {KIB: wheel.directory / 1024})


def _ask(target: Target, place: str, host: str) -> bytes:
    lines = [f"GET {place} HTTP/1.1", f"Host: {host}", "Accept-Encoding: identity", "Accept: */*", "", ""]
    at = Target(target.address, target.ca, target.proxied, host)
    head, body = ask_once(at, "\r\n".join(lines).encode())
    if not head.startswith(b"HTTP/1.1 200"):
        raise WrongAnswer(f"{place}: {ascii(head)[:200]}")
    return body
