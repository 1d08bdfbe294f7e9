"""The one place where settings become sources, policies and the function that answers."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

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
from addons.cache.layout import Layout
from addons.cache.purges import follow
from addons.cache.room import Limits
from addons.edits import waiting
from addons.fetch.upstream import Upstream
from addons.listing.orders import Rules
from addons.listing.project_list import ProjectList
from addons.listing.rules_now import RulesNow
from addons.listing.store import ListStore
from addons.metadata.archive import core_metadata
from addons.metadata.final import check_final
from addons.policies.kinds import made
from addons.policies.policy import Policy
from addons.simple.names import ProjectName, normalise
from addons.sources.asking import Keeping
from addons.sources.folder import Folder
from addons.sources.index import Index, dialled
from addons.sources.priority import Priority, Reserved
from addons.sources.source import Source
from proxyconf.settings import Settings
from proxyconf.settings import Source as SourceSettings

logger = logging.getLogger(__name__)

GB = 1_000_000_000  # bytes
_GRACE = 60.0  # seconds in which every request that began under the old configuration has begun to read

type _Key = tuple[object, ...]


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
class Assembly:
    """One configuration, built: a request sees one of these from start to end. `offer` is for who asks without a client."""

    settings: Settings
    answering: Answering
    sources: Mapping[_Key, Source]
    memory: Memory
    offer: Offer


def assemble(settings: Settings, before: Assembly | None = None, memory: Memory | None = None) -> Assembly:
    """Build the configuration wholly; sources that are configured as before are kept, with what they remember.

    `memory` is what the first configuration begins with.

    Raises ValueError, in words, for what only shows when it is built (a password that is not there).
    """
    known = before.sources if before is not None else {}
    memory = before.memory if before is not None else memory or Memory()
    sources = {
        key: known.get(key) or _source(item, settings, memory)
        for item in settings.sources
        for key in [_key(item, settings)]
    }
    priority = _priority(settings, list(sources.values()))
    policies = [made(item, settings.contact) for item in settings.policies]
    answering = answering_of(priority, policies, settings, memory)
    return Assembly(settings, answering, sources, memory, _offer(priority, policies, settings, memory))


async def try_out(settings: Settings) -> None:
    """Build a configuration, and let go of it: what a running gateway would do with it. Raises what `assemble` does."""
    built = await asyncio.to_thread(assemble, settings)
    for source in built.sources.values():
        await source.close()


def answering_of(priority: Priority, policies: Sequence[Policy], settings: Settings, memory: Memory) -> Answering:
    """Give the function that answers from these sources under these policies; `settings` says how, not from what."""
    offer = _offer(priority, policies, settings, memory)
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


def offer_of(assembly: Assembly) -> Offer:
    """Give what a configuration offers, for who asks it without a client."""
    settings = assembly.settings
    policies = [made(item, settings.contact) for item in settings.policies]
    return _offer(_priority(settings, list(assembly.sources.values())), policies, settings, assembly.memory)


def _offer(priority: Priority, policies: Sequence[Policy], settings: Settings, memory: Memory) -> Offer:
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


def _priority(settings: Settings, sources: Sequence[Source]) -> Priority:
    by_name = {source.name: source for source in sources}
    merge = {normalise(item.project): [by_name[name] for name in item.sources] for item in settings.merge}
    return Priority(sources, Reserved(settings.reserved), merge)


def _key(source: SourceSettings, settings: Settings) -> _Key:
    cache = settings.cache
    standing_in = (settings.offline, cache.stale_hours, cache.patience_seconds, cache.absent_seconds, cache.keep)
    return (
        *(source.name, repr(source), source.password(), repr(settings.upstream)),
        *(settings.fresh_seconds, standing_in, source.folder is not None and settings.metadata.sdists),
    )


def _source(source: SourceSettings, settings: Settings, memory: Memory) -> Source:
    if source.folder is not None:
        check = check_final if settings.metadata.sdists else None
        return Folder(source.name, source.folder, core_metadata, check_final=check)
    credentials = (source.username, source.password() or "") if source.username else None
    upstream = Upstream(
        *(settings.upstream, dialled(source), settings.listen, source.ca, credentials), offline=settings.offline
    )
    keeping = Keeping(
        documents=memory.documents,
        stale_seconds=inf if settings.offline else settings.cache.stale_hours * 3600,
        patience_seconds=settings.cache.patience_seconds,
        absent_seconds=0.0 if source.own else settings.cache.absent_seconds,
        forever=Reserved(settings.cache.keep).covers,
    )
    return Index(source, upstream, settings.fresh_seconds, keeping=keeping, blobs=memory.blobs)


class Present:
    """The configuration in force. Requests take `assembly` once; a new one is swapped in whole."""

    def __init__(self, settings: Settings, grace_seconds: float = _GRACE, memory: Memory | None = None) -> None:
        self.assembly = assemble(settings, memory=memory)
        self._started = settings
        self._grace_seconds = grace_seconds
        self._retiring: dict[asyncio.Task[None], list[Source]] = {}

    @property
    def blobs(self) -> Blobs | None:
        """The files on disk, the same under every configuration."""
        return self.assembly.memory.blobs

    @property
    def conditions(self) -> Mapping[str, str]:
        """How each index is, by the name of its source."""
        return {each.name: each.condition for each in self.assembly.sources.values() if isinstance(each, Index)}

    @property
    def failed_policies(self) -> Mapping[str, tuple[int, str]]:
        """Of the policies that failed on pages, by name: how often, and on which project's last."""
        return self.assembly.memory.judgements.failed

    @property
    def waiting(self) -> tuple[str, ...]:
        """The settings, by name, that are other in the configuration in force than at the start, and need a restart."""
        return waiting(self._started, self.assembly.settings)

    async def hear_purges(self) -> None:
        """Forget what was purged from the disk, as soon as it is heard of; without end."""
        documents = self.assembly.memory.documents
        if documents is not None:
            await follow(Layout(documents.folder.parent).purged, self._forget)

    def _forget(self, project: ProjectName) -> None:
        for source in self.assembly.sources.values():
            if isinstance(source, Index):
                source.forget(project)
        if self.assembly.memory.metadata is not None:
            self.assembly.memory.metadata.announcing.forget(project)

    async def swap(self, settings: Settings) -> None:
        """Put a new configuration in force for the requests to come. Raises ValueError; then the old one stays.

        It is built in a thread: it reads passwords and certificates from disk. One swap at a time.
        """
        before, waited = self.assembly, self.waiting
        self.assembly = await asyncio.to_thread(assemble, settings, before)
        before.memory.judgements.failed.clear()
        if self.waiting and self.waiting != waited:
            logger.warning("%s: read at start only; restart wheelgate for it", ", ".join(self.waiting))
        if self.blobs is not None:
            self.blobs.limit(limits(settings))
        if before.memory.lists.lasting is not None:
            before.memory.lists.lasting.limit(limits(settings))
        gone = [source for key, source in before.sources.items() if key not in self.assembly.sources]
        task = asyncio.ensure_future(_retire(gone, self._grace_seconds))
        self._retiring[task] = gone
        task.add_done_callback(lambda done: self._retiring.pop(done, None))

    async def close(self) -> None:
        """Let go of everything, now."""
        if self.assembly.memory.metadata is not None:
            await self.assembly.memory.metadata.close()
        if self.assembly.memory.documents is not None:
            await self.assembly.memory.documents.close()
        await self.assembly.memory.lists.close()
        if self.blobs is not None:
            await self.blobs.close()
        sources = list(self.assembly.sources.values())
        for task, gone in self._retiring.items():
            task.cancel()
            sources += gone
        for source in sources:
            await source.close()


def limits(settings: Settings) -> Limits:
    """Give how much room kept files may take."""
    return Limits(int(settings.cache.max_gb * GB), int(settings.cache.min_free_gb * GB))


async def _retire(sources: list[Source], grace_seconds: float) -> None:
    await asyncio.sleep(grace_seconds)
    for source in sources:
        await source.retire()
