"""Views: what each kind of clients gets, of which sources and under which policies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from addons.answering.answering import Answering
from addons.answering.offer import Offer
from addons.clients.standing import NOBODY, Standing
from addons.policies.decided import decided
from addons.policies.kinds import made
from addons.policies.policy import Policy
from addons.policies.snapshot import SnapshotRule
from addons.sources.source import Source
from addons.store.decision import Decision
from addons.view_parts import Memory, answering_of, offer_of, priority_of
from proxyconf.clients import Group, Profile
from proxyconf.instants import Instant
from proxyconf.rules import EVERY
from proxyconf.rules import Policy as PolicySettings
from proxyconf.settings import Settings

_MOST = 200  # views as of an instant at a time: clients name as many as they like


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
        chosen, said = _chosen(standing), _snapshots(worlds)
        first, last = made_of(chosen, settings.contact), made_of(said, settings.contact)
        books = (*first, *above_all, *above, *self.configured.common, *last)
        named = next((world.sources for world, _ in worlds if world.sources), tuple(self._sources))
        priority = priority_of(settings, [self._sources[name] for name in named], list(self._sources.values()))
        made = (priority, [policy for _, policy in books], settings, memory, standing)
        answering = answering_of(*made, list(self._sources.values()))
        return View(standing, tuple(book for book, _ in books), priority.sources, offer_of(*made), answering)

    def _worlds(self, standing: Standing) -> Sequence[tuple[Group | Profile, Books]]:
        """Give what is configured for who stands like this, the narrowest first."""
        worlds: list[tuple[Group | Profile, Books]] = []
        if standing.profile:
            worlds.append(self.configured.profiles[standing.profile])
        if standing.group:
            worlds.append(self.configured.groups[standing.group])
        return worlds


def _chosen(standing: Standing) -> list[PolicySettings]:
    """Give the instant that a client has chosen as a rule book. It stands above all, so that nothing is let past it."""
    if standing.as_of is None:
        return []
    return [_snapshot(standing.as_of, "this client has asked for it by the name that it gives to the proxy")]


def _snapshots(worlds: Sequence[tuple[Group | Profile, Books]]) -> list[PolicySettings]:
    """Give the instants that are configured as rule books. They stand below all: `allow` lets past them."""
    said = [(world.snapshot, world.name) for world, _ in worlds]
    return [_snapshot(instant, f"so it is configured for {name}") for instant, name in said if instant is not None]


def _snapshot(instant: Instant, reason: str) -> PolicySettings:
    """Nothing later is there, whoever's it is."""
    return PolicySettings(name="snapshot", rules=(SnapshotRule(project=EVERY, at=instant, own=True, reason=reason),))
