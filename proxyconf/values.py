"""Names, version specifiers, sentences and numbers as an operator writes them. Pure; each function raises Misfit."""

import fnmatch
import re
from collections.abc import Callable

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from proxyconf.misfit import Misfit, shown

_PROJECT = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII | re.IGNORECASE)
_PREFIX = re.compile(r"([a-z0-9]([a-z0-9._-]*[a-z0-9])?)[._-]+\*", re.ASCII | re.IGNORECASE)
_NO_GLOB = re.compile(r"[{}|^$\\]|\A!")  # what other languages of patterns have
_BRACKETED = re.compile(r"([^][]|\[!?\]?[^]]+\])*+")
_NOTHING = "(?!)"  # how `fnmatch` writes what matches nothing


def project_name(text: str) -> str:
    """A project's name in any spelling, unchanged (names and normalisation, packaging.python.org specification)."""
    if not _PROJECT.fullmatch(text):
        raise Misfit(
            f"{shown(text)} is no project name: letters, digits, dots, hyphens and underscores only,"
            " with a letter or digit first and last"
        )
    return text


def normal_name(text: str) -> str:
    """A project's name in any spelling, normalised."""
    return _normalised(project_name(text))


def covers(reserved: str, project: str) -> bool:
    """Whether a reserved name or prefix, as `reserved_name` gives it, covers a normalised name (PEP 752)."""
    return project.startswith(reserved[:-1]) if reserved.endswith("-*") else project == reserved


def overlap(one: str, other: str) -> bool:
    """Whether some name is covered by both of two reserved names or prefixes."""
    short, long = sorted((one, other), key=lambda each: len(each.removesuffix("*")))
    return covers(short, long.removesuffix("*")) if short.endswith("-*") else short == long


def reserved_name(text: str) -> str:
    """A project's name, or a prefix as `acme-*` (PEP 752), in its normalised spelling."""
    if prefix := _PREFIX.fullmatch(text):
        return f"{_normalised(prefix[1])}-*"
    if text.endswith("*") and _PROJECT.fullmatch(text[:-1]):
        stem = _normalised(text[:-1])
        raise Misfit(f'{shown(text)}: a prefix ends in "-*": write "{stem}-*" for the names below {stem}')
    return normal_name(text)


def scope(text: str) -> str:
    """Which projects a rule is about: `*`, a prefix as `acme-*`, normalised, or a name in any spelling, normalised."""
    return text if text == "*" else reserved_name(text)


def filename_glob(text: str) -> str:
    """A pattern of filenames, with `*`, `?` and `[...]`, in small letters: capitals make no other file of it.

    What looks like a pattern and could match no file is refused: a rule without effect is taken for a protection.
    """
    if not text.strip() or "/" in text or _NO_GLOB.search(text):
        raise Misfit(
            f'{shown(text)} is no pattern of filenames, which has *, ? and [...] only; write one like "*.tar.gz" or'
            ' "demo-1.0-*.whl", and two patterns for two kinds of files'
        )
    if not _BRACKETED.fullmatch(text) or _NOTHING in fnmatch.translate(text.lower()):
        raise Misfit(f'{shown(text)} has brackets that match nothing; write them like "[0-9]" or "[!ab]"')
    return text.lower()


def sha256(text: str) -> str:
    """A file's sha256, in lower case."""
    digest = text.strip().lower().removeprefix("sha256:").removeprefix("sha256=")
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise Misfit(f"{shown(text)} is no sha256; write its 64 hexadecimal digits")
    return digest


def source_name(text: str) -> str:
    """A source's name, as logs and messages show it."""
    if not re.fullmatch(r"[a-z0-9-]+", text):
        meant = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "acme"
        raise Misfit(f"{shown(text)} is no source name: small letters, digits and hyphens only, like {shown(meant)}")
    return text


def specifiers(text: str) -> SpecifierSet:
    """Versions by specifier (version specifiers, packaging.python.org), comma-separated, at least one clause."""
    if not text.strip():
        raise Misfit(
            'is empty. Leave the line out to mean every version. If it begins with ">" in the file, put it in'
            ' quotes, like ">=1.2,<2": without them YAML takes ">" for the start of folded text'
        )
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        pass
    try:
        meant = f'write "=={Version(text)}" for just that one'
    except InvalidVersion:
        meant = 'write comparisons separated by commas, like ">=1.2,<2" or "==1.4.*"'
    raise Misfit(f"{shown(text)} is no version specifier; {meant}")


def sentence(text: str) -> str:
    """A text for people, on one line: runs of white space become one space. Not empty."""
    line = " ".join(text.split())
    if not line:
        raise Misfit("is empty; write a few words for the person who will read it")
    return line


def user_name(text: str) -> str:
    """A user name for HTTP Basic (RFC 7617 section 2: no colon, no control characters)."""
    if not text or ":" in text or not text.isprintable():
        raise Misfit("is no user name: it is empty or has a colon or a control character")
    return text


def environment_name(text: str) -> str:
    """The name of an environment variable. The words don't repeat it: a password may have been written here."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        raise Misfit(
            "is no name of an environment variable. Write the variable's name here, like ACME_PASSWORD,"
            " never the password itself"
        )
    return text


def between(low: float, high: float, noun: str) -> Callable[[float], float]:
    """A check that a number lies from low to high, both included; the noun is for the words."""

    def check(value: float) -> float:
        if not low <= value <= high:
            raise Misfit(f"is {value}; write {noun} from {low} to {high}")
        return value

    return check


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
