"""Imports and exports that are broken off: killed, without room, with half a cache."""

import errno
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from addons.bundle.container import Bundle
from addons.bundle.gathering import Origin
from addons.bundle.importing import CannotImport, Importing, targets_of
from addons.cache.brought import Brought
from addons.cache.room import Limits
from tests.addons.bundle.carrying import INDEX, Side
from tests.wheelgate_process import PATIENCE, WHEELGATE, clean_environment

MB = 1_000_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PYPI = [Origin("pypi", INDEX, "")]


def large(folder: Path, size: int = 40 * MB) -> Side:
    """An open side with one large file."""
    side = Side(folder)
    content = os.urandom(MB) * (size // MB)
    sha256 = side.keep_file(content)
    link = f'<a href="https://files.pythonhosted.org/packages/large-1.0.tar.gz#sha256={sha256}">large-1.0.tar.gz</a>'
    side.keep(f"{INDEX}large/", f"<title>Links for large</title>{link}".encode())
    return side


def killed_at(command: list[str], folder: Path, seen: Path) -> None:
    """Run a command, and kill it once something lies in a folder."""
    process = subprocess.Popen(command, cwd=folder, env=clean_environment(folder), stderr=subprocess.DEVNULL)
    waited = threading.Event()
    while process.poll() is None and not any(path.stat().st_size for path in seen.glob("*") if path.is_file()):
        waited.wait(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait(PATIENCE) == -signal.SIGKILL


def test_import__killed_in_the_middle__leaves_no_half_and_goes_on(tmp_path: Path) -> None:
    """kill -9 while a file is written: it has no name; the next import brings all of it."""
    side, closed = large(tmp_path / "open"), Side(tmp_path / "closed")
    small = side.release("aaa", "1.0")
    bundle = tmp_path / "set.wheelgate"
    side.export(bundle)
    killed_at(
        [WHEELGATE, "bundle", "import", "-c", str(closed.config), str(bundle)], tmp_path, closed.cache / "growing"
    )
    assert [path.name for path in closed.cache.glob("files/*/*")] in ([], [small])
    assert not (closed.cache / "documents").exists()
    done = closed.take(bundle)
    assert done.exit_code == 0, done.output
    assert closed.content() == side.content()


def test_export__killed_in_the_middle__leaves_nothing_under_its_name(tmp_path: Path) -> None:
    """What it left beside is written over by the next."""
    side = large(tmp_path / "open", 60 * MB)
    medium = tmp_path / "medium"
    medium.mkdir()
    killed_at(
        [WHEELGATE, "bundle", "export", "-c", str(side.config), "-o", str(medium / "set.wheelgate")], tmp_path, medium
    )
    assert [path.name for path in medium.iterdir()] == ["set.wheelgate.part"]
    side.export(medium / "set.wheelgate")
    assert [path.name for path in medium.iterdir()] == ["set.wheelgate"]


def test_memory__of_export_and_import__does_not_grow_with_a_file(tmp_path: Path) -> None:
    """A file of 60 MB: both stay at what they take for one of 100 bytes, about 85 MB."""
    side, closed = large(tmp_path / "open", 60 * MB), Side(tmp_path / "closed")
    bundle = str(tmp_path / "set.wheelgate")
    script = (
        "import sys\nfrom addons.cli import main\n"
        "try:\n  main(sys.argv[1:])\nexcept SystemExit as end:\n  assert not end.code\n"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])\n"
    )
    for arguments in (["export", "-c", str(side.config), "-o", bundle], ["import", "-c", str(closed.config), bundle]):
        command = [sys.executable, "-c", script, "bundle", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=clean_environment(tmp_path), capture_output=True, text=True, check=True
        )
        assert int(done.stdout.split()[-1]) < 120_000  # kB


class Full:
    """A disk that is full after so many bytes."""

    def __init__(self, room: int) -> None:
        self.room = room

    def __call__(self, descriptor: int, piece: bytes | memoryview) -> int:
        if len(piece) > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= len(piece)
        return os.write(descriptor, piece)


def test_import__on_a_full_disk__says_so_and_keeps_what_it_has(open_side: Side, bundle: Path, tmp_path: Path) -> None:
    """The first file is there, of the second nothing, and no document; with room again it goes on."""
    closed, limits = Side(tmp_path / "closed"), Limits(10**9, 0)
    with Bundle(bundle) as opened:
        room = opened.manifest.files[0].size + 100
        brought = Brought(closed.cache, limits, Full(room))
        work = Importing(opened, targets_of(opened, PYPI, []), brought, limits, NOW, len_of)
        work.check()
        with pytest.raises(CannotImport, match=r"No space left on device; 1 files were written and stay: make room"):
            work.files()
    assert list(closed.content().files) == [opened.manifest.files[0].sha256]
    assert "1 were there already" in closed.take(bundle).stdout
    assert closed.content() == open_side.content()


def len_of(count: int) -> None:
    """Hear of bytes."""


def test_import__of_more_than_the_cache_may_have__is_refused_beforehand(bundle: Path, tmp_path: Path) -> None:
    """Else the last files would push out the first."""
    cache = {"folder": str(tmp_path / "small" / "cache"), "max_gb": 0}
    side = Side(tmp_path / "small", cache=cache)
    side.refused(bundle, "more than `cache.max_gb` here")
    assert side.content().files == {}


def test_import__into_a_full_cache__others_make_way_for_it(open_side: Side, bundle: Path, tmp_path: Path) -> None:
    """Those that were used longest ago; what the bundle has and was there already stays."""
    files = list(open_side.content().files.values())
    total = sum(map(len, files))
    side, limits = Side(tmp_path / "tight"), Limits(total + 10, 0)
    old, shared = side.keep_file(b"x" * (total - len(files[0]))), side.keep_file(files[0])
    os.utime(side.path(shared), (1, 1))
    os.utime(side.path(old), (2, 2))
    with Bundle(bundle) as opened, side.documents() as carried:
        work = Importing(opened, targets_of(opened, PYPI, []), Brought(side.cache, limits), limits, NOW, len_of)
        work.check()
        work.files()
        work.documents(carried)
    assert side.content() == open_side.content()


def test_import__where_a_file_lost_bytes__writes_it_anew(open_side: Side, closed_side: Side, bundle: Path) -> None:
    """Of the name alone nothing is believed that the length belies."""
    sha256 = next(iter(open_side.content().files))
    closed_side.keep_file(b"")
    path = closed_side.path(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    closed_side.path("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855").unlink()
    closed_side.take(bundle)
    assert closed_side.content() == open_side.content()


def test_export__of_a_damaged_file__is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    """What is wrong in the cache is not carried on; the words say which command finds it."""
    side = Side(tmp_path / "open")
    path = side.path(side.release("tower", "1.0"))
    path.write_bytes(bytes(path.stat().st_size))
    done = side.call("export", "-o", tmp_path / "set.wheelgate")
    assert (done.exit_code, "a file is damaged in the cache" in done.stderr) == (1, True)
    assert list(tmp_path.glob("set*")) == []


def test_import__with_rubbish_in_place_of_the_database__makes_it_anew(
    open_side: Side, closed_side: Side, bundle: Path
) -> None:
    """As the gateway would."""
    (closed_side.cache / "documents").mkdir(parents=True)
    (closed_side.cache / "documents" / "cache.db").write_bytes(b"rubbish" * 1000)
    assert closed_side.take(bundle).exit_code == 0
    assert closed_side.content() == open_side.content()


def test_import__into_the_cache_of_another_user__is_refused(bundle: Path, tmp_path: Path) -> None:
    """What root wrote there, the gateway could not read; the words say as whom to do it."""
    folder = Path("/")
    if os.geteuid() == 0:
        folder = tmp_path / "theirs"
        folder.mkdir()
        os.chown(folder, 12345, 12345)
    done = Side(tmp_path / "closed", cache={"folder": str(folder)}).take(bundle)
    assert (done.exit_code, "run this as the gateway's user" in done.stderr) == (1, True)
    assert list(tmp_path.glob("theirs/*")) == []
