"""What the gateway asks of the process that works on lists, and what it hears back: JSON on its input and output."""

from typing import Literal

import msgspec

type ListForm = Literal["json", "html"]


class ReadOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Read a source's document into a file of sorted names. All paths are absolute."""

    document: str
    media_type: str
    gzipped: bool
    most_bytes: int  # of the document, decoded
    names: str  # where the result goes


class ReadOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How it went: `refused` says in words why the document is no project list. `said` is for the log."""

    refused: str | None = None
    count: int = 0
    said: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One source's sorted names: the source's name, whether it is an own one, and what it said of its serial."""

    source: str
    own: bool
    names: str
    serial: str | None = None


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """Projects that do not show: those that `scopes` cover (names, prefixes as `acme-*`, or `*`) and `but` does not."""

    scopes: frozenset[str]
    but: frozenset[str] = frozenset()


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What of the configuration decides who is on the list. All names of projects are normalised.

    `reserved` as it is configured; `merged` has the sources of projects with sources of their own; of `hidden`
    each takes projects off the list.
    """

    reserved: tuple[str, ...] = ()
    merged: tuple[tuple[str, tuple[str, ...]], ...] = ()
    hidden: tuple[Hidden, ...] = ()


class BuildOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Merge the parts, highest first, and write both forms in every coding; files' names begin with `prefix`."""

    parts: tuple[Part, ...]
    rules: Rules
    prefix: str


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A finished file: size in bytes, sha256 in hex."""

    form: ListForm
    coding: Literal["identity", "gzip", "zstd"]
    path: str
    size: int
    sha256: str


class BuildOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was built. `serial` is upstream's, as text."""

    files: tuple[Written, ...]
    count: int
    serial: str | None = None
