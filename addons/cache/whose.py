"""Which project a document is of, and what kind of document it is: by its address, as its index has it."""

from typing import Literal
from urllib.parse import unquote, urlsplit

from addons.cache.kept_documents import Whose
from addons.simple.distributions import distribution
from addons.simple.names import ProjectName, spelled

type Kind = Literal["page", "legacy", "provenance", "metadata", "other"]

_METADATA = ".metadata"
_LEGACY = (3, 4)  # parts of a path: pypi, the project, perhaps a release, json


def kind_of(whose: Whose) -> tuple[Kind, ProjectName | None]:
    """Give a document's kind, and its project; None if it is of none, or the address does not tell.

    Sources: PEP 503 and 658; https://docs.pypi.org/api/json/; https://docs.pypi.org/api/integrity/.
    """
    page = whose.url.removeprefix(whose.index)
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
    return "other", None


def _project_of(filename: str) -> ProjectName | None:
    named = distribution(filename)
    return named.project if named is not None else None
