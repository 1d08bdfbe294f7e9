"""The files of a page while it is read, in either form: what is sound is kept once, the rest is counted and logged.

One bad file never costs the page, and nothing here raises over what a source wrote.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from addons.simple.distributions import belongs
from addons.simple.links import Links
from addons.simple.listed import LARGEST, Listed, OpenListed, is_secure_url, is_time, sound
from addons.simple.names import ProjectName
from addons.simple.page import File

logger = logging.getLogger(__name__)

_HASH_SIZES = {
    "md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128, "blake2b_256": 64,
}  # fmt: skip  # hex digits
_HEX = re.compile(r"[0-9a-f]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DIGITS = re.compile(r"[0-9]{1,19}")
TOGETHER = 256  # entries understood at once; an odd one sends so many the long way
_LISTED = msgspec.json.Decoder(list[Listed])
_OPEN = msgspec.json.Decoder(list[OpenListed])
_KEYS = frozenset(field.encode_name for field in msgspec.structs.fields(Listed))
_ENTRIES = msgspec.json.Decoder(list[dict[str, Any]])
_ENTRY = msgspec.json.Decoder()
_ENCODER = msgspec.json.Encoder()


class Entries:
    """Collects the sound files of one page. `base` is the URL that relative ones are resolved against."""

    def __init__(self, base: str, project: ProjectName) -> None:
        self.links = Links(base)
        self._project = project
        self._files: dict[str, File | None] = {}  # None: entries that contradict each other
        self._odd: list[str] = []

    def odd(self, words: str) -> None:
        """Remember an oddity for the one warning. Texts of the source belong into it as `ascii(text)`."""
        self._odd.append(words)

    def finish(self) -> tuple[File, ...]:
        """Return the files in the source's order, and log all oddities in one warning."""
        if self._odd:
            some = "; ".join(self._odd[:3])
            logger.warning("page of %s from %s: %d oddities: %s", self._project, self.links.host, len(self._odd), some)
        return tuple(file for file in self._files.values() if file is not None)

    def add_all(self, entries: Sequence[msgspec.Raw]) -> None:
        """Add the files of PEP 691 entries, each the JSON of one."""
        for start in range(0, len(entries), TOGETHER):
            together = entries[start : start + TOGETHER]
            whole = b"[" + b",".join(together) + b"]"
            try:
                listed = _LISTED.decode(whole)
            except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
                if not self._add_open(whole):
                    self._add_singly(together)
            else:
                self.add_listed(listed)

    def add_listed(self, listed: Sequence[Listed]) -> None:
        """Add the files of entries that are written as PyPI writes them."""
        for start in range(0, len(listed), TOGETHER):
            together = listed[start : start + TOGETHER]
            if not self.add_sound(together):
                self._add_singly(map(_ENCODER.encode, together))

    def add_sound(self, listed: Sequence[Listed], unknown: Iterable[dict[str, Any]] | None = None) -> bool:
        """Add the files of entries that are sound at a glance; false, and nothing added, if any is not.

        `unknown` has the unknown keys of each entry; None: there are none.
        """
        files = sound(listed, self.links, self._project)
        if files is None:
            return False
        if unknown is not None:
            replaced = msgspec.structs.replace
            files = [replaced(file, unknown=more) if more else file for file, more in zip(files, unknown, strict=True)]
        for file in files:
            self._keep(file)
        return True

    def _add_open(self, whole: bytes) -> bool:
        """Add the files of a list of entries that PyPI might write tomorrow: there are unknown keys beside the known."""
        try:
            listed, entries = _OPEN.decode(whole), _ENTRIES.decode(whole)
        except (ValueError, RecursionError):
            return False
        unknown = [{key: value for key, value in entry.items() if key not in _KEYS} for entry in entries]
        return not any("gpg-sig" in more or "dist-info-metadata" in more for more in unknown) and self.add_sound(
            listed, unknown
        )

    def _add_singly(self, entries: Iterable[bytes | msgspec.Raw]) -> None:
        for raw in entries:
            try:
                entry = _ENTRY.decode(raw)
            except (ValueError, RecursionError) as error:  # a number that nobody can hold
                self.odd(f"a file is unreadable: {ascii(str(error))[:200]}")
                continue
            if isinstance(entry, dict):
                self.add(entry)
            else:
                self.odd("a file is no object")

    def add(self, entry: dict[str, Any]) -> None:
        """Add a file from a PEP 691 entry, which is used up: what is left of it are the unknown keys."""
        take = entry.pop
        filename, hashes = take("filename", None), self._hashes(take("hashes", None))
        url = self._url(take("url", None), filename)
        requires_python, size = take("requires-python", None), take("size", None)
        upload_time, yanked, metadata = take("upload-time", None), take("yanked", False), self._metadata(entry)
        if url is None or hashes is None or not belongs(filename, self._project):
            self.odd(f"{ascii(filename)[:200]} is dropped")
            return
        file = File(
            filename=filename,
            url=url,
            hashes=hashes,
            # What nearly every file has is seen here, without a call: there are 5,000 of them.
            requires_python=requires_python if type(requires_python) is str else self._text(requires_python),
            size=size if type(size) is int and 0 <= size <= LARGEST else self._size(size),
            upload_time=self._time(upload_time),
            yanked=yanked if yanked is False else self._yanked(yanked),
            # A client asks for the URL with `.metadata` behind it: that cannot work behind a query (JSN-05).
            core_metadata=metadata if "?" not in url else False,
            provenance=self._provenance(take("provenance", None)),
            gpg_sig=self._flag(take("gpg-sig")) if "gpg-sig" in entry else None,
            unknown=entry,
        )
        self._keep(file)

    def _keep(self, file: File) -> None:
        other = self._files.setdefault(file.filename, file)
        if other is not file:
            self._settle(other, file)

    def _url(self, url: object, filename: object) -> str | None:
        """Return the absolute URL of a file, None if it is no URL or does not end with the filename (JSN-04)."""
        resolved = self.links.resolve(url) if isinstance(url, str) else None
        return resolved[0] if resolved is not None and resolved[1] == filename else None

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
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST:
            return value
        self.odd("size is no number of bytes")
        return None

    def _time(self, value: object) -> str | None:
        """Return an upload time untouched, None if clients would fail on it (JSN-11)."""
        if isinstance(value, str) and is_time(value):
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
        if isinstance(value, str) and is_secure_url(value):
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


def _same_bytes(one: File, two: File) -> bool:
    shared = one.hashes.keys() & two.hashes.keys()
    return (bool(shared) or one.url == two.url) and all(one.hashes[name] == two.hashes[name] for name in shared)
