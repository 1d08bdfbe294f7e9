"""Views: what one kind of clients gets, of which sources and under which policies, and who answers for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from addons.announcing.announcer import Announcer, Beside
from addons.announcing.links import Terms
from addons.answering.answering import Answering, Families
from addons.answering.file_answer import FileAnswers
from addons.answering.kept import Kept
from addons.answering.legacy_answer import LegacyAnswers
from addons.answering.list_answer import ListAnswers
from addons.answering.offer import Judgements, Offer
from addons.answering.page_answer import PageAnswers
from addons.answering.provenance_answer import ClassifiersAnswers, ProvenanceAnswers
from addons.cache.blobs import Blobs
from addons.cache.documents import Documents
from addons.listing.orders import Rules
from addons.listing.project_list import ProjectList
from addons.listing.rules_now import RulesNow
from addons.listing.store import ListStore
from addons.policies.kinds import made
from addons.policies.policy import Policy
from addons.simple.names import normalise
from addons.sources.priority import Priority, Reserved
from addons.sources.source import Source
from proxyconf.rules import Policy as PolicySettings
from proxyconf.settings import Settings


@dataclass(frozen=True)
class Memory:
    """What was worked out, by the facts that it came from: so it outlives the configuration that it was made under.

    `documents`: what indexes answered, on disk; `blobs`: their files; `metadata`: what is known of that; None where nothing is
    kept there.
    """

    kept: Kept = field(default_factory=Kept)
    judgements: Judgements = field(default_factory=Judgements)
    lists: ListStore = field(default_factory=ListStore)
    documents: Documents | None = None
    blobs: Blobs | None = None
    metadata: Beside | None = None


@dataclass(frozen=True)
class View:
    """What one kind of clients gets. `policies`: the rule books in force for it, in their order.

    `answering` answers its requests; `offer` is for who asks without a request.
    """

    policies: Sequence[PolicySettings]
    offer: Offer
    answering: Answering


def view_of(settings: Settings, sources: Sequence[Source], policies: Sequence[PolicySettings], memory: Memory) -> View:
    """Make the view of these sources, highest first, under these policies; `settings` says all else.

    Raises ValueError, in words, for a policy that cannot be made.
    """
    priority, rules = priority_of(settings, sources), [made(each, settings.contact) for each in policies]
    offer = offer_of(priority, rules, settings, memory)
    return View(tuple(policies), offer, answering_of(priority, rules, settings, memory))


def answering_of(priority: Priority, policies: Sequence[Policy], settings: Settings, memory: Memory) -> Answering:
    """Give the function that answers from these sources under these policies; `settings` says how, not from what."""
    offer = offer_of(priority, policies, settings, memory)
    max_age, files = settings.max_age_seconds, FileAnswers(offer, memory.kept, settings.contact, settings.address)
    return Answering(
        Families(
            pages=PageAnswers(offer, memory.kept, max_age),
            files=files,
            legacy=LegacyAnswers(offer, memory.kept, max_age),
            provenance=ProvenanceAnswers(offer, files, max_age),
            classifiers=ClassifiersAnswers(priority.sources, max_age),
            projects=ListAnswers(ProjectList(priority.sources, _list_rules(policies, settings), memory.lists), max_age),
        )
    )


def offer_of(priority: Priority, policies: Sequence[Policy], settings: Settings, memory: Memory) -> Offer:
    """Give what these sources offer under these policies."""
    announcer = Announcer(memory.metadata, _terms(settings)) if memory.metadata is not None else None
    hide = settings.refusals == "hide"
    return Offer(
        *(priority, policies), hide=hide, judgements=memory.judgements, announcer=announcer, address=settings.address
    )


def _terms(settings: Settings) -> Terms:
    return Terms(sdists=settings.metadata.sdists, ahead=settings.metadata.ahead, offline=settings.offline)


def _list_rules(policies: Sequence[Policy], settings: Settings) -> RulesNow:
    hide = settings.refusals == "hide"  # else a wholly forbidden project stays listed, so that its page can say why
    merged = tuple((normalise(item.project), item.sources) for item in settings.merge)
    return RulesNow(Rules(reserved=settings.reserved, merged=merged), policies if hide else ())


def priority_of(settings: Settings, sources: Sequence[Source]) -> Priority:
    """Put the sources in their order, highest first."""
    by_name = {source.name: source for source in sources}
    merge = {normalise(item.project): [by_name[name] for name in item.sources] for item in settings.merge}
    return Priority(sources, Reserved(settings.reserved), merge)
