"""What the tests of this folder share: small archives, sound and otherwise, as bytes."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping

METADATA = b"Metadata-Version: 2.1\nName: foo-bar\nVersion: 1.0\n"


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Make a ZIP archive; a name that ends in a slash is a folder."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
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
