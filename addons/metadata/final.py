"""Whether an sdist's PKG-INFO is what every build of it will say, so that a resolver may rely on it (PEP 643)."""

from email.parser import BytesHeaderParser

from addons.metadata.bounded import NotADistribution, shown
from addons.simple.distributions import version

_FIRST = version("2.2")  # the Metadata-Version that says which fields are dynamic


def check_final(metadata: bytes) -> None:
    """Raise NotADistribution unless nothing in the core metadata of an sdist may change when it is built (MET-07)."""
    headers = BytesHeaderParser().parsebytes(metadata)
    said = str(headers.get("Metadata-Version", "")).strip()
    found = version(said)
    if found is None or _FIRST is None or found < _FIRST or found.major > _FIRST.major:
        raise NotADistribution(f"has a PKG-INFO of metadata version {shown(said)}, which a build may change in any way")
    dynamic = [str(field).strip() for field in headers.get_all("Dynamic", [])]
    if dynamic:
        raise NotADistribution(f"has a PKG-INFO that a build may change: dynamic are {shown(', '.join(dynamic))}")
