"""Reaching a gateway from this machine: whether one answers and whose it is, and what clients have to be told."""

import asyncio
import hashlib
import json
import logging
import os
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import httpx
from platformdirs import user_cache_path

from addons.front_desk import HOST
from addons.trust.bundle import combined_bundle
from addons.trust.environment import client_environment
from addons.trust.files import PUBLIC, replace_file
from proxyconf.addresses import Address

logger = logging.getLogger(__name__)

_PROBE_SECONDS = 2.0
_ASK_AGAIN_SECONDS = 0.05


def url(listen: Address) -> str:
    """Give the proxy URL by which this machine reaches a gateway that listens there, also if it listens everywhere."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not listened on
    return f"http://{Address(everywhere.get(listen.host, listen.host), listen.port)}"


def status(proxy: str) -> Mapping[str, object]:
    """Ask the gateway at a proxy URL about itself; empty if none answers there (anybody may have taken the port)."""
    try:
        with httpx.Client(proxy=proxy, trust_env=False, timeout=_PROBE_SECONDS) as client:
            found = json.loads(client.get(f"http://{HOST}/status").content)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return {}
    return found if isinstance(found, dict) and "ca_sha256" in found else {}


async def answers(proxy: str, within: float) -> bool:
    """Wait until a gateway answers at the proxy URL, for so many seconds at most; tell whether one does."""
    until = time.monotonic() + within
    while not await asyncio.to_thread(status, proxy):
        if time.monotonic() > until:
            return False
        await asyncio.sleep(_ASK_AGAIN_SECONDS)
    return True


def variables(proxy: str, ca_pem: bytes, name: str | None = None) -> dict[str, str]:
    """Give the variables that lead a client to the gateway at `proxy`, and let it trust the CA in `ca_pem`.

    `name` is what the client gives to the gateway, None for nothing. The bundle is kept in the user's cache folder under a name that follows from its content, so that shells which were
    pointed at other gateways keep theirs. Raises OSError, and ValueError for what is no certificate.
    """
    bundle = combined_bundle(ca_pem, os.environ, Path.home())
    _warn_about(proxy, ca_pem)
    file = f"bundle-{hashlib.sha256(bundle).hexdigest()[:16]}.pem"
    path = user_cache_path("wheelgate", ensure_exists=True) / file
    replace_file(path, bundle, PUBLIC)
    return client_environment(named(proxy, name), path, os.environ)


def named(proxy: str, name: str | None) -> str:
    """Give the proxy's URL with a name in it, and a colon behind that: without one, requests, and so pip, gives no name."""
    scheme, _, rest = proxy.partition("://")
    return proxy if name is None else f"{scheme}://{quote(name, safe='+')}:@{rest}"


def _warn_about(proxy: str, ca_pem: bytes) -> None:
    found = status(proxy)
    if not found:
        logger.warning("no gateway answers at %s yet; `wheelgate run` starts one", proxy)
    elif found["ca_sha256"] != hashlib.sha256(ssl.PEM_cert_to_DER_cert(ca_pem.decode("ascii").strip())).hexdigest():
        logger.warning("the gateway at %s has another CA, so clients will not trust it: name its own with --ca", proxy)
