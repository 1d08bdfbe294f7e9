"""The fake PyPI that tests hold: one listener for the index host and the files host, and a private index if wanted."""

import ssl
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme

from tests.fakepypi.answer import Answer, text
from tests.fakepypi.answering import answer
from tests.fakepypi.faultlist import Fault, FaultList, as_answered, changed
from tests.fakepypi.faults import Hang, Kind
from tests.fakepypi.index import FakeIndex, Place
from tests.fakepypi.log import Log, Seen
from tests.fakepypi.server import Server

INDEX_HOST = "pypi.org"
FILES_HOST = "files.pythonhosted.org"
UPLOAD_HOST = "upload.pypi.org"
PRIVATE_HOST = "localhost"


class FakePyPI(FakeIndex):
    """PyPI on a loopback port, from `with` to its end. It is itself the public index; `private` gives another one.

    Connect to `address` and name pypi.org or files.pythonhosted.org in SNI and Host; trust `ca_path`. As upload.pypi.org it
    takes every upload, which then stands in the log of what was asked, and nowhere else.
    """

    def __init__(self, folder: Path) -> None:
        """`folder`: where the CA's certificate is written."""
        super().__init__(Place(simple_url=f"https://{INDEX_HOST}/simple/", files_url=f"https://{FILES_HOST}"))
        self.port = 0
        self._private: FakeIndex | None = None
        self._log = Log()
        self._faults = FaultList()
        ca = trustme.CA(organization_name="wheelgate's fake PyPI")
        self.ca_path = folder / "fakepypi-ca.pem"
        ca.cert_pem.write_to_path(self.ca_path)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.set_alpn_protocols(["http/1.1"])
        ca.issue_cert(INDEX_HOST, FILES_HOST, UPLOAD_HOST, PRIVATE_HOST).configure_cert(context)
        self._server = Server(context, self._respond, self._faults)

    def __enter__(self) -> Self:
        self.port = self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.close()

    # Where it is

    @property
    def address(self) -> str:
        """What to dial: "127.0.0.1:port"."""
        return f"127.0.0.1:{self.port}"

    @property
    def connect_to(self) -> dict[str, str]:
        """Host to address, as the setting `upstream: {connect_to: …}` has it."""
        return {INDEX_HOST: self.address, FILES_HOST: self.address}

    @property
    def connections(self) -> int:
        """How many connections were accepted until now."""
        return self._server.connections

    def private(self, username: str = "reader", password: str = "secret") -> FakeIndex:
        """A private index at https://localhost:port/private/simple/ that asks for Basic auth; its files are there too.

        It is made at the first call; its URL is `.place.simple_url`.
        """
        if self._private is None:
            root = f"https://{PRIVATE_HOST}:{self.port}/private"
            self._private = FakeIndex(
                Place(simple_url=f"{root}/simple/", files_url=root, credentials=(username, password))
            )
        return self._private

    # What was asked

    @property
    def requests(self) -> list[Seen]:
        """All requests until now, in the order of their arrival."""
        return self._log.entries()

    def asked(self, path: str = "", *, host: str | None = None, method: str | None = None) -> list[Seen]:
        """The requests for a path: "" all, "/simple/demo/" all below it, "/a/b.whl" exactly that one."""
        return self._log.asked(path, host=host, method=method)

    def clear_log(self) -> None:
        """Forget all requests."""
        self._log.clear()

    # What goes wrong

    def fault(
        self,
        path: str,
        kind: Kind,
        *,
        times: int | None = None,
        host: str | None = None,
        method: str | None = None,
        after: int = 0,
    ) -> Fault:
        """Let something go wrong for a path (as in `asked`), the next `times` times or always, but for the first `after`."""
        return self._faults.add(Fault(path, kind, times=times, host=host, method=method, after=after))

    def gate(self, path: str, after_bytes: int = 0) -> Fault:
        """Hold every answer for a path after so many bytes of its body until `.open()`; `.reached` tells that one waits."""
        return self.fault(path, Hang(at="body", after_bytes=after_bytes))

    def lift(self) -> None:
        """Take back all faults and gates; what waits goes on."""
        self._faults.lift()

    def _respond(self, seen: Seen) -> Answer:
        self._log.add(seen)
        faults = self._faults.strike(seen)
        return changed(self._right_answer(as_answered(seen, faults)), faults)

    def _right_answer(self, seen: Seen) -> Answer:
        if seen.sni not in {None, seen.host}:
            return text(421, f"the connection is for {seen.sni}, the request for {seen.host}")
        if seen.host in {INDEX_HOST, FILES_HOST}:
            return answer(self, seen)
        if seen.host == UPLOAD_HOST:
            return text(200, "") if (seen.method, seen.path) == ("POST", "/legacy/") else text(404, "404 Not Found")
        if seen.host == PRIVATE_HOST and self._private is not None:
            return answer(self._private, seen)
        return text(421, f"{seen.host} is not served here")
