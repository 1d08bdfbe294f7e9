"""The files of a page while it is read, in either form: what is sound is kept once, the rest is counted and logged.

One bad file never costs the page, and nothing here raises over what a source wrote.
"""

import logging
import re
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from addons.simple.distributions import belongs
from addons.simple.names import ProjectName, spelled
from addons.simple.page import File

logger = logging.getLogger(__name__)

_ABSOLUTE = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?")
# An absolute URL of nothing but these needs no second look: no query, fragment, escape or character out of place.
_PLAIN_URL = re.compile(r"[!$&-;=@-Z_a-z~]+")
_FORBIDDEN_IN_URL = re.compile(r"[\x00-\x1f\x7f\\]")
_KEPT_IN_URL = "/%:@!$&'()*+,;=~"
# Dot segments that survive resolving, and escapes that the gateway itself refuses in a request (NAM-09).
_UNSAFE_PATH = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)|%(?:[01][0-9a-f]|2f|5c|7f)", re.IGNORECASE)
_HASH_SIZES = {
    "md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128, "blake2b_256": 64,
}  # fmt: skip  # hex digits
_HEX = re.compile(r"[0-9a-f]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,19}")
_LARGEST = 2**63 - 1  # bytes; what clients can hold


class Entries:
    """Collects the sound files of one page. `base` is the URL that relative ones are resolved against."""

    def __init__(self, base: str, project: ProjectName) -> None:
        self._base = base
        self._host = urlsplit(base).hostname  # for the log; the rest of a URL may be a secret
        self._project = project
        self._origins: set[str] = set()
        self._files: dict[str, File | None] = {}  # None: entries that contradict each other
        self._odd: list[str] = []

    def rebase(self, href: str) -> None:
        """Resolve what follows against an HTML `<base>`, itself resolved against the page's own URL."""
        with suppress(ValueError):
            self._base = urljoin(self._base, href.strip())

    def odd(self, words: str) -> None:
        """Remember an oddity for the one warning. Texts of the source belong into it as `ascii(text)`."""
        self._odd.append(words)

    def finish(self) -> tuple[File, ...]:
        """Return the files in the source's order, and log all oddities in one warning."""
        if self._odd:
            some = "; ".join(self._odd[:3])
            logger.warning("page of %s from %s: %d oddities: %s", self._project, self._host, len(self._odd), some)
        return tuple(file for file in self._files.values() if file is not None)

    def add(self, entry: dict[str, Any]) -> None:
        """Add a file from a PEP 691 entry, which is used up: what is left of it are the unknown keys."""
        take = entry.pop
        filename, hashes = take("filename", None), self._hashes(take("hashes", None))
        url = self._url(take("url", None), filename)
        requires_python, size = take("requires-python", None), take("size", None)
        upload_time, yanked, metadata = take("upload-time", None), take("yanked", False), self._metadata(entry)
        if url is None or hashes is None or not self.is_here(filename):
            self.odd(f"{ascii(filename)[:200]} is dropped")
            return
        file = File(
            filename=filename,
            url=url,
            hashes=hashes,
            # What nearly every file has is seen here, without a call: there are 5,000 of them.
            requires_python=requires_python if type(requires_python) is str else self._text(requires_python),
            size=size if type(size) is int and 0 <= size <= _LARGEST else self._size(size),
            upload_time=self._time(upload_time),
            yanked=yanked if yanked is False else self._yanked(yanked),
            # A client asks for the URL with `.metadata` behind it: that cannot work behind a query (JSN-05).
            core_metadata=metadata if "?" not in url else False,
            provenance=self._provenance(take("provenance", None)),
            gpg_sig=self._flag(take("gpg-sig")) if "gpg-sig" in entry else None,
            unknown=entry,
        )
        other = self._files.setdefault(filename, file)
        if other is not file:
            self._settle(other, file)

    def resolve(self, url: str) -> tuple[str, str] | None:
        """Return an absolute URL without credentials and fragment, and its decoded filename; None if it is no file's.

        Schemes other than http and https, control characters, backslashes and dots that survive resolving: None.
        """
        origin = url[: max(url.find("/", 8), 0)]
        if origin in self._origins and "/." not in url and _PLAIN_URL.fullmatch(url):
            return url, url.rpartition("/")[2]
        return self._resolve(url.strip(" \t\r\n\f"))

    def _resolve(self, url: str) -> tuple[str, str] | None:
        if _FORBIDDEN_IN_URL.search(url):
            return None
        try:
            if (own := urlsplit(url)).scheme and not own.netloc:
                return None  # `https:x` and `https:///x` mean one thing to RFC 3986 and another to browsers
            parts = urlsplit(urljoin(self._base, url))
            path, query = quote(parts.path, safe=_KEPT_IN_URL), quote(parts.query, safe=_KEPT_IN_URL + "?")
            port = f":{parts.port}" if parts.port is not None else ""  # reading it checks it
            host = parts.hostname or ""
            origin = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"
            filename = unquote(path.rpartition("/")[2], errors="strict")
        except ValueError:
            return None
        if not _ABSOLUTE.fullmatch(origin) or _UNSAFE_PATH.search(path) or not _is_filename(filename):
            return None
        self._origins.add(origin)  # what comes from there and is plain needs no second look
        return origin + path + ("?" + query if query else ""), filename

    def _url(self, url: object, filename: object) -> str | None:
        """Return the absolute URL of a file, None if it is no URL or does not end with the filename (JSN-04)."""
        resolved = self.resolve(url) if isinstance(url, str) else None
        return resolved[0] if resolved is not None and resolved[1] == filename else None

    def is_here(self, filename: str) -> bool:
        """Tell whether the file is this project's (JSN-18); the usual way to write it takes the short way here."""
        name = filename.partition("-")[0] if filename.endswith(".whl") else filename.rpartition("-")[0]
        return spelled(name) == self._project or belongs(filename, self._project)

    def _hashes(self, value: object) -> dict[str, str] | None:
        """Return the hashes in lower case, None if a known one is malformed: nobody could ever verify that file."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            return None
        if len(value) == 1 and isinstance(digest := value.get("sha256"), str) and _SHA256.fullmatch(digest):
            return value
        hashes = {name.lower(): digest.lower() for name, digest in value.items() if isinstance(digest, str)}
        if len(hashes) != sum(digest is not None for digest in value.values()):
            return None
        for name, digest in hashes.items():
            if name in _HASH_SIZES and (len(digest) != _HASH_SIZES[name] or not _HEX.fullmatch(digest)):
                return None
        return hashes

    def _metadata(self, entry: dict[str, Any]) -> bool | dict[str, str]:
        """Return what the entry says of core metadata, its newest key first (PEP 714); unsound is not announced."""
        value = entry.pop("core-metadata", None)
        older, oldest = entry.pop("dist-info-metadata", None), entry.pop("data-dist-info-metadata", None)
        if value is None:
            value = older if older is not None else oldest
        if value is None or isinstance(value, bool):
            return bool(value)
        hashes = self._hashes(value)
        if hashes is None:
            self.odd("unsound core metadata")
            return False
        return hashes or True

    def _text(self, value: object) -> str | None:
        if value is not None and not isinstance(value, str):
            self.odd("requires-python is no text")
        return value if isinstance(value, str) else None

    def _size(self, value: object) -> int | None:
        if value is None:
            return None
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST:
            return value
        self.odd("size is no number of bytes")
        return None

    def _time(self, value: object) -> str | None:
        """Return an upload time untouched, None if clients would fail on it (JSN-11)."""
        if isinstance(value, str) and _TIME.fullmatch(value):
            try:
                datetime.fromisoformat(value)
            except ValueError:
                pass
            else:
                return value
        if value is not None:
            self.odd("upload-time is no time")
        return None

    def _yanked(self, value: object) -> bool | str:
        """Return the yank; what is neither true, false nor a reason counts as yanked, the safe side (JSN-09)."""
        if isinstance(value, bool) or (isinstance(value, str) and value):
            return value
        if value is None:
            return False
        self.odd("yanked without a reason that can be read")
        return True

    def _provenance(self, value: object) -> str | None:
        if value is None:
            return None
        if isinstance(value, str) and value.startswith("https://") and value.isascii() and value.isprintable():
            return value
        self.odd("provenance is no https URL")
        return None

    def _flag(self, value: object) -> bool | None:
        return value if isinstance(value, bool) else None

    def _settle(self, other: File | None, file: File) -> None:
        """Two entries of one filename: the same bytes are kept once, yanked if one is; otherwise both go (JSN-17)."""
        self.odd(f"{ascii(file.filename)[:200]} is listed twice")
        if other is None or not _same_bytes(other, file):
            self._files[file.filename] = None
        elif file.yanked and not other.yanked:
            self._files[file.filename] = file


def _is_filename(text: str) -> bool:
    """Tell whether a text can be a file's name anywhere: no separators, no control characters, not hidden."""
    return text[:1] not in {"", ".", " "} and text[-1] != " " and text.isprintable() and not {"/", "\\"} & set(text)


def _same_bytes(one: File, two: File) -> bool:
    shared = one.hashes.keys() & two.hashes.keys()
    return (bool(shared) or one.url == two.url) and all(one.hashes[name] == two.hashes[name] for name in shared)
