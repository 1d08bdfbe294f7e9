"""The front desk: what the gateway tells about itself, over plain HTTP, to whoever may use it as a proxy."""

import json
import os
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from addons.answers import Answer, absent, method_not_allowed
from proxyconf.hosts import normal_host

HOST = "wheelgate.internal"
"""Asked through the proxy, this name is the gateway itself (the domain `internal` is nobody's, by ICANN's decision)."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class FrontDesk:
    """Answers `/status` (JSON) and `/ca.pem`. Nothing here is secret, and nothing changes anything.

    `files` and `documents` count what the cache in the folder `cache` did, `sources` says of each index how it is.
    """

    def __init__(
        self,
        ca_pem: bytes,
        fingerprint: str,
        configuration: Path | None,
        listening: Callable[[], tuple[str, int] | None],
        files: Callable[[], Mapping[str, int]] = dict,
        sources: Callable[[], Mapping[str, str]] = dict,
        documents: Callable[[], Mapping[str, int]] = dict,
        cache: Path | None = None,
    ) -> None:
        self._ca_pem = ca_pem
        self._fingerprint = fingerprint
        self._configuration = configuration
        self._listening = listening
        self._files = files
        self._sources = sources
        self._documents = documents
        self._cache = cache

    def is_for(self, host: str, port: int) -> bool:
        """Tell whether a request means the gateway: by its name, or by the very address that it listens on."""
        name, own = normal_host(host), self._listening()
        if name == HOST:
            return True
        return own is not None and port == own[1] and (name == own[0] or name in _LOOPBACK)

    def answer(self, method: str, path: str) -> Answer:
        """Answer a request for the gateway itself."""
        if method not in ("GET", "HEAD"):
            return method_not_allowed(method)
        match path.partition("?")[0]:
            case "/status":
                return _document("application/json", json.dumps(self._status()).encode())
            case "/ca.pem":
                return _document("application/x-pem-file", self._ca_pem)
            case "/":
                return _document("text/plain; charset=utf-8", _WELCOME)
        return absent("wheelgate: the front desk has /status and /ca.pem")

    def _status(self) -> dict[str, object]:
        configuration = str(self._configuration) if self._configuration else None
        return {
            "wheelgate": version("wheelgate"),
            "ca_sha256": self._fingerprint,
            "configuration": configuration,
            "pid": os.getpid(),
            "cache": str(self._cache) if self._cache else None,
            "files": dict(self._files()),
            "documents": dict(self._documents()),
            "sources": dict(self._sources()),
        }


_WELCOME = b"""This is wheelgate, a gateway between Python clients and PyPI.
/ca.pem   the certificate of its CA, which can speak for PyPI's hosts and for no others
/status   what is running here, as JSON
"""


def _document(content_type: str, body: bytes) -> Answer:
    return Answer(200, {"Content-Type": content_type, "Cache-Control": "no-store"}, body)
