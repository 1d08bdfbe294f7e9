"""What a running gateway logs, to be waited for."""

import logging
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import override

PATIENCE = 20  # seconds: an edit is seen within one; it only keeps a broken test from hanging
IN_FORCE = "the new configuration is in force"


class Log(logging.Handler):
    """What the gateway logs, to be waited for."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: queue.Queue[str] = queue.Queue()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self.lines.put(f"{record.levelname} {record.getMessage()}")

    def wait_for(self, words: str) -> str:
        """Give the next line that has these words. Raises queue.Empty if there is none in good time."""
        while words not in (line := self.lines.get(timeout=PATIENCE)):
            pass
        return line


@contextmanager
def listening(name: str) -> Iterator[Log]:
    """Keep what a logger says, from now on."""
    kept = Log()
    logging.getLogger(name).addHandler(kept)
    try:
        yield kept
    finally:
        logging.getLogger(name).removeHandler(kept)
