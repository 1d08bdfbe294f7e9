"""msgspec's validation errors in an operator's words. Pure."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import yaml

from proxyconf.misfit import Misfit, shown
from proxyconf.nodes import find, find_key, plain
from proxyconf.shape import Shape, nearest

_PLACE = re.compile(r" - at `(?:key in `)?\$([^`]*)`\Z")
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+)\]|(\[\.\.\.\])")
_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": '"key: value" lines',
    "null": "nothing",
}


class Complaint(NamedTuple):
    """What is wrong with a value, with its whole name in front, and the node at whose beginning to show it."""

    words: str
    node: yaml.Node


def complaint(error: msgspec.ValidationError, root: yaml.Node, rejected: object, shape: Shape) -> Complaint:
    """What to say about a validation error of the data in a tree.

    `rejected` is the value that the decoding hook refused last: msgspec doesn't say which value of a dict it was.
    """
    message = str(error)
    place = _PLACE.search(message)
    way = _way(place[1] if place else "", root, rejected)
    message = message[: place.start()] if place else message
    if isinstance(error.__cause__, Misfit):
        return misfitting(error.__cause__, root, way)
    node = find(root, way)
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", message):
        words = f'lacks "{missing[1]}"; add a line "{missing[1]}: ..."'
    elif unknown := re.fullmatch(r"Object contains unknown field `(.*)`", message, re.DOTALL):
        kind = "policy" if way[-2:-1] == ("policies",) and isinstance(way[-1], int) else "key"
        words = f"unknown {kind} {shown(unknown[1])}; {shape.advice(unknown[1], way)}"
        node = find_key(node, unknown[1])
    elif choices := shape.choices_at(way):
        near = nearest(str(node.value), choices)
        words = f"is {shown(node.value)}; write " + (f'"{near}"' if near else _alternatives(choices))
    else:
        words = _wrong_type(message, node, way)
    return Complaint(_named(way, words), node)


def misfitting(misfit: Misfit, root: yaml.Node, way: Sequence[str | int] = ()) -> Complaint:
    """What to say about a Misfit that the struct at the end of the way raised."""
    whole = (*way, *misfit.at)
    return Complaint(_named(whole, str(misfit)), find(root, whole))


def _way(text: str, root: yaml.Node, rejected: object) -> tuple[str | int, ...]:
    way: tuple[str | int, ...] = ()
    for name, number, unnamed in _STEP.findall(text):
        if unnamed:
            entries = plain(find(root, way)).items()
            way += tuple(key for key, value in entries if value == rejected and type(value) is type(rejected))[:1]
        else:
            way += (name or int(number),)
    return way


def _named(way: Sequence[str | int], words: str) -> str:
    if not way:
        return words
    name = "".join(f"[{step}]" if isinstance(step, int) else _dotted(step) for step in way)
    return f"{name.lstrip('.')}: {words}"


def _dotted(key: str) -> str:
    return f".{key}" if re.fullmatch(r"\w+", key) else f"[{shown(key)}]"


def _alternatives(words: Sequence[str]) -> str:
    return " or ".join(f'"{word}"' for word in words)


def _wrong_type(message: str, node: yaml.Node, way: Sequence[str | int]) -> str:
    """Words for "Expected `X`, got `Y`"; any other message of msgspec's as it is."""
    types = re.fullmatch(r"Expected `(\w+)(?: \| null)?`, got `(\w+)`", message)
    if types is None:
        return message
    expected, got = types[1], types[2]
    if got == "null":
        return f"is empty; give it {_KINDS.get(expected, expected)}, or take the line out"
    if not way:
        return f'the configuration is written in "key: value" lines, but this is {_KINDS.get(got, got)}'
    if expected == "array":
        hint = 'begin each item with "- "' if got == "object" else f"write [{_written(node, way)}]"
        return f"must be a list; {hint}"
    if expected == "object":
        hint = 'take the "- " out' if got == "array" else "write them below it, indented"
        return f'must be "key: value" lines; {hint}'
    if got in ("array", "object"):
        return f"must be {_KINDS[expected]}, but it is {_KINDS[got]}; write one value"
    return _wrong_scalar(expected, got, node, way)


def _wrong_scalar(expected: str, got: str, node: yaml.Node, way: Sequence[str | int]) -> str:
    written = _written(node, way)
    if expected == "str":
        quoted = f'"=={written}"' if way[-1:] == ("versions",) else f'"{written}"'
        return f"must be text, but YAML reads {written} as {_KINDS[got]}; put it in quotes: {quoted}"
    hint = "write true or false" if expected == "bool" else "write digits only, without quotes or a unit"
    if got == "str":
        return f"must be {_KINDS[expected]}, but {written} is text; {hint}"
    return f"must be {_KINDS[expected]}, but {written} is {_KINDS[got]}; {hint}"


def _written(node: yaml.Node, way: Sequence[str | int]) -> str:
    """A scalar as it stands in the file; not what may be a password in the wrong place."""
    if not isinstance(node, yaml.ScalarNode) or any(
        word in str(step) for step in way for word in ("password", "token")
    ):
        return "..."
    return shown(node.value)[1:-1]


def type_error(expected: str, value: Any) -> str:
    """A message like msgspec's own, for a value that a decoding hook can't take at all."""
    kinds = {int: "int", float: "float", bool: "bool", list: "array", dict: "object"}
    return f"Expected `{expected}`, got `{kinds.get(type(value), 'null')}`"
