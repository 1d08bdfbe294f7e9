"""Trusted publishing as PyPI speaks it: an identity token of a CI is exchanged for a token that soon ends (UPL-29).

The answers' shapes are those of PyPI's `/_/oidc/audience` and `/_/oidc/mint-token`, which twine, uv and PyPA's action know.
"""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from addons.answers import Answer
from addons.clients.caller import Address
from addons.clients.proofs import Proofs
from addons.clients.slowing import whereabouts
from addons.simple.names import ProjectName
from addons.store.database import DatabaseUnavailable
from addons.store.tokens import EXCHANGED, IsThere, Tokens
from addons.upload.author import Said
from addons.upload.identity.asking import Road
from addons.upload.identity.claims import as_text, owner_of, rule_for, unverified, verified
from addons.upload.identity.failing import NotAsked, NotProven, TooMany, Unfit, Wrong, printable
from addons.upload.identity.issuer_keys import IssuerKeys
from addons.upload.identity.tokens import made
from proxyconf.ci_services import Issuer
from proxyconf.identities import Identities as IdentitiesSettings

logger = logging.getLogger(__name__)

LIFETIME = timedelta(minutes=15)
MOST_BODY = 32_768
"""The largest body of a request for an exchange, in bytes."""

_SHOWN_CLAIMS = ("run_id", "job_id", "pipeline_id")
_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class _Wish(msgspec.Struct, frozen=True):
    token: str


@dataclass(frozen=True)
class _Trusted:
    settings: Issuer
    keys: IssuerKeys


class Oidc:
    """The exchange. `tokens` keeps what is handed out, so that every gateway of one store takes it.

    An identity token is exchanged once: what is handed out has an id that follows from it, and no id is there twice.
    """

    def __init__(
        self,
        settings: IdentitiesSettings,
        road: Road,
        tokens: Tokens,
        proofs: Proofs,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._audience = settings.audience
        self._issuers = {each.issuer: _Trusted(each, IssuerKeys(each, road, clock)) for each in settings.oidc}
        self._tokens = tokens
        self._proofs = proofs

    def audience(self) -> Answer:
        """Answer for whom an identity token has to be made out; 404 where no issuer is trusted."""
        if not self._issuers:
            return _answer(
                404, {"message": "this gateway trusts no issuer of identity tokens (uploads.identities.oidc)"}
            )
        return _answer(200, {"audience": self._audience})

    async def mint(self, body: bytes, said: Said) -> Answer:
        """Answer a request to exchange an identity token: the token, or 422 with what is wrong. Never fails."""
        try:
            text, until = await self._exchanged(body, whereabouts(said.address), said.at)
        except NotProven as failure:
            self._tell(said.address, failure)
            return _refused(_code(failure), failure)
        return _answer(200, {"success": True, "token": text, "expires": int(until.timestamp())})

    async def _exchanged(self, body: bytes, where: str, at: datetime) -> tuple[str, datetime]:
        if not self._issuers:
            raise _Disabled("this gateway trusts no issuer of identity tokens (uploads.identities.oidc)")
        if self._proofs.are_too_many(where):
            raise TooMany
        token = _wish(body)
        try:
            trusted, claims = await self._proven(token, at)
        except Wrong:
            self._proofs.note(self._proofs.key("oidc", token), where, right=False)
            raise
        return await self._handed_out(trusted, claims, token, at)

    async def _proven(self, token: str, at: datetime) -> tuple[_Trusted, Mapping[str, Any]]:
        issuer, kid, algorithm = unverified(token)
        trusted = self._issuers.get(issuer)
        if trusted is None:
            raise Wrong("the identity token is of an issuer that this gateway does not trust")
        key = await trusted.keys.key(kid, algorithm)
        if key is None:
            raise Wrong(f"the identity token is signed with a key that {trusted.keys.service} does not have")
        return trusted, verified(token, key, algorithm, issuer, self._audience, at)

    async def _handed_out(
        self, trusted: _Trusted, claims: Mapping[str, Any], token: str, at: datetime
    ) -> tuple[str, datetime]:
        rule = rule_for(claims, trusted.settings.rules)
        if rule is None:
            raise Unfit(
                f"{trusted.keys.service} says who this is ({_subject(claims)}), and no rule of this gateway's fits"
            )
        principal, until = owner_of(rule, claims), (at + LIFETIME).replace(microsecond=0)
        number = _number(claims, token)

        def keep() -> str:
            text, new = made(
                principal,
                number=number,
                shown=f"{principal} ({', '.join(_shown(trusted, claims))})",
                projects=frozenset(map(ProjectName, rule.projects)) if rule.projects else None,
                may_claim=rule.may_claim,
                note=_subject(claims),
                by=f"oidc {trusted.settings.name}",
                at=at,
                until=until,
            )
            self._tokens.make(new)
            return text

        try:
            return await asyncio.to_thread(keep), until
        except IsThere:
            raise _Reused("the identity token was exchanged before, and counts once; get another") from None
        except DatabaseUnavailable:
            raise NotAsked("the tokens of this gateway", "the store cannot be written now") from None

    def _tell(self, address: Address | None, failure: NotProven) -> None:
        if self._proofs.is_due(whereabouts(address), "an identity token"):
            logger.warning(
                "an exchange of an identity token from %s is refused: %s", address, printable(str(failure))[:200]
            )

    async def close(self) -> None:
        """Let go of the connections."""
        for each in self._issuers.values():
            await each.keys.close()


class _Disabled(NotProven):
    """Nothing is exchanged here."""


class _Malformed(NotProven):
    """A body that is no wish."""


class _Reused(NotProven):
    """A proof that counted before."""


_CODES: tuple[tuple[type[NotProven], str], ...] = (
    (_Disabled, "not-enabled"),
    (_Malformed, "invalid-payload"),
    (_Reused, "invalid-reuse-token"),
    (Wrong, "invalid-token"),
    (Unfit, "invalid-publisher"),
    (TooMany, "too-many"),
    (NotAsked, "issuer-unavailable"),
)


def _code(failure: NotProven) -> str:
    return next((code for kind, code in _CODES if isinstance(failure, kind)), "invalid-token")


def _wish(body: bytes) -> str:
    if len(body) > MOST_BODY:
        raise _Malformed(f"the request is larger than {MOST_BODY // 1024} KiB")
    try:
        return msgspec.json.decode(body, type=_Wish).token
    except (msgspec.DecodeError, RecursionError):
        raise _Malformed('the request is no JSON object with the text "token"') from None


def _number(claims: Mapping[str, Any], token: str) -> str:
    """Give the id of what a token is exchanged for. ECDSA signatures can be rewritten, so without a `jti` the claims count."""
    once = claims.get("jti")
    text = f"jti {once}" if isinstance(once, str) and once else f"claims {token.split('.')[1]}"
    return EXCHANGED + hashlib.sha256(f"{claims['iss']} {text}".encode()).hexdigest()[:30]


def _subject(claims: Mapping[str, Any]) -> str:
    return printable(as_text(claims.get("sub")) or "")[:100]


def _shown(trusted: _Trusted, claims: Mapping[str, Any]) -> list[str]:
    said = [f"{name} {printable(text)[:40]}" for name in _SHOWN_CLAIMS if (text := as_text(claims.get(name)))]
    return [f"oidc {trusted.settings.name}", *said]


def _refused(code: str, failure: NotProven) -> Answer:
    words = printable(str(failure))
    return _answer(422, {"message": "Token request failed", "errors": [{"code": code, "description": words}]})


def _answer(status: int, document: Mapping[str, Any]) -> Answer:
    return Answer(status, _HEADERS, json.dumps(document).encode())
