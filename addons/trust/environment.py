"""The environment variables that lead a client through the gateway and let it trust the CA.

Not set on purpose: `HTTP_PROXY` and `ALL_PROXY` (PyPI speaks HTTPS; other traffic keeps its way), `UV_SYSTEM_CERTS` (uv takes
`SSL_CERT_FILE`). `SSL_CERT_DIR` stays what the user made it: OpenSSL, rustls and truststore take both it and
`SSL_CERT_FILE`, httpx takes the file first, and what lies in the folder is in the bundle anyway.
"""

import fnmatch
import logging
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from addons.trust import pip_settings
from proxyconf import hosts

log = logging.getLogger(__name__)

Shell = Literal["sh", "fish", "csh"]
LOCAL = ("localhost", "127.0.0.1", "::1")
PYPI = hosts.INDEX | hosts.FILES | hosts.UPLOAD
BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def client_environment(
    proxy_url: str,
    bundle: Path,
    environment: Mapping[str, str],
    *,
    home: Path | None = None,
    pip_site: Path = pip_settings.SITE,
) -> dict[str, str]:
    """The variables to set, over the user's `environment`, for clients to go through `proxy_url` trusting `bundle`.

    `home` is where pip's own configuration lies, by default the environment's HOME. PIP_PROXY and TWINE_CERT are set only
    where the user's own settings would be preferred to ours: pip with PIP_PROXY does not look at NO_PROXY any more.
    """
    home = home or Path(environment.get("HOME") or "/")
    path = str(bundle.absolute())
    exempt = ",".join(no_proxy(environment))
    variables = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), proxy_url)
    variables |= dict.fromkeys(BUNDLES, path)
    variables |= dict.fromkeys(("NO_PROXY", "no_proxy"), exempt)
    if environment.get("PIP_PROXY") or pip_settings.values("proxy", environment, home, pip_site):
        variables["PIP_PROXY"] = proxy_url
    if environment.get("TWINE_CERT"):
        variables["TWINE_CERT"] = path
    return variables


def no_proxy(environment: Mapping[str, str]) -> list[str]:
    """What goes round the proxy: the user's entries, then this machine; each once.

    An entry that would take PyPI's hosts round the gateway in any client is left out with a warning.
    """
    text = f"{environment.get('NO_PROXY', '')},{environment.get('no_proxy', '')}"
    entries = dict.fromkeys(_without_brackets(entry) for entry in re.split(r"[,\s]+", text) if entry)
    leading_round = [entry for entry in entries if _leads_round(entry)]
    if leading_round:
        log.warning(
            "NO_PROXY: %s left out, for it would lead clients to PyPI round the gateway", ", ".join(leading_round)
        )
    return list(dict.fromkeys([*(entry for entry in entries if entry not in leading_round), *LOCAL]))


def shell_lines(variables: Mapping[str, str], shell: Shell) -> str:
    """One statement a line for `eval` in that shell. Raises ValueError for a value with a control character."""
    for name, value in variables.items():
        if CONTROL.search(value):
            raise ValueError(f"{name}: holds a line break or another control character, which no shell line can carry")
    return "".join(f"{line}\n" for line in _statements(variables.items(), shell))


def _statements(variables: Iterable[tuple[str, str]], shell: Shell) -> list[str]:
    if shell == "sh":
        return [f"export {name}={shlex.quote(value)};" for name, value in variables]
    if shell == "fish":
        return [f"set -gx {name} {_fish(value)};" for name, value in variables]
    return [f"setenv {name} {_csh(value)};" for name, value in variables]


def _fish(value: str) -> str:
    r"""In fish's single quotes `\\` and `\'` are escapes, and nothing else is."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _csh(value: str) -> str:
    """In csh's single quotes `!` still means the history, but for one after a backslash."""
    return shlex.quote(value).replace("!", "\\!")


def _without_brackets(entry: str) -> str:
    """`::1` of `[::1]` or `[::1]:8080`: httpx raises InvalidURL for an entry in brackets, whatever was asked."""
    return hosts.normal_host(entry) if entry.startswith("[") else entry


def _leads_round(entry: str) -> bool:
    """Whether any client would take the entry for one of PyPI's hosts.

    Clients differ: requests compares bare endings ("i.org"), others whole labels below a dot, some know "*" inside a name.
    Also an entry for a whole top-level domain ("org") is one.
    """
    name = hosts.normal_host(entry.lower().rpartition("://")[2].partition("/")[0])
    bare = name.lstrip("*").lstrip(".")
    if not bare or hosts.is_protected(bare):
        return True
    return any(host.endswith((name, f".{bare}")) or fnmatch.fnmatchcase(host, name) for host in PYPI)
