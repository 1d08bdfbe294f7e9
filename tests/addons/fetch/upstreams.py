"""What tests of the road upstream share: an Upstream whose hosts are the fake PyPI's."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from addons.fetch.upstream import Upstream
from proxyconf.addresses import Address
from proxyconf.settings import Upstream as UpstreamSettings
from tests.fakepypi import FakePyPI

HOSTS = ("pypi.org", "files.pythonhosted.org")
LISTEN = Address("127.0.0.1", 8080)


def upstream_settings(pypi: FakePyPI, **changes: Any) -> UpstreamSettings:
    """Make settings that lead to the fake, and trust it alone."""
    usual: dict[str, Any] = {"proxy": "none", "ca": pypi.ca_path, "connect_to": dialled(pypi.connect_to)}
    return UpstreamSettings(**{**usual, "connect_seconds": 3, "read_seconds": 3, "page_seconds": 6, **changes})


def dialled(connect_to: Mapping[str, str]) -> dict[str, Address]:
    """Read addresses as the configuration does."""
    return {host: Address.read(text) for host, text in connect_to.items()}


@asynccontextmanager
async def upstream(
    pypi: FakePyPI, hosts: Sequence[str] = HOSTS, credentials: tuple[str, str] | None = None, **changes: Any
) -> AsyncIterator[Upstream]:
    """Give an Upstream, and close it."""
    made = Upstream(upstream_settings(pypi, **changes), hosts, LISTEN, credentials=credentials)
    try:
        yield made
    finally:
        await made.close()
