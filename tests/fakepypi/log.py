"""What was asked: one Seen per request, from the moment its head has arrived."""

import threading
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Seen:
    """One request. Only `status` ever changes."""

    method: str
    host: str  # of the Host header: lower case, without port
    path: str  # as sent (percent-encoding kept), without the query
    query: str = ""  # without the question mark
    headers: dict[str, str] = field(default_factory=dict)  # names in lower case; the last one of a name wins
    connection: int = 0  # which connection it came over, counted from 1: tells reuse from reconnecting
    sni: str | None = None  # the name asked for in the TLS handshake
    status: int = 0  # 0 until a status line is sent
    content: bytes = field(default=b"", repr=False)  # the body of a POST


def path_matches(wanted: str, path: str) -> bool:
    """Whether a path is meant: "" means all, "/simple/demo/" all that is below, "/a/b.whl" exactly that one."""
    return path.startswith(wanted) if wanted.endswith("/") or not wanted else path == wanted


class Log:
    """All requests in the order of their arrival. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: list[Seen] = []

    def add(self, seen: Seen) -> None:
        """Write a request down."""
        with self._lock:
            self._seen.append(seen)

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._seen.clear()

    def entries(self) -> list[Seen]:
        """The requests until now, in a list of the caller's own."""
        with self._lock:
            return list(self._seen)

    def asked(self, path: str = "", *, host: str | None = None, method: str | None = None) -> list[Seen]:
        """The requests for a path (see `path_matches`), of one host or method if given."""
        return [
            seen
            for seen in self.entries()
            if path_matches(path, seen.path) and host in {None, seen.host} and method in {None, seen.method}
        ]
