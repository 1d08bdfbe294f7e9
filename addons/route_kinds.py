"""The kinds of routes that there are: what a request means, as the answering side takes it."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_to_bytes

type Part = Literal["file", "metadata"]

OWN_FILES = "/wheelgate/"
"""Where files that do not lie on PyPI's own files host are found on it: /wheelgate/<source>/<project>/<filename>."""

OWN_API = "/wheelgate/api/"
"""Where the gateway's own HTTP API is found, on the upload host."""

_HASHED = re.compile(r"(/packages/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}/)(.+)", re.IGNORECASE)
_PREDICTABLE = re.compile(r"/packages/[^/]+/[A-Za-z0-9]/[^/]+/[^/]+")


def one_spelling(path: str) -> str:
    """Give the one spelling of a file's decoded path: the digits of its hash are in lower case (FIL-06)."""
    hashed = _HASHED.fullmatch(path)
    return hashed[1].lower() + hashed[2] if hashed else path


@dataclass(frozen=True)
class Asked:
    """What is asked: `place` is the kind of host (index, files, upload, or none of them), `path` the decoded path.

    `sent` is the path as it came, `query` what stood behind its question mark.
    """

    method: str
    place: str
    path: str
    sent: str
    query: str

    def parameter(self, name: str) -> str | None:
        """Give the first value of a query parameter, decoded; a plus sign in it is itself (NEG-06)."""
        for pair in self.query.split("&"):
            key, _, value = pair.partition("=")
            if unquote_to_bytes(key) == name.encode():
                return unquote_to_bytes(value).decode("utf-8", "replace").replace(" ", "+")
        return None


@dataclass(frozen=True)
class ListRoute:
    """The project list; `wanted` is the value of `?format=`."""

    wanted: str | None = None


@dataclass(frozen=True)
class PageRoute:
    """A project's page, as its name was spelled in the path; `wanted` is the `?format=` value in `query`."""

    spelling: str
    wanted: str | None = None
    query: str = ""


@dataclass(frozen=True)
class LegacyRoute:
    """A project's document in the legacy JSON API, or one release's; both as spelled in the path."""

    spelling: str
    version: str | None = None


@dataclass(frozen=True)
class ProvenanceRoute:
    """The provenance of a file (PEP 740)."""

    spelling: str
    version: str
    filename: str


@dataclass(frozen=True)
class ClassifiersRoute:
    """The list of trove classifiers, which flit asks for before it uploads."""


@dataclass(frozen=True)
class ProjectForPeople:
    """A project's page for people, as its name was spelled in the path."""

    spelling: str


@dataclass(frozen=True)
class PublicFile:
    """A file by its path on PyPI's files host, or its core metadata (PEP 658)."""

    path: str
    filename: str
    part: Part = "file"

    @property
    def predictable(self) -> bool:
        """Whether the path is one that people make up from a file's name, /packages/source/d/demo/demo-1.0.tar.gz."""
        return _PREDICTABLE.fullmatch(self.path) is not None


@dataclass(frozen=True)
class SourceFile:
    """A file of a source whose files are given out under `OWN_FILES`, or its core metadata."""

    source: str
    spelling: str
    filename: str
    part: Part = "file"


@dataclass(frozen=True)
class UploadRoute:
    """An upload. `action` and `protocol_version` are those of the query, None without (UPL-01); `query` is all of it, as sent."""

    action: str | None = None
    protocol_version: str | None = None
    query: str = ""


@dataclass(frozen=True)
class OidcRoute:
    """Trusted publishing: for whom a CI's identity token is to be made out, or a token of ours for such a one."""

    what: Literal["audience", "mint"]


@dataclass(frozen=True)
class ApiRoute:
    """The gateway's own HTTP API. `path` is decoded and begins with `OWN_API`, `query` is as sent; HEAD is GET here."""

    method: str
    path: str
    query: str = ""


type Route = (
    ListRoute
    | PageRoute
    | LegacyRoute
    | ProvenanceRoute
    | ClassifiersRoute
    | ProjectForPeople
    | PublicFile
    | SourceFile
    | UploadRoute
    | OidcRoute
    | ApiRoute
)
