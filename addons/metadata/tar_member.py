"""PKG-INFO out of a gzipped tar archive, front to back, holding a piece of it at a time."""

import tarfile

from addons.metadata.bounded import Bounds, NotADistribution, Read, shown
from addons.metadata.tar_stream import NOWHERE, PLAIN, Member, Unpacked, members, padded


def tar_pkg_info(read: Read, length: int, bounds: Bounds) -> bytes:
    """Give PKG-INFO of the one top folder. Raises NotADistribution; no link is followed, what lies behind is not read."""
    unpacked = Unpacked(read, length, bounds)
    tops: set[str] = set()
    for member in members(unpacked):
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        if member.name.startswith("/") or ".." in parts:
            raise NotADistribution(f"has a member with an absolute or relative name: {shown(member.name)}")
        if len(parts) > 1 or member.kind == tarfile.DIRTYPE:
            tops.update(parts[:1])
        if len(tops) > 1:
            raise NotADistribution("has more than one top folder")
        if len(parts) == 2 and parts[1] == "PKG-INFO":
            return _taken(unpacked, member)
        unpacked.skip(padded(member.size))
    raise NotADistribution(NOWHERE)


def _taken(unpacked: Unpacked, member: Member) -> bytes:
    if member.kind not in PLAIN or member.name.endswith("/"):
        raise NotADistribution(f"{NOWHERE}, but a link, folder or device of this name")
    if member.size > unpacked.bounds.metadata:
        raise NotADistribution(f"has core metadata of more than {unpacked.bounds.metadata >> 20} MiB")
    content = unpacked.take(member.size)
    if len(content) != member.size:
        raise NotADistribution("is no readable archive: it ends within a member")
    return content
