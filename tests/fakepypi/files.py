"""A file as the fake lists and serves it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packaging.utils import canonicalize_name

from tests.fakepypi.bodies import Body, Held, digests

UPLOADED = "2024-01-02T03:04:05.678901Z"  # when everything was uploaded, unless a test says otherwise


@dataclass(frozen=True, kw_only=True)
class FakeFile:
    """One file. Frozen: change it with `dataclasses.replace` and add it again under the same filename.

    What the page says (`hashes`, `size`, `metadata_hashes`, …) and what is sent (`body`, `metadata`) are separate, so
    that a test can let the index lie.
    """

    project: str  # normalised
    version: str
    filename: str
    url: str  # absolute
    path: str  # the path of `url`: "/packages/<2>/<2>/<60 hex>/<filename>", percent-encoding as in the URL
    body: Body
    sha256: str  # of the body
    hashes: Mapping[str, str]  # as the page lists them
    size: int | None  # bytes, as the page lists it; None leaves the key out
    upload_time: str | None = UPLOADED  # None leaves the key out
    requires_python: str | None = None
    yanked: bool | str = False
    metadata: bytes | None = None  # served below `path` + ".metadata" if given
    metadata_hashes: Mapping[str, str] | None = None  # announced on the page if given
    requires: Sequence[str] = ()  # what its metadata says, for the legacy JSON
    extra: Mapping[str, Any] = field(default_factory=dict)  # further keys of the file in JSON; they win

    @property
    def content(self) -> bytes:
        """The whole body, in memory."""
        return b"".join(self.body.chunks())


def make_file(
    project: str,
    version: str,
    filename: str,
    body: Body,
    *,
    files_url: str,
    metadata: bytes | None = None,
    announce_metadata: bool = False,
) -> FakeFile:
    """A file that is told of truthfully, below `files_url` ("https://host" or "https://host/prefix", no slash).

    The path is PyPI's: the BLAKE2b-256 of the body, split after two and four digits.
    """
    sha256, blake2b = digests(body)
    below = f"/packages/{blake2b[:2]}/{blake2b[2:4]}/{blake2b[4:]}/{filename}"
    url = files_url + below
    announced = {"sha256": digests(Held(metadata))[0]} if metadata is not None and announce_metadata else None
    return FakeFile(
        project=canonicalize_name(project),
        version=version,
        filename=filename,
        url=url,
        path="/" + url.split("/", 3)[3],
        body=body,
        sha256=sha256,
        hashes={"sha256": sha256},
        size=body.size,
        metadata=metadata if announce_metadata else None,
        metadata_hashes=announced,
    )
