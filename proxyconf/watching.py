"""Following a configuration file while it is edited. It only tells; who asks keeps the last good settings."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import override

from watchfiles import awatch

from proxyconf.reading import ConfigurationError, file_text, read_text
from proxyconf.rules import NO_KINDS, Kinds
from proxyconf.settings import Settings

LOOK_AGAIN_MS = 1_000
"""How often to look without being told: network file systems and moved folders send no events."""

SETTLED_MS = 100
"""How long nothing more must happen before a change counts: editors write in several steps."""


async def watch(
    path: Path, stop: asyncio.Event | None = None, known: Settings | None = None, kinds: Kinds = NO_KINDS
) -> AsyncGenerator[Settings | ConfigurationError]:
    """Yields the settings, or what is wrong with them, after each real change of the file's content.

    The same content written again yields nothing, however it was replaced (rename, symbolic link, ConfigMap); a file
    that is gone yields one ConfigurationError. While the content is at fault, what it names is looked at again too: a
    folder made later yields the settings. Close it (`contextlib.aclosing`) when done. With `known`, what was read before, a change since then is yielded first.
    Ends when `stop` is set. Raises nothing for bad content.
    """
    stop = stop or asyncio.Event()
    text, outcome = await asyncio.to_thread(_look, path, kinds)
    if known is not None and not _same(outcome, known):
        yield outcome
    async with aclosing(_moments(path, stop)) as moments:
        async for _ in moments:
            now, fresh = await asyncio.to_thread(_look, path, kinds, text, outcome)
            changed = now != text or not (isinstance(outcome, Settings) or _same(fresh, outcome))
            text, outcome = now, fresh if changed else outcome
            if changed and not stop.is_set():
                yield outcome


def _look(
    path: Path, kinds: Kinds, known: str | None = None, meant: Settings | ConfigurationError | None = None
) -> tuple[str | None, Settings | ConfigurationError]:
    """The file's text (None if it can't be had) and what it means; `known` is not read again if it can't mean else."""
    try:
        text = file_text(path)
        if meant is not None and text == known and not (isinstance(meant, ConfigurationError) and meant.elsewhere):
            return text, meant
    except ConfigurationError as error:
        return None, error
    try:
        return text, read_text(text, path, kinds)
    except ConfigurationError as error:
        return text, error


def _same(one: Settings | ConfigurationError, other: Settings | ConfigurationError) -> bool:
    if isinstance(one, Settings) or isinstance(other, Settings):
        return one == other
    return str(one) == str(other)


async def _moments(path: Path, stop: asyncio.Event) -> AsyncGenerator[None]:
    """Yields when something happened in the file's folders, and every LOOK_AGAIN_MS; ends when `stop` is set."""
    while not stop.is_set():
        folders = await asyncio.to_thread(_folders, path)
        try:
            async with aclosing(_changes(folders, stop)) as changes:
                async for _ in changes:
                    yield
                    if folders != await asyncio.to_thread(_folders, path):
                        break
        except (OSError, RuntimeError):  # no such folder; watchfiles' own error: no more watches on this machine
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_AGAIN_MS / 1000)
            yield


class _Stop(asyncio.Event):
    """Set when the caller's event is. watchfiles sets the event it has when it is cancelled: not the caller's, then."""

    def __init__(self, outer: asyncio.Event) -> None:
        super().__init__()
        self.outer = outer

    @override
    def is_set(self) -> bool:
        return super().is_set() or self.outer.is_set()


def _changes(folders: list[Path], stop: asyncio.Event) -> AsyncGenerator[object]:
    return awatch(
        *folders,
        watch_filter=None,  # the default one ignores names that an editor or a ConfigMap may use
        debounce=4 * SETTLED_MS,
        step=SETTLED_MS,
        stop_event=_Stop(stop),
        rust_timeout=LOOK_AGAIN_MS,
        yield_on_timeout=True,
        recursive=False,
    )


def _folders(path: Path) -> list[Path]:
    """The folders where a change of the file shows: its own, and that of the file it is a symbolic link to."""
    folders = {path.absolute().parent}
    with suppress(OSError, RuntimeError):  # a loop of symbolic links
        folders.add(path.resolve().parent)
    return sorted(folders)
