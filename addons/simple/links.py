"""The URLs of one page's files: resolved, without credentials and fragments, and safe to hand to any client.

Sources: RFC 3986 section 5; Simple API, "the URL of each file".
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from itertools import repeat
from urllib.parse import quote, unquote, urljoin, urlsplit

_ABSOLUTE = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?")
# A URL of nothing but these needs no second look: no query, fragment, escape or character out of place.
_PLAIN = b"!$&'()*+,-./0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"
_UPWARDS = re.compile(r"(?:\.\./)+|/")
_MOST_ORIGINS = 8  # a page's files lie on one host, or a few
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")
_KEPT = "/%:@!$&'()*+,;=~"
# Dot segments that survive resolving, and escapes that the gateway itself refuses in a request (NAM-09).
_UNSAFE_PATH = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)|%(?:[01][0-9a-f]|2f|5c|7f)", re.IGNORECASE)


class Links:
    """Resolves the links of one page. `base` is the page's own URL, after redirects."""

    def __init__(self, base: str) -> None:
        self._base = base
        self.host = urlsplit(base).hostname  # for logs; the rest of a URL may be a secret
        self._origins: tuple[str, ...] = ()  # of sound URLs seen so far, each with the slash behind it
        self._above = cache(self._joined)

    def rebase(self, href: str) -> None:
        """Resolve what follows against an HTML `<base>`, itself resolved against the page's own URL."""
        with suppress(ValueError):
            self._base = urljoin(self._base, href.strip())
            self._above.cache_clear()

    def plain(self, urls: Sequence[str]) -> Sequence[str] | None:
        """Return the URLs of many files, absolute, if a glance at all of them shows that all are sound; else None.

        What it returns is what `resolve` returns for each, and the filename is what stands behind the last slash.
        """
        known = self._known(urls)
        if not known:
            urls = [self._absolute(url) for url in urls]
        whole = "".join(urls)
        if not whole.isascii() or whole.encode().translate(None, _PLAIN) or "/." in whole:
            return None
        if not known:
            for url in urls:
                if not url.startswith(self._origins):
                    self._resolve(url)  # whose sound origin is known from then on
        return urls if known or self._known(urls) else None

    def _known(self, urls: Sequence[str]) -> bool:
        return all(map(str.startswith, urls, repeat(self._origins)))

    def resolve(self, url: str) -> tuple[str, str] | None:
        """Return an absolute URL without credentials and fragment, and its decoded filename; None if it is no file's.

        Schemes other than http and https, control characters, backslashes and dots that survive resolving: None.
        """
        plain = self.plain((url,))
        if plain is not None and _is_filename(filename := plain[0].rpartition("/")[2]):
            return plain[0], filename
        return self._resolve(url.strip(" \t\r\n\f"))

    def _absolute(self, url: str) -> str:
        """Return a URL that leads upwards (`../../packages/…`) or to the root as an absolute one, any other as it is."""
        upwards = _UPWARDS.match(url) if "//" not in url else None  # doubled ones are taken out of relative URLs
        return self._above(upwards[0]) + url[upwards.end() :] if upwards is not None else url

    def _joined(self, upwards: str) -> str:
        try:
            return urljoin(self._base, upwards)
        except ValueError:
            return upwards

    def _resolve(self, url: str) -> tuple[str, str] | None:
        if _FORBIDDEN.search(url):
            return None
        try:
            if (own := urlsplit(url)).scheme and not own.netloc:
                return None  # `https:x` and `https:///x` mean one thing to RFC 3986 and another to browsers
            parts = urlsplit(urljoin(self._base, url))
            path, query = quote(parts.path, safe=_KEPT), quote(parts.query, safe=_KEPT + "?")
            port = f":{parts.port}" if parts.port is not None else ""  # reading it checks it
            host = parts.hostname or ""
            origin = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"
            filename = unquote(path.rpartition("/")[2], errors="strict")
        except ValueError:
            return None
        if not _ABSOLUTE.fullmatch(origin) or _UNSAFE_PATH.search(path) or not _is_filename(filename):
            return None
        if origin + "/" not in self._origins and len(self._origins) < _MOST_ORIGINS:
            self._origins += (origin + "/",)
        return origin + path + ("?" + query if query else ""), filename


def _is_filename(text: str) -> bool:
    """Tell whether a text can be a file's name anywhere: no separators, no control characters, not hidden."""
    return text[:1] not in {"", ".", " "} and text[-1] != " " and text.isprintable() and not {"/", "\\"} & set(text)
