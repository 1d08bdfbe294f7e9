"""A CI job as servers see it: pages, metadata and wheels one after the other, over two fresh connections, nothing parsed."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from benchmarks.asking import PIECE, Asked, Heads, Target, WrongAnswer
from benchmarks.documents import JSON
from benchmarks.link import Link
from benchmarks.projects import Project

_PAGES, _FILES = "pypi.org", "files.pythonhosted.org"
_ACCEPT = f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"


@dataclass
class Jobs:
    """What jobs met."""

    latencies: list[float] = field(
        default_factory=list
    )  # seconds, of each answer; of the first on a connection with it
    errors: list[str] = field(default_factory=list)
    size: int = 0  # bytes of all bodies

    def percentile(self, part: float) -> float:
        """The seconds within which this part (0 to 1) of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


@dataclass(frozen=True)
class Request:
    """One request, and how long its answer's body must be; None: it is a page, whose length is the server's."""

    host: str
    path: str
    size: int | None

    @property
    def head(self) -> bytes:
        """As pip sends it."""
        page = self.size is None
        lines = [
            f"GET {self.path} HTTP/1.1",
            f"Host: {self.host}",
            "User-Agent: pip/25.3",
            f"Accept-Encoding: {'gzip, deflate' if page else 'identity'}",
            f"Accept: {_ACCEPT if page else '*/*'}",
            "Connection: keep-alive",
            *(["Cache-Control: max-age=0"] if page else []),
        ]
        return "\r\n".join([*lines, "", ""]).encode()


def requests(projects: Sequence[Project]) -> Sequence[Request]:
    """What pip asks for to download these: all pages and metadata, then all wheels."""
    found = []
    for project in projects:
        found.append(Request(_PAGES, f"/simple/{project.name}/", None))
        found.append(Request(_FILES, f"{project.path}.metadata", len(project.metadata)))
    return [*found, *(Request(_FILES, project.path, len(project.wheel)) for project in projects)]


class _Job:
    """One job; its connections are opened when they are first used."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._links: dict[str, Link] = {}
        self._heads = Heads()
        self._buffer = memoryview(bytearray(PIECE))
        self.met = Jobs()

    def run(self, wanted: Sequence[Request]) -> Jobs:
        """Ask for all of them."""
        for request in wanted:
            begun = time.perf_counter()
            try:
                self.met.size += self._get(request)
            except (OSError, WrongAnswer) as error:
                self.met.errors.append(f"{request.path}: {error!r}")
                self._close(request.host)
            self.met.latencies.append(time.perf_counter() - begun)
        for host in list(self._links):
            self._close(host)
        return self.met

    def _get(self, request: Request) -> int:
        known = request.host in self._links
        try:
            return self._ask(request)
        except OSError:  # a connection that the server was done with: pip asks again as well
            if not known or not self._links[request.host].idle:
                raise
        self._close(request.host)
        return self._ask(request)

    def _ask(self, request: Request) -> int:
        link = self._links.get(request.host)
        if link is None:
            asked = Asked(replace(self._target, host=request.host), b"", 200)
            link = self._links[request.host] = Link(asked, self._heads, poured=True, blocking=True)
        link.ask(request.head)
        while not link.read(self._buffer):
            pass
        if request.size not in (None, link.received) or not link.received:
            raise WrongAnswer(f"{link.received:,} bytes instead of {request.size or 'a page'}")
        return link.received

    def _close(self, host: str) -> None:
        link = self._links.pop(host, None)
        if link is not None:
            link.secured.close()


def run(target: Target, wanted: Sequence[Request], jobs: int) -> Jobs:
    """Run so many jobs, which begin in the same moment, each in a thread."""
    together = threading.Barrier(jobs)

    def one() -> Jobs:
        job = _Job(target)
        together.wait()
        return job.run(wanted)

    met = Jobs()
    with ThreadPoolExecutor(jobs) as pool:
        for done in [pool.submit(one) for _ in range(jobs)]:
            each = done.result()
            met.latencies += each.latencies
            met.errors += each.errors
            met.size += each.size
    return met
