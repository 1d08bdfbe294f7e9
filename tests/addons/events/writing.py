"""A process that writes what was served, again and again: `python -m tests.addons.events.writing FILE BATCHES`."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from addons.events.served import Batch, Served
from addons.events.served_file import ServedFile

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
EACH = 200  # different files in each batch


def batch(times: int = 1) -> Batch:
    """Give a batch of files that were served so many times each."""
    served = Served()
    for number in range(EACH):
        for _ in range(times):
            served.of("farm").file("demo", f"demo-{number}.tar.gz", AT)
    return served.take()


def main() -> None:
    """Write so many batches, and say so after each."""
    path, batches = Path(sys.argv[1]), int(sys.argv[2])
    file = ServedFile(path, busy_seconds=20)
    for number in range(batches):
        file.add(batch())
        print(number, flush=True)  # noqa: T201 - whoever has started it reads it


if __name__ == "__main__":
    main()
