"""What runs beside the flows: the leaf's renewal while the gateway answers."""

import asyncio
import socket
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from mitmproxy import ctx

from addons.install import clock
from addons.lifetime import Lifetime
from addons.trust.authority import renew_authority, renew_leaf, take_key
from tests.gateway import planting
from tests.gateway.running import RunningGateway


def served(gateway: RunningGateway) -> x509.Certificate:
    """Give the certificate that a client is shown for PyPI."""
    context = ssl.create_default_context(cafile=gateway.authority.ca_path)
    link: socket.socket = gateway.tunnel("pypi.org")
    with link, context.wrap_socket(link, server_hostname="pypi.org") as secured:
        shown = secured.getpeercert(binary_form=True)
        assert shown is not None
        return x509.load_der_x509_certificate(shown)


def look(gateway: RunningGateway) -> None:
    """Let the gateway look at its leaf, as it does every few hours."""
    lifetime = ctx.master.addons.get(Lifetime.name)
    assert isinstance(lifetime, Lifetime)
    assert gateway.loop is not None
    asyncio.run_coroutine_threadsafe(lifetime.leaf.renew(lifetime.show), gateway.loop).result(10)


def test_leaf__renewed_in_the_folder__is_shown_from_then_on(gateway: RunningGateway) -> None:
    """No restart is needed, and clients that trust the CA notice nothing."""
    assert served(gateway) == gateway.authority.leaf
    renewed = renew_leaf(gateway.authority.folder, clock() + timedelta(seconds=5))
    look(gateway)
    assert served(gateway) == renewed.leaf != gateway.authority.leaf


def test_leaf__replaced_in_the_folder__breaks_no_connection(gateway: RunningGateway) -> None:
    """Until the gateway looks, it goes on with the leaf that it has, also for the first client of a new kind."""
    renew_leaf(gateway.authority.folder, clock() + timedelta(seconds=5))
    assert served(gateway) == gateway.authority.leaf


def test_leaf__of_a_replaced_ca__is_not_shown_to_clients_of_the_old_one(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    """A new CA is used after a restart, when clients have been told of it."""
    trusting = gateway.authority
    renew_authority(gateway.authority.folder, clock())
    look(gateway)
    assert "restart wheelgate" in caplog.text
    old = trusting.folder / f"ca-{trusting.fingerprint[:8]}.pem"
    context = ssl.create_default_context(cafile=old)
    with gateway.tunnel("pypi.org") as link, context.wrap_socket(link, server_hostname="pypi.org") as secured:
        assert secured.getpeercert(binary_form=True)


def test_leaf__that_cannot_be_renewed__stays_and_is_said_in_the_log(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    """What is wrong with the folder is told; answers go on."""
    take_key(gateway.authority.folder, gateway.authority.folder.parent / "key.pem")
    gateway.authority.leaf_path.unlink()
    look(gateway)
    assert "the leaf is not renewed" in caplog.text
    assert served(gateway) == gateway.authority.leaf


def test_end__where_a_part_cannot_end__ends_the_others_all_the_same(gateway: RunningGateway) -> None:
    """The copies of the leaf's key are removed, whatever fails before them."""
    lifetime = ctx.master.addons.get(Lifetime.name)
    assert isinstance(lifetime, Lifetime)
    copy = Path(lifetime.leaf.option[0].removeprefix("*="))
    assert copy.is_file()
    planting.break_assembly(gateway, settings=None)  # which is asked at the end how long a record is kept
    gateway.stop()
    assert not copy.exists()
