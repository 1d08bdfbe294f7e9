"""What a request says, read: its path, its query, its body. Pure. Whatever is not understood is refused, in words."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from addons.interface.address import MOST_BODY, PREFIX
from addons.interface.declined import Declined
from addons.interface.operation import Operation, Parameter

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.*)`(?: - at `\$?(?P<at>.*)`)?", re.DOTALL)
_PLACED = re.compile(r"(?P<what>.*) - at `(?P<at>.*)`", re.DOTALL)


def asked(path: str, table: Sequence[Operation]) -> Mapping[str, tuple[Operation, Mapping[str, str]]]:
    """Tell which operations a decoded path means, by method, each with what the path names."""
    if path != PREFIX and not path.startswith(f"{PREFIX}/"):
        return {}
    below = path.removeprefix(PREFIX) or "/"
    matches = [(each, match) for each in table if (match := each.pattern.fullmatch(below)) is not None]
    return {each.method: (each, match.groupdict()) for each, match in matches}


def query_of(query: str, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Read a query. Raises Declined (400) for what no parameter is, what is there twice, and what a value cannot be."""
    known = {each.name: each for each in parameters}
    found = {each.name: each.default for each in parameters}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict", max_num_fields=20)
    except ValueError as error:
        raise Declined(400, "query", "the query cannot be read; write it as ?name=value&name=value") from error
    names = [name for name, _ in pairs]
    for name, text in pairs:
        if name not in known:
            raise Declined(400, "query", f"{_cut(name)} is no parameter here; {_there_are(known)}")
        if names.count(name) > 1:
            raise Declined(400, "query", f"the parameter {name} is there twice; write it once")
        try:
            found[name] = msgspec.convert(text, known[name].type, strict=False)
        except msgspec.ValidationError as error:
            raise Declined(400, "query", f"the parameter {name}: {_cut(str(error))}") from error
    return found


def body_of(operation: Operation, content_type: str, body: bytes) -> Any:
    """Read a body: a struct of the kind that the operation takes, None if it takes none. Raises Declined (400, 413, 415)."""
    if len(body) > MOST_BODY:
        raise Declined(413, "size", f"the body is larger than {MOST_BODY} bytes")
    if operation.takes is None:
        if body:
            raise Declined(400, "body", f"{operation.method} takes no body here; leave it out")
        return None
    if not body and operation.may_be_bodiless:
        return operation.takes()
    if not _is_json(content_type):
        raise Declined(415, "media-type", "the body has to be JSON; send it with Content-Type: application/json")
    return _struct(operation.takes, body)


def _is_json(content_type: str) -> bool:
    kind, _, more = content_type.partition(";")
    return kind.strip().lower() == "application/json" and more.strip().lower() in (
        "",
        "charset=utf-8",
        'charset="utf-8"',
    )


def _struct(kind: type[msgspec.Struct], body: bytes) -> Any:
    try:
        found = msgspec.json.decode(body, type=kind)
        json.loads(body, object_pairs_hook=_once)  # of a key that is there twice, msgspec would take the last
    except msgspec.ValidationError as error:
        raise Declined(400, "body", _placed(str(error), kind)) from error
    except (ValueError, RecursionError) as error:
        raise Declined(400, "body", f"the body is no JSON: {_cut(str(error))}") from error
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:50]} is there twice")
        found[key] = value
    return found


def _placed(words: str, kind: type[msgspec.Struct]) -> str:
    if unknown := _UNKNOWN.fullmatch(words):
        known = kind.__struct_encode_fields__
        return f"${_cut(unknown['at'] or '')}.{_cut(unknown['key'])}: is no key of this; {_there_are(known)}"
    if placed := _PLACED.fullmatch(words):
        return f"{_cut(placed['at'])}: {_cut(placed['what'])}"
    return f"$: {_cut(words)}"


def _there_are(names: Iterable[str]) -> str:
    listed = ", ".join(names)
    return f"there are: {listed}" if listed else "there is none"


def _cut(text: str) -> str:
    return ascii(text)[1:-1][:200]
