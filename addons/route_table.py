"""The table of all routes. What is not in it is refused (LEG-12, LEG-14); docs/routes.md shows the same rows.

The first row that fits counts. In a path `{name}` stands for one segment, `{rest}` for all that follows.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from addons.answers import Answer, absent, moved, problem, refused
from addons.route_kinds import (
    OWN_API,
    OWN_FILES,
    ApiRoute,
    Asked,
    ClassifiersRoute,
    LegacyRoute,
    ListRoute,
    OidcRoute,
    PageRoute,
    Part,
    ProjectForPeople,
    ProvenanceRoute,
    PublicFile,
    Route,
    SourceFile,
    UploadRoute,
    one_spelling,
)

type Make = Callable[[Asked, dict[str, str]], Route | Answer | None]

_SEGMENT = re.compile(r"\\{(\w+)\\}")
ANY = "ANY"
"""What stands for a method in a row that takes all of them."""

_ELSEWHERE = "uploads are not taken on this host; they go to https://upload.pypi.org/legacy/, and end in this gateway"
_NO_UPLOAD = "this is no way of uploading here; POST to https://upload.pypi.org/legacy/ is the one that there is"
_LEGACY = "An upload was attempted to /legacy but the expected upload URL is /legacy/ (with a trailing slash)"  # UPL-23
_OLD_ACTIONS = ("submit", "submit_pkg_info", "doc_upload", "file_upload")


@dataclass(frozen=True)
class Row:
    """One route: where it is, what it is answered with (in words, for the documentation), and what it means."""

    place: str
    path: str
    words: str
    make: Make
    method: str = "GET"
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        written = re.sub(r"\\{rest\\}", "(?P<rest>.*)", re.escape(self.path))
        object.__setattr__(self, "pattern", re.compile(_SEGMENT.sub(r"(?P<\1>[^/]+)", written)))

    def found(self, asked: Asked) -> Route | Answer | None:
        """Give the route or answer if this row is about what is asked."""
        if asked.place != self.place or self.method not in (asked.method, ANY):
            return None
        match = self.pattern.fullmatch(asked.path)
        return self.make(asked, match.groupdict()) if match is not None else None


def _page(asked: Asked, named: dict[str, str]) -> Route:
    return PageRoute(named["project"], asked.parameter("format"), asked.query)


def _with_slash(asked: Asked, named: dict[str, str]) -> Answer:
    return moved(f"{asked.sent}/" + (f"?{asked.query}" if asked.query else ""))


def _without_slash(asked: Asked, named: dict[str, str]) -> Answer:
    return moved(asked.sent.rstrip("/"))


def _classifiers(asked: Asked, named: dict[str, str]) -> Route | Answer | None:
    return ClassifiersRoute() if asked.parameter(":action") == "list_classifiers" else None


def _people(asked: Asked, named: dict[str, str]) -> Route:
    return ProjectForPeople(named["project"])


def _legacy(asked: Asked, named: dict[str, str]) -> Route:
    return LegacyRoute(named["project"], named.get("version"))


def _provenance(asked: Asked, named: dict[str, str]) -> Route:
    return ProvenanceRoute(named["project"], named["version"], named["filename"])


def _bare(path: str) -> tuple[str, Part]:
    return (path.removesuffix(".metadata"), "metadata") if path.endswith(".metadata") else (path, "file")


def _public_file(asked: Asked, named: dict[str, str]) -> Route | Answer:
    path, part = _bare(asked.path)
    filename = path.rpartition("/")[2]
    if path.count("/") < 3 or not filename:
        return absent("wheelgate: no file lies at this path")
    return PublicFile(one_spelling(path), filename, part)


def _source_file(asked: Asked, named: dict[str, str]) -> Route | Answer:
    filename, part = _bare(named["filename"])
    if not filename:
        return absent("wheelgate: no file lies at this path")
    return SourceFile(named["source"], named["project"], filename, part)


def _refuse(code: str, words: str) -> Make:
    answer = refused(code, f"wheelgate: {words}")
    return lambda asked, named: answer


def _upload(asked: Asked, named: dict[str, str]) -> Route:
    return UploadRoute(asked.parameter(":action"), asked.parameter("protocol_version"), asked.query)


def _slash_missing(asked: Asked, named: dict[str, str]) -> Answer:
    location = f"{asked.sent}/" + (f"?{asked.query}" if asked.query else "")
    return problem(308, "legacy", _LEGACY, Location=location)


def _old_action(asked: Asked, named: dict[str, str]) -> Answer:
    if asked.parameter(":action") in _OLD_ACTIONS:
        return problem(410, "upload", f"wheelgate: {_ELSEWHERE}")
    return refused("xmlrpc", "wheelgate: XML-RPC is not passed through this gateway; ask for pages")


TABLE = (
    # Pages
    Row("index", "/simple/", "the project list of all sources", lambda asked, _: ListRoute(asked.parameter("format"))),
    Row("index", "/simple", "301 to /simple/", _with_slash),
    Row("index", "/simple/{project}/", "the project's page; 301 if its name is spelled otherwise", _page),
    Row("index", "/simple/{project}", "301 to /simple/{project}/", _with_slash),
    # The legacy JSON API, and what else programs ask
    Row("index", "/pypi/{project}/json", "the project as JSON, agreeing with its page", _legacy),
    Row("index", "/pypi/{project}/{version}/json", "one release as JSON, agreeing with the page", _legacy),
    Row("index", "/pypi/{project}/json/", "301 without the slash", _without_slash),
    Row("index", "/pypi/{project}/{version}/json/", "301 without the slash", _without_slash),
    Row(
        "index",
        "/integrity/{project}/{version}/{filename}/provenance",
        "PyPI's provenance of a file that the page offers",
        _provenance,
    ),
    Row("index", "/pypi", "?:action=list_classifiers: PyPI's list of classifiers", _classifiers),
    # Pages for people
    Row("index", "/project/{project}/", "302 to the project's page", _people),
    Row("index", "/project/{project}", "302 to the project's page", _people),
    Row("index", "/project/{project}/{version}/", "302 to the project's page", _people),
    Row("index", "/p/{project}/", "302 to the project's page", _people),
    Row("index", "/p/{project}", "302 to the project's page", _people),
    Row("index", "/pypi/{project}/", "302 to the project's page", _people),
    Row("index", "/pypi/{project}", "302 to the project's page", _people),
    Row("index", "/pypi/{project}/{version}/", "302 to the project's page", _people),
    Row("index", "/pypi/{project}/{version}", "302 to the project's page", _people),
    # Files, and their core metadata under `.metadata`
    Row("files", "/packages/{rest}", "the file, if a page offers it at this path or by this name", _public_file),
    Row("index", "/packages/{rest}", "the same as on the files host", _public_file),
    Row("files", f"{OWN_FILES}{{source}}/{{project}}/{{filename}}", "a file of another source than PyPI", _source_file),
    Row("files", "/{rest}", "404", lambda asked, _: absent("wheelgate: no file lies at this path")),
    # What tells of releases that no policy saw
    Row("index", "/rss/{rest}", "403", _refuse("rss", "feeds tell of releases that no policy saw; ask for pages")),
    Row("index", "/search/", "403", _refuse("search", "PyPI's search is not passed through this gateway")),
    Row(
        "index",
        "/pypi",
        "?:action=file_upload and the like: 410; XML-RPC: 403",
        _old_action,
        "POST",
    ),
    Row("index", "/pypi/", "XML-RPC: 403", _refuse("xmlrpc", "XML-RPC is not passed through; ask for pages"), "POST"),
    Row("index", "/RPC2", "XML-RPC: 403", _refuse("xmlrpc", "XML-RPC is not passed through; ask for pages"), "POST"),
    # Uploads
    Row("upload", "/legacy/", "an upload", _upload, "POST"),
    Row("upload", "/legacy", "308 to /legacy/", _slash_missing, "POST"),
    Row("upload", "/_/oidc/audience", "trusted publishing: the audience", lambda asked, _: OidcRoute("audience")),
    Row("upload", "/_/oidc/mint-token", "trusted publishing: a token", lambda asked, _: OidcRoute("mint"), "POST"),
    Row("upload", "/_/oidc/github/mint-token", "the same, as it was", lambda asked, _: OidcRoute("mint"), "POST"),
    Row(
        "upload",
        "/.well-known/pytp",
        "404",
        lambda asked, _: absent("wheelgate: this gateway has no providers to be discovered"),
    ),
    Row(
        "upload",
        f"{OWN_API}{{rest}}",
        "the gateway's own HTTP API",
        lambda asked, _: ApiRoute(asked.method, asked.path, asked.query),
        ANY,
    ),
    Row("upload", "/{rest}", "any other way of uploading: 403", _refuse("upload", _NO_UPLOAD), "POST"),
    Row("index", "/legacy/", "an upload to the wrong host: 403", _refuse("upload", _ELSEWHERE), "POST"),
)
