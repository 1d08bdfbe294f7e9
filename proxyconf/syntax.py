"""YAML's own errors in an operator's words. Pure."""

import re

import yaml


class Fault(ValueError):
    """A fault in the text itself: `str()` is what is wrong and what to do, line and column count from 1."""

    def __init__(self, words: str, line: int, column: int) -> None:
        super().__init__(words)
        self.line = line
        self.column = column


# What PyYAML says (context and problem), whether the beginning of the construct is the better place to show than the
# place where the scanner gave up, and what to say instead. The first that is found counts.
_WORDS = [
    (r"character '\\t'", False, "a tab; YAML indents with spaces only, replace it"),
    (r"quoted scalar.*unexpected end", True, "a quote that is never closed; put the same quote at the text's end"),
    (r"unknown escape|escape sequence", False, "a backslash in double quotes; use single quotes, or write it twice"),
    (r"flow sequence|flow mapping", True, 'a "[" or "{" that is not closed well; close it, or quote the text it is in'),
    (r"block scalar", True, 'a text that begins with ">" or "|"; put it in quotes, like ">=1.2"'),
    (
        r"scanning an alias|undefined alias",
        True,
        'a text that begins with "*", which is an alias in YAML; put it in quotes',
    ),
    (r"scanning an anchor", True, 'a text that begins with "&", which is an anchor in YAML; put it in quotes'),
    (r"duplicate anchor", False, "an anchor (&name) that exists already; give it another name"),
    (r"tag", False, 'a text that begins with "!", which is a tag in YAML; put it in quotes'),
    (r"character '[^']+' that cannot start", False, "a text that begins with a character special to YAML; quote it"),
    (
        r"mapping values are not allowed",
        False,
        'a ":" out of place: check the indentation, the space after the ":" above, and the quotes of texts with ": "',
    ),
    (
        r"could not find expected ':'",
        True,
        'neither "key: value" nor a "- " item; is a ":" missing, or the indentation wrong?',
    ),
    (r"found another document", False, 'a second document; the file must be one, take the "---" out'),
    (
        r"expected <block end>",
        False,
        "indented unlike the lines above it, or text behind a closing quote; line it up with its neighbours",
    ),
    (r"sequence entries are not allowed", False, 'a "- " out of place; put it on a line of its own, below its key'),
    (r"incompatible YAML document|directive", False, 'a "%" line that is no YAML 1 directive; take it out'),
    (r"expected the node content", False, "a character special to YAML; put the text in quotes"),
]


def fault(error: yaml.YAMLError, text: str) -> Fault:
    """The fault that a YAML error in this text means."""
    if isinstance(error, yaml.reader.ReaderError):
        return _character(text, int(error.position))
    if not isinstance(error, yaml.MarkedYAMLError):
        return Fault("is no YAML that can be read; compare it with the default configuration", 1, 1)
    said = f"{error.context or ''} {error.problem or ''}"
    for pattern, at_beginning, words in _WORDS:
        if re.search(pattern, said, re.DOTALL):
            mark = (error.context_mark if at_beginning else None) or error.problem_mark
            return _marked(f"this is no valid YAML: {words}", mark)
    return _marked(
        f"this is no valid YAML: {said.strip()}; compare it with the default configuration", error.problem_mark
    )


def _character(text: str, position: int) -> Fault:
    before = text[:position]
    return Fault(
        f"this is no valid YAML: the character U+{ord(text[position]):04X}; take it out, or save the file as UTF-8 text",
        before.count("\n") + 1,
        position - before.rfind("\n"),
    )


def _marked(words: str, mark: yaml.Mark | None) -> Fault:
    return Fault(words, 1, 1) if mark is None else Fault(words, mark.line + 1, mark.column + 1)
