"""status: what it means here that a project is archived, deprecated or quarantined (PEP 792)."""

from datetime import datetime
from typing import Literal, override

import msgspec

from addons.policies.deciding import Deciding, ShapeRule
from addons.policies.verdicts import is_allowed, refusal, with_changed, with_refused
from addons.policies.wording import words
from addons.simple.page import File, Page, Refusal
from proxyconf.misfit import Misfit

type Meaning = Literal["refuse", "yank", "pass"]

_SAID = {
    "archived": "the project is archived, nobody mends it any more; look for one that is kept up",
    "deprecated": "the project is deprecated; take what it names instead, or ask for another",
    "quarantined": "the project is quarantined, it may be malware; do not use it",
}
_LONGEST = 200  # characters of the project's own words; the rest would push `contact` off the terminal


class StatusRule(ShapeRule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of a project's files by its status. What is left out passes; a rule that names none yanks both."""

    archived: Meaning | None = None
    deprecated: Meaning | None = None
    quarantined: Meaning = "refuse"

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        if self.quarantined != "refuse":
            raise Misfit(
                'is always "refuse": the page of a quarantined project is empty here; take the line out', "quarantined"
            )
        if self.archived is None and self.deprecated is None:
            msgspec.structs.force_setattr(self, "archived", "yank")
            msgspec.structs.force_setattr(self, "deprecated", "yank")

    def meaning(self, status: str) -> Meaning:
        """Give what becomes of the files; a status that nobody knows yet passes."""
        found: Meaning | None = getattr(self, status) if status in _SAID else None
        return found or "pass"


class Status(Deciding[StatusRule]):
    """Refuse or yank by the project's status, in words that carry the project's own reason.

    That of a quarantined one is emptied where it is read (YNK-10); whatever gets here of it all the same is refused.
    """

    def apply(self, page: Page, at: datetime) -> Page:
        """Mark what the rules say of this status."""
        status = (page.status or "").lower()
        if status not in _SAID:
            return page

        def judge(rule: StatusRule, file: File) -> StatusRule | None:
            exempt = file.refused is not None or is_allowed(file, "status")
            return None if exempt or rule.meaning(status) == "pass" else rule

        judged = self._judged(page, at, judge, unknown=True)
        rules = {id(rule): rule for rule in judged.values()}  # few, and all their words are alike
        verdicts = {key: _verdict(rule, status, page.status_reason) for key, rule in rules.items()}
        said = {key: words(verdict, self._contact, verb="Yanked") for key, verdict in verdicts.items()}
        refusing = {key for key, rule in rules.items() if rule.meaning(status) == "refuse"}
        refused = {place: verdicts[id(rule)] for place, rule in judged.items() if id(rule) in refusing}
        changed = {
            place: _yanked(page.files[place], said[id(rule)])
            for place, rule in judged.items()
            if id(rule) not in refusing
        }
        if all(place in refused or file.refused is not None for place, file in enumerate(page.files)):
            # Nothing to fall back to: unyanked, a file is asked for, and its 403 is what people can read.
            return with_changed(page, {place: _refused(page.files[place], each) for place, each in refused.items()})
        return with_refused(with_changed(page, changed), refused, self._contact)


def _yanked(file: File, said: str) -> File:
    given = file.yanked if isinstance(file.yanked, str) else ""
    return msgspec.structs.replace(file, yanked=f"{given}; {said}" if given else said)


def _refused(file: File, verdict: Refusal) -> File:
    return msgspec.structs.replace(file, refused=verdict)


def _verdict(rule: StatusRule, status: str, given: str | None) -> Refusal:
    verdict = refusal("status", rule, _SAID[status])
    text = " ".join("".join(char if char.isprintable() else " " for char in given or "").split())[:_LONGEST]
    return msgspec.structs.replace(verdict, reason=f'{verdict.reason} (it says: "{text}")') if text else verdict
