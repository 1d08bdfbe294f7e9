"""The loads: what is asked for, over how many connections, and how many times plain mitmdump's rate is wanted."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.asking import Asked, WrongAnswer, ask_once
from benchmarks.contenders import Contender
from benchmarks.documents import Document
from benchmarks.load import Taken, fresh_connections, sustain

_ACCEPT = {
    "json": "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01",
    "html": "application/vnd.pypi.simple.v1+html, text/html; q=0.01",
}


@dataclass(frozen=True)
class Load:
    """One row of the table. `wanted`: at least so many times plain mitmdump's rate (design.md); None: nothing is."""

    project: str
    connections: int
    form: str = "json"
    zipped: bool = True
    known: bool = False  # the client has the page already: 304
    fresh: bool = False  # a new connection for each request
    wanted: float | None = None
    public: bool = True  # PyPI has the project; else the organisation's own folder
    folder: bool = False  # the gateway that has such a folder is asked too

    @property
    def name(self) -> str:
        """What the row is called."""
        kind = "304" if self.known else self.form if self.zipped else f"{self.form}, no gzip"
        return f"{self.project} {kind}{', new connection' if self.fresh else ''}, c={self.connections}"

    def request(self, etag: str = "", *, fresh: bool = True) -> bytes:
        """The request as pip sends it; without pip's `max-age=0` if it need not be `fresh`."""
        lines = [
            f"GET /simple/{self.project}/ HTTP/1.1",
            "Host: pypi.org",
            "User-Agent: pip/25.3",
            f"Accept-Encoding: {'gzip, deflate' if self.zipped else 'identity'}",
            f"Accept: {_ACCEPT[self.form]}",
            "Connection: keep-alive",
        ]
        if fresh:
            lines.append("Cache-Control: max-age=0")
        if etag:
            lines.append(f"If-None-Match: {etag}")
        return "\r\n".join([*lines, "", ""]).encode()

    def is_for(self, contender: Contender) -> bool:
        """Whether this contender is to take it."""
        return self.folder if contender.folder else self.public

    def prepare(self, contender: Contender, document: Document | None) -> bytes:
        """Give the request for this contender, its answer looked at once: it is warm then, and known to be whole.

        Raises WrongAnswer if it is not what is to be measured.
        """
        fresh = not contender.revalidates
        head, body = ask_once(contender.target, self.request(fresh=fresh))
        lines = [line.partition(": ") for line in head.decode().split("\r\n")]
        fields = {name.lower(): value for name, _, value in lines}
        if (fields.get("content-encoding") == "gzip") is not self.zipped:
            raise WrongAnswer(f"{self.name}: its coding is {fields.get('content-encoding')}")
        plain = gzip.decompress(body) if self.zipped else body
        found = len(json.loads(plain)["files"]) if self.form == "json" else plain.count(b"<a ")
        if document is not None and found != document.files:
            raise WrongAnswer(f"{self.name}: {found} files instead of {document.files}")
        if not self.known:
            return self.request(fresh=fresh)
        request = self.request(fields["etag"], fresh=fresh)
        status = ask_once(contender.target, request)[0].split(b" ", 2)[1]
        if status != b"304":
            raise WrongAnswer(f"{self.name}: {status.decode()} instead of 304 to its own ETag")
        return request

    def run(self, contender: Contender, request: bytes, seconds: float) -> Taken:
        """Keep it up for so many seconds."""
        asked = Asked(contender.target, request, 304 if self.known else 200)
        work = fresh_connections if self.fresh else sustain
        return work(asked, connections=self.connections, seconds=seconds, cpu=contender.cpu)


def loads(quick: bool) -> Sequence[Load]:
    """Give all loads, or those that say most."""
    idna, numpy = Load("idna", 8, wanted=10, folder=True), Load("numpy", 8, wanted=3.5)
    own = Load("acme-7", 8, public=False, folder=True)
    known, new = replace(idna, known=True, wanted=12), replace(idna, fresh=True, wanted=3, folder=False)
    if quick:
        return [replace(idna, connections=1), idna, numpy, known, new]
    return [
        *(replace(idna, connections=count) for count in (1, 8, 32)),
        own,
        replace(idna, zipped=False, wanted=None, folder=False),
        replace(idna, form="html", folder=False),
        Load("requests", 8),
        *(replace(numpy, connections=count) for count in (1, 8, 32)),
        replace(numpy, form="html", wanted=None),
        replace(numpy, zipped=False, wanted=None),
        *(replace(known, connections=count) for count in (1, 8, 32)),
        replace(own, known=True),
        replace(known, project="numpy", wanted=None, folder=False),
        *(replace(new, connections=count) for count in (1, 8)),
    ]
