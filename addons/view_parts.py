"""What views are made of: memory that outlives them, sources in their order, offers, and who answers from these."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

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
from addons.answering.upload_answer import NO_STORE, NOT_YOURS, UploadAnswers
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
from addons.policies.policy import Policy
from addons.simple.names import normalise
from addons.sources.priority import Priority, Reserved
from addons.sources.source import Source
from addons.store.own import OwnStore
from proxyconf.settings import Settings

type TakesUploads = Callable[[Settings, Priority, Sequence[Source]], UploadAnswers]
"""Makes who takes uploads under these settings, for clients that get these sources, of all those that are configured."""


@dataclass(frozen=True)
class Memory:
    """What was worked out, by the facts that it came from: so it outlives the configuration that it was made under.

    `documents`: what indexes answered, on disk; `blobs`: their files; `metadata`: what is known of that; None where nothing is
    kept there. `proofs`: which passwords have proven right. `served` counts what clients get; None: nobody counts it.
    `store` is the one that a gateway began with, whatever edits name since; None: that of the settings. `uploads` makes who
    takes uploads; None: nobody does.
    """

    kept: Kept = field(default_factory=Kept)
    judgements: Judgements = field(default_factory=Judgements)
    lists: ListStore = field(default_factory=ListStore)
    documents: Documents | None = None
    blobs: Blobs | None = None
    metadata: Beside | None = None
    served: Served | None = None
    store: OwnStore | None = None
    proofs: Proofs = field(default_factory=Proofs)
    uploads: TakesUploads | None = None


def answering_of(
    priority: Priority,
    policies: Sequence[Policy],
    settings: Settings,
    memory: Memory,
    standing: Standing = NOBODY,
    configured: Sequence[Source] = (),
) -> Answering:
    """Give the function that answers from these sources under these policies; `settings` says how, not from what.

    `configured` are all sources, also those that such clients do not get: a new name must be none of theirs either.
    """
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
            uploads=_uploads(priority, settings, memory, configured),
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


def _uploads(priority: Priority, settings: Settings, memory: Memory, configured: Sequence[Source]) -> UploadAnswers:
    store = next((source.name for source in settings.sources if source.store), None)
    if store is None or memory.uploads is None:
        return UploadAnswers(why_not=NO_STORE)
    if priority.withholds(store):
        return UploadAnswers(why_not=NOT_YOURS)
    return memory.uploads(settings, priority, configured or priority.sources)


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
