"""Patterns of filenames, looked up by what stands before their first star and behind their last. Pure."""

import fnmatch
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_WILD = re.compile(r"\[!?\]?[^]]*\]|[*?]")  # what `fnmatch` takes for more than itself


class _Glob[T](NamedTuple):
    stands_for: T
    longest: str
    """The longest piece of the pattern that stands in every name that matches."""
    pattern: re.Pattern[str]


class _Endings[T]:
    """Patterns that begin alike, by their ends."""

    def __init__(self) -> None:
        self._by_end: dict[str, list[_Glob[T]]] = {}
        self._lengths: set[int] = set()

    def add(self, end: str, glob: _Glob[T]) -> None:
        self._by_end.setdefault(end, []).append(glob)
        self._lengths.add(len(end))

    def matching(self, filename: str) -> Iterator[T]:
        for length in self._lengths:
            globs = self._by_end.get(filename[len(filename) - length :], ()) if length <= len(filename) else ()
            for glob in globs:
                if glob.longest in filename and glob.pattern.match(filename):
                    yield glob.stands_for


class Globs[T]:
    """Patterns in small letters as `fnmatch` reads them, each with what it stands for.

    A name is held against those only that could match it, and each match takes time in proportion to the name's length and
    the pattern's, whatever is in them: `fnmatch.translate` never goes back behind a star.
    """

    def __init__(self, patterns: Iterable[tuple[str, T]]) -> None:
        self._by_beginning: dict[str, _Endings[T]] = {}
        for text, stands_for in patterns:
            pieces = _WILD.split(text)
            glob = _Glob(stands_for, max(pieces, key=len), re.compile(fnmatch.translate(text)))
            self._by_beginning.setdefault(pieces[0], _Endings()).add(pieces[-1], glob)
        self._lengths = {len(beginning) for beginning in self._by_beginning}

    def matching(self, filename: str) -> Iterator[T]:
        """Give what the patterns stand for that match a filename in small letters, in no order, one for each pattern."""
        for length in self._lengths:
            endings = self._by_beginning.get(filename[:length]) if length <= len(filename) else None
            if endings is not None:
                yield from endings.matching(filename)
