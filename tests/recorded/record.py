"""Records the real pages again, as PyPI answers now; it asks a dozen times, with pip's own session.

    sh deploy/run --dev python -m tests.recorded.record

What is kept of an answer is a matter of `tests/recorded/thinning.py` alone, so the same answers give the same files.
"""

import lzma
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click
import truststore
from pip._internal.network.session import PipSession

from tests.recorded import PAGES, thinning

_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = "text/html"  # a plain mirror knows no other name for it


@dataclass(frozen=True)
class Recorded:
    """One project: every file that is odd, and one in `share` of the others; in HTML, and as legacy JSON, if said so.

    `status` is what pypi.org says of the project, for recording by way of a mirror that leaves it out.
    """

    project: str
    share: int = 1
    html: bool = False
    legacy: bool = False
    status: Mapping[str, str] | None = None


PROJECTS = (
    Recorded("numpy", share=4, html=True),  # many files, installers for Windows, a yanked release
    Recorded("boto3", share=4),  # many releases
    Recorded("tensorflow", share=3),  # wheels only
    Recorded("lxml", share=5),  # eggs and installers in plenty
    Recorded("setuptools", share=2, html=True),  # eggs, installers and RPMs; yank reasons that are URLs
    Recorded("pytz"),  # versions that are none, .tar.bz2
    Recorded("requests", html=True, legacy=True),  # yanks whose reasons end in a blank
    Recorded("iniconfig", legacy=True),  # a version without files
    Recorded("pepy", status={"status": "archived"}),
    Recorded("datacamp-light", status={"status": "quarantined"}),  # no files: mirrors have no page of it at all
)


class NotRecorded(Exception):
    """PyPI answered something else than the document that was asked for. In words."""


class NotThere(NotRecorded):
    """PyPI, or a mirror that leaves it out, has no such document."""


def ask(session: PipSession, url: str, accept: str) -> bytes:
    """GET a document. Raises NotThere for a 404, NotRecorded for any other status than 200 or type than the one accepted."""
    answer = session.get(url, headers={"Accept": accept, "Cache-Control": "no-cache"}, timeout=60)
    if answer.status_code == 404:
        raise NotThere(f"{url} answered 404")
    kind = answer.headers.get("content-type", "")
    if answer.status_code != 200 or not kind.startswith(accept):
        raise NotRecorded(f"{url} answered {answer.status_code} with {ascii(kind)[:200]}")
    content: bytes = answer.content
    return content


def documents(session: PipSession, wanted: Recorded) -> Sequence[tuple[str, bytes]]:
    """Give the names and bytes of what is kept of a project."""
    page = f"https://pypi.org/simple/{wanted.project}/"
    try:
        full = ask(session, page, _JSON)
    except NotThere:
        if wanted.status is None:
            raise
        full = thinning.without_files(wanted.project)
    if wanted.status is not None:
        full = thinning.with_status(full, wanted.status)
    kept = thinning.kept_files(full, wanted.share)
    found = [(f"{wanted.project}.json", thinning.thin_json(full, kept))]
    if wanted.html:
        found.append((f"{wanted.project}.html", thinning.thin_html(ask(session, page, _HTML), kept)))
    if wanted.legacy:
        legacy = ask(session, f"https://pypi.org/pypi/{wanted.project}/json", "application/json")
        found.append((f"{wanted.project}.legacy.json", thinning.thin_legacy(legacy)))
    return found


@click.command()
def main() -> None:
    """Ask PyPI for all of them, and write them where the tests find them."""
    with PipSession(ssl_context=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT), retries=2) as session:
        for wanted in PROJECTS:
            for name, content in documents(session, wanted):
                thinning.check_hosts(name, content)
                packed = lzma.compress(content, preset=9 | lzma.PRESET_EXTREME)
                (PAGES / f"{name}.xz").write_bytes(packed)
                click.echo(f"{name}: {len(content):,} bytes, packed {len(packed):,}")


if __name__ == "__main__":
    main()
