"""The front desk: what the gateway tells about itself, over plain HTTP, to whoever may use it as a proxy."""

import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from addons.answers import Answer, absent, method_not_allowed
from addons.clients.caller import Caller
from addons.conditions import wrong
from addons.edits import Edits
from proxyconf.hosts import normal_host

HOST = "wheelgate.internal"
"""Asked through the proxy, this name is the gateway itself (the domain `internal` is nobody's, by ICANN's decision)."""

type Explain = Callable[[str, str | None, datetime, Caller], Awaitable[Answer]]
"""Answers with what stands behind `/explain/` in the path (with the query), the Accept header, the time, and who asks."""

_EXPLAIN = "/explain/"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class FrontDesk:
    """Answers `/status` (JSON), `/health` (text), `/ca.pem` and `/explain/`. Nothing here is secret, and nothing changes anything.

    `explain` answers what is asked below `/explain/`; `address` gives the URL at which people reach the gateway, if it is known.
    `files` and `documents` count what the cache in the folder `cache` did, `sources` says of each index how it is, and
    `waiting` which settings need a restart. `policies` says of those that failed on pages how often, and on whose last;
    `decisions` how it stands with what was decided, and what is wrong with that (`fault`). `served` counts what is recorded of
    what was served, and `unrecorded` says why nothing is ("" while something is). `idle` says
    which decisions do nothing. `store` how it stands with what was uploaded, and what is wrong with that; empty without it.
    """

    def __init__(
        self,
        ca_pem: bytes,
        fingerprint: str,
        edits: Edits,
        listening: Callable[[], tuple[str, int] | None],
        files: Callable[[], Mapping[str, int]] = dict,
        sources: Callable[[], Mapping[str, str]] = dict,
        documents: Callable[[], Mapping[str, int]] = dict,
        cache: Path | None = None,
        explain: Explain | None = None,
        address: Callable[[], str] = str,
        policies: Callable[[], Mapping[str, tuple[int, str]]] = dict,
        waiting: Callable[[], Sequence[str]] = tuple,
        decisions: Callable[[], Mapping[str, object]] = dict,
        served: Callable[[], Mapping[str, int]] = dict,
        unrecorded: Callable[[], str] = str,
        idle: Callable[[], Sequence[str]] = tuple,
        store: Callable[[], Mapping[str, object]] = dict,
    ) -> None:
        self._store = store
        self._decisions = decisions
        self._idle = idle
        self._explain = explain
        self._address = address
        self._ca_pem = ca_pem
        self._fingerprint = fingerprint
        self._edits = edits
        self._listening = listening
        self._files = files
        self._sources = sources
        self._documents = documents
        self._cache = cache
        self._waiting = waiting
        self._policies = policies
        self._served = served
        self._unrecorded = unrecorded

    def is_for(self, host: str, port: int) -> bool:
        """Tell whether a request means the gateway: by its name, the address that it listens on, or the one that people use."""
        name, own = normal_host(host), self._listening()
        if name == HOST or self._is_address(name, port, own):
            return True
        return own is not None and port == own[1] and (name == own[0] or name in _LOOPBACK)

    def _is_address(self, name: str, port: int, own: tuple[str, int] | None) -> bool:
        known = urlsplit(self._address())
        if not known.hostname or name != normal_host(known.hostname):
            return False
        # What stands before the gateway and speaks TLS for it passes the Host on that has no port: 80, as this is HTTP.
        usual = known.port or 80
        return port == usual or (own is not None and port == own[1])

    async def told(self, method: str, path: str, accept: str | None, at: datetime, caller: Caller) -> Answer:
        """Answer any request for the gateway itself; `accept` is its Accept header, `at` when it came (aware, UTC)."""
        if self._explain is not None and method in ("GET", "HEAD") and path.startswith(_EXPLAIN):
            return await self._explain(path.removeprefix(_EXPLAIN), accept, at, caller)
        return self.answer(method, path)

    def answer(self, method: str, path: str) -> Answer:
        """Answer a request for the gateway itself."""
        if method not in ("GET", "HEAD"):
            return method_not_allowed(method)
        match path.partition("?")[0]:
            case "/status":
                return _document("application/json", json.dumps(self._status()).encode())
            case "/health":
                return _document("text/plain; charset=utf-8", "".join(f"{each}\n" for each in self._health()).encode())
            case "/ca.pem":
                return _document("application/x-pem-file", self._ca_pem)
            case "/":
                return _document("text/plain; charset=utf-8", _WELCOME)
        return absent("wheelgate: the front desk has /status, /health, /ca.pem and /explain/PROJECT")

    def _wrong(self) -> list[str]:
        edits, waiting = self._edits, self._waiting()
        fault, lost = self._decisions().get("fault"), self._store().get("fault")
        return list(
            wrong(edits.bad, waiting, self._policies(), self._sources(), fault, self._unrecorded(), self._idle(), lost)
        )

    def _health(self) -> list[str]:
        """Whatever is wrong, requests are answered as well as can be: the status stays 200, so that no probe ends that."""
        return self._wrong() or ["well"]

    def _status(self) -> dict[str, object]:
        configuration = str(self._edits.configuration) if self._edits.configuration else None
        return {
            "wheelgate": version("wheelgate"),
            "ca_sha256": self._fingerprint,
            "configuration": configuration,
            "pid": os.getpid(),
            "cache": str(self._cache) if self._cache else None,
            "files": dict(self._files()),
            "documents": dict(self._documents()),
            "sources": dict(self._sources()),
            "decisions": dict(self._decisions()),
            "store": dict(self._store()),
            "served": dict(self._served()),
            **self._edits.facts(self._waiting()),
            "failed_policies": {
                name: {"failures": times, "project": last} for name, (times, last) in self._policies().items()
            },
            "wrong": self._wrong(),
        }


_WELCOME = b"""This is wheelgate, a gateway between Python clients and PyPI.
/ca.pem   the certificate of its CA, which can speak for PyPI's hosts and for no others
/health   "well", or what is wrong, a line each
/status   what is running here, as JSON
/explain/PROJECT   why its files are offered or refused; also /explain/PROJECT==VERSION and /explain/FILENAME
"""


def _document(content_type: str, body: bytes) -> Answer:
    return Answer(200, {"Content-Type": content_type, "Cache-Control": "no-store"}, body)
