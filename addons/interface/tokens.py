"""A caller's own tokens: made for the very same principal, and never wider than what the caller came with."""

from datetime import datetime, timedelta

from msgspec import UNSET

from addons.interface import documents
from addons.interface.declined import Declined
from addons.interface.operation import Call, Desk, Done, KnownToken
from addons.simple.names import ProjectName, normalise
from addons.store.projects import NotThere
from addons.upload.author import Author

PEOPLE = frozenset({"tokens", "htpasswd", "ldap"})
"""The services whose authors may make tokens: what a CI job could make would outlast the job."""

LONGEST = timedelta(days=365)
"""How long a token counts at most that is made with a password: whoever leaves, or leaves a group, is in no list of tokens."""

_WITH_PASSWORDS = frozenset({"htpasswd", "ldap"})

MOST = 50
"""Tokens that count, of one principal."""


def tokens(desk: Desk, call: Call) -> Done:
    """List the caller's own tokens that are no wider than the caller's own proof."""
    found = (each for each in desk.tokens.listed(call.author.principal) if _is_within(each, call.author))
    return Done(documents.Tokens(tokens=tuple(map(_shown, found))))


def make(desk: Desk, call: Call) -> Done:
    """Make one."""
    author = call.author
    if author.service not in PEOPLE:
        raise Declined(403, "scope", "only people make tokens; a CI job comes with a proof of its own each time")
    theirs = desk.tokens.listed(author.principal)
    if sum(_counts(each, call.at) for each in theirs) >= MOST:
        raise Declined(403, "scope", f"you have {MOST} tokens already; end some that nobody needs")
    text, kept = desk.mint(
        author.principal,
        by=str(author),
        at=call.at,
        until=_until(call),
        groups=author.groups,
        projects=_projects(call),
        may_claim=_may_claim(call),
        note=call.body.note.strip(),
    )
    desk.tokens.make(kept)
    known = next(each for each in desk.tokens.listed(author.principal) if each.id == kept.id)
    return Done(documents.NewToken(token=_shown(known), secret=text), location=f"tokens/{known.id}")


def revoke(desk: Desk, call: Call) -> Done:
    """End one at once. One that has ended stays as it is."""
    wanted, author = call.named["id"], call.author
    found = next((each for each in desk.tokens.listed(author.principal) if each.id == wanted), None)
    if found is None or not _is_within(found, author):
        raise NotThere(f"you have no token {wanted[:50]}, or none that this one may see")
    if found.revoked is None:
        desk.tokens.revoke(found.id, by=str(author), at=call.at)
    return Done(b"")


def _projects(call: Call) -> frozenset[ProjectName] | None:
    only = call.author.projects
    if call.body.projects is UNSET:
        return only
    wanted = frozenset(map(normalise, call.body.projects))
    if only is not None and not wanted <= only:
        beyond = ", ".join(sorted(wanted - only))
        raise Declined(403, "scope", f"$.projects: what says who you are is not for {beyond}")
    return wanted


def _may_claim(call: Call) -> bool:
    if call.body.may_claim and not call.author.may_claim:
        raise Declined(403, "scope", "$.may_claim: what says who you are may claim no names")
    return bool(call.body.may_claim)


def _until(call: Call) -> datetime | None:
    ends = call.author.until
    if call.author.service in _WITH_PASSWORDS:
        ends = min(filter(None, (ends, call.at + LONGEST)))
    if call.body.until is UNSET:
        return ends
    wanted: datetime = call.body.until
    if wanted <= call.at:
        raise Declined(400, "until", "$.until: is past already; write a later time")
    if ends is not None and wanted > ends:
        raise Declined(403, "scope", f"$.until: what says who you are ends earlier, at {ends:%Y-%m-%dT%H:%M:%SZ}")
    return wanted


def _counts(token: KnownToken, at: datetime) -> bool:
    return token.revoked is None and (token.until is None or at < token.until)


def _is_within(token: KnownToken, author: Author) -> bool:
    if author.projects is None:
        return author.may_claim or not token.may_claim
    return (
        token.projects is not None and token.projects <= author.projects and (author.may_claim or not token.may_claim)
    )


def _shown(known: KnownToken) -> documents.Token:
    return documents.Token(
        id=known.id,
        note=known.note,
        projects=None if known.projects is None else tuple(sorted(known.projects)),
        may_claim=known.may_claim,
        made=known.made,
        by=known.by,
        until=known.until,
        revoked=known.revoked,
        used=known.used,
    )
