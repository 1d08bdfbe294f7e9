"""How far it is, shown on standard error: as bars on a terminal and as lines elsewhere."""

from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

MB = 1_000_000  # bytes


class Lines:
    """A line for each file that is there; for logs."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Do nothing: lines need no end."""

    def say(self, words: str) -> None:
        """Say something on a line of its own."""
        click.echo(f"wheelgate: {words}", err=True)

    def expect(self, filename: str, size: int | None) -> None:
        """Begin to count."""
        self._sizes[filename] = 0

    def step(self, filename: str, count: int) -> None:
        """Count."""
        self._sizes[filename] += count

    def done(self, filename: str, seconds: float, *, whole: bool) -> None:
        """Say of a whole file how much it was, and how fast it came; of any other it is said later what is wrong."""
        size = self._sizes.pop(filename)
        rate = size / max(seconds, 0.001) / MB
        if whole:
            self.say(f"{filename}: {size / MB:.1f} MB, {rate:.1f} MB/s")


class Bars:
    """A bar for each file that is being fetched, and one for all of them, with bytes and rates; for terminals."""

    def __init__(self, console: Console | None = None) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
            console=console or Console(stderr=True), transient=True,
        )  # fmt: skip
        self._all = self._progress.add_task("all files", total=0)
        self._files: dict[str, TaskID] = {}
        self._total = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def say(self, words: str) -> None:
        """Say something on a line above the bars."""
        self._progress.console.print(f"wheelgate: {words}", markup=False, highlight=False)

    def expect(self, filename: str, size: int | None) -> None:
        """Show a bar for the file."""
        self._total += size or 0
        self._progress.update(self._all, total=self._total)
        self._files[filename] = self._progress.add_task(filename, total=size)

    def step(self, filename: str, count: int) -> None:
        """Move its bar, and that of all."""
        self._progress.advance(self._files[filename], count)
        self._progress.advance(self._all, count)

    def done(self, filename: str, seconds: float, *, whole: bool) -> None:
        """Take the file's bar away."""
        self._progress.remove_task(self._files.pop(filename))

    def refresh(self) -> None:
        """Draw it now; else it is drawn ten times a second."""
        self._progress.refresh()
