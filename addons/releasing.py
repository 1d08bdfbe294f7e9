"""releasing: asks the interface of a running gateway in the name of an author, for `wheelgate release`."""

import base64
import contextlib
import hashlib
import os
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
from cryptography import x509

from addons import reaching
from addons.interface import documents
from addons.interface.address import HOST, PREFIX
from addons.trust import pip_settings
from addons.trust.issuing import permitted_domains
from addons.trust.roots import CERTIFICATE, named_by_user

_SECONDS = 30.0
_DOMAIN = HOST.partition(".")[2]
_USER_INFO = re.compile(r"//[^/@]*@")


class NotDone(Exception):
    """Nothing was done, or nobody knows whether it was. In words."""


@dataclass(frozen=True)
class Credentials:
    """What an author says to be recognised: a token with the user "__token__", or a person's own name and password."""

    user: str
    secret: str = field(repr=False)

    @property
    def header(self) -> str:
        """The value of Authorization (RFC 7617)."""
        return f"Basic {base64.b64encode(f'{self.user}:{self.secret}'.encode()).decode('ascii')}"


class Asking:
    """A gateway that was found, to be asked for an author.

    What is said goes only where the gateway's own CA vouches for: a proxy that is none of ours leads to the real PyPI, which
    must never see it.
    """

    def __init__(self, proxy: str, trusted: bytes, credentials: Credentials) -> None:
        self._proxy = proxy
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.load_verify_locations(cadata=trusted)
        self._headers = {"Authorization": credentials.header}

    def ask[T](self, kind: type[T], method: str, *path: str, **body: Any) -> T:
        """Ask for what the parts of a path name, and give the document. Raises NotDone."""
        url = f"https://{HOST}{PREFIX}" + "".join(f"/{quote(part, safe='')}" for part in path)
        sent = {name: value for name, value in body.items() if value}
        try:
            with httpx.Client(
                proxy=self._proxy, verify=self._context, trust_env=False, timeout=_SECONDS, headers=self._headers
            ) as client:
                answer = client.request(method, url, json=sent if method != "GET" else None)
            return _read(kind, answer)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotDone(f"the gateway at {shown(self._proxy)} could not be asked: {_why(error)}") from error

    def project(self, project: str) -> documents.Project:
        """Show a project. Raises NotDone."""
        return self.ask(documents.Project, "GET", "projects", project)

    def change(self, doing: str, project: str, version: str, **body: Any) -> documents.Changed:
        """Yank, unyank or delete a release. Raises NotDone."""
        return self.ask(documents.Changed, "POST", "projects", project, "releases", version, doing, **body)

    def whoami(self) -> documents.Me:
        """Say whom the gateway takes the caller for. Raises NotDone."""
        return self.ask(documents.Me, "GET", "whoami")


def _read[T](kind: type[T], answer: httpx.Response) -> T:
    try:
        if answer.is_success:
            return msgspec.json.decode(answer.content, type=kind)
        said = msgspec.json.decode(answer.content, type=documents.Problem)
    except msgspec.DecodeError as error:
        words = f"the gateway's answer ({answer.status_code}) is not understood; is it as new as this wheelgate?"
        raise NotDone(words) from error
    raise NotDone(said.detail.removeprefix("wheelgate: "))


def _why(error: Exception) -> str:
    return shown(ascii(str(error))[1:-1])[:200] or type(error).__name__


def shown(proxy: str) -> str:
    """Give a proxy's URL without what is said to it."""
    return _USER_INFO.sub("//", proxy)


def proxy_of(named: str | None, environment: Mapping[str, str], listen: str) -> str:
    """Give the proxy to ask through: the one named, that of HTTPS_PROXY, else where the configured gateway listens."""
    found = named or environment.get("HTTPS_PROXY") or environment.get("https_proxy") or listen
    return found if "://" in found else f"http://{found}"


def trusted(proxy: str, certificate: Path | None, ours: Path) -> bytes:
    """Give the CA of the gateway at `proxy`, as DER, if this machine trusts it already.

    That is: it stands in `certificate`, else in a bundle that the environment names (`wheelgate env`), else it is `ours`. Only
    a CA that is limited to PyPI's names counts: a gateway must not name a public one. Raises NotDone, and OSError.
    """
    said = reaching.status(proxy).get("ca_sha256")
    if not isinstance(said, str):
        raise NotDone(f"no gateway answers at {shown(proxy)}; name it with --proxy, or see `wheelgate env`")
    for der in _known(certificate, ours):
        if hashlib.sha256(der).hexdigest() == said and _DOMAIN in permitted_domains(
            x509.load_der_x509_certificate(der)
        ):
            return der
    where = f"{certificate} has not" if certificate else "this machine does not trust"
    raise NotDone(
        f"the gateway at {shown(proxy)} has a CA that {where}, so nothing was said to it (its sha256 is {said[:64]});"
        " name its certificate with --ca, or see `wheelgate env`"
    )


def _known(certificate: Path | None, ours: Path) -> Iterator[bytes]:
    named = [certificate] if certificate else [*named_by_user(os.environ, Path.home(), pip_settings.SITE), ours]
    for path in named:
        if path.is_file():
            yield from _certificates(path.read_bytes())


def _certificates(pem: bytes) -> Iterator[bytes]:
    for block in CERTIFICATE.findall(pem):
        with contextlib.suppress(ValueError):  # a broken one is none
            yield base64.b64decode(b"".join(block.split()), validate=True)
