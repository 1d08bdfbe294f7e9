"""An interface as a WSGI application, to be asked by what speaks nothing else."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from addons.answers import Answer, body_for, outgoing, problem, reason_of
from addons.interface.interface import Interface
from addons.upload.author import Said
from tests.addons.interface.asking import AT

type Start = Callable[[str, list[tuple[str, str]]], object]


def application(interface: Callable[[], Interface]) -> Callable[[dict[str, Any], Start], Iterable[bytes]]:
    """Give one; a path that is no UTF-8 is refused, as the routes of the gateway do."""

    def serve(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        answer = asyncio.run(_answer(interface(), method, environ))
        start(f"{answer.status} {reason_of(answer)}", list(outgoing(answer, 0.0).items()))
        return [body_for(answer, method)]

    return serve


async def _answer(interface: Interface, method: str, environ: dict[str, Any]) -> Answer:
    try:
        path = unquote_to_bytes(environ["PATH_INFO"].encode("latin-1")).decode()
    except UnicodeError:
        return problem(400, "path", "wheelgate: this path is not one that could be meant in good faith")
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    said = Said(headers.get("authorization"), None, AT)
    return await interface.answer(method, path, environ.get("QUERY_STRING", ""), headers, body, said)
