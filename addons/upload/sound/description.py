"""Whether a description renders, as PyPI would show it (UPL-23)."""

import os
import subprocess  # our own interpreter and module, with nothing of the client's on its command line
import sys
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

from packaging.metadata import RawMetadata

from addons.upload.sound.words import clean
from proxyconf.soundness import SoundRule

_PATIENCE = 60  # seconds of waiting, for at most 20 of work
_KB = 1000
_ROOT = Path(__file__).parents[3]
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "TEMP")  # no secret of the gateway's is among them


def description_problems(raw: RawMetadata, rule: SoundRule) -> Iterator[str]:
    """Yield why a description cannot be shown: too long, or it does not render. Takes a process, and waits for it.

    A description in plain text always renders; an unknown content type is a fault of the core metadata.
    """
    text = raw.get("description", "")
    size = len(text.encode("utf-8", "surrogateescape"))
    if size > rule.max_description_kb * _KB:
        yield (
            f"The description failed to render: it has {size} bytes, and {rule.max_description_kb} KB are the most here."
        )
        return
    said = raw.get("description_content_type", "")
    kind = _kind(said)
    fault = "" if kind is None or not text.strip() else _fault(text, kind)
    if fault:
        what = f"for '{clean(said)}'" if said else "in the default format of reStructuredText"
        yield clean(f"The description failed to render {what}. {' '.join(fault.split())}", 400)


def _kind(content_type: str) -> str | None:
    """Give what `rendering` is to render it as; None for what need not be, or has no way to."""
    header = Message()
    header["Content-Type"] = " ".join(content_type.split()) or "text/x-rst"
    variant = header.get_param("variant", "GFM")
    kinds = {"text/x-rst": "rst", "text/markdown": variant if variant in ("GFM", "CommonMark") else None}
    kind = kinds.get(header.get_content_type())
    return kind if isinstance(kind, str) else None


def environment() -> dict[str, str]:
    """Give what the process knows of the gateway's own environment."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {"PYTHONPATH": str(_ROOT)}


def _fault(text: str, kind: str) -> str:
    command = (sys.executable, "-P", "-m", "addons.upload.sound.rendering", kind)
    given = text.encode("utf-8", "replace")
    try:
        done = subprocess.run(  # noqa: S603  # our own module, by our own interpreter
            command, input=given, capture_output=True, timeout=_PATIENCE, check=False, env=environment()
        )
    except subprocess.TimeoutExpired:
        return "It takes too long."
    if done.returncode:
        return "It takes too much time or memory, or its structure is too deep."
    return done.stdout.decode("utf-8", "replace")
