"""How much of an uploaded archive is looked at before it is refused. More than any honest one needs. Pure."""

RATIO = 50
"""Times its own size, that an archive unpacks to (UPL-10)."""
UNSUSPICIOUS = 64 * 1024 * 1024
"""Bytes unpacked, of whatever ratio."""
MOST_UNPACKED = 16 * 1024**3
"""Bytes unpacked, however large the archive itself is; but twice an archive's own size always."""
MOST_NAME = 1024
"""Characters of one member's name."""
MOST_NAMES = 16 * 1024 * 1024
"""Characters of all members' names together: what is remembered of an archive."""
MOST_RECORD = 32 * 1024 * 1024
"""Bytes of RECORD."""
MOST_SMALL = 1024 * 1024
"""Bytes of WHEEL, and of entry_points.txt."""
MOST_METADATA = 4 * 1024 * 1024
"""Bytes of METADATA or PKG-INFO, with its description."""


def most_unpacked(length: int) -> int:
    """Give to how many bytes an archive of this many may unpack."""
    return min(max(UNSUSPICIOUS, RATIO * length), max(MOST_UNPACKED, 2 * length))
