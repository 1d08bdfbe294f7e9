"""What is known of the core metadata of a project's files, by the files' sha256, and how that is written down."""

from collections.abc import Mapping
from typing import Literal

import msgspec

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
        return _DECODER.decode(content) if content else {}
    except msgspec.MsgspecError:
        return {}


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
