"""inspector: what `wheelgate metadata` does, with the settings and words of its command line."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from addons.announcing.announcer import Beside
from addons.announcing.announcing import Announcing
from addons.announcing.links import Terms
from addons.answering.offer import Offer
from addons.assembly import Present, limits
from addons.cache.blobs import Blobs
from addons.cache.documents import Documents
from addons.cli_parts import clock
from addons.following import decisions_of
from addons.inspecting.asked import Asked, Local, Named, Release, asked
from addons.inspecting.facts import Group, Seen
from addons.inspecting.following import Following
from addons.inspecting.inspecting import Inspecting, NotThere
from addons.inspecting.local import local_group, read_local
from addons.inspecting.looking import Looking
from addons.inspecting.showing import fields, lines, text_of, whole
from addons.places import cache_folder
from addons.policies.wording import words
from addons.sources.source import SourceUnavailable
from addons.view_parts import Memory
from addons.viewing import view_for
from proxyconf.settings import Settings


@dataclass
class Found:
    """What was found out: of each argument its group, with the metadata in hand of each file; `problems` in words."""

    groups: list[tuple[Group, list[bytes | None]]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether everything that counts is announced."""
        return all(seen.is_well for group, _ in self.groups for seen in group.files)


type Whom = tuple[str, str]
"""The names of a client group and of a profile, "" for none."""


def look(settings: Settings, arguments: Sequence[str], *, fetch: bool, show: bool, whom: Whom = ("", "")) -> Found:
    """Find out what is asked; `fetch` and `show` as on the command line. Raises ValueError, in words, for an argument that is none, or OSError."""
    wanted = {argument: asked(argument) for argument in arguments}
    return asyncio.run(_look(settings, wanted, fetch, show, whom))


async def _look(settings: Settings, wanted: dict[str, Asked], fetch: bool, show: bool, whom: Whom) -> Found:
    found = Found()
    inspection = _Inspection(settings, whom) if any(not isinstance(each, Local) for each in wanted.values()) else None
    try:
        for argument, each in wanted.items():
            try:
                if isinstance(each, Local):
                    seen, content = await asyncio.to_thread(read_local, each.path, sdists=settings.metadata.sdists)
                    found.groups.append((local_group(argument, each.path, seen), [content or None]))
                else:
                    assert inspection is not None
                    found.groups.append(await inspection.look(argument, each, fetch, show or len(wanted) == 1))
            except OSError as error:
                found.problems.append(f"{argument}: {error.strerror}")
            except (NotThere, SourceUnavailable) as error:
                found.problems.append(f"{argument}: {error}")
    finally:
        if inspection is not None:
            await inspection.close()
    return found


class _Inspection:
    """What a gateway of these settings would answer from, on the same folder."""

    def __init__(self, settings: Settings, whom: Whom) -> None:
        folder = cache_folder(settings)
        self._settings = settings
        self._blobs = Blobs(folder, limits(settings))
        self._documents = Documents(folder / "documents")
        memory = Memory(documents=self._documents, blobs=self._blobs)
        self._present = Present(settings, memory=memory, decisions=decisions_of(settings, clock()))
        self._whom = whom
        metadata = settings.metadata
        self._terms = Terms(sdists=metadata.sdists, ahead=metadata.ahead, offline=settings.offline)

    def _offer(self) -> tuple[Offer, Announcing]:
        """Give what is offered now: with nothing in memory of what was known before. Raises ValueError for clients that are none."""
        announcing = Announcing(self._blobs, self._documents)
        now = self._present.assembly
        offer = now.views.again(view_for(now, *self._whom, clock())).offer
        offer.announcer = Looking(Beside(announcing), self._terms)
        return offer, announcing

    async def look(
        self, argument: str, each: Named | Release, fetch: bool, texts: bool
    ) -> tuple[Group, list[bytes | None]]:
        """Find out what one argument asks; `texts`: with the metadata in hand. Raises NotThere or SourceUnavailable."""
        offer, announcing = self._offer()
        chosen, outcomes = await Inspecting(offer, clock()).chosen(each), {}
        if fetch:
            outcomes = await Inspecting.fetch(chosen.files, announcing, self._terms)
            offer, announcing = self._offer()
            chosen = await Inspecting(offer, clock()).chosen(each)
        following = Following(
            announcing, self._blobs, self._terms, lambda refusal: words(refusal, self._settings.contact)
        )
        group = await following.group(argument, each, chosen, outcomes)
        return group, [await following.text(offered) if texts else None for offered in chosen.files]

    async def close(self) -> None:
        """Let go of everything."""
        await self._present.close()


def told(found: Found, show: bool) -> Iterator[str]:
    """Give the lines for people: the fields of a single file's metadata are among them, with `show` all of everything."""
    single = len(found.groups) == 1 and len(found.groups[0][0].files) == 1
    texts: Callable[[bytes], Iterator[str]] = whole if show else fields
    for number, (group, contents) in enumerate(found.groups):
        if number:
            yield ""
        yield from lines(group)
        for seen, content in zip(group.files, contents, strict=True):
            if content and (show or single):
                yield from ("", *([f"{seen.filename}:", ""] if not single else []), *texts(content))


def as_json(found: Found, show: bool) -> str:
    """Give all of it for programs; with `show` the metadata's text as well."""
    groups = [
        msgspec.structs.replace(
            group,
            files=[_with(seen, content) for seen, content in zip(group.files, contents, strict=True)]
            if show
            else group.files,
        )
        for group, contents in found.groups
    ]
    facts = {"asked": groups, "problems": found.problems}
    return msgspec.json.format(msgspec.json.encode(facts), indent=2).decode()


def _with(seen: Seen, content: bytes | None) -> Seen:
    return msgspec.structs.replace(seen, metadata=text_of(content) if content is not None else None)
