"""A relay that counts: what goes to a client, byte for byte, TLS and all."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from benchmarks.asking import PIECE, Target


class Relay:
    """Stands before a server. `size`: bytes that came from there until now."""

    def __init__(self, address: tuple[str, int], listener: socket.socket) -> None:
        self.size = 0
        self._address = address
        self._listener = listener
        self._lock = threading.Lock()

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._address)
                for link in (client, server):
                    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for ends, counted in (((client, server), False), ((server, client), True)):
                    threading.Thread(target=self._pass_on, args=(*ends, counted), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        buffer = memoryview(bytearray(PIECE))
        with suppress(OSError):
            while count := source.recv_into(buffer):
                if counted:
                    with self._lock:
                        self.size += count
                sink.sendall(buffer[:count])
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
        if counted:
            source.close()


@contextmanager
def relayed(target: Target) -> Iterator[tuple[Target, Relay]]:
    """Give a target that leads to the same server through a relay."""
    with socket.create_server(("127.0.0.1", 0), backlog=500) as listener:
        relay = Relay(target.address, listener)
        threading.Thread(target=relay.serve, daemon=True).start()
        yield replace(target, address=("127.0.0.1", listener.getsockname()[1])), relay
        listener.shutdown(socket.SHUT_RDWR)
