"""What the file store did since it was opened."""

from dataclasses import asdict, dataclass


@dataclass
class Counts:
    """Numbers of readings and files, and of bytes; only ever counted up, on the event loop."""

    hits: int = 0  # readings of what was there
    misses: int = 0  # readings that began a fetch
    joined: int = 0  # readings of what was being fetched already
    elsewhere: int = 0  # fetches that another process was at already
    passed: int = 0  # readings that upstream answered past the store
    kept: int = 0  # files that were fetched, proven and kept
    unkept: int = 0  # files that the disk did not take
    resumed: int = 0  # fetches taken up again where upstream broke off
    mismatches: int = 0  # bodies that were not what was promised
    damaged: int = 0  # kept files that had lost bytes, and were dropped
    bytes_from_disk: int = 0
    bytes_from_upstream: int = 0

    def snapshot(self) -> dict[str, int]:
        """Give all numbers by name."""
        return asdict(self)
