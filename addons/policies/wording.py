"""The one renderer of a policy's words: yank reason, reason phrase and problem detail all say the same."""

from addons.simple.page import Refusal

_VERBS = {"yank": "Yanked"}


def words(refusal: Refusal, contact: str, verb: str | None = None) -> str:
    """Say what a policy did: `Blocked by wheelgate: deny MAL-2026-1: steals tokens. Ask #python-help`.

    The policy and its ticket come first, as a terminal cuts the end; `contact` last, as it is written.
    `verb` is for what is only yanked by a policy that can do both.
    """
    rule = f"{refusal.policy} {refusal.id}" if refusal.id else refusal.policy
    said = f"{verb or _VERBS.get(refusal.policy, 'Blocked')} by wheelgate: {rule}: {refusal.reason}"
    return f"{said.rstrip('.')}. {contact}" if contact else said
