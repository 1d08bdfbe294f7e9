"""What the upload host answers: uploads, trusted publishing, the gateway's own API. Each body is read as it comes."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from addons.answering.request import Request
from addons.answers import Answer, problem, refused
from addons.origin.tickets import Receiving
from addons.route_kinds import ApiRoute, OidcRoute, UploadRoute
from addons.upload.answers import told
from addons.upload.asking import Api, Oidc, Upload
from addons.upload.author import Said
from addons.upload.desk import Uploads
from addons.upload.refusal import UploadRefused

NO_STORE = (
    "wheelgate: uploads are not taken here, and never go on to PyPI from this network: the configuration has no store of own"
    ' projects (a source with "store: true")'
)
NOT_YOURS = "wheelgate: clients of your group do not get what the store has, so nothing is taken from them either"
_NO_OIDC = "wheelgate: this gateway trusts no publisher's identity tokens; upload with a token of its own"
_NO_API = "wheelgate: this gateway has no store of own projects, so there is nothing to be asked or changed here"
_MOST = 65_536  # bytes of a body that is no upload


@dataclass(frozen=True)
class UploadAnswers:
    """Who answers under one configuration; None where nobody does, and `why_not` is what an author is told then."""

    desk: Uploads | None = None
    oidc: Oidc | None = None
    api: Api | None = None
    why_not: str = NO_STORE

    async def answer(self, found: UploadRoute | OidcRoute | ApiRoute, request: Request) -> Answer | Receiving:
        """Give the answer, or what takes the body and gives it then."""
        said = Said(request.headers.get("authorization"), request.address, request.at)
        if isinstance(found, UploadRoute):
            return self._upload(found, request, said)
        if isinstance(found, OidcRoute):
            return await self._trusted(found, request, said)
        return await self._asked(found, request, said)

    def _upload(self, found: UploadRoute, request: Request, said: Said) -> Answer | Receiving:
        desk, headers = self.desk, request.headers
        if desk is None:
            return told(UploadRefused(403, "upload", self.why_not), headers.get("accept"))
        length = headers.get("content-length", "")
        upload = Upload(
            content_type=headers.get("content-type", ""),
            length=int(length) if length.isascii() and length.isdigit() else None,
            accept=headers.get("accept"),
            said=said,
            action=found.action,
            protocol_version=found.protocol_version,
            query=found.query,
        )
        return Receiving(lambda chunks: desk.take(upload, chunks))

    async def _trusted(self, found: OidcRoute, request: Request, said: Said) -> Answer | Receiving:
        oidc = self.oidc
        if oidc is None:
            return not_minted(_NO_OIDC if self.desk is not None else self.why_not)
        if found.what == "audience":
            return oidc.audience()
        return await _with_body(request, lambda body: oidc.mint(body, said))

    async def _asked(self, found: ApiRoute, request: Request, said: Said) -> Answer | Receiving:
        api = self.api
        if api is None:
            return refused("api", _NO_API if self.why_not == NO_STORE else self.why_not)
        return await _with_body(
            request, lambda body: api.answer(request.method, found.path, found.query, request.headers, body, said)
        )


def not_minted(words: str) -> Answer:
    """Answer 422 in the one shape of a refusal that twine can read (UPL-29)."""
    document = {"message": words, "errors": [{"code": "not-trusted", "description": words}]}
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Answer(422, headers, json.dumps(document).encode(), words[:200])


async def _with_body(request: Request, answer: Callable[[bytes], Awaitable[Answer]]) -> Answer | Receiving:
    if not request.has_body:
        return await answer(b"")

    async def take(chunks: AsyncIterator[bytes]) -> Answer:
        body = bytearray()
        async for chunk in chunks:
            body += chunk
            if len(body) > _MOST:
                return problem(413, "body", f"wheelgate: a body may have {_MOST} bytes here, and this one has more")
        return await answer(bytes(body))

    return Receiving(take)
