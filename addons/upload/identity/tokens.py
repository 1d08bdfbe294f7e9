"""Tokens of the store's own: `wgu_ID_SECRET`, made by `wheelgate token create` or in exchange for an identity token."""

import asyncio
import logging
import re
import secrets
from datetime import datetime
from functools import cache

from addons.clients.proofs import Proofs
from addons.simple.names import ProjectName
from addons.store.database import DatabaseUnavailable
from addons.store.principals import Principal
from addons.store.tokens import EXCHANGED, KeptToken, NewToken, Tokens
from addons.upload.author import Author
from addons.upload.identity.failing import NotAsked, TooMany, Unfit, Wrong
from addons.upload.identity.given import UPLOAD_PREFIX
from addons.upload.identity.passwords import hashed
from proxyconf.clients import TOKEN_PREFIX

logger = logging.getLogger(__name__)

SERVICE = "the tokens of this gateway"
_FORM = re.compile(rf"{UPLOAD_PREFIX}(?P<id>[a-z0-9]{{4,32}})_(?P<secret>[A-Za-z0-9_-]{{16,128}})")
_ID_BYTES, _SECRET_BYTES = 6, 32


@cache
def _decoy() -> str:
    return hashed(secrets.token_urlsafe())


def made(
    principal: Principal,
    *,
    by: str,
    at: datetime,
    until: datetime | None,
    number: str | None = None,
    shown: str = "",
    groups: frozenset[Principal] = frozenset(),
    projects: frozenset[ProjectName] | None = None,
    may_claim: bool = True,
    note: str = "",
) -> tuple[str, NewToken]:
    """Make up a token: its text, which is shown once and kept nowhere, and what is kept of it. Takes its time for the hash."""
    number = number or secrets.token_hex(_ID_BYTES)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    kept = NewToken(
        id=number,
        hash=hashed(secret),
        principal=principal,
        groups=groups,
        shown=shown or f"{principal} (token {number})",
        projects=projects,
        may_claim=may_claim,
        note=note,
        made=at,
        by=by,
        until=until,
    )
    return f"{UPLOAD_PREFIX}{number}_{secret}", kept


class TokenIdentity:
    """Who has a token. Each time the store is asked whether it still counts, so that one that is revoked ends at once.

    `proofs` has to verify as `passwords.verify` does; it remembers which secrets were right, and counts the wrong ones.
    """

    def __init__(self, tokens: Tokens, proofs: Proofs, seconds: float) -> None:
        self._tokens = tokens
        self._proofs = proofs
        self._seconds = seconds
        self._noting: set[asyncio.Future[None]] = set()

    async def who(self, text: str, where: str, at: datetime) -> Author:
        """Give whose token it is. Raises NotProven."""
        form = _FORM.fullmatch(text)
        token = await self._found(form["id"]) if form is not None else None
        secret = form["secret"] if form is not None else text
        await self._prove(token, secret, where)
        assert token is not None, "nobody proves a token that is not there"
        if token.revoked is not None:
            raise Unfit(f"token {token.id} was revoked on {token.revoked:%Y-%m-%d}; take another")
        if token.until is not None and token.until <= at:
            raise Unfit(f"token {token.id} ended on {token.until:%Y-%m-%d}; make another: wheelgate token create")
        self._note(token, at)
        return Author(
            principal=token.principal,
            groups=token.groups,
            service="oidc" if token.id.startswith(EXCHANGED) else "tokens",
            shown=token.shown,
            projects=token.projects,
            may_claim=token.may_claim,
            until=token.until,
        )

    async def _found(self, number: str) -> KeptToken | None:
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.to_thread(self._tokens.find, number)
        except TimeoutError:
            raise NotAsked(SERVICE, f"the store did not answer within {self._seconds:g} s") from None
        except DatabaseUnavailable:
            raise NotAsked(SERVICE, "the store cannot be read now") from None

    async def _prove(self, token: KeptToken | None, secret: str, where: str) -> None:
        key = self._proofs.key(SERVICE, token.id if token else "", token.hash if token else "", secret)
        right = self._proofs.remembered(key)
        if right is None:
            if self._proofs.are_too_many(where):
                raise TooMany
            encoded = token.hash if token else await asyncio.to_thread(_decoy)
            right = await self._proofs.found_out(key, where, encoded, secret, decoy=token is None)
        if right is None:
            raise TooMany if self._proofs.are_too_many(where) else NotAsked(SERVICE, "too many wait for an answer")
        if not right:
            client = secret.startswith(TOKEN_PREFIX)
            hint = "; it is a client's, for the proxy: see wheelgate token create" if client else ""
            raise Wrong(f"It is none of {SERVICE}{hint}")

    def _note(self, token: KeptToken, at: datetime) -> None:
        """Have it noted that it was used today, behind the author's back: nobody waits for it."""
        if token.used is not None and token.used.date() == at.date():
            return
        noting = asyncio.get_running_loop().run_in_executor(None, self._noted, token.id, at)
        self._noting.add(noting)
        noting.add_done_callback(self._noting.discard)

    def _noted(self, number: str, at: datetime) -> None:
        try:
            self._tokens.note_use(number, at)
        except DatabaseUnavailable as error:
            logger.info("that token %s was used cannot be noted: %s", number, error)

    async def settled(self) -> None:
        """Wait until all that is to be noted is."""
        while self._noting:
            await asyncio.wait(set(self._noting))
