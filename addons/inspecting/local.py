"""A wheel or sdist on this disk: its core metadata, or why a gateway would announce none of it. Waits for the disk."""

import hashlib
from pathlib import Path

from addons.inspecting.facts import Group, Seen
from addons.inspecting.reasons import SDISTS_OFF
from addons.metadata.archive import NotADistribution, core_metadata
from addons.metadata.final import check_final
from addons.simple.distributions import distribution


def read_local(path: Path, *, sdists: bool) -> tuple[Seen, bytes]:
    """Read a file as a folder of the organisation's own is read; what is no distribution has no metadata.

    `sdists`: whether that of sdists is announced. Raises OSError.
    """
    with path.open("rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    named = distribution(path.name)
    content, reason, excused = b"", "", False
    try:
        if named is None:
            raise NotADistribution("is not named like a wheel or an sdist")
        content = core_metadata(path, named)
        if named.kind == "sdist":
            excused = not sdists
            check_final(content)
            reason = "" if sdists else SDISTS_OFF
    except NotADistribution as error:
        reason = str(error)
    seen = Seen(
        filename=path.name,
        source=None,
        sha256=sha256,
        announced=False if reason else {"sha256": hashlib.sha256(content).hexdigest()},
        origin="folder" if content else None,
        in_hand=bool(content),
        bytes=len(content) if content else None,
        reason=reason or None,
        expected=not excused,
    )
    return seen, content


def local_group(argument: str, path: Path, seen: Seen) -> Group:
    """Give what an argument is about that names a file on this disk."""
    named = distribution(path.name)
    return Group(
        argument=argument,
        project=named.project if named is not None else None,
        version=str(named.version) if named is not None else None,
        files=[seen],
    )
