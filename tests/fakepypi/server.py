"""The listener: a thread of its own with a loop of its own, TLS, and nothing left behind at the end."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine
from typing import Any
from weakref import WeakKeyDictionary

from tests.fakepypi.answer import Answer
from tests.fakepypi.connection import Connection, linger
from tests.fakepypi.faultlist import FaultList
from tests.fakepypi.faults import Reset
from tests.fakepypi.log import Seen

_PATIENCE = 10  # seconds until a thread that does not end is an error


class Server:
    """Listens on an ephemeral loopback port from `start` to `close`. A fault of the fake itself is raised by `close`."""

    def __init__(self, context: ssl.SSLContext, respond: Callable[[Seen], Answer], faults: FaultList) -> None:
        self.connections = 0  # accepted until now
        self._context, self._respond, self._faults = context, respond, faults
        self._names: WeakKeyDictionary[object, str] = WeakKeyDictionary()
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken: list[BaseException] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="fakepypi")
        context.sni_callback = self._remember_name

    def start(self) -> int:
        """Listen; gives the port."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._thread.start()
        self._ready.wait(_PATIENCE)
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        """End the thread and every connection. Raises ExceptionGroup if the fake itself went wrong."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_PATIENCE)
        assert not self._thread.is_alive(), "the fake PyPI's thread does not end"
        if self._broken:
            raise BaseExceptionGroup("the fake PyPI is broken", self._broken)

    def _remember_name(self, tls: object, name: str | None, context: ssl.SSLContext) -> None:
        if name is not None:
            self._names[tls] = name

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        with self._listener:
            self._begin(self._accept())
            self._ready.set()
            await self._stop.wait()
            while self._tasks:
                for task in self._tasks:
                    task.cancel()
                await asyncio.wait(self._tasks)
                await asyncio.sleep(0)  # lets the callbacks run that take the tasks out

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken.append(error)

    async def _accept(self) -> None:
        while True:
            sock, _ = await self._loop.sock_accept(self._listener)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does it for its own servers only
            self.connections += 1
            self._begin(self._serve(sock, self.connections))

    async def _serve(self, sock: socket.socket, number: int) -> None:
        with sock, contextlib.suppress(OSError):  # OSError: the client went away, or TLS failed
            if (fault := self._faults.strike_connection()) is not None:
                if isinstance(fault.kind, Reset):
                    linger(sock)
                    return
                await fault.tap.beyond(0)
            await self._converse(sock, number)

    async def _converse(self, sock: socket.socket, number: int) -> None:
        reader = asyncio.StreamReader(loop=self._loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=self._loop)
        transport, _ = await self._loop.connect_accepted_socket(
            lambda: protocol, sock, ssl=self._context, ssl_shutdown_timeout=1
        )
        writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
        sni = self._names.get(transport.get_extra_info("ssl_object"))
        try:
            await Connection(reader, writer, self._respond, number=number, sni=sni).run()
            writer.close()
            await writer.wait_closed()
        finally:
            transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
