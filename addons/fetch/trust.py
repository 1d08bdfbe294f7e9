"""Whom upstream TLS is verified against, and which proxy lies between."""

import logging
import os
import ssl
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined] # not in typeshed

import httpcore
import httpx
import truststore

from addons.fetch.dialling import Dialling
from addons.fetch.tunnels import ClosingProxy
from addons.fetch.wire import Wires
from proxyconf.addresses import Address, is_loopback
from proxyconf.hosts import normal_host
from proxyconf.settings import Upstream

logger = logging.getLogger(__name__)


def tls_context(settings: Upstream, ca: Path | None) -> ssl.SSLContext:
    """Give a verifying client context: the system's trust, or `upstream.ca` in its stead; with the source's `ca` added.

    truststore asks the operating system's own store, as pip and uv can: a corporate root installed there is enough.
    """
    context: ssl.SSLContext
    if settings.ca is not None:
        context = ssl.create_default_context(cafile=settings.ca)
    else:
        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca is not None:
        context.load_verify_locations(ca)
    return context


def proxy_mounts(
    settings: Upstream, hosts: Iterable[str], listen: Address, make: "Make"
) -> dict[str, httpx.AsyncBaseTransport | None]:
    """Give httpx's mounts for the proxy in front: none, the configured one, or the environment's.

    The environment's `HTTPS_PROXY` counts as it does for every client, `NO_PROXY` included; but never an address of
    the gateway's own, which stands there in a shell that was set up for its clients.
    """
    if settings.proxy == "none":
        return {}
    if settings.proxy != "environment":
        credentials = (settings.proxy_username, settings.proxy_password() or "") if settings.proxy_username else None
        return {"all://": make(httpx.Proxy(settings.proxy, auth=credentials))}
    proxies = getproxies_environment()
    written = proxies.get("https") or proxies.get("all")
    if not written:
        return {}
    proxy = _environment_proxy(written)
    if _is_own(proxy, listen):
        return {}
    passed_by = [host for host in hosts if proxy_bypass_environment(host, dict(proxies))]
    direct: Mapping[str, None] = {f"all://[{host}]" if ":" in host else f"all://{host}": None for host in passed_by}
    return {"https://": make(httpx.Proxy(proxy.geturl())), **direct}


def _environment_proxy(written: str) -> SplitResult:
    """Read what HTTPS_PROXY says. Raises ValueError, without its text, which may hold a password."""
    parts = urlsplit(written if "//" in written else f"http://{written}")
    with suppress(ValueError):
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    raise ValueError(
        "HTTPS_PROXY (or ALL_PROXY) in the environment is no http:// or https:// proxy;"
        ' set upstream.proxy to "none" or to the URL of one'
    )


def _is_own(proxy: SplitResult, listen: Address) -> bool:
    host = normal_host(proxy.hostname or "")
    own = (host == listen.host or is_loopback(host)) and proxy.port == listen.port
    if own:
        logger.info("HTTPS_PROXY names this gateway itself: upstream is asked without a proxy (pid %d)", os.getpid())
    return own


_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30)
_PAGE_PIECE = 16_384  # bytes: what is unpacked at once before anybody looks how much it has become


class Make:
    """Makes the transports of one client: all alike but for the proxy. With `http2` it is for pages, else for files."""

    def __init__(self, context: ssl.SSLContext, connect_to: Mapping[str, Address], *, http2: bool) -> None:
        self._context = context
        self._connect_to = connect_to
        self._http2 = http2
        self._wires = Wires(_PAGE_PIECE if http2 else None)

    def __call__(self, proxy: httpx.Proxy | None = None) -> httpx.AsyncBaseTransport:
        """Make a transport: pooled, without retries of its own, through `proxy` where there is one.

        A proxy is told the host's name, as it asks DNS itself: `connect_to` counts where there is none.
        """
        if proxy is None:
            return Dialling(self._pool, self._connect_to)
        if proxy.url.scheme == "https":  # else it would be verified against certifi's roots
            proxy.ssl_context = self._context
        return self._pool(proxy)

    def _pool(self, proxy: httpx.Proxy | None = None) -> httpx.AsyncBaseTransport:
        transport = httpx.AsyncHTTPTransport(
            verify=self._context, http1=True, http2=self._http2, limits=_LIMITS, trust_env=False
        )
        # httpcore lets connections of one's own be named, and httpx has not yet learnt to.
        if proxy is None:
            transport._pool._network_backend = self._wires
        else:
            transport._pool = self._behind(proxy)
        return transport

    def _behind(self, proxy: httpx.Proxy) -> ClosingProxy:
        url, auth = proxy.url, proxy.raw_auth
        return ClosingProxy(
            proxy_url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            proxy_auth=auth,
            proxy_headers=proxy.headers.raw,
            proxy_ssl_context=proxy.ssl_context,
            ssl_context=self._context,
            max_connections=_LIMITS.max_connections,
            max_keepalive_connections=_LIMITS.max_keepalive_connections,
            keepalive_expiry=_LIMITS.keepalive_expiry,
            http1=True,
            http2=self._http2,
            # asyncio's TLS in TLS says TypeError where a certificate is wrong (CPython 3.12), so not for a proxy over https.
            network_backend=None if url.scheme == "https" else self._wires,
        )
