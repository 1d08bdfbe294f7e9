"""Why a page announces nothing of a file. Pure."""

from dataclasses import dataclass

from addons.announcing.links import Terms
from addons.cache.announced import Entry
from addons.simple.page import File

SDISTS_OFF = "is an sdist, and `metadata.sdists` is off"


@dataclass(frozen=True)
class Known:
    """What is known of a file of which nothing is announced.

    `barred`: in words, why it can have no metadata (empty: it can); `lies_here`: the file is in the cache; `apart`: its
    index announces that of other files on this page.
    """

    entry: Entry | None
    barred: str
    lies_here: bool
    apart: bool


def reason(file: File, known: Known, terms: Terms) -> str:
    """Say, in words that follow `it`, why nothing is announced."""
    if known.barred:
        return known.barred
    is_wheel = file.filename.endswith(".whl")
    if not is_wheel and not terms.sdists:
        return SDISTS_OFF
    if known.entry is not None and known.entry.reason:
        return known.entry.reason
    if known.lies_here:
        return "lies in the cache, but has not been read yet"
    if not is_wheel:
        return "is an sdist that is not in the cache: it must be unpacked from its beginning"
    return f"has no metadata in hand{_wheel(known, terms)}"


def _wheel(known: Known, terms: Terms) -> str:
    if terms.offline:
        return ", and nothing is fetched: `offline` is true"
    if not terms.ahead:
        return "; with `metadata.ahead` off it is read once a client has fetched the wheel"
    if known.apart:
        return ", and its index announces that of other files only"
    return ", and its index has not been seen to give any; a gateway asks for some with the first page that it shows"
