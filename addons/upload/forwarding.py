"""Sending an upload on to the public index: of the projects that the configuration names, and of no other (UPL-25)."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from addons.answers import Answer, phrase
from addons.clients.caller import credentials
from addons.fetch.trust import Make, proxy_mounts, tls_context
from addons.off_loop import opened
from addons.simple.names import ProjectName
from addons.upload.asking import Upload
from addons.upload.refusal import UploadRefused
from proxyconf import values
from proxyconf.settings import Settings

logger = logging.getLogger(__name__)

_HOST = "upload.pypi.org"
_URL = f"https://{_HOST}/legacy/"
_TOKEN = "pypi-"  # noqa: S105 - what every token of PyPI's begins with (its help pages, "API tokens")
# One token and nothing behind it: a header that is there twice comes joined, and the second may be one of ours.
_ALONE = re.compile(rf"(?:bearer|token) +{_TOKEN}[A-Za-z0-9_.=-]+", re.IGNORECASE)
_PIECE = 1 << 20
_MOST_ANSWERED = 65_536
_SECONDS = 300.0  # in which PyPI looks at a large file


class Forwarding:
    """Which uploads go on, and how. `patterns` are names and prefixes of projects; nothing else is ever dialled for."""

    def __init__(self, patterns: Sequence[str], settings: Settings) -> None:
        self._patterns = patterns
        self._settings = settings

    @property
    def of_any(self) -> bool:
        """Whether any project's uploads go on."""
        return bool(self._patterns)

    def covers(self, project: ProjectName) -> bool:
        """Whether this project's do."""
        return any(values.covers(pattern, project) for pattern in self._patterns)

    def check_credentials(self, asked: Upload) -> None:
        """Refuse credentials that are not PyPI's: a token of ours must not go there (UPL-24). Raises UploadRefused."""
        if not _is_pypis(asked.said.authorization):
            words = (
                "Uploads of this project go on to the public PyPI, and need an API token of it (user name __token__)."
            )
            raise UploadRefused(403, "forward", words)
        if asked.query:
            raise UploadRefused(
                400, "forward", "An upload that goes on to the public PyPI has all its fields in its form."
            )

    async def send(self, asked: Upload, body: Path, project: ProjectName, filename: str) -> Answer:
        """Send the body on as it came, and give what comes back. Raises UploadRefused."""
        if not self.covers(project) or _project_in(filename) != project:
            words = f"The file {filename!a} is not named after the project {project!a}, so it does not go on."
            raise UploadRefused(400, "forward", words)
        self.check_credentials(asked)
        if self._settings.offline:
            raise UploadRefused(403, "forward", "This gateway is configured to be offline, so nothing goes on to PyPI.")
        try:
            return await self._send(asked, body)
        except (httpx.HTTPError, ValueError) as error:
            logger.warning("%s: an upload could not be sent on: %s", _HOST, type(error).__name__)
            words = f"{_HOST} could not be reached, or gave no answer ({type(error).__name__}); try again later."
            raise UploadRefused(503, "forward", words) from error

    async def _send(self, asked: Upload, body: Path) -> Answer:
        headers = {
            "Authorization": asked.said.authorization or "",
            "Content-Type": asked.content_type,
            "Content-Length": str((await asyncio.to_thread(body.stat)).st_size),
            "Accept": asked.accept or "*/*",
            "Accept-Encoding": "identity",
            "User-Agent": "wheelgate/0.1",
        }
        client = await asyncio.to_thread(self._client)
        async with client, client.stream("POST", _URL, headers=headers, content=_pieces(body)) as response:
            if response.is_redirect:
                raise UploadRefused(503, "forward", f"{_HOST} answered with a redirect, which is not followed.")
            return await _given_back(response)

    def _client(self) -> httpx.AsyncClient:
        upstream = self._settings.upstream
        make = Make(tls_context(upstream, None), upstream.connect_to, http2=False)
        return httpx.AsyncClient(
            transport=make(),
            mounts=proxy_mounts(upstream, (_HOST,), self._settings.listen, make),
            timeout=httpx.Timeout(_SECONDS, connect=upstream.connect_seconds),
            follow_redirects=False,
            trust_env=False,
        )


async def _pieces(body: Path) -> AsyncIterator[bytes]:
    async with opened(body, "rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece


async def _given_back(response: httpx.Response) -> Answer:
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > _MOST_ANSWERED:
            break
    kind = phrase(response.headers.get("content-type", "text/plain; charset=utf-8"))
    headers = {"Content-Type": kind, "Cache-Control": "no-store"}
    return Answer(response.status_code, headers, bytes(body[:_MOST_ANSWERED]), phrase(response.reason_phrase))


def _is_pypis(authorization: str | None) -> bool:
    if authorization is None:
        return False
    if _ALONE.fullmatch(authorization.strip()):
        return True
    found = credentials(authorization)
    return found is not None and found[0] == "__token__" and found[1].startswith(_TOKEN)


def _project_in(filename: str) -> str | None:
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[0]
        return parse_sdist_filename(filename)[0]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
