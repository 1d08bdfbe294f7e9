"""What the stores of files and of documents did since they were opened."""

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


@dataclass
class DocumentCounts:
    """Numbers of documents of indexes; only ever counted up, each in one thread."""

    hits: int = 0  # given without asking upstream
    from_disk: int = 0  # of those, and of what was asked about again: read from disk first
    misses: int = 0  # fetched
    revalidated: int = 0  # asked about, and unchanged
    absent: int = 0  # asked for, and upstream has none
    errors: int = 0  # asked for, and no answer came, or none that is a document
    stale: int = 0  # given in place of an answer that did not come
    kept: int = 0  # written to disk
    evicted: int = 0  # entries on disk that made way; a document has two of them

    def snapshot(self) -> dict[str, int]:
        """Give all numbers by name."""
        return asdict(self)
