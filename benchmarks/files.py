"""How fast files are, warm and cold, and how much memory they take, beside plain mitmdump streaming and others.

    sh deploy/run --dev python -m benchmarks.files              about ten minutes
    sh deploy/run --dev python -m benchmarks.files --quick      about a minute, up to 100 MiB

Figures in brackets are times those of `mitmdump --set stream_large_bodies=1m`, taken within each round. What is kept on
disk goes into the temporary folder (TMPDIR=...) and is deleted at the end.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from gzip import decompress
from pathlib import Path

import click

from benchmarks import bulk
from benchmarks.asking import Asked, Target, WrongAnswer, ask_once
from benchmarks.contenders import Contender
from benchmarks.documents import JSON, PYPI_FILES, Entry
from benchmarks.figures import Figures, Row, Wish, keep_option, kept
from benchmarks.file_origin import Offer
from benchmarks.processes import watched
from benchmarks.transfer import sha256, transfer
from benchmarks.upstreams import Upstream, all_of, file_origin, peers, starts

_MIB = 1 << 20
_MEASURES = ("MB/s", "CPU seconds for a GB", "peak memory, MB", "asked upstream", "generator busy, %")
_MEMORY = 150  # MB that are wanted, with eight files of a gigabyte at once
_FLOOR = 1 << 30  # bytes of the disk that stay free: the gateway keeps nothing otherwise


@dataclass(frozen=True)
class Load:
    """One row: a file of so many bytes, and how many clients download it at once. `rounds`: at most so many."""

    size: int
    connections: int
    cold: bool = False
    rounds: int = 1_000

    @property
    def name(self) -> str:
        """What the row is called."""
        size = f"{self.size // _MIB} MiB" if self.size >= _MIB else f"{self.size // 1024} KiB"
        clients = f"{self.connections} clients" if self.connections > 1 else "1 client"
        return f"{'cold' if self.cold else 'warm'} {size}, {clients}"


def loads(quick: bool, smoke: bool) -> Sequence[Load]:
    """Give all loads, or those that take no gigabyte, or tiny ones."""
    unit = 1024 if smoke else _MIB
    sizes = [10, 100] if quick or smoke else [10, 100, 1024]
    warm = [Load(size * unit, count, rounds=1 if size * count > 1024 else 1_000) for size in sizes for count in (1, 8)]
    return [*warm, Load(sizes[-1] * unit, 1, cold=True), Load(sizes[-1] * unit, 8, cold=True, rounds=2)]


def wishes(chosen: Sequence[Load]) -> Sequence[Wish]:
    """What issue and design want of the gateway."""
    found = []
    for load in chosen:
        rate = Row("MB/s", load.name)
        if not load.cold:
            found.append(Wish(rate, least=2, against="mitmdump"))
        elif load.connections == 1:
            found.append(Wish(rate, least=0.8, against="mitmdump"))
        else:
            found.append(Wish(Row("asked upstream", load.name), most=1))
        if load.connections > 1:
            found.append(Wish(Row("peak memory, MB", load.name), most=_MEMORY))
    return found


def sizes(chosen: Sequence[Load], rounds: int) -> Sequence[int]:
    """The files that it takes: one of each size that is warm, and one for each round of each that is cold."""
    warm = sorted({load.size for load in chosen})
    return [*warm, *(load.size for load in chosen if load.cold for _ in range(min(rounds, load.rounds)))]


def need(files: Sequence[int], caches: int) -> int:
    """Bytes of disk that so many caches take."""
    return sum(files) * caches + _FLOOR


class Shelf:
    """The files on the origin's page: of each size the first stays, the others are given once."""

    def __init__(self, upstream: Upstream) -> None:
        request = f"GET /simple/{bulk.PROJECT}/ HTTP/1.1\r\nHost: pypi.org\r\nAccept: {JSON}\r\n\r\n"
        page = json.loads(decompress(ask_once(upstream.direct.target, request.encode())[1]))
        self._by_size: dict[int, list[Entry]] = {}
        for entry in page["files"]:
            self._by_size.setdefault(entry["size"], []).append(entry)

    def warm(self) -> Sequence[Entry]:
        """One file of each size."""
        return [entries[0] for entries in self._by_size.values()]

    def take(self, load: Load) -> Entry:
        """The file that a load takes now: for a cold one, one that nobody has had yet."""
        entries = self._by_size[load.size]
        return entries.pop() if load.cold else entries[0]


def path_of(entry: Entry) -> str:
    """Where it is on the files host."""
    return str(entry["url"]).removeprefix(PYPI_FILES)


def asked_of(target: Target, entry: Entry) -> Asked:
    """The request for a file, as pip sends it."""
    lines = [
        f"GET {path_of(entry)} HTTP/1.1",
        "Host: files.pythonhosted.org",
        "User-Agent: pip/25.3",
        "Accept-Encoding: identity",
        "Accept: */*",
        "Connection: keep-alive",
    ]
    return Asked(replace(target, host="files.pythonhosted.org"), "\r\n".join([*lines, "", ""]).encode(), 200)


def verify(contender: Contender, entries: Sequence[Entry]) -> None:
    """Download them all once, hashed: they are warm then. Raises WrongAnswer."""
    for entry in entries:
        if sha256(asked_of(contender.target, entry)) != entry["hashes"]["sha256"]:
            raise WrongAnswer(f"{contender.name}: other bytes than those of {entry['filename']}")


def measure(upstream: Upstream, contender: Contender, load: Load, entry: Entry, seconds: float) -> Mapping[str, float]:
    """Download it as the load says; gives a figure for each measure."""
    if load.cold:
        os.sync()  # what another one has left to write is not to be waited for in this one's time
    asked, before = asked_of(contender.target, entry), upstream.asked()
    kept_up = 0.0 if load.cold else seconds
    with watched(contender.pids) as peak:
        moved = transfer(asked, load.size, connections=load.connections, seconds=kept_up, cpu=contender.cpu)
    requests = upstream.asked().get(path_of(entry), 0) - before.get(path_of(entry), 0)
    found = {"MB/s": moved.size / moved.seconds / 1e6, "generator busy, %": 100 * moved.own_cpu / moved.seconds}
    if contender.pids:
        found |= {"CPU seconds for a GB": moved.server_cpu / moved.size * 1e9, "peak memory, MB": peak.bytes / 1e6}
        found |= {"asked upstream": requests}
    return found


def run(
    upstream: Upstream, contenders: Sequence[Contender], chosen: Sequence[Load], rounds: int, seconds: float
) -> Figures:
    """Measure them all, in turn. Raises WrongAnswer."""
    shelf, figures = Shelf(upstream), Figures()
    for contender in contenders:
        click.echo(f"{contender.name}: every file once, hashed", err=True)
        verify(contender, shelf.warm())
    for number in range(rounds):
        click.echo(f"round {number + 1} of {rounds}", err=True)
        for load in chosen:
            if number < load.rounds:
                entry = shelf.take(load)
                for contender in contenders:
                    figures.add(contender.name, load.name, measure(upstream, contender, load, entry, seconds))
    return figures


def _enough_disk(folder: str, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    click.echo(f"up to {wanted / 1e9:.1f} GB of disk in {folder}, where {free / 1e9:.1f} GB are free", err=True)
    if free < wanted:
        raise click.ClickException("that is too little: name another folder (TMPDIR=...), or take --quick")


@click.command()
@click.option("--rounds", default=3, show_default=True, help="How often each contender takes each load.")
@click.option("--seconds", default=0.5, show_default=True, help="How long it keeps a warm one up each time, at least.")
@click.option("--quick", is_flag=True, help="No file of a gigabyte.")
@click.option("--smoke", is_flag=True, help="Tiny files, one short round: only to see that it works.")
@click.option("--only", default="", help="Only loads with this text in their names.")
@keep_option
def main(rounds: int, seconds: float, quick: bool, smoke: bool, only: str, keep: Path | None) -> None:
    """Measure files, warm and cold."""
    rounds, seconds = (1, 0.0) if smoke else (rounds, seconds)
    chosen = [load for load in loads(quick, smoke) if only in load.name]
    if not chosen:
        raise click.UsageError(f"no load has {only!r} in its name; one is called {loads(quick, smoke)[0].name!r}")
    others = () if smoke else peers(("squid", "nginx"))
    of_size = sizes(chosen, rounds)
    with tempfile.TemporaryDirectory() as folder:
        _enough_disk(folder, need(of_size, 1 + len(others)))
        with (
            file_origin(Path(folder), Offer(bulk=of_size)) as upstream,
            all_of(Path(folder), upstream, starts(others)) as contenders,
        ):
            names = [contender.name for contender in contenders]
            figures = run(upstream, contenders, chosen, rounds, seconds)
    wanted = wishes(chosen)
    for which in _MEASURES:
        click.echo("\n".join([*figures.table(which, names, wanted), ""]))
    kept(keep, "files", figures.plain(), [figures.verdict(wish) for wish in wanted])


if __name__ == "__main__":
    main()
