"""What the tests of this folder share: small archives, sound and otherwise, as bytes."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping

from addons.metadata.archive import Bounds, sdist_metadata, wheel_metadata
from addons.simple.distributions import Distribution, distribution

METADATA = b"Metadata-Version: 2.1\nName: foo-bar\nVersion: 1.0\n"
INFO = "foo_bar-1.0.dist-info"
WHEEL_NAME, SDIST_NAME = "foo_bar-1.0-py3-none-any.whl", "foo_bar-1.0.tar.gz"


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    """Make a ZIP archive; a name that ends in a slash is a folder."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.comment = comment
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 2, 3, 4, 4)), content, method)
    return stream.getvalue()


def tarred(*members: tuple[str | tarfile.TarInfo, bytes]) -> bytes:
    """Make a gzipped tar archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.size = info.size or len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), 1, mtime=0)


def link(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """Make a tar member that is no regular file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


WHEEL = zipped({"foo_bar.py": b"x = 1\n", f"{INFO}/METADATA": METADATA, f"{INFO}/RECORD": b""})
SDIST = tarred(("foo_bar-1.0/", b""), ("foo_bar-1.0/PKG-INFO", METADATA), ("foo_bar-1.0/setup.py", b"x"))
ZIP_SDIST = zipped({"foo_bar-1.0/setup.py": b"", "foo_bar-1.0/PKG-INFO": METADATA})


def named(filename: str) -> Distribution:
    """What a filename says that is a wheel's or an sdist's."""
    found = distribution(filename)
    assert found is not None
    return found


class Counted:
    """An archive in memory that counts what is read of it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.reads: list[tuple[int, int]] = []

    def read(self, at: int, count: int) -> bytes:
        """Give a stretch; one outside of the archive is a fault of the reader."""
        assert 0 <= at <= at + count <= len(self.content)
        self.reads.append((at, count))
        return self.content[at : at + count]


def wheel(content: bytes, bounds: Bounds | None = None) -> bytes:
    """Read METADATA of foo-bar 1.0."""
    return wheel_metadata(Counted(content).read, len(content), named(WHEEL_NAME), bounds or Bounds())


def sdist(content: bytes, bounds: Bounds | None = None) -> bytes:
    """Read PKG-INFO of foo-bar 1.0."""
    return sdist_metadata(Counted(content).read, len(content), named(SDIST_NAME), bounds or Bounds())


def patched(content: bytes, at: int, piece: bytes) -> bytes:
    """Write a piece over what stands there."""
    return content[:at] + piece + content[at + len(piece) :]
