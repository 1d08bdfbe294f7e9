"""TLS for load generators, read in large pieces: one system call brings many records, where a plain TLS socket takes two for each.

Servers that send records of 4 KB (squid) would else be measured by what it costs to receive them.
"""

import ssl

from benchmarks.asking import Target

_RAW = 1 << 18  # bytes read from the socket at a time


class Poured:
    """A connection that has the parts of `ssl.SSLSocket` that load generators use."""

    def __init__(self, target: Target) -> None:
        self._socket = target.dial()
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = target.context.wrap_bio(self._incoming, self._outgoing, server_hostname=target.host)
        self._raw = memoryview(bytearray(_RAW))
        self._waits = True
        self._filled = False
        while not self._shaken():
            self._fill()

    def _shaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self._flush()
        return True

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._socket.sendall(self._outgoing.read())

    def _fill(self) -> None:
        """Read what has come. Raises SSLWantReadError if that is nothing, ConnectionResetError at the end."""
        try:
            count = self._socket.recv_into(self._raw)
        except BlockingIOError:
            raise ssl.SSLWantReadError from None
        if not count:
            raise ConnectionResetError("the connection ended")
        self._incoming.write(self._raw[:count])

    def settimeout(self, seconds: float) -> None:
        """How long reading waits; with 0 it never does, and takes turns: what one call to the system brought, and no more."""
        self._socket.settimeout(seconds)
        self._waits = seconds > 0

    def fileno(self) -> int:
        """For epoll: when a turn is over nothing is left that was read from the socket, but for a part of a record."""
        return self._socket.fileno()

    def sendall(self, request: bytes) -> None:
        """Send a request."""
        self._tls.write(request)
        self._flush()

    def recv_into(self, buffer: memoryview) -> int:
        """Read a record; 0 at the end. Raises SSLWantReadError when its turn is over."""
        while True:
            try:
                return self._tls.read(len(buffer), buffer)  # type: ignore[return-value] # typeshed knows no buffer
            except ssl.SSLWantReadError:
                self._filled = self._waits or not self._filled
                if not self._filled:
                    raise
                self._fill()
            except ssl.SSLZeroReturnError:
                return 0

    def close(self) -> None:
        """Close it."""
        self._socket.close()
