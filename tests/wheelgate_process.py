"""The real `wheelgate` command in processes of its own, with nothing of this machine's or this user's configuration."""

import contextlib
import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self, override

PREFIX = Path(sys.prefix)
BIN = PREFIX / "bin"
WHEELGATE = str(BIN / "wheelgate")
MEASURED = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
"""What makes coverage measure a subprocess, which then takes twice as long: for the few that run what nothing else does."""
PATIENCE = 60.0  # seconds: nothing here takes a tenth of it; it only keeps a broken test from hanging


def clean_environment(home: Path, **further: str) -> dict[str, str]:
    """An environment from scratch: the tools under test on PATH, a home of its own, no configuration of pip or uv."""
    return {
        "PATH": f"{BIN}{os.pathsep}{os.defpath}",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
        **further,
    }


def run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in `folder`."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


_PORTS = itertools.count(random.SystemRandom().randrange(12_000))


def free_port() -> int:
    """A port of the loopback that nobody listens on now, and that stays free until the test takes it.

    It lies below those that the system itself gives to connections and to listeners at port 0 (from 32768 on Linux, from
    49152 elsewhere), and is given once: neither another test of this process nor one beside it is likely to have it.
    """
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one in TIME_WAIT is free
            probe.bind(("127.0.0.1", 20_000 + next(_PORTS) % 12_000))
            return int(probe.getsockname()[1])


class Output:
    """What a process writes, line by line as it comes; may be asked from another thread than the one that reads."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self._ended = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self._stream:
            self._add(line)
        self._add("", ended=True)

    def _add(self, line: str, *, ended: bool = False) -> None:
        with self._changed:
            self._ended = ended
            self._lines.append(line)
            self._changed.notify_all()

    @property
    def text(self) -> str:
        """All of it until now."""
        with self._changed:
            return "".join(self._lines)

    def until(self, words: str) -> str:
        """All of it, once a line with these words has come. Raises AssertionError if none comes before its end."""

        def found() -> bool:
            return any(words in line for line in self._lines)

        with self._changed:
            self._changed.wait_for(lambda: found() or self._ended, PATIENCE)
            text = "".join(self._lines)
            assert found(), f"never said {words!r}, but: {text}"
            return text

    def to_its_end(self) -> str:
        """All of it, once there will be no more, as when the process has ended."""
        self._reader.join(PATIENCE)
        return self.text

    def close(self) -> None:
        """Wait for its end."""
        self._reader.join(PATIENCE)
        self._stream.close()


class Running:
    """A command from `with` to its end, in a session of its own; `out` and `err` are what it writes."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self._command = command
        self._folder = folder

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out, self.err = Output(self.process.stdout), Output(self.process.stderr)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if self.process.poll() is None:
                self.stop()
        finally:
            self.process.kill()
            self.process.wait()
            self.out.close()
            self.err.close()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


class Gateway(Running):
    """`wheelgate run` under a configuration; ready from `with` on."""

    def __init__(self, config: Path, home: Path, *options: str, **further: str) -> None:
        command = (WHEELGATE, "run", "--config", str(config), *options)
        super().__init__(command, home, clean_environment(home, **further))

    @override
    def __enter__(self) -> Self:
        super().__enter__()
        try:
            self.greeting = self.out.until("Stop it with Ctrl-C.")
        except AssertionError as error:
            self.__exit__(None, None, None)
            raise AssertionError(self.err.text) from error
        return self

    @property
    def proxy(self) -> str:
        """Its proxy URL, as it printed it."""
        return next(line.split()[1] for line in self.greeting.splitlines() if line.startswith("  proxy "))

    @property
    def eval_line(self) -> str:
        """The line for the shell, as it printed it."""
        return next(line.strip() for line in self.greeting.splitlines() if line.startswith("  eval "))

    def variables(self, **further: str) -> dict[str, str]:
        """The environment of a shell that has evaluated the printed line."""
        script = f"{self.eval_line}\nexec env -0"
        shell = run(("/bin/sh", "-ec", script), self._folder, {**self.environment, **further})
        return dict(entry.split("=", 1) for entry in shell.stdout.split("\0") if entry)
