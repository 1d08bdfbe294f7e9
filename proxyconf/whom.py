"""Principals as an operator writes them, and patterns of some: `user:alice`, `group:controls`, `ci:acc/*@gitlab`. Pure."""

import re

from proxyconf.misfit import Misfit, shown

EVERYBODY = "*"
"""The pattern that every author fits whose identity was proven."""

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._+/ -]*[A-Za-z0-9._+-])?"
_GLOB = r"[A-Za-z0-9*](?:[A-Za-z0-9._+/ *-]*[A-Za-z0-9._+*-])?"
_REALM = r"(?:@[a-z0-9][a-z0-9._-]*)?"
_PRINCIPAL = re.compile(rf"(?:user|group|ci):{_NAME}{_REALM}")
_PATTERN = re.compile(rf"(?:user|group|ci):{_GLOB}{_REALM}")
_MOST = 200


def principal(text: str) -> str:
    """A user, a group of users or a project of a CI service, unchanged. Raises Misfit."""
    if len(text) > _MOST or not _PRINCIPAL.fullmatch(text):
        raise Misfit(f'{shown(text)} is no principal; write one as "user:alice", "group:NAME" or "ci:PATH@REALM"')
    return text


def pattern(text: str) -> str:
    """A pattern of principals, unchanged: `*` alone, or a principal whose name may have `*` in it. Raises Misfit.

    What stands behind the `@`, the realm, has none: who may be known in another realm was never meant.
    """
    if text != EVERYBODY and (len(text) > _MOST or not _PATTERN.fullmatch(text)):
        raise Misfit(
            f'{shown(text)} is no pattern of principals; write one like "user:*", "group:controls" or'
            ' "ci:acc/*@gitlab", or "*" for everybody'
        )
    return text


def fits(pattern: str, principal: str) -> bool:
    """Tell whether a principal is one of those of a pattern; each as the functions above give it. Capitals count.

    `*` stands for any text within the name, slashes too; kind and realm are the same, or it does not fit.
    """
    if pattern == EVERYBODY:
        return True
    (glob, wanted), (name, realm) = _apart(pattern), _apart(principal)
    return realm == wanted and re.fullmatch(re.escape(glob).replace(r"\*", ".*"), name) is not None


def _apart(text: str) -> tuple[str, str]:
    """Give kind and name, and the realm."""
    name, _, realm = text.partition("@")
    return name, realm
