"""The road to one upstream server: GET over a shared pool, redirects followed only where the configuration leads."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from addons.fetch.trust import Make, proxy_mounts, tls_context
from proxyconf.addresses import Address, is_loopback
from proxyconf.hosts import normal_host
from proxyconf.settings import Upstream as UpstreamSettings

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BROKEN = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
_MOST_REDIRECTS = 5
_AGENT = "wheelgate/0.1"


class FetchFailed(Exception):
    """Upstream gave no usable answer: refused, reset, timed out, not trusted, too large, or led astray. In words."""


class Unanswered(FetchFailed):
    """The host itself gave no answer, or not all of it: refused, reset, timed out, not trusted. In words."""


@dataclass(frozen=True)
class Document:
    """A small body, read whole: status, headers (lower-case names), bytes, and the URL that it came from in the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Upstream:
    """GET requests to the hosts that one source may dial, and to no others.

    The first of `hosts` is the index's own: credentials go there and nowhere else. `offline`: nothing is dialled at all.
    """

    def __init__(
        self,
        settings: UpstreamSettings,
        hosts: Sequence[str],
        listen: Address,
        ca: Path | None = None,
        credentials: tuple[str, str] | None = None,
        *,
        offline: bool = False,
    ) -> None:
        self._offline = offline
        self._settings = settings
        self._hosts = frozenset(map(normal_host, hosts))
        self._home = normal_host(hosts[0])
        self._auth = httpx.BasicAuth(*credentials) if credentials else None
        self._secrets = _spellings(*credentials) if credentials else ()
        self._under_way = 0
        self._retired = False
        context = tls_context(settings, ca)
        # Pages gain from HTTP/2 (many at once over one connection); a big file costs less CPU over HTTP/1.1.
        self._pages = self._client(Make(context, settings.connect_to, http2=True), listen)
        self._files = self._client(Make(tls_context(settings, ca), settings.connect_to, http2=False), listen)

    def _client(self, make: Make, listen: Address) -> httpx.AsyncClient:
        times = self._settings
        timeout = httpx.Timeout(times.read_seconds, connect=times.connect_seconds)
        return httpx.AsyncClient(
            transport=make(),
            mounts=proxy_mounts(times, self._hosts, listen, make),
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": _AGENT},
        )

    def tells_secrets(self, body: bytes) -> bool:
        """Tell whether a body has the password in it, as indexes do that write it into their links."""
        return any(secret in body for secret in self._secrets)

    async def document(self, url: str, headers: Mapping[str, str]) -> Document:
        """GET a document of at most `max_page_mb`, within `page_seconds`, asked once more if it broke off in the middle.

        Raises FetchFailed. Any status that is not a redirect is handed back: what it means is the caller's to say.
        """
        try:
            async with asyncio.timeout(self._settings.page_seconds):
                try:
                    return await self._document(url, headers)
                except _BrokenOff:
                    return await self._document(url, headers)
        except TimeoutError as error:
            raise Unanswered(f"{_host(url)} did not answer within {self._settings.page_seconds:g} s") from error

    async def _document(self, url: str, headers: Mapping[str, str]) -> Document:
        limit = self._settings.max_page_mb * 1_000_000
        async with self._get(self._pages, url, headers) as response:
            body = bytearray()
            async for chunk in _guarded(response.aiter_bytes(), url):
                body += chunk
                if len(body) > limit:
                    raise FetchFailed(f"{_host(url)} sent a page of more than {self._settings.max_page_mb} MB")
            return Document(response.status_code, response.headers, bytes(body), str(response.request.url))

    @asynccontextmanager
    async def file(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        """GET a file as a stream of raw bytes (`aiter_raw`), which may raise httpx.HTTPError. Raises FetchFailed."""
        async with self._get(self._files, url, {"Accept-Encoding": "identity", **headers}) as response:
            yield response

    @asynccontextmanager
    async def _get(
        self, client: httpx.AsyncClient, url: str, headers: Mapping[str, str]
    ) -> AsyncIterator[httpx.Response]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._left)
            self._under_way += 1
            target = _url(url)
            for _ in range(_MOST_REDIRECTS + 1):
                response = await self._send(client, target, headers)
                stack.push_async_callback(response.aclose)
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    yield response
                    return
                target = target.join(response.headers["location"])  # one that is no URL failed in `send`
            raise FetchFailed(f"{_host(url)} redirected more than {_MOST_REDIRECTS} times")

    async def _send(self, client: httpx.AsyncClient, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        self._allowed(url)
        request = client.build_request("GET", url, headers=headers)
        auth = self._auth if normal_host(url.host) == self._home else None
        try:
            try:
                return await client.send(request, stream=True, auth=auth)
            except _BROKEN:  # a pooled connection may simply have been too old, so once more is fair
                return await client.send(request, stream=True, auth=auth)
        except httpx.TimeoutException as error:
            raise Unanswered(f"{url.host} did not answer in time ({_kind(error)})") from error
        except _BROKEN as error:
            raise Unanswered(f"{url.host} broke the connection ({_kind(error)})") from error
        except httpx.HTTPError as error:
            raise Unanswered(f"{url.host} could not be reached ({_kind(error)}: {error})") from error

    def _allowed(self, url: httpx.URL) -> None:
        if self._offline:
            raise FetchFailed(f"{url.host} is not asked, as the configuration says offline")
        host = normal_host(url.host)
        if host not in self._hosts or not (url.scheme == "https" or (url.scheme == "http" and is_loopback(host))):
            raise FetchFailed(f"{url.scheme}://{url.host} is no host that the configuration lets this source dial")

    async def _left(self) -> None:
        self._under_way -= 1
        if self._retired and self._under_way == 0:
            await self.close()

    async def retire(self) -> None:
        """Close the pool as soon as nothing is being streamed over it."""
        self._retired = True
        if self._under_way == 0:
            await self.close()

    async def close(self) -> None:
        """Close the pool; answers still being streamed are cut off."""
        await self._pages.aclose()
        await self._files.aclose()


class _BrokenOff(Unanswered):
    """The connection broke in the middle of an answer."""


async def _guarded(chunks: AsyncIterator[bytes], url: str) -> AsyncIterator[bytes]:
    try:
        async for chunk in chunks:
            yield chunk
    except httpx.TimeoutException as error:
        raise Unanswered(f"{_host(url)} stopped sending ({_kind(error)})") from error
    except httpx.HTTPError as error:
        raise _BrokenOff(f"{_host(url)} broke off in the middle ({_kind(error)})") from error


def _spellings(username: str, password: str) -> tuple[bytes, ...]:
    if not password:
        return ()
    return password.encode(), quote(password, safe="").encode(), b64encode(f"{username}:{password}".encode())


def _url(text: str) -> httpx.URL:
    try:
        return httpx.URL(text)
    except httpx.InvalidURL as error:
        raise FetchFailed("a page leads to what is no URL") from error


def _host(url: str) -> str:
    return httpx.URL(url).host


def _kind(error: Exception) -> str:
    return type(error).__name__
