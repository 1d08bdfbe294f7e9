"""Identity tokens of a CI (OpenID Connect Core 1.0 section 2, RFC 7519): verified, and matched with the rules."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jwt

from addons.store.principals import Principal
from addons.upload.identity.failing import Unfit, Wrong
from addons.upload.identity.issuer_keys import ALGORITHMS
from addons.upload.identity.patterns import fits
from proxyconf.ci_services import ClaimRule

MOST_TOKEN = 16_384  # characters
LEEWAY = 30
"""By how many seconds clocks may differ."""

MOST_LIFETIME = 86_400
"""How many seconds a token may count for, from its making to its end."""

_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_REQUIRED = ("iss", "aud", "exp", "nbf", "iat")


def unverified(token: str) -> tuple[str, str, str]:
    """Give a token's issuer, key id and algorithm, of which nothing is proven. Raises Wrong."""
    if len(token) > MOST_TOKEN or not _FORM.fullmatch(token):
        raise Wrong("this is no identity token")
    try:
        head = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise Wrong("this is no identity token that can be read") from None
    kid, algorithm, issuer = head.get("kid"), head.get("alg"), claims.get("iss")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or "crit" in head:
        raise Wrong(f"the identity token is not signed in a way that counts here ({', '.join(ALGORITHMS)})")
    if not isinstance(kid, str) or not isinstance(issuer, str):
        raise Wrong("the identity token names no issuer, or none of its keys")
    return issuer, kid, algorithm


def verified(token: str, key: jwt.PyJWK, algorithm: str, issuer: str, audience: str, at: datetime) -> Mapping[str, Any]:
    """Give the claims of a token, whose signature, issuer, audience and times are right. Raises Wrong."""
    options: Any = {"require": list(_REQUIRED), "verify_exp": False, "verify_nbf": False, "verify_iat": False}
    try:
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=[algorithm], issuer=issuer, audience=audience, options=options
        )
    except jwt.InvalidAudienceError:
        raise Wrong(f'the identity token is made out for somebody else, not for "{audience}"') from None
    except jwt.MissingRequiredClaimError as error:
        raise Wrong(f"the identity token has no claim {error.claim}") from None
    except (jwt.PyJWTError, ValueError, TypeError):
        raise Wrong("the identity token's signature is not its issuer's") from None
    _check_times(claims, at.timestamp())  # by our clock, which is handed in
    return claims


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    times = [claims[name] for name in ("iat", "nbf", "exp")]
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in times):
        raise Wrong("the identity token has times that are none")
    made, begins, ends = times
    if ends <= now - LEEWAY:
        raise Wrong("the identity token has expired")
    if begins > now + LEEWAY or made > now + LEEWAY:
        raise Wrong("the identity token does not count yet; are the clocks right?")
    if ends - made > MOST_LIFETIME:
        raise Wrong("the identity token counts for longer than a day")


def rule_for(claims: Mapping[str, Any], rules: tuple[ClaimRule, ...]) -> ClaimRule | None:
    """Give the first rule all of whose claims fit; None if there is none."""
    return next((rule for rule in rules if all(_fits(claims.get(k), v) for k, v in rule.claims.items())), None)


def _fits(claim: object, wanted: str) -> bool:
    text = as_text(claim)
    return text is not None and fits(wanted, text)


def as_text(claim: object) -> str | None:
    """Give a claim's value as rules have it: text, a whole number, true or false; None for what has parts."""
    if isinstance(claim, bool):
        return "true" if claim else "false"
    return str(claim) if isinstance(claim, str | int) else None


def owner_of(rule: ClaimRule, claims: Mapping[str, Any]) -> Principal:
    """Give the principal that a rule makes of these claims. Raises Unfit."""

    def said(match: re.Match[str]) -> str:
        text = as_text(claims.get(match[1]))
        if text is None or ":" in text or "@" in text:
            raise Unfit(f"the identity token's claim {match[1]} cannot be a part of a principal")
        return text

    written = re.sub(r"\{([A-Za-z0-9_]+)\}", said, rule.owner)
    try:
        return Principal.read(written)
    except ValueError:
        raise Unfit("the identity token's claims make no principal of the rule's owner") from None
