"""What is known of the core metadata of a project's files, by the files' sha256, and how that is written down."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from addons.cache.layout import SHA256

type How = Literal["file", "upstream", "ranges"]
"""Out of our verified copy of the file; upstream's own `.metadata`; out of the end of the remote file by ranges."""


_AGAIN_SECONDS = (
    3600.0  # after which it is seen anew whether there is none, where that was not read out of the right file
)


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What is known of one file: the sha256 of its metadata (lower-case hex), or the `reason` why there is none.

    `at`: since when, in seconds since the epoch.
    """

    how: How
    at: float
    sha256: str = ""
    reason: str = ""

    @property
    def is_proven(self) -> bool:
        """Whether it was read out of the file that the page names, and so cannot turn out otherwise."""
        return self.how == "file"

    def is_settled(self, now: float) -> bool:
        """Whether there is nothing to find out about the file; `now` in seconds since the epoch."""
        return bool(self.sha256) or self.is_proven or abs(now - self.at) < _AGAIN_SECONDS


type Entries = Mapping[str, Entry]

_DECODER = msgspec.msgpack.Decoder(dict[str, Entry])


def written(entries: Entries) -> bytes:
    """Write entries down."""
    return msgspec.msgpack.encode(entries)


def read(content: bytes) -> dict[str, Entry]:
    """Read what `written` wrote; nothing of what it did not, which other versions may have written."""
    try:
        entries = _DECODER.decode(content) if content else {}
    except msgspec.MsgspecError:
        return {}
    return {file: entry for file, entry in entries.items() if not entry.sha256 or SHA256.fullmatch(entry.sha256)}


def noted(here: Entries, found: Entries) -> dict[str, Entry]:
    """Give what is known once something is found: the newly found, but where the file itself has said otherwise before.

    >>> noted({"x": Entry("file", 1.0, "aa")}, {"x": Entry("ranges", 2.0, "bb")})["x"].sha256
    'aa'
    """
    proven = {sha256 for sha256, entry in found.items() if sha256 in here and here[sha256].is_proven > entry.is_proven}
    return {**here, **{sha256: entry for sha256, entry in found.items() if sha256 not in proven}}


def joined(here: Entries, there: Entries) -> dict[str, Entry]:
    """Give what is known here or there; of two that say different things what was proven, else what came later.

    >>> early, late = Entry("ranges", 1.0, "aa"), Entry("upstream", 2.0, "bb")
    >>> joined({"x": late}, {"x": early, "y": early}) == {"x": late, "y": early}
    True
    """
    both = {**there, **here}
    for sha256 in here.keys() & there.keys():
        both[sha256] = max(here[sha256], there[sha256], key=lambda entry: (entry.is_proven, entry.at))
    return both
