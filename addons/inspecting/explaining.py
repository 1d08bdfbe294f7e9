"""Explaining why a page is as it is: what its sources said, and what each policy made of it, by which rules."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from addons.answering.offer import Offer, Traced, is_large
from addons.inspecting.asked import Named, Release
from addons.inspecting.explained import Act, Explanation, FileSaid, PageSaid, PolicySaid, RuleSaid, SourceSaid
from addons.inspecting.inspecting import NotThere
from addons.inspecting.own_words import own_words
from addons.off_loop import off_loop
from addons.policies.tracing import Did, Numbered
from addons.policies.wording import words
from addons.simple.distributions import projects_of, version_of
from addons.simple.page import File
from addons.sources.source import ProjectAbsent
from proxyconf.rules import Policy, Rule
from proxyconf.settings import Settings


@dataclass(frozen=True)
class Terms:
    """What is explained by: the settings, the rule books in force, and, `in_full`, rules' places in the settings' file and authors.

    `whom`: which clients it is about, in words; "" for those of no group.
    """

    settings: Settings
    policies: Sequence[Policy]
    configuration: Path | None = None
    in_full: bool = False
    whom: str = ""


class Explaining:
    """Asks an offer at the instant `at`. For one event loop."""

    def __init__(self, offer: Offer, terms: Terms, at: datetime) -> None:
        self._offer = offer
        self._terms = terms
        self._at = at
        self._told_rules: dict[
            tuple[int, int], RuleSaid
        ] = {}  # a page has thousands of files, and few rules about them

    async def explain(self, argument: str, asked: Release | Named, only: str | None = None) -> Explanation:
        """Explain what is asked about; `only`: of its files the one of this name. Raises NotThere or SourceUnavailable."""
        if isinstance(asked, Named):
            return await self._file(argument, asked.filename)
        try:
            traced = await self._offer.traced(asked.project, self._at)
        except ProjectAbsent as error:
            said = "; ".join(f"{name} {words}" for name, words in self._offer.sources_without(asked.project).items())
            raise NotThere(f"no source has a project {asked.project}: {said}") from error
        return await off_loop(is_large(traced.whole), self._release, argument, asked, only, traced)

    async def _file(self, argument: str, filename: str) -> Explanation:
        projects = projects_of(filename)
        for project in projects:
            with suppress(ProjectAbsent):
                traced = await self._offer.traced(project, self._at)
                if any(file.filename == filename for file in traced.whole.files):
                    return self._release(argument, Release(project, version_of(filename, project)), filename, traced)
        where = f"; looked at {', '.join(projects)}" if projects else ", nor can one by this name"
        raise NotThere(f"no page lists {ascii(filename)[:200]}{where}")

    def _release(self, argument: str, asked: Release, only: str | None, traced: Traced) -> Explanation:
        files = [file for file in traced.whole.files if _is_asked(file, asked, only)]
        explanation = self._told(argument, asked, files, traced)
        if not files and (only or (asked.version and not explanation.versions)):
            what = f" {ascii(only)[:200]}" if only else ""
            raise NotThere(
                f"the page of {asked.project} lists no file{what}{f' of {asked.version}' if asked.version else ''}"
            )
        return explanation

    def _told(self, argument: str, asked: Release, files: Sequence[File], traced: Traced) -> Explanation:
        final = {file.filename: file for file in traced.page.files}
        return Explanation(
            argument=argument,
            project=asked.project,
            clients=self._terms.whom,
            version=str(asked.version) if asked.version is not None else None,
            at=self._at.replace(microsecond=0),
            sources=self._sources(traced),
            pages=[
                _page(part.source.name, part.page.status, part.page.status_reason, part.page.stale)
                for part in traced.parts
            ],
            policies=self._policies(),
            status=traced.page.status,
            status_reason=traced.page.status_reason,
            versions=self._versions(asked, traced),
            files=[self._said(file, final.get(file.filename), traced) for file in files],
        )

    def _sources(self, traced: Traced) -> list[SourceSaid]:
        own = {each.name: each.own for each in self._terms.settings.sources}
        return [SourceSaid(name=name, own=own.get(name, False), said=said) for name, said in traced.sources.items()]

    def _policies(self) -> list[PolicySaid]:
        return [
            PolicySaid(number=number, name=each.name, rules=len(each.rules), place=self._place(number - 1, 0))
            for number, each in enumerate(self._terms.policies, 1)
        ]

    def _versions(self, asked: Release, traced: Traced) -> dict[str, Act]:
        found = {}
        for number, step in enumerate(traced.steps):
            for text, rules in step.versions.items():
                if (
                    asked.version is None
                    or version_of(f"{asked.project}-{text}.tar.gz", asked.project) == asked.version
                ):
                    found[text] = self._act(number, Did("removed", rules))
        return found

    def _said(self, file: File, after: File | None, traced: Traced) -> FileSaid:
        settings = self._terms.settings
        acts = [
            self._act(number, did)
            for number, step in enumerate(traced.steps)
            if (did := step.files.get(file.filename)) is not None
        ]
        refusal = after.refused if after is not None else None
        refused = after is None or refusal is not None
        yanked = after.yanked if after is not None else False
        return FileSaid(
            filename=file.filename,
            source=traced.whole.sources.get(file.filename, traced.parts[0].source.name),
            yanked=file.yanked,
            acts=acts,
            outcome="refused" if refused else "yanked" if yanked or yanked == "" else "offered",
            listed=after is not None and (refusal is None or not (refusal.hidden or settings.refusals == "hide")),
            words=words(refusal, settings.contact)
            if refusal is not None
            else yanked
            if isinstance(yanked, str)
            else None,
        )

    def _act(self, number: int, did: Did) -> Act:
        policies = self._terms.policies
        name = policies[number].name if number < len(policies) else did.refusal.policy if did.refusal else "policy"
        return Act(
            policy=name, number=number + 1, deed=did.deed, rules=[self._rule(number, each) for each in did.rules]
        )

    def _rule(self, policy: int, numbered: Numbered) -> RuleSaid:
        number, rule = numbered
        found = self._told_rules.get((policy, number))
        if found is None:
            found = self._told_rules[policy, number] = self._told_rule(policy, number, rule)
        return found

    def _told_rule(self, policy: int, number: int, rule: Rule) -> RuleSaid:
        return RuleSaid(
            says=own_words(rule),
            reason=rule.reason,
            id=rule.id,
            until=rule.until,
            author=rule.author if self._terms.in_full else None,
            place=self._place(policy, number),
        )

    def _place(self, policy: int, number: int) -> str | None:
        file, policies = self._terms.configuration, self._terms.policies
        if not self._terms.in_full or policy >= len(policies):
            return None
        book = policies[policy]
        if number < len(book.places):
            return book.places[number]
        return f"{file}:{book.lines[number]}" if file is not None and number < len(book.lines) else None


def _is_asked(file: File, asked: Release, only: str | None) -> bool:
    if only is not None and file.filename != only:
        return False
    return asked.version is None or version_of(file.filename, asked.project) == asked.version or file.filename == only


def _page(source: str, status: str | None, reason: str | None, stale: float | None) -> PageSaid:
    return PageSaid(source=source, status=status, status_reason=reason, stale_seconds=stale)
