"""What can go wrong upstream with a file, by the stage at which it does, and what a client that wants it may expect."""

from dataclasses import dataclass
from typing import override

from tests.fakepypi import (
    Corrupt,
    ExtraBytes,
    FakePyPI,
    Fault,
    GzipBody,
    Hang,
    IgnoreRange,
    LoginPage,
    NoContentLength,
    Redirect,
    Reset,
    Status,
    Truncate,
    WrongRange,
)
from tests.fakepypi.faults import Kind
from tests.faults.handshakes import Place, ended_handshake, no_tls, refused, untrusted

SIZE = 1_200_000  # bytes: more than the files of which a span is had by fetching the whole
MIDDLE, LAST = SIZE // 3, SIZE - 1


@dataclass(frozen=True)
class Strike:
    """One kind of fault, for so many requests (None: all) after the first so many."""

    kind: Kind
    times: int | None = None
    after: int = 0


@dataclass(frozen=True)
class Wrong:
    """What goes wrong. `heals`: whoever wants the whole file has it all the same.

    `unseen`: bytes are changed, which nobody can see in a span of what is not kept, but the client that joins it.
    """

    name: str
    strikes: tuple[Strike, ...] = ()
    place: Place | None = None
    heals: bool = False
    unseen: bool = False

    @override
    def __str__(self) -> str:
        return self.name

    @property
    def hangs(self) -> bool:
        """Whether it is silence that goes wrong."""
        return any(isinstance(each.kind, Hang) for each in self.strikes)

    def begin(self, pypi: FakePyPI, path: str) -> list[Fault]:
        """Let it go wrong."""
        return [pypi.fault(path, each.kind, times=each.times, after=each.after) for each in self.strikes]


def _always(name: str, *kinds: Kind, heals: bool = False, unseen: bool = False) -> Wrong:
    return Wrong(name, tuple(map(Strike, kinds)), heals=heals, unseen=unseen)


def _once(name: str, kind: Kind) -> Wrong:
    return Wrong(name, (Strike(kind, 1),), heals=True)


def _resumed(name: str, kind: Kind, *, heals: bool = False) -> Wrong:
    """The body breaks off in its middle, and this is what is answered to whoever asks for the rest."""
    return Wrong(f"rest: {name}", (Strike(Truncate(MIDDLE), 1), Strike(kind, None, 1)), heals=heals, unseen=True)


CONNECT = [
    Wrong("connect: refused", place=refused),
    _always("connect: reset", Reset("connect")),
    _always("connect: hang", Hang("connect")),
    Wrong("TLS: untrusted", place=untrusted),
    Wrong("TLS: not spoken", place=no_tls),
    Wrong("TLS: ended", place=ended_handshake),
]
HEADERS = [
    _always("headers: reset", Reset("headers")),
    _once("headers: reset once", Reset("headers")),
    _always("headers: hang", Hang("headers")),
    *(_always(f"headers: {code}", Status(code, b"no")) for code in (403, 404, 410, 416, 429, 500, 502, 503, 504, 520)),
    _always("headers: 204", Status(204)),
    _always("headers: 206 unasked", Status(206, b"x" * 10, headers={"Content-Range": f"bytes 0-9/{SIZE}"})),
    _always("headers: elsewhere", Redirect("https://example.org/x")),
    _always("headers: login by redirect", Redirect("https://pypi.org/login")),
    _always("headers: login page", LoginPage()),
    _always("headers: gzip", GzipBody()),
    _always("headers: gzip, unlabelled", GzipBody(labelled=False), unseen=True),
]
BODY = [
    *(
        _once(f"body: {kind(at)!r} once", kind(at))
        for at in (1, MIDDLE, LAST)
        for kind in (Truncate, lambda at: Reset("body", at), lambda at: Hang("body", at))
    ),
    *(
        _always(f"body: {kind!r}", kind, heals=heals)  # each time as far: three times more is enough of thirds
        for at, heals in ((1, False), (MIDDLE, True))
        for kind in (Truncate(at), Reset("body", at), Hang("body", at))
    ),
    *(_always(f"body: {Corrupt(at)!r}", Corrupt(at), unseen=True) for at in (0, MIDDLE, LAST)),
    *(_always(f"body: {Corrupt(at)!r}, chunked", NoContentLength(), Corrupt(at), unseen=True) for at in (0, LAST)),
    _always("body: nothing", Status(200)),
    _always("body: shorter", Status(200, b"x" * (SIZE - 1)), unseen=True),
    _always("body: longer", ExtraBytes(), unseen=True),
    _always("body: much longer", ExtraBytes(b"x" * SIZE), unseen=True),
    _always("body: cut off, chunked", NoContentLength(), Truncate(MIDDLE)),
    _always("body: chunked", NoContentLength(), heals=True),
]
RESUMED = [
    _resumed("ranges ignored", IgnoreRange(), heals=True),
    _resumed("another range", WrongRange()),
    _resumed("another length", WrongRange(f"bytes {MIDDLE}-{LAST}/{SIZE + 1}")),
    _resumed("no Content-Range", WrongRange("")),
    _resumed("other bytes", Corrupt(0)),
    _resumed("another last byte", Corrupt(SIZE)),
    _resumed("too much", ExtraBytes()),
    _resumed("too little", Status(206, b"x", headers={"Content-Range": f"bytes {MIDDLE}-{LAST}/{SIZE}"})),
    _resumed("gzip", GzipBody()),
    _resumed("login page", LoginPage()),
    _resumed("reset", Reset("headers")),
    _resumed("hang", Hang("headers")),
    *(_resumed(str(code), Status(code)) for code in (403, 404, 410, 416, 500, 503)),
]
WRONGS = [*CONNECT, *HEADERS, *BODY, *RESUMED]
