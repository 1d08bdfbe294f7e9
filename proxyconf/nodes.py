"""YAML text as a tree that remembers where each value stands, and as plain data. Pure.

Not PyYAML's own construction: it can't name the place of a value, lets a later duplicate key win, builds dates and
octal numbers out of what was meant as text, and follows aliases without end.
"""

import re
from collections.abc import Sequence
from typing import Any, override

import yaml

from proxyconf.composing import Odd, composed
from proxyconf.misfit import shown
from proxyconf.syntax import Fault, fault

MAX_DEPTH = 20
MAX_NODES = 500_000
_TAG = "tag:yaml.org,2002:"
_TEXTS = {"str", "timestamp", "merge", "value"}
_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class _Loader(yaml.SafeLoader):
    """PyYAML's own composer, which recurses, with a floor under it."""

    depth = 0

    @override
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.depth > MAX_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # untyped in types-PyYAML
            raise Fault(_TOO_DEEP, mark.line + 1, mark.column + 1)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


_TOO_DEEP = f"goes more than {MAX_DEPTH} levels deep (or into itself by an alias); no setting is nested like that"


def tree(text: str) -> yaml.Node | None:
    """The document as nodes, each with its marks; None for one without content. Raises Fault."""
    try:
        return composed(text, MAX_DEPTH)
    except Odd:
        return slow_tree(text)


def slow_tree(text: str) -> yaml.Node | None:
    """What `tree` gives, by PyYAML alone, which has the last word on what is valid, and the words for what is not."""
    try:
        loader = _Loader(text)
    except yaml.YAMLError as error:
        raise fault(error, text) from None
    try:
        return loader.get_single_node()
    except yaml.YAMLError as error:
        raise fault(error, text) from None
    except Fault:
        raise
    except (ValueError, OverflowError):  # PyYAML on "\UFFFFFFFF" in quotes, or on a %YAML version of 5,000 digits
        words = 'this is no valid YAML: a number too large, behind a "\\U" or in a "%YAML" line; take it out'
        raise Fault(words, loader.line + 1, loader.column + 1) from None
    finally:
        loader.dispose()


def plain(node: yaml.Node) -> Any:
    """The node as dict, list, str, int, float, bool, None; dict keys are always text. Raises Fault.

    Numbers are decimal: what YAML 1.1 would make octal, hexadecimal, base 60, infinite or a date stays text.
    Aliases are followed, but the whole may not have more than MAX_NODES values.
    """
    return _Plainer().plain(node, 0)


class _Plainer:
    def __init__(self) -> None:
        self.nodes = 0

    def plain(self, node: yaml.Node, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _at(node, f"has more than {MAX_NODES} values, aliases followed; write a smaller configuration")
        if depth > MAX_DEPTH:
            raise _at(node, _TOO_DEEP)
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.plain(item, depth + 1) for item in node.value]
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        raise _tagged(node)

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _at(key, "a list or a mapping as key; write one word before the colon")
            name = _text(key)
            if name in mapping:
                raise _at(key, f"{shown(name)} is written twice, first in line {lines[name]}; keep one of them")
            lines[name] = key.start_mark.line + 1
            mapping[name] = self.plain(value, depth + 1)
        return mapping


def _scalar(node: yaml.ScalarNode) -> Any:
    text = _text(node)
    kind = node.tag.removeprefix(_TAG)
    if kind == "null":
        return None
    if kind == "bool":
        return _TRUTHS.get(text.lower(), text)
    if kind == "int":
        return int(text) if re.fullmatch(r"[-+]?(0|[1-9][0-9]{0,17})", text) else text
    if kind == "float":
        return float(text) if re.fullmatch(r"[-+]?[0-9]{1,18}(\.[0-9]{0,18})?", text) else text
    if kind in _TEXTS:
        return text
    raise _tagged(node)


def _text(node: yaml.ScalarNode) -> str:
    """The scalar's text, which must be printable and encodable: paths and messages are made of it."""
    text = str(node.value)
    for char in "" if text.isprintable() else text:
        if not char.isprintable() and (char < " " or "\x7f" <= char < "\xa0" or "\ud800" <= char < "\ue000"):
            if char in "\t\n":
                continue
            raise _at(node, f"has the invisible character U+{ord(char):04X} in it; take it out")
    return text


def _tagged(node: yaml.Node) -> Fault:
    tag = node.tag.replace(_TAG, "!!")
    return _at(
        node, f'{shown(tag)} begins with "!", which marks a tag, and none is known here; if it is text, quote it'
    )


def _at(node: yaml.Node, words: str) -> Fault:
    return Fault(words, node.start_mark.line + 1, node.start_mark.column + 1)


def find(node: yaml.Node, way: Sequence[str | int]) -> yaml.Node:
    """The node at the end of the way of keys and indexes, or the last one on it that is there."""
    for step in way:
        if isinstance(node, yaml.MappingNode):
            below = [value for key, value in node.value if key.value == step]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            below = node.value[step : step + 1]
        else:
            below = []
        if not below:
            break
        node = below[0]
    return node


def find_key(node: yaml.Node, name: str) -> yaml.Node:
    """The node of the key itself in a mapping; the given node if there is none."""
    if isinstance(node, yaml.MappingNode):
        for key, _ in node.value:
            if key.value == name:
                return key  # type: ignore[no-any-return]  # types-PyYAML leaves a node's value untyped
    return node
