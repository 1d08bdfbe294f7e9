"""Reading a request's head, strictly: only what can be read in one way is read at all. Pure; llhttp does the reading."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import httptools

# RFC 9112 sections 3 and 5: a request line and field lines, each with its CRLF, tokens for names, no obs-fold, and in
# values nothing but visible ASCII, spaces and tabs. Linear: no part can match what the one after it matches.
_STRICT = re.compile(rb"(?:GET|HEAD) /[!-~]* HTTP/1\.1\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n)+\r\n")
_BLANK_LINE = re.compile(rb"\n\r?\n")  # as lenient as mitmproxy's, so that both see the same end of a head

# Whatever announces a body, or wants more than an answer, takes a reader that knows more than this one.
_NOT_HERE = frozenset({"content-length", "transfer-encoding", "expect", "upgrade"})
_LONGEST_REMEMBERED = 1024  # bytes
_MOST_REMEMBERED = 2048
_SECRET = re.compile(rb"authorization|cookie|token|secret|password|api-?key", re.IGNORECASE)
_CLOSES = {"": False, "keep-alive": False, "Keep-Alive": False, "close": True}


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a GET or HEAD over HTTP/1.1 that has no body: header names in lower case, repeated ones joined.

    `target` is path and query as sent, `host` the one Host header, `closes` whether the client wants no further answer.
    """

    method: str
    target: str
    host: str
    headers: Mapping[str, str]
    closes: bool


def read_head(head: bytes) -> Head | None:
    """Read a whole head, to its blank line; None for all that is not of the one usual and unambiguous kind.

    Two readers must agree on it, a pattern for the whole and llhttp (through httptools) for the parts: what they could
    read differently, no request that is read here contains. A dozen jobs of one kind send the same heads byte for byte:
    those are read once, unless they are long or may hold a secret.
    """
    read = _read_before.get(head)
    if read is None:
        read = _read(head)
        if read is not None and len(head) <= _LONGEST_REMEMBERED and not _SECRET.search(head):
            if len(_read_before) >= _MOST_REMEMBERED:
                _read_before.clear()
            _read_before[head] = read
    return read


def _read(head: bytes) -> Head | None:
    if _STRICT.fullmatch(head) is None:
        return None
    parts = _Parts()
    parser = httptools.HttpRequestParser(parts)
    try:
        parser.feed_data(head)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    closes = _CLOSES.get(parts.headers.get("connection", ""))
    if not parts.whole or parts.hosts != 1 or closes is None or not _NOT_HERE.isdisjoint(parts.headers):
        return None
    return Head(parser.get_method().decode(), parts.target, parts.headers["host"], parts.headers, closes)


_read_before: dict[bytes, Head] = {}


class _Parts:
    """What httptools calls back with."""

    def __init__(self) -> None:
        self.target = ""
        self.headers: dict[str, str] = {}
        self.hosts = 0
        self.whole = False

    def on_url(self, url: bytes) -> None:
        self.target += url.decode("ascii")

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("ascii").lower(), value.decode("ascii").strip(" \t")
        if key == "host":
            self.hosts += 1
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text  # RFC 9110 section 5.3

    def on_message_complete(self) -> None:
        self.whole = True


class Unread:
    """What a client has sent and nobody has read yet. No byte is looked at twice in search of a head's end."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._searched = 0

    def __len__(self) -> int:
        return len(self._data)

    def add(self, data: bytes) -> None:
        """Take further bytes."""
        self._data += data

    def head(self) -> bytes | None:
        """Give the first request's head with its blank line, and leave it in; None if its end has not come yet."""
        found = _BLANK_LINE.search(self._data, self._searched)
        if found is None:
            self._searched = max(0, len(self._data) - 2)
            return None
        return bytes(self._data[: found.end()])

    def skip_blank(self) -> None:
        """Forget empty lines before the request (RFC 9112 section 2.2).

        mitmproxy forgets them too, and then leaves what came in the same piece lying until the next piece comes.
        """
        while self._data.startswith((b"\r\n", b"\n")):
            self.drop(1 if self._data[0] == 10 else 2)

    def drop(self, count: int) -> None:
        """Forget the first `count` bytes: they are read."""
        if count:
            del self._data[:count]
            self._searched = 0

    def take(self) -> bytes:
        """Give everything, and be empty."""
        data = bytes(self._data)
        self.drop(len(data))
        return data
