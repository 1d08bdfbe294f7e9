"""YAML text as nodes, by libyaml, of texts in which it and PyYAML's own parser mean the same. Pure.

Libyaml is several times as fast, which an edit of ten thousand rules waits for. The two differ in some texts, in their
words and in their marks; so this one says nothing about a text that is wrong or odd, and PyYAML's own reads it then.
"""

import re
from typing import Any

import yaml
from yaml import events

# Characters that both take for what they are: no tabs, which libyaml lets stand where PyYAML does not; no BOM, and no line
# breaks but the usual ones.
_CHARACTERS = re.compile(r"[\n\r\x20-\x7e\xa1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*+")
_ODD = re.compile(
    r"(?<![^\s\[{,])\?(?!\S)"  # a key of its own line: where nothing follows, they see that nothing at different places
    r"|[|>][-+0-9]*#"  # a comment without a space before it, behind the sign of a block
)
_ODD_IN_FLOW = re.compile(r"[?:]|\A\Z")  # within brackets: where such a text ends, or where nothing at all is


class Odd(Exception):
    """A text that is wrong, or in which the two parsers may differ."""


def composed(text: str, most_depth: int, *, libyaml: bool = yaml.__with_libyaml__) -> yaml.Node | None:
    """The document as nodes, each with its marks, as PyYAML composes it; None for one without content.

    Raises Odd for whatever has to be read otherwise: also what is nested deeper, and everything where there is no `libyaml`.
    """
    if not libyaml or not _CHARACTERS.fullmatch(text) or _ODD.search(text):
        raise Odd
    try:
        _look_through(text, most_depth)  # first, as libyaml composes by recursion, on the machine's stack
        root: yaml.Node | None = yaml.CSafeLoader(text).get_single_node()
    except (yaml.YAMLError, ValueError, OverflowError):
        raise Odd from None
    if isinstance(root, yaml.ScalarNode):  # no configuration, and an empty one would have another place
        raise Odd
    return root


def _look_through(text: str, most_depth: int) -> None:
    """Raises Odd for directives and tags, for depth, and for a text in brackets that may end elsewhere."""
    following = yaml.CSafeLoader(text).get_event
    flows: list[bool] = []  # of each list and mapping that is open: whether it is in brackets
    event: Any = following()
    while type(event) is not events.StreamEndEvent:
        kind = type(event)
        if kind is events.ScalarEvent:
            if event.tag is not None or (
                flows and flows[-1] and event.implicit[0] and _ODD_IN_FLOW.search(event.value)
            ):
                raise Odd
        elif kind is events.SequenceStartEvent or kind is events.MappingStartEvent:
            if event.tag is not None or len(flows) >= most_depth:
                raise Odd
            flows.append(bool(event.flow_style))
        elif kind is events.SequenceEndEvent or kind is events.MappingEndEvent:
            flows.pop()
        elif kind is events.DocumentStartEvent and (event.version or event.tags):
            raise Odd
        event = following()
