"""The OpenAPI document (3.1), written from the table of operations: one truth. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from addons.interface import documents, wanted
from addons.interface.address import HOST, MOST_BODY, PREFIX
from addons.interface.operation import Operation

_REF = "#/components/schemas/{name}"
_ALWAYS = (400, 403, 405, 413, 500, 503)
_WHY = {
    400: "The request cannot be understood; nothing was done.",
    403: "Who asks is not known, or may not; nothing was done.",
    404: "There is no such project, release, file, principal or token.",
    405: "Not a method of this path; Allow says which are.",
    413: f"The body is larger than {MOST_BODY} bytes; nothing was done.",
    415: "The body is not said to be application/json; nothing was done.",
    500: "A fault inside the gateway.",
    503: "The store, or a service that says who one is, does not answer; Retry-After says when to ask again.",
}
_HEADERS: Mapping[int, Mapping[str, Any]] = {
    201: {"Location": {"description": "Where it is.", "required": True, "schema": {"type": "string"}}},
    405: {"Allow": {"description": "The methods.", "required": True, "schema": {"type": "string"}}},
    503: {
        "Retry-After": {
            "description": "Seconds.",
            "required": True,
            "schema": {"type": "string", "pattern": "^[0-9]+$"},
        }
    },
}
_NAMED: Mapping[str, Any] = {
    "name": wanted.Name,
    "version": wanted.Version,
    "principal": wanted.Whom,
    "id": msgspec.Raw,
}
_TEXT = """What the authors of own projects do with them after an upload, with the token, or the name and password, that they upload with.

It is reached through the gateway only, over TLS. Whoever is identified may read; what is changed is recorded with who, when and
why. Errors are problem+json (RFC 9457), and their words are the reason phrase, too. Nobody is ever asked for a password (401):
whoever is not known is refused (403). Cookies count for nothing, and pages of other sites are refused."""


def document(table: Sequence[Operation]) -> dict[str, Any]:
    """Write the document."""
    kinds = [kind for each in table for kind in (each.gives, each.takes) if kind is not None]
    _, schemas = msgspec.json.schema_components([*kinds, documents.Problem], ref_template=_REF)
    paths: dict[str, Any] = {}
    for each in table:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {"title": "wheelgate: own projects", "version": "1", "description": _TEXT},
        "servers": [{"url": f"https://{HOST}{PREFIX}"}],
        "security": [{"basic": []}, {"bearer": []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _schemes()},
    }


def _schemes() -> dict[str, Any]:
    basic = "The user __token__ with a token as password, as twine sends it, or a person's own name and password."
    return {
        "basic": {"type": "http", "scheme": "basic", "description": basic},
        "bearer": {"type": "http", "scheme": "bearer", "description": "A token."},
    }


def _operation(each: Operation) -> dict[str, Any]:
    title, _, more = each.words.partition("\n")
    found: dict[str, Any] = {"operationId": each.name, "summary": title}
    if more:
        found["description"] = more
    if parameters := [*map(_in_path, each.names), *_in_query(each)]:
        found["parameters"] = parameters
    if each.takes is not None:
        content = {"application/json": {"schema": {"$ref": _REF.format(name=each.takes.__name__)}}}
        found["requestBody"] = {"required": not each.may_be_bodiless, "content": content}
    found["responses"] = {str(each.status): _good(each)} | {str(status): _bad(status) for status in _statuses(each)}
    return found | ({"security": []} if each.open else {})


def _in_path(name: str) -> dict[str, Any]:
    kind = _NAMED[name]
    schema = (
        {"type": "string", "minLength": 1, "maxLength": 100, "examples": ["4f3a9c"]}
        if kind is msgspec.Raw
        else _schema(kind)
    )
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(operation: Operation) -> Iterable[dict[str, Any]]:
    for each in operation.query:
        schema = _schema(each.type)
        if each.default is not None:
            schema["default"] = each.default
        yield {"name": each.name, "in": "query", "required": False, "description": each.words, "schema": schema}


def _schema(kind: Any) -> dict[str, Any]:
    [schema], _ = msgspec.json.schema_components([kind], ref_template=_REF)
    return dict(schema)


def _statuses(each: Operation) -> Iterable[int]:
    """Give the statuses of refusals. 404 of a path with a name in it is also that of a name that is none."""
    body = (415,) if each.takes is not None else ()
    return sorted({*_ALWAYS, *each.refusals, *body})


def _good(each: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {"description": HTTPStatus(each.status).phrase, **_headers(each.status)}
    if each.status != HTTPStatus.NO_CONTENT:
        schema = {"type": "object"} if each.gives is None else {"$ref": _REF.format(name=each.gives.__name__)}
        found["content"] = {"application/json": {"schema": schema}}
    return found


def _bad(status: int) -> dict[str, Any]:
    schema = {"$ref": _REF.format(name=documents.Problem.__name__)}
    return {
        "description": _WHY[status],
        **_headers(status),
        "content": {"application/problem+json": {"schema": schema}},
    }


def _headers(status: int) -> dict[str, Any]:
    return {"headers": _HEADERS[status]} if status in _HEADERS else {}
