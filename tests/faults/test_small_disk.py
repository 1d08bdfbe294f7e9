"""A real gateway on a disk that is full, read-only, and well again: no request fails of it, and nothing wrong is kept."""

import asyncio
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deleting import delete
from tests.fakepypi import FakeFile, FakePyPI
from tests.faults.clients import Client, Had
from tests.faults.conftest import Scale
from tests.gateway.running import configuration
from tests.wheelgate_process import WHEELGATE, Gateway

MB = 1_000_000
_MOUNT = 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"'
_LIMIT = 'ulimit -f 1500 && exec "$@"'  # blocks: no file may be larger than some 0.75 to 1.5 MB


def can_mount(folder: Path) -> bool:
    """Tell whether a file system of our own can be had here, in a namespace of our own."""
    command = ("unshare", "-Urm", "sh", "-c", _MOUNT, str(folder), "true")
    return (
        shutil.which("unshare") is not None
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


class OnSmallDisk(Gateway):
    """A gateway whose cache lies on a file system of 4 MB, or else may have no large files."""

    def __init__(self, config: Path, folder: Path, *, mounted: bool) -> None:
        super().__init__(config, folder)
        self._cache = folder / "cache"
        self._mounted = mounted
        words = ("unshare", "-Urm", "sh", "-c", _MOUNT) if mounted else ("sh", "-c", _LIMIT)
        run = (WHEELGATE, "run", "--config", str(config), "--listen", "127.0.0.1:0")
        self._command = (*words, str(self._cache), *run)

    @property
    def cache(self) -> Path:
        """Where its cache can be seen from here."""
        return Path(f"/proc/{self.process.pid}/root{self._cache}") if self._mounted else self._cache

    def close_off(self, closed: bool) -> None:
        """Let nothing be written there any more, or all again."""
        if self._mounted:
            into = ("nsenter", "--preserve-credentials", "-U", "-m", "-t", str(self.process.pid))
            what = ("mount", "-t", "tmpfs", "-o", "ro", "tmpfs") if closed else ("umount", "-l")
            subprocess.run((*into, *what, str(self._cache)), check=True)
        else:
            self._cache.chmod(0o500 if closed else 0o700)

    def kept(self) -> dict[str, bool]:
        """Give the names of what is kept, and whether each is right."""
        paths = (self.cache / "files").glob("*/*")
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() == path.name for path in paths}


async def all_of(gateway: Gateway, folder: Path, files: list[FakeFile]) -> None:
    """Download all files at once; they must be right."""
    client = Client(gateway.proxy, folder / "certs" / "ca.pem")
    had = await asyncio.gather(*(client.get(file.url) for file in files))
    assert had == [Had(200, file.body.size, file.sha256) for file in files]


@pytest.fixture
def files(pypi: FakePyPI, scale: Scale) -> list[FakeFile]:
    """More files than there is room for, and one that never fits."""
    sizes = [scale.chance("disk").randrange(MB // 4, MB) for _ in range(scale.count(8, 40))]
    return [pypi.big("demo", f"{number}.0", size) for number, size in enumerate([*sizes, 6 * MB])]


async def test_disk__full_then_read_only_then_well__fails_no_request(
    pypi: FakePyPI, tmp_path: Path, files: list[FakeFile], scale: Scale
) -> None:
    """FIL-10: what does not fit passes, what is kept is right, no part is left, and files are kept again in the end."""
    (tmp_path / "cache").mkdir()
    cache = {"folder": str(tmp_path / "cache"), "min_free_gb": 0}
    config = configuration(pypi, tmp_path, cache=cache)
    with OnSmallDisk(config, tmp_path, mounted=can_mount(tmp_path / "cache")) as gateway:
        for _ in range(scale.count(1, 10)):
            await all_of(gateway, tmp_path, files)
            assert all(gateway.kept().values())
            gateway.close_off(True)
            await all_of(gateway, tmp_path, files)
            gateway.close_off(False)
            delete(gateway.cache / "files")
            await all_of(gateway, tmp_path, files[:1])
            while files[0].sha256 not in gateway.kept():
                await all_of(gateway, tmp_path, files[:1])
        # Of metadata, which is read when a file is kept, a part may be left: the disk went away while it was written.
        left = {path.name for path in (gateway.cache / "growing").glob("*") if path.is_file()}
        assert left.isdisjoint(file.sha256 for file in files)
