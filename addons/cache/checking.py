"""Whether all in the cache is what it says that it is; what is not, and what nobody will ever ask for, is removed.

A gateway may run meanwhile: what it is writing is left alone, and what it reads can be read to its end. All of this waits
for the disk.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from diskcache import Cache

from addons.cache.documents import body_key, stamp_of, stored_of
from addons.cache.kept_documents import KeptDocument, KeptDocuments, Unreadable
from addons.cache.layout import SHA256, Layout
from addons.cache.part_file import sweep
from addons.cache.writing import PATIENCE, NotWritten, write

_PIECE = 1 << 20  # bytes
_BEING_WRITTEN = timedelta(seconds=60)  # a value's file lies there for a moment before the table names it


class Finding(NamedTuple):
    """What is wrong: with which file (below the cache's folder) or which document (its URL), what, whether it is gone."""

    place: str
    words: str
    removed: bool


type Step = Callable[[int], object]
"""Is told that so many bytes more were checked."""


def verify(layout: Layout, at: datetime, *, remove: bool, step: Step = lambda count: None) -> Iterator[Finding]:
    """Check files, then documents, and look for leftovers. Raises OSError."""
    yield from _files(layout, remove, step)
    yield from growing_leftovers(layout, remove)
    yield from _documents(layout, at, remove, step)


def _files(layout: Layout, remove: bool, step: Step) -> Iterator[Finding]:
    for folder in sorted(layout.files.glob("*")):
        for path in sorted(folder.glob("*")) if folder.is_dir() else [folder]:
            with suppress(FileNotFoundError):  # it made way meanwhile
                words = _fault(layout, path, step)
                if words:
                    yield Finding(_below(layout, path), words, remove and _removed(path))


def _fault(layout: Layout, path: Path, step: Step) -> str:
    """Say what is wrong with what lies where kept files lie; empty if nothing is. Raises FileNotFoundError."""
    if not SHA256.fullmatch(path.name) or path != layout.file(path.name) or path.is_symlink() or path.is_dir():
        return "is no file of the cache"
    digest = hashlib.sha256()
    try:
        with path.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                step(len(piece))
    except FileNotFoundError:
        raise
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "" if digest.hexdigest() == path.name else "is damaged: its sha256 is not its name"


def growing_leftovers(layout: Layout, remove: bool) -> Iterator[Finding]:
    """Find what processes that died left of their fetches. Raises OSError."""
    for path in sorted(layout.growing.glob("*")):
        if path.is_symlink() or not path.is_file():
            yield Finding(_below(layout, path), "is no file of the cache", remove and _removed(path))
        elif sweep(path, remove):
            yield Finding(_below(layout, path), "was left over by a process that died", remove)


def _documents(layout: Layout, at: datetime, remove: bool, step: Step) -> Iterator[Finding]:
    try:
        with KeptDocuments(layout.documents) as kept:
            wrong = [entry for entry in kept.entries() if not _right(kept, entry, step)]
            leftovers = value_leftovers(layout, kept, at, remove)
    except Unreadable as error:
        removed = remove and error.damaged and _removed(layout.documents)
        yield Finding(_below(layout, layout.documents), str(error), removed)
        return
    yield from leftovers
    removed = remove and bool(wrong) and _dropped(layout, [entry.key for entry in wrong])
    for entry in wrong:
        yield Finding(_name(entry), "is damaged: it is not what was kept", removed)


def _right(kept: KeptDocuments, entry: KeptDocument, step: Step) -> bool:
    step(entry.size)
    return not entry.spoilt and not kept.is_damaged(entry)


def drop(layout: Layout, keys: list[str], wanted: Callable[[Cache, str], bool], patience: float = PATIENCE) -> None:
    """Forget documents, and what is known of them, if they are still `wanted`. Raises NotWritten."""

    def work(cache: Cache) -> None:
        for key in filter(lambda key: wanted(cache, key), keys):
            cache.delete(key)
            cache.delete(body_key(key))

    write(layout.documents, work, patience)


def _dropped(layout: Layout, keys: list[str]) -> bool:
    try:
        drop(layout, keys, _damaged)
    except NotWritten:
        return False
    return True


def _damaged(cache: Cache, key: str) -> bool:
    stamp, value = cache.get(key), cache.get(body_key(key))  # a gateway may have kept both anew meanwhile
    try:
        if stamp is not None:
            stamp_of(stamp)
        return body_key(key) in cache and (type(value) is not bytes or stored_of(key, value) is None)
    except (ValueError, TypeError):
        return True


def value_leftovers(layout: Layout, kept: KeptDocuments, at: datetime, remove: bool) -> list[Finding]:
    """Find files of documents that no document names any more. Raises Unreadable."""
    lying = [path for path in sorted(layout.documents.rglob("*.val")) if _age(path, at) > _BEING_WRITTEN]
    named = kept.value_files()
    words = "was left over by a process that died"
    return [Finding(_below(layout, path), words, remove and _removed(path)) for path in lying if path not in named]


def _age(path: Path, at: datetime) -> timedelta:
    with suppress(FileNotFoundError):
        return timedelta(seconds=at.timestamp() - path.stat().st_mtime)
    return timedelta(0)


def _removed(path: Path) -> bool:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _below(layout: Layout, path: Path) -> str:
    return str(path.relative_to(layout.folder))


def _name(entry: KeptDocument) -> str:
    return f"{entry.whose.url} of source {entry.whose.source}" if entry.whose is not None else entry.key
