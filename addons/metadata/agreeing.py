"""Core metadata must be that of the file it lies in: its name and version, normalised (PEP 427, PEP 625, PEP 643)."""

import re
from email.parser import BytesHeaderParser

from addons.metadata.bounded import Bounds, NotADistribution, shown
from addons.simple.distributions import Distribution, version
from addons.simple.names import spelled

_BLANK = re.compile(rb"\n\r?\n|\r\r")


def check_agreement(metadata: bytes, named: Distribution, bounds: Bounds) -> None:
    """Raise NotADistribution unless Name and Version stand there once, and are those of the filename.

    pip and uv refuse a file whose core metadata names another project or version.
    """
    if len(metadata) > bounds.metadata:
        raise NotADistribution(f"has core metadata of more than {bounds.metadata >> 20} MiB")
    blank = _BLANK.search(metadata)
    head = metadata[: blank.start() if blank else len(metadata)]
    if len(head) > bounds.headers:
        raise NotADistribution(f"has core metadata with more than {bounds.headers >> 20} MiB of headers")
    headers = BytesHeaderParser().parsebytes(head)
    names, versions = headers.get_all("Name", []), headers.get_all("Version", [])
    if len(names) != 1 or len(versions) != 1:
        raise NotADistribution("has core metadata without exactly one Name and one Version")
    name, said = str(names[0]).strip(), str(versions[0]).strip()
    if spelled(name) != named.project or version(said) != named.version:
        raise NotADistribution(
            f"has core metadata of {shown(name)} {shown(said)}, but is named {named.project} {named.version}"
        )
