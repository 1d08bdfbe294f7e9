"""The one renderer of a policy's words: yank reason, reason phrase and problem detail all say the same."""

import msgspec

from addons.simple.page import Refusal
from proxyconf.instants import shown_instant

_VERBS = {"yank": "Yanked"}
_LIMIT = 200  # characters of a reason phrase; a terminal shows no more either
_CUT = " [...]"


def words(refusal: Refusal, contact: str, verb: str | None = None) -> str:
    """Say what a policy did: `Blocked by wheelgate: deny MAL-2026-1: steals tokens. Ask #python-help`.

    The policy and its ticket come first, as a terminal cuts the end; `contact` last, as it is written. Where it ends by itself,
    the reason is followed by `(until 2026-12-01 08:00 UTC)`. `verb` is for what is only yanked by a policy that can do both.
    """
    rule = f"{refusal.policy} {refusal.id}" if refusal.id else refusal.policy
    said = f"{verb or _VERBS.get(refusal.policy, 'Blocked')} by wheelgate: {rule}: {refusal.reason}"
    if refusal.until is not None:
        said = f"{said.rstrip('.')} (until {shown_instant(refusal.until)})"
    return f"{said.rstrip('.')}. {contact}" if contact else said


def line(refusal: Refusal, contact: str, more: str) -> str:
    """Say the same, and at the end where there is more to read (a URL): it is the reason that is cut for it.

    At most 200 characters where they would be more without it, as long as `more` itself is shorter.
    """
    said = linked(words(refusal, contact), more)
    over = len(said) - _LIMIT
    if not more or over <= 0:
        return said
    keep = len(refusal.reason) - over - len(_CUT)
    if keep > 0:
        return linked(words(msgspec.structs.replace(refusal, reason=f"{refusal.reason[:keep]}{_CUT}"), contact), more)
    return f"{said[: max(_LIMIT - len(more) - 4, 0)]}... {more}"


def linked(said: str, more: str) -> str:
    """Give words with the URL at which there is more to read behind them, if there is one."""
    return f"{said} {more}" if more else said
