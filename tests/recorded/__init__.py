"""Real pages, recorded from PyPI: `README.md` beside this file says which, and how they are recorded again."""

import json
import lzma
from pathlib import Path
from typing import Any

PAGES = Path(__file__).parent / "pages"


def recorded(name: str) -> bytes:
    """Give a recording's bytes: `numpy.json`, `numpy.html`, `requests.legacy.json`."""
    return lzma.decompress((PAGES / f"{name}.xz").read_bytes())


def recorded_json(name: str) -> dict[str, Any]:
    """Give a recording in JSON, decoded by the standard library."""
    document: dict[str, Any] = json.loads(recorded(name))
    return document
