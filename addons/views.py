"""Views: what one kind of clients gets, of which sources and under which policies, and who answers for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from addons.announcing.announcer import Announcer, Beside
from addons.announcing.links import Terms
from addons.answering.answering import Answering, Families
from addons.answering.file_answer import FileAnswers
from addons.answering.kept import Kept
from addons.answering.legacy_answer import LegacyAnswers
from addons.answering.list_answer import ListAnswers
from addons.answering.offer import Desk, Judgements, Offer
from addons.answering.page_answer import PageAnswers
from addons.answering.provenance_answer import ClassifiersAnswers, ProvenanceAnswers
from addons.cache.blobs import Blobs
from addons.cache.documents import Documents
from addons.clients.proofs import Proofs
from addons.clients.standing import NOBODY, Standing
from addons.events.served import Served
from addons.events.serving import UNRECORDED, Serving
from addons.listing.orders import Rules
from addons.listing.project_list import ProjectList
from addons.listing.rules_now import RulesNow
from addons.listing.store import ListStore
from addons.policies.decided import decided
from addons.policies.kinds import made
from addons.policies.policy import Policy
from addons.policies.snapshot import SnapshotRule
from addons.simple.names import normalise
from addons.sources.priority import Priority, Reserved
from addons.sources.source import Source
from addons.store.decision import Decision
from proxyconf.clients import Group, Profile
from proxyconf.rules import EVERY
from proxyconf.rules import Policy as PolicySettings
from proxyconf.settings import Settings

_MOST = 200  # views as of an instant at a time: clients name as many as they like


@dataclass(frozen=True)
class Memory:
    """What was worked out, by the facts that it came from: so it outlives the configuration that it was made under.

    `documents`: what indexes answered, on disk; `blobs`: their files; `metadata`: what is known of that; None where nothing is
    kept there. `proofs`: which passwords have proven right. `served` counts what clients get; None: nobody counts it.
    """

    kept: Kept = field(default_factory=Kept)
    judgements: Judgements = field(default_factory=Judgements)
    lists: ListStore = field(default_factory=ListStore)
    documents: Documents | None = None
    blobs: Blobs | None = None
    metadata: Beside | None = None
    served: Served | None = None
    proofs: Proofs = field(default_factory=Proofs)


type Books = tuple[tuple[PolicySettings, Policy], ...]
"""Rule books as they are configured, each with the policy that was made of it."""


def made_of(policies: Sequence[PolicySettings], contact: str) -> Books:
    """Make policies of rule books. Raises ValueError, in words, for one that cannot be made."""
    return tuple((each, made(each, contact)) for each in policies)


@dataclass(frozen=True)
class View:
    """What one kind of clients gets. `policies`: the rule books in force for it, in their order.

    `standing` says whose it is, `sources` are those that it has, highest first. `answering` answers its requests; `offer` is for
    who asks without a request.
    """

    standing: Standing
    policies: Sequence[PolicySettings]
    sources: Sequence[Source]
    offer: Offer
    answering: Answering


@dataclass(frozen=True)
class Configured:
    """The rule books of a configuration: those for everybody, and those of groups and profiles, by name."""

    common: Books
    groups: Mapping[str, tuple[Group, Books]]
    profiles: Mapping[str, tuple[Profile, Books]]

    @classmethod
    def by(cls, settings: Settings) -> Self:
        """Make all that is configured. Raises ValueError, in words."""
        contact = settings.contact
        return cls(
            made_of(settings.policies, contact),
            {each.name: (each, made_of(each.policies, contact)) for each in settings.clients},
            {each.name: (each, made_of(each.policies, contact)) for each in settings.profiles},
        )


class Views:
    """The views of one configuration, each made when it is first asked for. `decisions` stand above all that is configured.

    `before` are those in force until now, of which the rule books are taken if the configuration is the same. Raises ValueError,
    in words, for any policy that cannot be made.
    """

    def __init__(
        self,
        settings: Settings,
        sources: Sequence[Source],
        decisions: Sequence[Decision],
        memory: Memory,
        before: "Views | None" = None,
    ) -> None:
        self.settings = settings
        self._memory = memory
        self._sources = {source.name: source for source in sources}
        groups = {each.draft.subject.client for each in decisions} | {None}
        self._decided = {group: made_of(decided(decisions, group), settings.contact) for group in groups}
        is_same = before is not None and before.settings is settings
        self.configured: Configured = before.configured if before and is_same else Configured.by(settings)
        self._named: dict[Standing, View] = {}
        self._as_of: dict[Standing, View] = {}
        self.usual = self.of(NOBODY)

    def of(self, standing: Standing) -> View:
        """Give the view of who stands like this. Raises KeyError for a group or a profile that is not configured."""
        made = self._named if standing.as_of is None else self._as_of
        view = made.get(standing)
        if view is None:
            made[standing] = view = self._make(standing)
            if len(self._as_of) > _MOST:
                self._as_of.pop(next(iter(self._as_of)))
        return view

    def again(self, view: View) -> View:
        """Make a view of its own that shares nothing with the others but what lies in memory."""
        return self._make(view.standing)

    def _make(self, standing: Standing) -> View:
        worlds = self._worlds(standing)
        settings, memory = self.settings, self._memory
        above = [book for _, books in worlds for book in books]
        above_all = self._decided.get(standing.group, self._decided[None])
        books = (*above_all, *above, *self.configured.common, *made_of(_snapshots(standing, worlds), settings.contact))
        named = next((world.sources for world, _ in worlds if world.sources), tuple(self._sources))
        priority = priority_of(settings, [self._sources[name] for name in named], list(self._sources.values()))
        made = (priority, [policy for _, policy in books], settings, memory, standing)
        return View(standing, tuple(book for book, _ in books), priority.sources, offer_of(*made), answering_of(*made))

    def _worlds(self, standing: Standing) -> Sequence[tuple[Group | Profile, Books]]:
        """Give what is configured for who stands like this, the narrowest first."""
        worlds: list[tuple[Group | Profile, Books]] = []
        if standing.profile:
            worlds.append(self.configured.profiles[standing.profile])
        if standing.group:
            worlds.append(self.configured.groups[standing.group])
        return worlds


def _snapshots(standing: Standing, worlds: Sequence[tuple[Group | Profile, Books]]) -> list[PolicySettings]:
    """Give the instants as of which the world is seen, as rule books: nothing later is there, whoever's it is."""
    said = [(world.snapshot, f"so it is configured for {world.name}") for world, _ in worlds]
    instants = [(standing.as_of, "this client has asked for it by the name that it gives to the proxy"), *said]
    return [
        PolicySettings(name="snapshot", rules=(SnapshotRule(project=EVERY, at=instant, own=True, reason=reason),))
        for instant, reason in instants
        if instant is not None
    ]


def answering_of(
    priority: Priority,
    policies: Sequence[Policy],
    settings: Settings,
    memory: Memory,
    standing: Standing = NOBODY,
) -> Answering:
    """Give the function that answers from these sources under these policies; `settings` says how, not from what."""
    offer = offer_of(priority, policies, settings, memory, standing)
    max_age, serving = settings.max_age_seconds, _serving(settings, memory, standing)
    files = FileAnswers(offer, memory.kept, settings.contact, _desk(settings, standing), serving)
    return Answering(
        Families(
            pages=PageAnswers(offer, memory.kept, max_age, serving),
            files=files,
            legacy=LegacyAnswers(offer, memory.kept, max_age, serving),
            provenance=ProvenanceAnswers(offer, files, max_age),
            classifiers=ClassifiersAnswers(priority.sources, max_age),
            projects=ListAnswers(ProjectList(priority.sources, _list_rules(policies, settings), memory.lists), max_age),
        )
    )


def offer_of(
    priority: Priority, policies: Sequence[Policy], settings: Settings, memory: Memory, standing: Standing
) -> Offer:
    """Give what these sources offer under these policies."""
    announcer = Announcer(memory.metadata, _terms(settings)) if memory.metadata is not None else None
    hide = settings.refusals == "hide"
    return Offer(
        priority, policies, hide=hide, judgements=memory.judgements, announcer=announcer, desk=_desk(settings, standing)
    )


def _desk(settings: Settings, standing: Standing) -> Desk:
    return Desk(settings.address, standing.query)


def _serving(settings: Settings, memory: Memory, standing: Standing) -> Serving:
    """Give what takes note of what such clients get; of nothing where the settings say so."""
    if memory.served is None or not settings.served.days:
        return UNRECORDED
    return memory.served.of(standing.group, standing.chosen)


def _terms(settings: Settings) -> Terms:
    return Terms(sdists=settings.metadata.sdists, ahead=settings.metadata.ahead, offline=settings.offline)


def _list_rules(policies: Sequence[Policy], settings: Settings) -> RulesNow:
    hide = settings.refusals == "hide"  # else a wholly forbidden project stays listed, so that its page can say why
    merged = tuple((normalise(item.project), item.sources) for item in settings.merge)
    return RulesNow(Rules(reserved=settings.reserved, merged=merged), policies if hide else ())


def priority_of(settings: Settings, sources: Sequence[Source], configured: Sequence[Source]) -> Priority:
    """Put the sources in their order, highest first; own ones among the configured that are not there are withheld."""
    by_name = {source.name: source for source in sources}
    withheld = [source for source in configured if source.own and source.name not in by_name]
    merge = {
        normalise(item.project): [by_name[name] for name in item.sources if name in by_name] for item in settings.merge
    }
    return Priority(sources, Reserved(settings.reserved), merge, withheld)
