"""Requirements files in pip's format: nested, with constraints, markers and hashes.

Source: pip's documentation, "Requirements File Format"; the lines themselves are dependency specifiers (PyPA
specification "Dependency specifiers").
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from addons.simple.names import InvalidName, normalise
from addons.warming.wanted import Line, Wanted

_COMMENT = re.compile(r"(^|\s)#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_OPTION = re.compile(r"\s--?[a-zA-Z]")
_HASH = re.compile(r"--hash[=\s]\s*(\w+):([0-9A-Fa-f]+)")
_ADDRESS = re.compile(r"[a-z+]+:|[.~/\\]", re.IGNORECASE)
_ARCHIVES = (".whl", ".tar.gz", ".zip")
_NESTED = {"-r": False, "--requirement": False, "-c": True, "--constraint": True}
_FROM_ELSEWHERE = ("-e", "--editable")
_MOST_LINES = 100_000


class Unreadable(ValueError):
    """A requirements or lock file that cannot be used: FILE:LINE: words."""


class Requirements:
    """Reads requirements into `wanted`; `variables` are what `${NAME}` stands for."""

    def __init__(self, wanted: Wanted, variables: Mapping[str, str]) -> None:
        self._wanted = wanted
        self._variables = variables
        self._files: set[tuple[Path, bool]] = set()

    def file(self, path: Path, constraints: bool = False) -> None:
        """Read a file and those that it names. Raises Unreadable or OSError."""
        key = (path.resolve(), constraints)
        if key in self._files:
            return
        self._files.add(key)
        try:
            text = path.read_text("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Unreadable(f"{path}: is no text in UTF-8") from error
        for number, line in _lines(text):
            self._line(_VARIABLE.sub(self._variable, line), path, f"{path}:{number}", constraints)

    def _variable(self, found: re.Match[str]) -> str:
        return self._variables.get(found[1], found[0])

    def _line(self, line: str, path: Path, place: str, constraints: bool) -> None:
        if line.startswith("-"):
            self._option(line, path, place, constraints)
        else:
            self.requirement(line, place, constraints)

    def _option(self, line: str, path: Path, place: str, constraints: bool) -> None:
        name, rest = _split(line, place)
        if name in _NESTED:
            if "://" in rest:
                raise Unreadable(f"{place}: {name} names an address; save the file beside this one, and name that")
            self.file(path.parent / rest, constraints or _NESTED[name])
        elif name in _FROM_ELSEWHERE:
            self._elsewhere(rest, place)
        elif name == "--pre":
            self._wanted.prereleases = True
        else:  # indexes are what the configuration's sources are; the rest is about installing
            self._wanted.remarks.append(f"{place}: {name} is passed over; the configuration's sources count")

    def requirement(self, text: str, place: str, constraints: bool = False) -> None:
        """Take one requirement, as a line of a file or a word of a command has it. Raises Unreadable."""
        option = _OPTION.search(text)
        words, options = (text[: option.start()], text[option.start() :]) if option else (text, "")
        if _ADDRESS.match(words) or words.lower().endswith(_ARCHIVES):
            self._elsewhere(words, place)
            return
        try:
            requirement = Requirement(words.strip())
            normalise(requirement.name)
        except (InvalidRequirement, InvalidName) as error:
            raise Unreadable(f"{place}: {ascii(words.strip())[:100]} is no requirement: {_first(error)}") from error
        if requirement.url is not None:
            self._elsewhere(words, place)
            return
        hashes = frozenset(digest.lower() for kind, digest in _HASH.findall(options) if kind == "sha256")
        if not hashes and "--hash" in options:
            raise Unreadable(f"{place}: has no sha256 among its hashes, and files are kept under that only")
        (self._wanted.constraints if constraints else self._wanted.lines).append(Line(requirement, place, hashes))

    def _elsewhere(self, words: str, place: str) -> None:
        said = ascii(words.strip())[:100]
        self._wanted.problems.append(f"{place}: {said} comes from no source of the configuration, and is not warmed")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Give the lines without comments, those that are continued put together, with the number of their first."""
    begun, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines()[:_MOST_LINES], 1):
        begun = begun if parts else number
        bare = _COMMENT.sub("", line)
        if bare.endswith("\\"):
            parts.append(bare[:-1])
            continue
        whole = "".join([*parts, bare]).strip()
        parts = []
        if whole:
            yield begun, whole
    if "".join(parts).strip():
        yield begun, "".join(parts).strip()


def _split(line: str, place: str) -> tuple[str, str]:
    """Give an option's name and its value: `-r x`, `-rx`, `--requirement x` and `--requirement=x` are the same."""
    if not line.startswith("--"):
        name, rest = line[:2], line[2:].lstrip(" =")
    else:
        name, _, rest = line.replace("=", " ", 1).partition(" ")
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise Unreadable(f"{place}: {error}") from error
    if name in (*_NESTED, *_FROM_ELSEWHERE) and not words:
        raise Unreadable(f"{place}: {name} names nothing")
    return name, words[0] if words else ""


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
