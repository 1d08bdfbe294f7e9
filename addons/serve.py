"""Serving: one gateway in this process, from its start to its end."""

import asyncio
import gc
import logging
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from mitmproxy.addons import block, core, next_layer, proxyserver, tlsconfig
from mitmproxy.master import Master
from mitmproxy.options import Options
from mitmproxy.utils import asyncio_utils

from addons.chain import chained
from addons.handshake import Handshake
from addons.install import Plan, add, clock, listening
from addons.layering import Layering
from addons.trust import issuing, reading
from proxyconf.addresses import Address

logger = logging.getLogger(__name__)

_CUT_OFF_SECONDS = 2.0
# For how long a thread that reads a large page may go on while the event loop waits for its turn. Python's own 5 ms,
# waited for several times in one request, are more than the request itself takes.
_TURN_SECONDS = 0.0005


class StartFailed(Exception):
    """The gateway cannot start. In words, with what to do."""


@asynccontextmanager
async def serving(plan: Plan, listen: Address) -> AsyncIterator[tuple[str, int]]:
    """Run a gateway that listens at `listen` (port 0: a free one); gives the address that it has.

    Raises StartFailed if it cannot listen there, ValueError for a configuration that cannot be built.
    """
    check_free(listen)
    sys.setswitchinterval(_TURN_SECONDS)
    with tempfile.TemporaryDirectory(prefix="wheelgate-") as folder:
        _stopgap_authority(Path(folder))
        master = _master(Path(folder), listen)
        lifetime = add(master, plan)
        with (
            asyncio_utils.install_exception_handler(master._asyncio_exception_handler),
            asyncio_utils.set_eager_task_factory(),
        ):
            server = master.addons.get("proxyserver")
            try:
                await master.running()
                if not lifetime.begun:
                    raise StartFailed("the gateway's own origin cannot listen on the loopback; the log says why")
                await server.setup_servers()
                with _settled():
                    yield _address(master, listen)
            finally:
                await server.servers.update([])
                await _cut_off(server)
                await master.done()


@contextmanager
def _settled() -> Iterator[None]:
    """Keep Python from searching what stays to the end, some 100,000 objects, for garbage: it takes 60 ms each time."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _address(master: Master, listen: Address) -> tuple[str, int]:
    found = listening(master)
    if found is None:
        raise StartFailed(f"cannot listen on {listen}; another program may have taken it meanwhile")
    return found


async def _cut_off(server: proxyserver.Proxyserver) -> None:
    """End the connections that are still open, so that nothing of them is left when the event loop ends."""
    ends = [end for handler in server.connections.values() for end in handler.transports.values()]
    for end in ends:
        if isinstance(end.writer, asyncio.StreamWriter):
            end.writer.transport.abort()
    under_way = [end.handler for end in ends if end.handler is not None]
    for handling in under_way:
        handling.cancel()
    if under_way:
        await asyncio.wait(under_way, timeout=_CUT_OFF_SECONDS)


def check_free(listen: Address) -> None:
    """Raise StartFailed, in words, if `listen` cannot be listened on."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listen.host, listen.port))
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise StartFailed(
                f"cannot listen on {listen}: {reason}. Stop what is there, or listen elsewhere: "
                "`--listen HOST:PORT`, or `listen:` in the configuration"
            ) from error


def _master(folder: Path, listen: Address) -> Master:
    """Make a mitmproxy of the few addons that the gateway needs: each further one costs every request."""
    options = Options(confdir=str(folder), listen_host=listen.host, listen_port=listen.port)
    master = chained(options)
    tls = tlsconfig.TlsConfig()
    master.addons.add(
        *(core.Core(), block.Block(), proxyserver.Proxyserver()),
        *(Layering(options), next_layer.NextLayer(), Handshake(options, tls), tls),
    )
    return master


def _stopgap_authority(folder: Path) -> None:
    """Write the CA that mitmproxy insists on for names that it has no leaf for: nobody trusts it, it goes with the run."""
    key = issuing.new_key()
    certificate = issuing.issue_authority(key, clock())
    leaf = reading.Leaf(certificate, key)
    path = folder / "mitmproxy-ca.pem"
    path.touch(mode=0o600)
    path.write_bytes(leaf.pem())


async def until_stopped(*signals: int) -> None:
    """Wait for one of the signals."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    logger.info("stopping (pid %d)", os.getpid())
