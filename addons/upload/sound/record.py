"""RECORD of a wheel: every file of it, with its hash and its size (PEP 376, PEP 427). Nothing is unpacked here but RECORD."""

import base64
import binascii
import csv
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from addons.metadata.bounded import shown
from addons.upload.sound.words import few, unsound

_STRONG = ("sha256", "sha384", "sha512")
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")


@dataclass(frozen=True, slots=True)
class Row:
    """What RECORD says of a file: the name of the hash, the digest, the size in bytes; None for what it does not say."""

    algorithm: str | None
    digest: bytes | None
    size: int | None


def read_record(content: bytes) -> tuple[Mapping[str, Row], tuple[str, ...]]:
    """Read RECORD; gives its rows by path, and what is wrong with them."""
    rows: dict[str, Row] = {}
    try:
        return rows, tuple(few(_rows(content.decode(), rows)))
    except (UnicodeDecodeError, csv.Error) as error:
        return {}, (unsound(f"has a RECORD that is no CSV in UTF-8 ({error})"),)


def _rows(text: str, rows: dict[str, Row]) -> Iterator[str]:
    for fields in csv.reader(text.splitlines(), strict=True):
        if not fields:
            continue
        if len(fields) != 3:
            yield unsound("has a RECORD with a line that has not three fields")
            continue
        path, hashed, size = fields
        if path in rows:
            yield unsound(f"has a RECORD that lists {shown(path)} twice")
        row = _row(hashed, size)
        if row is None:
            yield unsound(f"has a RECORD with an unreadable hash or size of {shown(path)}")
        rows[path] = row or Row(None, None, None)


def _row(hashed: str, size: str) -> Row | None:
    algorithm, equals, text = hashed.partition("=")
    if size and not (size.isascii() and size.isdigit() and len(size) < 20):
        return None
    count = int(size) if size else None
    if not hashed:
        return Row(None, None, count)
    try:
        digest = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return Row(algorithm.lower(), digest, count) if equals and not text.endswith("=") else None


def listing_problems(rows: Mapping[str, Row], names: Collection[str], info: str) -> Iterator[str]:
    """Yield which files RECORD does not list, which it lists that are not there, and which have no good hash."""
    itself = f"{info}/RECORD"
    signatures = {f"{info}/{each}" for each in _SIGNATURES}
    if itself not in rows:
        yield unsound("has a RECORD that does not list itself")
    elif rows[itself] != Row(None, None, None):
        yield unsound("has a RECORD with a hash or a size of itself")
    yield from few(
        unsound(f"has a file that its RECORD does not list: {shown(name)}")
        for name in names
        if name not in rows and name not in signatures
    )
    yield from few(
        unsound(f"has a RECORD that lists what is not there: {shown(name)}") for name in rows if name not in names
    )
    hashed = (name for name in names if name in rows and name != itself and name not in signatures)
    yield from few(_unhashed(hashed, rows))


def _unhashed(names: Iterable[str], rows: Mapping[str, Row]) -> Iterator[str]:
    for name in names:
        algorithm = rows[name].algorithm
        if algorithm is None:
            yield unsound(f"has a RECORD without a hash of {shown(name)}")
        elif algorithm not in _STRONG:
            yield unsound(f"has a RECORD with a weak hash of {shown(name)}: use sha256 or better")
        elif rows[name].size is None:
            yield unsound(f"has a RECORD without the size of {shown(name)}")


def content_problem(name: str, row: Row, pieces: Iterable[bytes]) -> str | None:
    """Take a file's content in pieces, and say what of it RECORD has wrong. Raises what `pieces` raises."""
    hashing = hashlib.new(row.algorithm) if row.algorithm in _STRONG else None
    size = 0
    for piece in pieces:
        size += len(piece)
        if hashing is not None:
            hashing.update(piece)
    if hashing is not None and hashing.digest() != row.digest:
        return unsound(f"has a RECORD with another hash of {shown(name)} than the file has")
    if row.size is not None and row.size != size:
        return unsound(f"has a RECORD with another size of {shown(name)} than the file has")
    return None
