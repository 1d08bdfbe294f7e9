"""Whose a document is: what its key says, and, by its address as its index has it, its kind and project."""

import json
from dataclasses import astuple, dataclass, fields, replace
from typing import Literal
from urllib.parse import unquote, urlsplit

from addons.simple.distributions import distribution
from addons.simple.names import ProjectName, spelled

type Kind = Literal["page", "legacy", "provenance", "metadata", "announced", "classifiers", "other"]

_METADATA = ".metadata"
_ANNOUNCED = "#metadata"
_LEGACY = (3, 4)  # parts of a path: pypi, the project, perhaps a release, json


@dataclass(frozen=True)
class Whose:
    """What a document's key says: the source's name, its index's URL, the user's name, the document's URL."""

    source: str
    index: str
    user: str
    url: str


def key_of(whose: Whose) -> str:
    """Give the key under which the document's stamp lies."""
    return json.dumps(astuple(whose))


def announced_key(key: str, project: ProjectName | None) -> str:
    """Give the key of what is known of the metadata of a project's files, or of all (None); `key` is one of the index's."""
    whose = whose_of(key)
    assert whose is not None
    return key_of(replace(whose, url=f"{whose.index}{f'{project}/' if project else ''}{_ANNOUNCED}"))


def whose_of(key: str) -> Whose | None:
    """Give what a key says; None for one of another form, which other versions may have written."""
    try:
        parts = json.loads(key)
    except ValueError:
        return None
    known = isinstance(parts, list) and len(parts) == len(fields(Whose)) and all(type(part) is str for part in parts)
    return Whose(*parts) if known else None


def kind_of(whose: Whose) -> tuple[Kind, ProjectName | None]:
    """Give a document's kind, and its project; None if it is of none, or the address does not tell.

    Sources: PEP 503 and 658; https://docs.pypi.org/api/json/; https://docs.pypi.org/api/integrity/.
    """
    if whose.url.endswith(_ANNOUNCED):
        return "announced", spelled(whose.url.removeprefix(whose.index).removesuffix(f"/{_ANNOUNCED}"))
    page = whose.url.partition("#")[0].removeprefix(
        whose.index
    )  # behind "#": the last page that had a file (cache.keep)
    if page != whose.url and page.endswith("/") and (project := spelled(page.removesuffix("/"))):
        return "page", project
    below = whose.url.removeprefix(whose.index.removesuffix("simple/")).partition("?")[0].split("/")
    if below[0] == "pypi" and below[-1] == "json" and len(below) in _LEGACY:
        return "legacy", spelled(below[1])
    *_, before, last = ["", *unquote(urlsplit(whose.url).path).split("/")]
    if last == "provenance":
        return "provenance", _project_of(before)
    if last.endswith(_METADATA):
        return "metadata", _project_of(last.removesuffix(_METADATA))
    return ("classifiers" if "list_classifiers" in whose.url else "other"), None


def _project_of(filename: str) -> ProjectName | None:
    named = distribution(filename)
    return named.project if named is not None else None
