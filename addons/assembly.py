"""The one place where settings become sources, policies and the function that answers."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from addons.cache.blobs import Blobs
from addons.cache.layout import Layout
from addons.cache.purges import follow
from addons.cache.room import Limits
from addons.clients.roll import Roll
from addons.edits import waiting
from addons.fetch.upstream import Upstream
from addons.metadata.archive import core_metadata
from addons.metadata.final import check_final
from addons.own_store import own_store
from addons.policies.decided import place_of
from addons.simple.names import ProjectName
from addons.sources.asking import Keeping
from addons.sources.folder import Folder
from addons.sources.index import Index, dialled
from addons.sources.priority import Reserved
from addons.sources.source import Source
from addons.sources.stored import Stored
from addons.store.decision import Decision
from addons.view_parts import Memory
from addons.views import View, Views
from proxyconf.settings import Settings
from proxyconf.settings import Source as SourceSettings

logger = logging.getLogger(__name__)

GB = 1_000_000_000  # bytes
_LOOK_SECONDS = 0.25  # between two looks at what other processes have put into the store
_GRACE = 60.0  # seconds in which every request that began under the old configuration has begun to read

type _Key = tuple[object, ...]


@dataclass(frozen=True)
class Assembly:
    """One configuration, built, with what was decided beside it: a request sees one of these from start to end."""

    settings: Settings
    decisions: Sequence[Decision]
    sources: Mapping[_Key, Source]
    memory: Memory
    views: Views
    roll: Roll

    @property
    def view(self) -> View:
        """What clients get who are of no group."""
        return self.views.usual

    @property
    def idle_decisions(self) -> Sequence[str]:
        """Say which decisions in force are for client groups that the configuration does not have, and so do nothing."""
        groups = {group.name for group in self.settings.clients}
        idle = [each for each in self.decisions if each.draft.subject.client not in (None, *groups)]
        return [
            f"{place_of(each)} is for client group {each.draft.subject.client}, which is not configured: it does nothing"
            for each in idle
        ]

    def under(self, decisions: Sequence[Decision]) -> "Assembly":
        """Give the same configuration under other decisions. Raises ValueError, in words, for one that is no rule."""
        views = Views(self.settings, list(self.sources.values()), decisions, self.memory, self.views)
        return replace(self, decisions=tuple(decisions), views=views)


def assemble(
    settings: Settings,
    before: Assembly | None = None,
    memory: Memory | None = None,
    decisions: Sequence[Decision] = (),
) -> Assembly:
    """Build the configuration wholly; sources that are configured as before are kept, with what they remember.

    `memory` is what the first configuration begins with; the rule books of `decisions` stand above the configured ones.

    Raises ValueError, in words, for what only shows when it is built (a password that is not there).
    """
    known = before.sources if before is not None else {}
    memory = before.memory if before is not None else memory or Memory()
    sources = {
        key: known.get(key) or _source(item, settings, memory)
        for item in settings.sources
        for key in [_key(item, settings)]
    }
    views = Views(settings, list(sources.values()), decisions, memory, before.views if before is not None else None)
    memory.lists.leave_to(set(sources.values()))
    return Assembly(settings, tuple(decisions), sources, memory, views, Roll(settings, memory.proofs))


async def try_out(settings: Settings) -> None:
    """Build a configuration, and let go of it: what a running gateway would do with it. Raises what `assemble` does."""
    built = await asyncio.to_thread(assemble, settings)
    for source in built.sources.values():
        await source.close()


def _key(source: SourceSettings, settings: Settings) -> _Key:
    if source.store:
        return source.name, repr(source), settings.metadata.sdists
    cache = settings.cache
    standing_in = (settings.offline, cache.stale_hours, cache.patience_seconds, cache.absent_seconds, cache.keep)
    return (
        *(source.name, repr(source), source.password(), repr(settings.upstream)),
        *(settings.fresh_seconds, standing_in, source.folder is not None and settings.metadata.sdists),
    )


def _source(source: SourceSettings, settings: Settings, memory: Memory) -> Source:
    check = check_final if settings.metadata.sdists else None
    if source.store:
        return Stored(source.name, memory.store or own_store(settings), core_metadata, check)
    if source.folder is not None:
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

    def __init__(
        self,
        settings: Settings,
        grace_seconds: float = _GRACE,
        memory: Memory | None = None,
        decisions: Sequence[Decision] = (),
    ) -> None:
        self.assembly = assemble(settings, None, memory, decisions)
        self._swapping = asyncio.Lock()
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
    def stored(self) -> Stored | None:
        """The source that shows the store, if one is configured."""
        return next((each for each in self.assembly.sources.values() if isinstance(each, Stored)), None)

    def arrived(self, project: ProjectName) -> None:
        """Hear that this process has changed a project of the store: whatever is asked from now on shows that. On the event loop."""
        if self.stored is not None:
            self.stored.arrived(project)

    async def follow_store(self) -> None:
        """Show what other processes put into the store, within a second; without end."""
        while True:
            if self.stored is not None:
                await self.stored.look()
            await asyncio.sleep(_LOOK_SECONDS)

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

        It is built in a thread: it reads passwords and certificates from disk.
        """
        waited = self.waiting
        async with self._swapping:  # else decisions that are made meanwhile would be lost
            before = self.assembly
            self.assembly = await asyncio.to_thread(assemble, settings, before, None, before.decisions)
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

    async def decide(self, decisions: Sequence[Decision]) -> None:
        """Put other decisions in force for the requests to come. Raises ValueError; then the ones before stay.

        Nothing else is made anew: a denial must not wait for a password that has gone meanwhile.
        """
        async with self._swapping:
            before = self.assembly
            self.assembly = await asyncio.to_thread(before.under, decisions)

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
