"""interface: one request of an author in, one answer out. The database and all else that waits is asked in threads."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import msgspec

from addons.answers import Answer, absent, problem
from addons.interface.address import PREFIX
from addons.interface.declined import REFUSALS, Declined, answer_of, forbidden
from addons.interface.openapi import document
from addons.interface.operation import Call, Desk, Done, Operation
from addons.interface.reading import asked, body_of, query_of
from addons.interface.table import TABLE
from addons.simple.names import ProjectName
from addons.store.database import DatabaseUnavailable
from addons.upload.author import Author, Said
from proxyconf import hosts

logger = logging.getLogger(__name__)

_ORIGINS = frozenset(f"https://{host}" for host in hosts.UPLOAD)
_HEAD = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class Identities(Protocol):
    """Who an author is."""

    async def who(self, said: Said) -> Author:
        """Tell it. Raises UploadRefused."""
        ...


type Arrived = Callable[[ProjectName], Awaitable[object]]
"""Is told of each project that was changed, once the change counts."""


async def _nobody_hears(project: ProjectName) -> None:
    """Do nothing: whoever follows the store sees the change by itself."""


class Interface:
    """Answers what comes after an upload. `arrived` makes pages show a change at once."""

    def __init__(
        self,
        desk: Desk,
        identities: Identities,
        arrived: Arrived = _nobody_hears,
        table: Sequence[Operation] = TABLE,
    ) -> None:
        self._desk = replace(desk, document=msgspec.json.encode(document(table)))
        self._identities = identities
        self._arrived = arrived
        self._table = table

    async def answer(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, said: Said
    ) -> Answer:
        """Answer one request that came over TLS.

        `path` is the whole path, decoded once; `query` what stood behind the question mark, as sent; names of `headers` are in
        lower case; `body` is the whole body, or the first MOST_BODY + 1 bytes of a longer one. The answer to HEAD has the body
        of GET's, which `answers.body_for` leaves out.
        """
        found = asked(path, self._table)
        if not found:
            return absent("wheelgate: nothing is at this path; /wheelgate/api/v1/openapi.json says what there is")
        if "origin" in headers and headers["origin"] not in _ORIGINS:
            return forbidden("origin", "pages of other sites may not use this interface")
        if method == "OPTIONS":
            return Answer(204, {"Allow": _methods(found)})
        operation, named = found.get("GET" if method == "HEAD" else method, (None, {}))
        if operation is None:
            words = f"wheelgate: {ascii(method)[1:-1][:20]} is no method of this path"
            return problem(405, "method", words, Allow=_methods(found))
        try:
            return await self._do(operation, named, query, headers.get("content-type", ""), body, said)
        except REFUSALS as error:
            return answer_of(error)

    async def _do(
        self, operation: Operation, named: Mapping[str, str], query: str, content_type: str, body: bytes, said: Said
    ) -> Answer:
        who = None if operation.open else await self._who(said)
        call = Call(who, said.at, named, query_of(query, operation.query), body_of(operation, content_type, body))
        done = await asyncio.to_thread(operation.do, self._desk, call)
        if done.changed is not None:
            await self._tell(done.changed)
        return _answer(operation, done)

    async def _tell(self, project: ProjectName) -> None:
        try:
            await self._arrived(project)
        except DatabaseUnavailable as error:  # the change counts all the same, and must not look refused
            logger.warning("a change of %s is not on its page yet, for the database cannot be used: %s", project, error)

    async def _who(self, said: Said) -> Author:
        if said.authorization is None:
            raise Declined(403, "unidentified", "say who you are: send the token that you upload with (Authorization)")
        return await self._identities.who(said)


def _methods(found: Mapping[str, object]) -> str:
    return ", ".join(sorted({*found, "OPTIONS", *(["HEAD"] if "GET" in found else [])}))


def _answer(operation: Operation, done: Done) -> Answer:
    body = done.document if isinstance(done.document, bytes) else msgspec.json.encode(done.document)
    location = {"Location": f"{PREFIX}/{done.location}"} if done.location else {}
    head = _HEAD | location
    if operation.status == 204:
        del head["Content-Type"]
    return Answer(operation.status, head, body)
