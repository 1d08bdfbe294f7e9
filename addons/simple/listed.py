"""Files as PyPI lists them, understood many at a time: what nearly every page is made of takes this road.

It judges nothing: it takes the files that are sound at a glance, and leaves any others to `entries`, which gives the
same files for the same entries, and says what is wrong with them.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from addons.simple.distributions import belongs
from addons.simple.links import Links
from addons.simple.names import ProjectName, spelled
from addons.simple.page import File

LARGEST = 2**63 - 1  # bytes of a file; what clients can hold
_SHA256: Callable[[dict[str, str]], str] = itemgetter("sha256")
_HEX = b"0123456789abcdef"
# Hour 24 is one to newer Pythons and none to older clients; nanoseconds are more than PEP 700 allows.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT(?!24)\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_SECURE = re.compile(r"https://[0-9A-Za-z\[][!-~]*")
_DIGITS_AS_NOUGHTS = bytes.maketrans(b"123456789", b"000000000")
_PYPIS_TIME = b"0000-00-00T00:00:00.000000Z"


class Listed(
    msgspec.Struct,
    forbid_unknown_fields=True,
    gc=False,
    rename=lambda name: name.replace("_", "-"),
):
    """An entry with the keys that PyPI writes, of the types that it writes: what does not decode into it is odd."""

    filename: str
    url: str
    hashes: dict[str, str]
    requires_python: str | None = None
    size: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)] | None = None
    upload_time: str | None = None
    yanked: bool | Annotated[str, msgspec.Meta(min_length=1)] = False
    core_metadata: bool | dict[str, str] | UnsetType = UNSET
    provenance: str | None = None
    data_dist_info_metadata: msgspec.Raw | UnsetType = UNSET  # counts only where `core_metadata` is missing (PEP 714)


class OpenListed(Listed, forbid_unknown_fields=False, gc=False):
    """The same, with keys beside it that are not looked at here."""


def sound(entries: Sequence[Listed], links: Links, project: ProjectName) -> list[File] | None:
    """Return the entries as files, None if any of them needs a closer look; then nothing is said of the others."""
    names = [entry.filename for entry in entries]
    urls = links.plain([entry.url for entry in entries])
    if urls is None or [url.rpartition("/")[2] for url in urls] != names or not _are_here(names, project):
        return None
    hashes = [entry.hashes for entry in entries]
    metadata = _metadata(entries)
    times = [entry.upload_time for entry in entries]
    provenance = [entry.provenance for entry in entries]
    if (
        metadata is None
        or not _are_sha256(hashes)
        or not _are_times([time for time in times if time is not None])
        or not all(is_secure_url(url) for url in provenance if url is not None)
    ):
        return None
    requires = [entry.requires_python for entry in entries]
    sizes = [entry.size for entry in entries]
    yanks = [entry.yanked for entry in entries]
    return list(map(File, names, urls, hashes, requires, sizes, times, yanks, metadata, provenance))


def is_time(text: str) -> bool:
    """Tell whether an upload time is one that every client can read: PEP 700's form, or the same with an offset."""
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_secure_url(text: str) -> bool:
    """Tell whether a text is an absolute https URL of visible ASCII, as a provenance must be (PEP 740)."""
    return _SECURE.fullmatch(text) is not None


def _are_here(names: list[str], project: ProjectName) -> bool:
    """Tell whether all files are the project's: a page has few spellings of its name."""
    spellings = {name.partition("-")[0] if name.endswith(".whl") else name.rpartition("-")[0] for name in names}
    return all(spelled(text) == project for text in spellings) or all(belongs(name, project) for name in names)


def _are_sha256(hashes: Sequence[dict[str, str]]) -> bool:
    """Tell whether each has exactly a sha256, well formed and in lower case."""
    try:
        digests = list(map(_SHA256, hashes))
    except KeyError:
        return False
    if not set(map(len, hashes)) <= {1} or not set(map(len, digests)) <= {64}:
        return False
    return not "".join(digests).encode().translate(None, _HEX)


def _metadata(entries: Sequence[Listed]) -> list[bool | dict[str, str]] | None:
    """Return what the entries say of core metadata, None if any says it in an older key alone, or unsoundly."""
    said = [entry.core_metadata for entry in entries]
    if UnsetType in set(map(type, said)) and any(
        entry.core_metadata is UNSET and entry.data_dist_info_metadata is not UNSET for entry in entries
    ):
        return None
    hashes = [one for one in said if type(one) is dict]
    return [False if one is UNSET else one for one in said] if _are_sha256(hashes) else None


def _are_times(times: list[str]) -> bool:
    whole = "".join(times)
    # Where texts of other lengths make up the same shape, one of them begins inside of a time, and is none.
    if whole.encode().translate(_DIGITS_AS_NOUGHTS) != _PYPIS_TIME * len(times) or "T24" in whole:
        return all(map(is_time, times))
    try:
        return all(map(datetime.fromisoformat, times))
    except ValueError:
        return False
