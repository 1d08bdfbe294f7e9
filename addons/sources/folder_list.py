"""The project list of a folder, written as any index would send it."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from addons.simple.names import ProjectName
from addons.simple.negotiation import Form
from addons.simple.standing import NEWEST
from addons.sources.listed import ListDocument


def write_list(projects: Iterable[ProjectName], into: Path, known: ListDocument | None) -> ListDocument:
    """Write the list in JSON (PEP 691) to `into`, unless it is the known one. Raises OSError."""
    entries = [{"name": project} for project in sorted(projects)]
    body = msgspec.json.encode({"meta": {"api-version": NEWEST}, "projects": entries})
    version = hashlib.sha256(body).hexdigest()
    if known is not None and known.version == version:
        return known
    into.write_bytes(body)
    return ListDocument(version=version, media_type=Form.JSON.value)
