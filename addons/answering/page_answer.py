"""A page as bytes: in the form and coding that the client asked for, with a validator of its own."""

import gzip
import hashlib
import re
from collections.abc import Mapping

from werkzeug.http import parse_etags

from addons.answering.offer import is_large
from addons.answers import Answer
from addons.off_loop import off_loop
from addons.simple.html_form import render_html
from addons.simple.json_form import render_json
from addons.simple.negotiation import Form, coding, negotiate
from addons.simple.page import Page

_SERIAL = re.compile(r"[0-9]{1,19}")  # upstream's text goes into a header: nothing but a number (MRG-09)


async def answer_page(page: Page, headers: Mapping[str, str], wanted: str | None, max_age: int) -> Answer:
    """Answer with the page: 200, or 304 where the client's copy is this very page (CCH-01 to CCH-04).

    The ETag is strong, over the bytes as sent, so one is never shared by two forms or codings. `max_age` in seconds.
    """
    form = negotiate(headers.get("accept"), wanted)
    zipped = coding(headers.get("accept-encoding")) == "gzip"
    body, etag = await off_loop(is_large(page), _render, page, form, zipped)
    common = {"ETag": f'"{etag}"', "Cache-Control": f"max-age={max_age}", "Vary": "Accept, Accept-Encoding"}
    serial = str(page.meta.get("_last-serial", ""))
    if _SERIAL.fullmatch(serial):
        common["X-PyPI-Last-Serial"] = serial
    if parse_etags(headers.get("if-none-match")).contains_weak(etag):
        return Answer(304, common)
    coded = {"Content-Encoding": "gzip"} if zipped else {}
    return Answer(200, {**common, **coded, "Content-Type": form.content_type}, body)


def _render(page: Page, form: Form, zipped: bool) -> tuple[bytes, str]:
    body = render_json(page) if form is Form.JSON else render_html(page)
    if zipped:
        body = gzip.compress(body, compresslevel=5, mtime=0)
    return body, hashlib.sha256(body + form.content_type.encode()).hexdigest()[:32]
