"""decider: what `wheelgate deny`, `yank`, `exempt`, `allow`, `unyank` and `decisions` do, with the words of their command lines."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from addons import reaching
from addons.following import database_of, deciding
from addons.inspecting.showing import harmless
from addons.policies.decided import rule_of
from addons.policies.kinds import KINDS
from addons.policies.rules import is_in_force
from addons.policies.subjects import written
from addons.store.decision import Decision, Draft, Kind, Subject
from proxyconf import values
from proxyconf.endings import about
from proxyconf.instants import Instant, shown_instant
from proxyconf.misfit import Misfit, shown
from proxyconf.rule_checks import check_past
from proxyconf.rules import EVERY
from proxyconf.settings import Settings

_SPAN = re.compile(r"([1-9]\d{0,5})\s*([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_MEANS = {
    "deny": "nobody gets these files from now on",
    "yank": "these files are taken only by who pins them from now on",
    "allow": "these files are let through from now on",
}
_UNDO: Mapping[Kind, str] = {"deny": "allow", "yank": "unyank"}


def until_of(text: str, at: datetime) -> datetime:
    """Read when something ends: `2026-12-24`, an instant as in the configuration, or from now `12h`, `30d`, `2w`. Raises Misfit."""
    if span := _SPAN.fullmatch(text.strip().lower()):
        try:
            return (at + int(span[1]) * _UNITS[span[2]]).replace(microsecond=0)
        except OverflowError:
            raise Misfit(f"{shown(text)} is further off than any date; write fewer") from None
    try:
        until = Instant.read(text)
    except Misfit as misfit:
        raise Misfit(f"{misfit}; or a time from now, like 12h, 30d or 2w") from None
    if until <= at:
        raise Misfit(f"{shown(text)} is over; write an instant to come, like 30d")
    return datetime.fromisoformat(until.isoformat())  # no Instant: only that type can be written as JSON


def check_client(settings: Settings, client: str | None) -> None:
    """Raise Misfit for a client group that the configuration does not have: a decision for it would do nothing."""
    there = [group.name for group in settings.clients]
    if client is not None and client not in there:
        raise Misfit(
            f"{shown(client)} is no client group; {f'there are: {", ".join(there)}' if there else 'the configuration has none'}"
        )


def make(settings: Settings, draft: Draft, at: datetime) -> tuple[Decision, bool]:
    """Make a decision; gives it, and whether it is new: one in force that says the same is not made again.

    Raises Misfit for one that is no rule, ValueError, in words, for a database that cannot be had.
    """
    check_client(settings, draft.subject.client)
    kinds = {**KINDS, **(KINDS.find(settings.own_policies) if settings.own_policies is not None else {})}
    check_past(draft.past, kinds)
    draft = msgspec.structs.replace(draft, **_settled(draft))
    rule_of(Decision(number=0, draft=draft, made=at))
    decisions = deciding(settings)
    try:
        [made] = decisions.make([draft], at)
    finally:
        decisions.database.close()
    return made, made.made == at


def _settled(draft: Draft) -> dict[str, str]:
    """Give the texts as the configuration's rules have them: on one line, not empty."""
    texts = {"reason": draft.reason, "author": draft.author, "id": draft.id}
    settled = {}
    for name, text in texts.items():
        if text is not None:
            try:
                settled[name] = values.sentence(text)
            except Misfit as misfit:
                raise Misfit(f"--{name} {misfit}") from None
    return settled


def end(
    settings: Settings, kind: Kind, meant: Subject | int, author: str, reason: str, at: datetime
) -> tuple[Decision, ...]:
    """End the decisions of this kind in force that are about exactly that, or have that number. Raises ValueError, in words."""

    def is_meant(each: Decision) -> bool:
        return each.draft.kind == kind and meant in (each.draft.subject, each.number)

    author, reason = values.sentence(author), values.sentence(reason)
    decisions = deciding(settings)
    try:
        return decisions.end(is_meant, author, reason, at)
    finally:
        decisions.database.close()


def history(settings: Settings) -> tuple[Decision, ...]:
    """Give every decision that was ever made. Raises ValueError, in words."""
    decisions = deciding(settings)
    try:
        return decisions.history()
    finally:
        decisions.database.close()


def touching(decisions: Sequence[Decision], kind: Kind, subject: Subject, at: datetime) -> list[Decision]:
    """Give the decisions of this kind in force that may be about the same files."""
    return [
        each
        for each in decisions
        if each.draft.kind == kind and each.is_in_force(at) and _meet(each.draft.subject, subject)
    ]


def _meet(one: Subject, other: Subject) -> bool:
    if one.sha256 and other.sha256 and not set(one.sha256) & set(other.sha256):
        return False
    if one.project is None or other.project is None:
        return bool(set(one.sha256) & set(other.sha256))
    return covers(one.project, other.project) or covers(other.project, one.project)


def covers(scope: str, project: str) -> bool:
    """Tell whether a rule's scope has this one in it, which may be a prefix itself."""
    return scope == EVERY or values.covers(scope, project)


def configured(settings: Settings, path: Path | None, kind: Kind, subject: Subject, at: datetime) -> Iterator[str]:
    """Give the places (FILE:LINE) of the configuration's rules of this policy in force that may be about the same files."""
    for policy in settings.policies:
        for number, rule in enumerate(policy.rules if policy.name == kind else ()):
            if is_in_force(rule, at) and _meet(Subject(project=rule.project, sha256=rule.sha256), subject):
                yield f"{path}:{policy.lines[number]}" if policy.lines else kind


def not_followed(settings: Settings, configuration: Path | None) -> str:
    """Say that the running gateway of this configuration has another store, or cannot read this one; "" if all is well, or none runs."""
    proxy = reaching.url(settings.listen)
    found = reaching.status(proxy) if settings.listen.port else {}
    decisions = found.get("decisions")
    ours = found.get("configuration") == (str(configuration) if configuration is not None else None)
    if not ours or not isinstance(decisions, dict):
        return ""
    theirs, mine = decisions.get("database"), database_of(settings).where
    if theirs != mine:
        return f"the gateway at {proxy} has another store, {harmless(str(theirs))}, and not {mine}; restart it"
    fault = decisions.get("fault")
    return f"the gateway at {proxy} cannot take it up: {harmless(str(fault))}" if fault else ""


def said(decision: Decision) -> str:
    """Say a decision on one line: `decision 7: deny imaging <9.3.1 (SEC-1): runs code`."""
    draft = decision.draft
    past = f" past {', '.join(draft.past)}" if draft.past else ""
    whom = f" for {draft.subject.client}" if draft.subject.client else ""
    name = "exempt" if draft.kind == "allow" else draft.kind
    return harmless(f"decision {decision.number}: {name} {about(rule_of(decision))}{past}{whom}: {draft.reason}")


def lines(decision: Decision, at: datetime) -> Iterator[str]:
    """Say all of a decision: what, who and when, and how it ended."""
    draft = decision.draft
    yield said(decision)
    until = f", until {shown_instant(draft.until)}" if draft.until is not None else ""
    yield harmless(f"  by {draft.author}, {_time(decision.made)}{until}")
    if decision.ended is not None:
        yield harmless(f"  ended by {decision.ended_by}, {_time(decision.ended)}: {decision.ended_why}")
    elif not decision.is_in_force(at):
        yield "  ended by itself"


def consequences(decision: Decision, config: Path | None) -> Iterator[str]:
    """Say what a decision in force means, and how to undo it."""
    draft = decision.draft
    yield f"  {_MEANS[draft.kind]}; running gateways take it up within a second"
    here = f" --config {config}" if config is not None else ""
    what = f"allow {written(draft.subject)}"
    if draft.kind == "allow":
        what = f"exempt --end {decision.number}"
    elif draft.kind == "yank":
        what = f"unyank {written(draft.subject)}"
    yield harmless(f"  to undo it: wheelgate {what}{here} --reason WHY")


def flat(decision: Decision, at: datetime) -> dict[str, object]:
    """Give a decision for programs."""
    facts = msgspec.to_builtins(decision)
    draft = facts.pop("draft")
    subject = draft.pop("subject")
    return {"number": facts.pop("number"), **draft, **subject, **facts, "in_force": decision.is_in_force(at)}


def as_json(facts: object) -> str:
    """Give facts for programs."""
    return msgspec.json.format(msgspec.json.encode(facts), indent=2).decode()


def _time(at: datetime) -> str:
    return shown_instant(at.replace(microsecond=0))
