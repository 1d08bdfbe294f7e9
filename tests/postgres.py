"""A PostgreSQL server of the tests' own, on the loopback, in a temporary folder; what it keeps is gone with it."""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from addons.store.database import Server
from tests.wheelgate_process import PATIENCE, free_port

PASSWORD = "s3cret-of-the-database"
_USER = "wheelgate"
_NOBODY = 65534  # PostgreSQL does not run as root
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
_FAST = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "16MB", "autovacuum": "off"}


def binaries() -> Path | None:
    """Give the folder of `initdb` and `postgres`: that of WHEELGATE_POSTGRES, of PATH, or where systems keep them; None: none is."""
    named = os.environ.get("WHEELGATE_POSTGRES")
    on_path = shutil.which("initdb")
    folders = [Path(named)] if named else [Path(on_path).resolve().parent] if on_path else []
    folders += (
        [] if named else [found for place in _PLACES for found in sorted(Path("/").glob(place[1:]), reverse=True)]
    )
    return next((each for each in folders if (each / "initdb").exists() and (each / "postgres").exists()), None)


@contextlib.contextmanager
def postgres(found: Path) -> Iterator["Postgres"]:
    """Run a server from `with` to its end."""
    with tempfile.TemporaryDirectory(prefix="wheelgate-postgres-", ignore_cleanup_errors=True) as name:
        server = Postgres(found, Path(name))
        try:
            server.start()
            yield server
        finally:
            server.stop()


class Postgres:
    """A server in a folder, whose users need a password. It may be stopped and started again."""

    def __init__(self, found: Path, folder: Path) -> None:
        self._binaries = found
        self._folder = folder
        self._data = folder / "data"
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count()
        self._free: list[str] = []
        self._user = _NOBODY if os.geteuid() == 0 else None

    def start(self) -> None:
        """Start it, and wait until it lets somebody in."""
        if not self._data.exists():
            self._make()
        options = [f"-c{name}={value}" for name, value in _FAST.items()]
        sockets = f"-cunix_socket_directories={self._folder}"
        command = [
            str(self._binaries / "postgres"),
            "-D",
            str(self._data),
            "-h127.0.0.1",
            f"-p{self._port}",
            sockets,
            *options,
        ]
        self._process = subprocess.Popen(
            command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=self._environment(),
            user=self._user,
            group=self._user,
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if b"ready to accept connections" in line:
                break
        else:
            raise AssertionError("postgres has ended by itself")
        # What it says further goes nowhere: a pipe that nobody empties would stop it.
        self._sink = subprocess.Popen(
            [sys.executable, "-c", "import sys; all(iter(lambda: sys.stdin.buffer.read1(), b''))"],
            stdin=self._process.stderr,
        )
        self._process.stderr.close()

    def _make(self) -> None:
        if self._user is not None:
            os.chown(self._folder, _NOBODY, _NOBODY)
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        words = (
            "-U",
            _USER,
            "--pwfile",
            str(secret),
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--no-sync",
            "--no-instructions",
        )
        made = subprocess.run(
            [str(self._binaries / "initdb"), "-D", str(self._data), "--locale=C", *words],
            user=self._user, group=self._user,
            cwd=self._folder, env=self._environment(), capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert made.returncode == 0, made.stdout + made.stderr

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "HOME": str(self._folder), "LC_ALL": "C", "TZ": "UTC"}

    def stop(self) -> None:
        """Stop it at once, and wait for its end."""
        if self._process is not None:
            self._process.send_signal(3)  # SIGQUIT: without waiting for who is connected
            self._process.wait(PATIENCE)
            self._sink.wait(PATIENCE)
            self._process = None

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """Stop all its processes until the end of `with`: who is connected stays so, and is told nothing."""
        assert self._process is not None
        first = self._process.pid
        everybody = [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]
        for each in everybody:
            _signal(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in everybody:
                _signal(each, signal.SIGCONT)

    def url(self, name: str) -> str:
        """Give the address of a database."""
        return f"postgresql://{_USER}@127.0.0.1:{self._port}/{name}"

    @contextlib.contextmanager
    def database(self) -> Iterator[Server]:
        """Lend an empty database. They are emptied and lent again, as making and removing one takes a thousand files."""
        name = self._free.pop() if self._free else f"test{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), password=PASSWORD, autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
                connection.execute(f"CREATE DATABASE {name}".encode())
        yield Server(self.url(name), the_password)
        with psycopg.connect(self.url(name), password=PASSWORD, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid() AND state <> 'idle'",
                (name,),
            )
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        self._free.append(name)


def the_password() -> str:
    """Give the password; of a module, so that another process can have it."""
    return PASSWORD


def _signal(process: int, what: signal.Signals) -> None:
    """Signal one of a server's processes, of which some come and go by themselves."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, what)
