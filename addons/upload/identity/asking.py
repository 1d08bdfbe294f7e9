"""Asking a service over HTTP: bounded in time and size, at the configured host only, and redirects are not followed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
import msgspec

from addons.fetch.trust import Make, proxy_mounts, tls_context
from addons.upload.identity.failing import NotAsked
from proxyconf.addresses import Address, is_loopback
from proxyconf.hosts import normal_host
from proxyconf.settings import Settings, Upstream

MOST_BYTES = 1_000_000
"""The largest document that a service may answer with."""

_AGENT = "wheelgate/0.1"
_TOO_OLD = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)


@dataclass(frozen=True)
class Road:
    """How services are reached: as indexes are (`upstream`: proxy, CA, connect_to), within so many `seconds` each.

    `offline`: only hosts that `allowed` names are asked, as for everything else that is reached through the gateway.
    """

    upstream: Upstream
    listen: Address
    seconds: float
    offline: bool = False
    allowed: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Give the one of a configuration."""
        seconds = settings.uploads.identities.seconds
        return cls(settings.upstream, settings.listen, seconds, settings.offline, settings.other_hosts.allow)

    def check(self, service: str, host: str) -> None:
        """Raises NotAsked for a host that is not asked while the gateway is offline."""
        if self.offline and normal_host(host) not in self.allowed:
            raise NotAsked(service, "the configuration says offline, and other_hosts.allow does not name its host")


class Asking:
    """GET requests to one service, called `service` in what is said of it; to `hosts`, and to no others.

    Making one reads certificates. Raises ValueError or OSError where they are not there.
    """

    def __init__(self, service: str, hosts: tuple[str, ...], road: Road, ca: Path | None = None) -> None:
        self.service = service
        self._hosts = frozenset(map(normal_host, hosts))
        self._road = road
        make = Make(tls_context(road.upstream, ca), road.upstream.connect_to, http2=False)
        self._client = httpx.AsyncClient(
            transport=make(),
            mounts=proxy_mounts(road.upstream, self._hosts, road.listen, make),
            timeout=road.seconds,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": _AGENT, "Accept": "application/json", "Accept-Encoding": "identity"},
        )

    async def document(self, url: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Give status and body of what is there: 200, or a 4xx that says something of who asks. Raises NotAsked."""
        self._check(url)
        try:
            async with asyncio.timeout(self._road.seconds):
                try:
                    status, body = await self._got(url, headers or {})
                except _TOO_OLD:  # a pooled connection may simply have been too old, so once more is fair
                    status, body = await self._got(url, headers or {})
        except (TimeoutError, httpx.TimeoutException):
            raise self.failed(f"it did not answer within {self._road.seconds:g} s") from None
        except httpx.ConnectError as error:
            raise self.failed(f"it could not be reached ({error})") from None
        except httpx.HTTPError as error:  # whose text may repeat a header
            raise self.failed(f"it could not be reached ({type(error).__name__})") from None
        if status not in (200, 401, 403):
            raise self.failed(f"it answered with status {status}")
        return status, body

    def _check(self, url: str) -> None:
        parts = httpx.URL(url)
        self._road.check(self.service, parts.host)
        secret = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.host))
        if not secret or normal_host(parts.host) not in self._hosts:
            raise self.failed("it leads to a host that the configuration does not name")

    async def _got(self, url: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        async with self._client.stream("GET", url, headers=headers) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise self.failed("it answered in a coding that nobody asked for")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise self.failed(f"it answered with more than {MOST_BYTES // 1000} kB")
            return response.status_code, bytes(body)

    def read[Shape](self, body: bytes, shape: type[Shape]) -> Shape:
        """Read a JSON document of this shape; what else stands in it does not count. Raises NotAsked."""
        try:
            return msgspec.json.decode(body, type=shape)
        except (msgspec.DecodeError, RecursionError):
            raise self.failed("its answer is not what such a service says") from None

    def failed(self, why: str) -> NotAsked:
        """Say that it could not be asked."""
        return NotAsked(self.service, why)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()
