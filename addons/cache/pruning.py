"""Making room by hand: what was not used for long, what is too much, and what nobody will ask for. Waits for the disk."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from diskcache import Cache

from addons.cache.checking import drop, growing_leftovers, value_leftovers
from addons.cache.documents import stamp_of
from addons.cache.kept_documents import KeptDocument, KeptDocuments
from addons.cache.layout import Layout
from addons.cache.room import Kept, Limits, kept_files, stays_until
from addons.cache.writing import PATIENCE


class Pruned(NamedTuple):
    """How many files and documents made way, of how many bytes; and how many leftovers were removed."""

    files: int
    documents: int
    bytes: int
    leftovers: int


def prune(
    layout: Layout,
    limits: Limits,
    at: datetime,
    older_than: timedelta | None,
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    patience: float = PATIENCE,
) -> Pruned:
    """Remove what was last used before `older_than` ago; then files in the order in which they make way, down to the limits.

    Documents have a limit of their own, which diskcache keeps. Raises OSError, Unreadable, NotWritten.
    """
    before = (at - older_than).timestamp() if older_than is not None else 0.0
    leftovers = [*growing_leftovers(layout, remove=True)]
    with KeptDocuments(layout.documents) as kept:
        leftovers += value_leftovers(layout, kept, at, remove=True)
        old = [entry for entry in kept.entries() if entry.used < before or _dead(entry)]
    if old:
        drop(layout, [entry.key for entry in old], _is_no_takedown, patience)
    files = list(_evicted(layout.files, limits, before, at.timestamp(), free))
    there = [entry for entry in old if entry.size]
    size = sum(kept.size for kept in files) + sum(entry.size for entry in there)
    return Pruned(len(files), len(there), size, len(leftovers))


def _dead(entry: KeptDocument) -> bool:
    """Tell whether it is never given again: its stamp was evicted."""
    return bool(entry.size) and entry.stamp is None


def _is_no_takedown(cache: Cache, key: str) -> bool:
    """Tell whether a stamp can go: not if it keeps what other processes remember from coming back."""
    stamp = cache.get(key)
    try:
        return stamp is None or bool(stamp_of(stamp).digest)
    except (ValueError, TypeError):
        return True


def _evicted(folder: Path, limits: Limits, before: float, now: float, free: Callable[[Path], int]) -> Iterator[Kept]:
    files = sorted(kept_files(folder), key=lambda kept: (kept.used >= before, stays_until(kept, now)))
    total = sum(kept.size for kept in files)
    for kept in files:
        if kept.used >= before and total <= limits.most and free(folder) >= limits.least_free:
            return
        kept.path.unlink(missing_ok=True)
        total -= kept.size
        yield kept
