"""Following a configuration file while it is edited. It only tells; who asks keeps the last good settings."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import NamedTuple, override

from watchfiles import awatch

from proxyconf.reading import ConfigurationError, file_text, read_text
from proxyconf.rules import NO_KINDS, Extensible, Kinds
from proxyconf.settings import Settings
from proxyconf.settling import Settling

LOOK_AGAIN_MS = 1_000
"""How often to look without being told: network file systems and moved folders send no events."""

SETTLED_MS = 100
"""How long nothing more must happen before a change counts: editors write in several steps."""


class Seen(NamedTuple):
    """What a file says: the settings, or what is wrong with it; and the sha256 of its text, None if that can't be had."""

    outcome: Settings | ConfigurationError
    sha256: str | None


async def watch(
    path: Path, stop: asyncio.Event | None = None, known: Settings | None = None, kinds: Kinds = NO_KINDS
) -> AsyncGenerator[Seen]:
    """Yields the settings, or what is wrong with them, after each real change of the file's content.

    The same content written again yields nothing, however it was replaced (rename, symbolic link, ConfigMap); a file
    that is gone yields one ConfigurationError. While the content is at fault, what it names is looked at again too: a
    folder made later yields the settings. Close it (`contextlib.aclosing`) when done. With `known`, what was read before,
    what is there at the beginning is yielded first: `known` itself if nothing has changed since then. Ends when `stop` is
    set. Raises nothing for bad content.
    """
    stop = stop or asyncio.Event()
    last = await asyncio.to_thread(_look, path, kinds)
    if known is not None:
        yield Seen(known if _same(last.outcome, known) else last.outcome, _sha256(last.text))
    async with aclosing(_moments(path, stop)) as moments:
        settling = Settling()
        async for _ in moments:
            now = await asyncio.to_thread(_look, path, kinds, last)
            if not settling.counts(last.text, now.text, asyncio.get_running_loop().time()):
                continue
            changed = now.text != last.text or not _same(now.outcome, last.outcome)
            last = now if changed else now._replace(outcome=last.outcome)
            if changed and not stop.is_set():
                yield Seen(last.outcome, _sha256(last.text))


class _Looked(NamedTuple):
    """The file's text (None if it can't be had), what it means, and the stamp of the folder of own policies that it names."""

    text: str | None
    outcome: Settings | ConfigurationError
    stamp: object


def _look(path: Path, kinds: Kinds, last: _Looked | None = None) -> _Looked:
    """Look at the file; what it meant the last time is not worked out again if it can't mean anything else now."""
    try:
        text = file_text(path)
    except ConfigurationError as error:
        return _Looked(None, error, None)
    if last is not None and text == last.text and _holds(last, kinds):
        return last
    before = _stamp(last.outcome, kinds) if last is not None else None
    outcome = _meaning(text, path, kinds)
    stamp = _stamp(outcome, kinds)
    if stamp is not None and stamp != before:  # what changed while it was read, and was stamped, would never be seen
        outcome = _meaning(text, path, kinds)
    return _Looked(text, outcome, stamp)


def _meaning(text: str, path: Path, kinds: Kinds) -> Settings | ConfigurationError:
    try:
        return read_text(text, path, kinds)
    except ConfigurationError as error:
        return error


def _holds(last: _Looked, kinds: Kinds) -> bool:
    """Whether all that the meaning came from, besides the text, is as it was."""
    if isinstance(last.outcome, ConfigurationError):
        return not last.outcome.elsewhere
    return _stamp(last.outcome, kinds) == last.stamp


def _stamp(outcome: Settings | ConfigurationError, kinds: Kinds) -> object:
    """What changes with the folder of own policies; None where none is read."""
    folder = outcome.own_policies if isinstance(outcome, Settings) else None
    return kinds.stamp(folder) if folder is not None and isinstance(kinds, Extensible) else None


def _sha256(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


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
