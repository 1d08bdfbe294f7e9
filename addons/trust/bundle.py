"""One file of roots for clients: the gateway's CA and all that the machine and its user trust already.

`SSL_CERT_FILE` and its like *replace* a client's roots, so a file with our CA alone would cut it off from every other site.
"""

import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path

from addons.trust import pip_settings
from addons.trust.files import PUBLIC, replace_file
from addons.trust.roots import OURS, Roots, fallback, named_by_user, system_stores


def combined_bundle(
    ca_pem: bytes,
    environment: Mapping[str, str],
    home: Path,
    *,
    pip_site: Path = pip_settings.SITE,
    stores: Sequence[Path] | None = None,
) -> bytes:
    """The CA in `ca_pem` first, then the roots that the environment, pip's configuration and the system name; PEM.

    Each certificate once; certificates only, whatever else the files hold. What cannot be read is left out with a warning.
    `stores` stands for the system's own files and folders; if none of them has roots, certifi's are taken. Not seen:
    roots that only the keychain of macOS holds. Raises ValueError if `ca_pem` holds no certificate.
    """
    roots = Roots()
    if not roots.add_pem(ca_pem, "the gateway's CA"):
        raise ValueError("the gateway's CA is no certificate in PEM")
    roots.add(named_by_user(environment, home, pip_site))
    if not roots.add(path for path in (system_stores() if stores is None else stores) if path.exists()):
        roots.add([fallback()])
    return OURS + "".join(map(ssl.DER_cert_to_PEM_cert, roots.found)).encode("ascii")


def write_bundle(
    path: Path,
    ca_pem: bytes,
    environment: Mapping[str, str],
    home: Path,
    *,
    pip_site: Path = pip_settings.SITE,
    stores: Sequence[Path] | None = None,
) -> Path:
    """Writes `combined_bundle(...)` at `path` in one step, readable by all (0644). Raises OSError, ValueError."""
    replace_file(path, combined_bundle(ca_pem, environment, home, pip_site=pip_site, stores=stores), PUBLIC)
    return path
