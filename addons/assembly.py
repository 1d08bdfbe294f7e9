"""The one place where settings become sources, policies and the function that answers."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from addons.answering.answering import Answering
from addons.answering.offer import Offer
from addons.fetch.upstream import Upstream
from addons.metadata.archive import core_metadata
from addons.policies.deny import Deny
from addons.policies.policy import Policy
from addons.policies.yank import Yank
from addons.sources.folder import Folder
from addons.sources.index import Index, dialled
from addons.sources.priority import Priority, Reserved
from addons.sources.source import Source
from proxyconf.settings import Policy as PolicySettings
from proxyconf.settings import Settings
from proxyconf.settings import Source as SourceSettings

logger = logging.getLogger(__name__)

_GRACE = 60.0  # seconds in which every request that began under the old configuration has begun to read

type _Key = tuple[object, ...]


@dataclass(frozen=True)
class Assembly:
    """One configuration, built: a request sees one of these from start to end."""

    settings: Settings
    answering: Answering
    sources: Mapping[_Key, Source]


def assemble(settings: Settings, before: Assembly | None = None) -> Assembly:
    """Build the configuration wholly; sources that are configured as before are kept, with what they remember.

    Raises ValueError, in words, for what only shows when it is built (a password that is not there).
    """
    known = before.sources if before is not None else {}
    sources = {
        key: known.get(key) or _source(item, settings) for item in settings.sources for key in [_key(item, settings)]
    }
    offer = Offer(
        Priority(list(sources.values()), Reserved(settings.reserved)),
        [_policy(item, settings.contact) for item in settings.policies],
        hide=settings.refusals == "hide",
    )
    return Assembly(settings, Answering(offer, settings.contact, settings.max_age_seconds), sources)


def _key(source: SourceSettings, settings: Settings) -> _Key:
    return (source.name, repr(source), source.password(), repr(settings.upstream), settings.fresh_seconds)


def _source(source: SourceSettings, settings: Settings) -> Source:
    if source.folder is not None:
        return Folder(source.name, source.folder, core_metadata)
    credentials = (source.username, source.password() or "") if source.username else None
    upstream = Upstream(settings.upstream, dialled(source), settings.listen, source.ca, credentials)
    return Index(source, upstream, settings.fresh_seconds)


def _policy(policy: PolicySettings, contact: str) -> Policy:
    if policy.deny is not None:
        return Deny(policy.deny, contact)
    return Yank(policy.yank or (), contact)


class Present:
    """The configuration in force. Requests take `assembly` once; a new one is swapped in whole."""

    def __init__(self, settings: Settings, grace_seconds: float = _GRACE) -> None:
        self.assembly = assemble(settings)
        self._grace_seconds = grace_seconds
        self._retiring: dict[asyncio.Task[None], list[Source]] = {}

    async def swap(self, settings: Settings) -> None:
        """Put a new configuration in force for the requests to come. Raises ValueError; then the old one stays.

        It is built in a thread: it reads passwords and certificates from disk. One swap at a time.
        """
        before = self.assembly
        if settings.listen != before.settings.listen or settings.certs != before.settings.certs:
            logger.warning("listen and certs are read at start only: restart wheelgate for them to take effect")
        self.assembly = await asyncio.to_thread(assemble, settings, before)
        gone = [source for key, source in before.sources.items() if key not in self.assembly.sources]
        task = asyncio.ensure_future(_retire(gone, self._grace_seconds))
        self._retiring[task] = gone
        task.add_done_callback(lambda done: self._retiring.pop(done, None))

    async def close(self) -> None:
        """Let go of everything, now."""
        sources = list(self.assembly.sources.values())
        for task, gone in self._retiring.items():
            task.cancel()
            sources += gone
        for source in sources:
            await source.close()


async def _retire(sources: list[Source], grace_seconds: float) -> None:
    await asyncio.sleep(grace_seconds)
    for source in sources:
        await source.retire()
