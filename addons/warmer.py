"""warmer: what `wheelgate warm` does, with the settings and words of its command line."""

import asyncio
import itertools
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click
import msgspec

from addons.assembly import Present, assemble, limits
from addons.cache.blobs import Blobs
from addons.cache.documents import Documents
from addons.cli_parts import clock
from addons.clients.standing import Standing
from addons.following import decisions_of
from addons.places import cache_folder
from addons.policies.wording import words
from addons.store.decision import Decision
from addons.view_parts import Memory
from addons.viewing import view_for
from addons.warming.gathering import Gathering, Tally
from addons.warming.locks import reader_of
from addons.warming.requirements import Requirements, Unreadable
from addons.warming.showing import Bars, Lines
from addons.warming.targets import Target, target
from addons.warming.wanted import Wanted
from addons.warming.warming import Order, Warming, unkept
from proxyconf.settings import Settings

__all__ = ["Unreadable", "targets_of", "wanted_of", "warm"]

MB = 1_000_000  # bytes


def wanted_of(files: Iterable[Path], requirements: Iterable[str], variables: Mapping[str, str]) -> Wanted:
    """Read what is wanted. Raises Unreadable, in words, or OSError."""
    wanted = Wanted()
    reader = Requirements(wanted, variables)
    for path in files:
        lock = reader_of(path)
        if lock is None:
            reader.file(path)
        else:
            lock(path, wanted)
    for text in requirements:
        reader.requirement(text, "the command line")
    return wanted


def targets_of(pythons: Iterable[str], platforms: Iterable[str]) -> tuple[Target, ...]:
    """Give every Python on every platform; for none, the one that runs and this machine. Raises ValueError, in words."""
    pairs = itertools.product(dict.fromkeys(pythons) or [None], dict.fromkeys(platforms) or [None])
    return tuple(target(python, platform) for python, platform in pairs)


def warm(settings: Settings, wanted: Wanted, targets: tuple[Target, ...], whom: tuple[str, str] = ("", "")) -> Tally:
    """Gather it, tell on standard error how far it is, and at the end what came of it. Raises ValueError or OSError.

    `whom`: the names of the client group and of the profile that it is for, "" for none.
    """
    return asyncio.run(_warm(settings, wanted, targets, whom))


async def _warm(settings: Settings, wanted: Wanted, targets: tuple[Target, ...], whom: tuple[str, str]) -> Tally:
    folder, begun = cache_folder(settings), time.monotonic()
    blobs = Blobs(folder, limits(settings))
    memory = Memory(documents=Documents(folder / "documents"), blobs=blobs)
    decisions = decisions_of(settings, clock())
    present = Present(settings, memory=memory, decisions=decisions)
    try:
        view = view_for(present.assembly, *whom, clock())
        with (Bars if sys.stderr.isatty() else Lines)() as progress:
            for remark in wanted.remarks:
                progress.say(remark)
            gathering = Gathering(view.offer, blobs, clock(), progress)
            try:
                order = Order(wanted, targets, lambda refusal: words(refusal, settings.contact))
                await Warming(gathering, blobs, order).warm()
                await _look_again(settings, memory, gathering, decisions, view.standing)
            finally:
                await gathering.close()
        click.echo(_summary(gathering, folder, time.monotonic() - begun))
    finally:
        await present.close()
    return gathering.tally


async def _look_again(
    settings: Settings, memory: Memory, gathering: Gathering, decisions: Sequence[Decision], whose: Standing
) -> None:
    """Look for every file that was had, and ask for every page with nothing dialled: an install will ask for them."""
    await gathering.look_again()
    offline = assemble(
        msgspec.structs.replace(settings, offline=True),
        memory=Memory(documents=memory.documents, blobs=memory.blobs),
        decisions=decisions,
    )
    try:
        for words in await unkept(offline.views.of(whose).offer, gathering.projects, clock()):
            gathering.tally.missing(words)
    finally:
        for source in offline.sources.values():
            await source.close()


def _summary(gathering: Gathering, folder: Path, seconds: float) -> str:
    tally = gathering.tally
    fetched, there = sum(tally.fetched.values()), sum(tally.there.values())
    return (
        f"{len(gathering.projects)} projects; {len(tally.fetched)} files fetched ({fetched / MB:.1f} MB), "
        f"{len(tally.there)} were there ({there / MB:.1f} MB); {seconds:.1f} s; {folder}"
    )
