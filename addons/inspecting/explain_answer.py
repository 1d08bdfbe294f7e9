"""`/explain/` at the gateway's own address: why a project's files are offered or not, for people and for programs."""

from datetime import datetime
from urllib.parse import parse_qs, unquote

import msgspec
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from addons.answering.offer import Offer
from addons.answers import Answer, absent, problem, unavailable
from addons.inspecting.asked import asked_of_index
from addons.inspecting.explained import Explanation
from addons.inspecting.explaining import Explaining, Terms
from addons.inspecting.inspecting import NotThere
from addons.inspecting.telling import page, text
from addons.off_loop import off_loop
from addons.sources.source import SourceUnavailable

_TEXT, _HTML, _JSON = "text/plain", "text/html", "application/json"
_LARGE = 100  # files
_HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


async def answer(offer: Offer, terms: Terms, asked: str, accept: str | None, at: datetime) -> Answer:
    """Explain what `asked` names (the end of a path), as `wheelgate explain` does; `?file=NAME` behind it: of that file only.

    As text, or as the Accept header prefers as HTML or JSON. Who asks is anybody.
    """
    path, _, query = asked.partition("?")
    argument, only = unquote(path), parse_qs(query).get("file", [None])[0]
    try:
        wanted = asked_of_index(argument)
        found = await Explaining(offer, terms, at).explain(argument, wanted, only)
    except NotThere as error:
        return absent(f"wheelgate: {error}")
    except ValueError as error:
        return problem(400, "argument", f"wheelgate: {error}")
    except SourceUnavailable as error:
        return unavailable(f"wheelgate: {error}", error.retry_seconds)
    return await off_loop(len(found.files) > _LARGE, _rendered, found, accept)


def _rendered(found: Explanation, accept: str | None) -> Answer:
    wanted = parse_accept_header(accept, MIMEAccept)
    form = wanted.best_match([_TEXT, _HTML, _JSON], default=_TEXT) if accept else _TEXT
    if form == _JSON:
        body = msgspec.json.encode(found)
    else:
        body = (page(found) if form == _HTML else "".join(f"{line}\n" for line in text(found))).encode()
    content_type = form if form == _JSON else f"{form}; charset=utf-8"
    return Answer(200, {"Content-Type": content_type, **_HEADERS}, body)
