"""What a request's Authorization says. Pure."""

import re
from dataclasses import dataclass, field

from addons.clients.caller import MOST_SAID, credentials
from addons.upload.identity.failing import Unsaid
from proxyconf.clients import TOKEN_PREFIX as CLIENT_PREFIX
from proxyconf.clients import TOKEN_USER

UPLOAD_PREFIX = "wgu_"
"""What tokens for uploads begin with, so that nobody takes them for clients' (`wg-`)."""

JOB_PREFIX = "glcbt-"
"""What GitLab's job tokens begin with ("CI/CD job token" in its documentation)."""

_SECRETS = (UPLOAD_PREFIX, CLIENT_PREFIX, JOB_PREFIX, "glpat-", "pypi-", "ghp_", "github_pat_", "eyJ")
_BEARER = re.compile(r"(?:bearer|token) +([!-~]+)", re.IGNORECASE)  # RFC 6750 section 2.1
_HOW = "give a token of this gateway with the user name __token__"


@dataclass(frozen=True)
class Given:
    """A user name, "" for a token alone, and the secret beside it. Its repr never has the secret."""

    user: str
    secret: str = field(repr=False)

    @property
    def shown(self) -> str:
        """The user name as logs may show it: escaped, and of what looks like a secret only how it begins."""
        return shown(self.user or TOKEN_USER)


def given(authorization: str | None) -> Given:
    """Read Basic (RFC 7617), Bearer (RFC 6750) and PyPI's `Token` credentials (UPL-24). Raises Unsaid."""
    if authorization is None:
        raise Unsaid(f"The request has no Authorization; {_HOW}")
    bearer = _BEARER.fullmatch(authorization.strip()) if len(authorization) <= MOST_SAID else None
    if bearer is not None:
        return Given("", bearer[1])
    found = credentials(authorization)
    if found is None:
        raise Unsaid(f"The request's Authorization cannot be read; {_HOW}")
    user, secret = found
    if not secret:
        raise Unsaid(f"The request gives an empty password; {_HOW}")
    return Given("" if user == TOKEN_USER else user, secret)


def shown(name: str) -> str:
    """Give a client's own word as logs may show it: people write a token where a name belongs."""
    for prefix in _SECRETS:
        if name.startswith(prefix):
            return f"'{prefix}...'"
    return ascii(name)[:50]
