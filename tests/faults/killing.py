"""Processes that are killed (SIGKILL) at the n-th step that they take on the store: a system call, a statement, a commit."""

import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType

from addons.simple.names import ProjectName
from addons.store.database import Database, Server
from tests.addons.store.files import AT, BOB, Stored, anybody
from tests.forking import FORKED

_STEPS = frozenset(
    [
        "mkdir",
        "chmod",
        "open",
        "write",
        "fsync",
        "link",
        "utime",
        "replace",
        "rename",
        "unlink",
        "remove",
        "execute",
        "commit",
        "rollback",
    ]
)
_WHOSE = ("posix", "_io", "sqlite3", "psycopg.cursor", "psycopg.connection")  # not what only calls these
_TOOL = 4  # one that nobody else of sys.monitoring's users has

type Doing = str
"""What the process does: "upload", "yank", "delete", "role"."""


class Steps:
    """Counts the steps, and kills its process before the one that has this number; None: only counts."""

    def __init__(self, deadly: int | None) -> None:
        self.count = 0
        self._deadly = deadly

    def __enter__(self) -> "Steps":
        sys.monitoring.use_tool_id(_TOOL, "killing")
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.CALL, self._called)
        sys.monitoring.set_events(_TOOL, sys.monitoring.events.CALL)
        return self

    def _called(self, code: CodeType, offset: int, called: Callable[..., object], argument: object) -> None:
        if getattr(called, "__name__", "") not in _STEPS or _module(called) not in _WHOSE:
            return
        self.count += 1
        if self.count == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    def __exit__(self, *error: object) -> None:
        sys.monitoring.set_events(_TOOL, 0)
        sys.monitoring.free_tool_id(_TOOL)


def _module(called: Callable[..., object]) -> str:
    kind = getattr(called, "__objclass__", None) or type(getattr(called, "__self__", None))
    return str(getattr(called, "__module__", None) or kind.__module__)


def do(stored: Stored, doing: Doing, project: str) -> None:
    """Do it, as who is told that it is done."""
    name, filename = ProjectName(project), f"{project}-1.0-py3-none-any.whl"
    if doing == "upload":
        stored.upload(project)
    elif doing == "yank":
        stored.projects.yank(name, [filename], "broken", anybody, by="user:alice", at=AT)
    elif doing == "delete":
        stored.delete(project, [filename])
    else:
        stored.projects.set_role(name, BOB, "maintainer", anybody, by="user:alice", at=AT)


def work(place: Path | Server, folder: Path, doing: Doing, project: str, deadly: int | None, told: Connection) -> None:
    """Do it in this process, killed at a step; tells how many steps it took once it is done, which acknowledges it."""
    stored = Stored(Database(place, 30.0), folder)
    with Steps(deadly) as steps:
        do(stored, doing, project)
    told.send(steps.count)
    told.close()


def killed(place: Path | Server, folder: Path, doing: Doing, project: str, deadly: int | None) -> int | None:
    """Do it in another process; give the number of its steps, None if it was killed before it was done."""
    here, there = FORKED.Pipe(duplex=False)
    process = FORKED.Process(target=work, args=(place, folder, doing, project, deadly, there))
    process.start()
    there.close()
    try:
        steps = here.recv()
    except EOFError:
        steps = None
    here.close()
    process.join()
    assert process.exitcode == (-signal.SIGKILL if steps is None else 0)
    return steps if isinstance(steps, int) else None
