"""The public keys of an OpenID Connect issuer (RFC 7517, OpenID Connect Discovery 1.0), read again when they have to be."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import msgspec

from addons.upload.identity.asking import Asking, Road
from addons.upload.identity.failing import NotAsked
from proxyconf.addresses import host_of
from proxyconf.ci_services import Issuer

ALGORITHMS: Mapping[str, str] = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
"""The algorithms that count, each with its type of key: never `none`, and none for which the verifier has the secret, too."""

FRESH_SECONDS = 3600.0
AGAIN_SECONDS = 60.0
"""How soon after one attempt the next may be made: any word of anybody's may name a key that is not known."""

_MOST_KEYS = 64
_LEAST_RSA_BITS = 2048


class _Discovered(msgspec.Struct, frozen=True):
    issuer: str
    jwks_uri: str


class _KeySet(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


type Keys = Mapping[tuple[str, str], jwt.PyJWK]
"""By key id and algorithm."""


class IssuerKeys:
    """What one issuer's tokens are verified with. `clock` gives seconds. Belongs to one event loop."""

    def __init__(self, settings: Issuer, road: Road, clock: Callable[[], float] = time.monotonic) -> None:
        self.service = f'issuer "{settings.name}" ({host_of(settings.issuer)})'
        self._settings = settings
        self._clock = clock
        self._seconds = road.seconds
        hosts = (host_of(settings.issuer), *((host_of(settings.jwks_uri),) if settings.jwks_uri else ()))
        self._asking = Asking(self.service, hosts, road, settings.ca)
        self._keys: Keys = {}
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._failure: NotAsked | None = None
        self._lock = asyncio.Lock()

    async def key(self, kid: str, algorithm: str) -> jwt.PyJWK | None:
        """Give a key; None if the issuer has none of this id for this algorithm. Raises NotAsked."""
        async with self._lock:
            found = self._keys.get((kid, algorithm))
            if (found is None or not self._is_within(FRESH_SECONDS)) and self._is_due():
                await self._refresh()
                found = self._keys.get((kid, algorithm))
            if not self._is_within(FRESH_SECONDS + self._settings.stale_minutes * 60) or (
                found is None and self._failure
            ):
                raise self._failure or self._asking.failed("its keys cannot be read")
            return found

    def _is_within(self, seconds: float) -> bool:
        return self._read_at is not None and self._clock() - self._read_at < seconds

    def _is_due(self) -> bool:
        return self._tried_at is None or self._clock() - self._tried_at >= AGAIN_SECONDS

    async def _refresh(self) -> None:
        self._tried_at = self._clock()
        try:
            async with asyncio.timeout(self._seconds):
                keys = await self._read()
        except TimeoutError:
            self._failure = self._asking.failed(f"it did not answer within {self._seconds:g} s")
            return
        except NotAsked as failure:
            self._failure = failure
            return
        self._keys, self._read_at, self._failure = keys, self._tried_at, None

    async def _read(self) -> Keys:
        _, body = await self._document(self._settings.jwks_uri or await self._discovered())
        found: dict[tuple[str, str], jwt.PyJWK] = {}
        for each in self._asking.read(body, _KeySet).keys[:_MOST_KEYS]:
            found |= _usable(each)
        if not found:
            raise self._asking.failed("it has no key that can be used")
        return found

    async def _discovered(self) -> str:
        issuer = self._settings.issuer
        _, body = await self._document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        found = self._asking.read(body, _Discovered)
        if found.issuer != issuer:
            raise self._asking.failed("its own document names another issuer")
        return found.jwks_uri

    async def _document(self, url: str) -> tuple[int, bytes]:
        try:
            status, body = await self._asking.document(url)
        except (ValueError, TypeError):  # what is no URL
            raise self._asking.failed("it leads to what is no URL") from None
        if status != 200:
            raise self._asking.failed(f"it answered with status {status}")
        return status, body

    async def close(self) -> None:
        """Let go of the connections."""
        await self._asking.close()


def _usable(key: dict[str, Any]) -> Keys:
    """Give a key under each algorithm that it may be used for; nothing for one that cannot be used."""
    kid, kind = key.get("kid"), key.get("kty")
    if not isinstance(kid, str) or key.get("use", "sig") != "sig":
        return {}
    found = {}
    for algorithm, wanted in ALGORITHMS.items():
        if kind != wanted or key.get("alg", algorithm) != algorithm:
            continue
        try:
            made = jwt.PyJWK(key, algorithm=algorithm)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            continue
        if getattr(made.key, "key_size", _LEAST_RSA_BITS) >= _LEAST_RSA_BITS or kind != "RSA":
            found[kid, algorithm] = made
    return found
