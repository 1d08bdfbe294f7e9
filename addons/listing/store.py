"""What is known of lists from one configuration to the next: each source's own, and the finished ones by their facts."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from addons.listing.lasting_lists import LastingLists
from addons.listing.list_file import ListFile
from addons.listing.orders import ListForm, Rules
from addons.listing.source_list import SourceList
from addons.listing.workshop import Workshop, remove
from addons.simple.negotiation import Coding
from addons.sources.listed import Lister

_GENERATIONS = 2  # finished lists that are kept: a client may be about to read the one that was just replaced


@dataclass(frozen=True)
class Facts:
    """All that a list follows from: the rules, and the name and version of each source's list, highest first."""

    rules: Rules
    own: tuple[tuple[str, str], ...]
    public: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Made:
    """A finished list: its files by form and coding, and upstream's serial as text (MRG-09)."""

    facts: Facts
    files: Mapping[tuple[ListForm, Coding], ListFile]
    serial: str | None
    count: int


class ListStore:
    """The lists of all sources that are configured, and the last finished ones. It outlives configurations.

    `lasting`: what of them is on disk, for the next process; None: nothing.
    """

    def __init__(self, workshop: Workshop | None = None, lasting: LastingLists | None = None) -> None:
        self.workshop = workshop or Workshop()
        self.lasting = lasting
        self._lists: Mapping[Lister, SourceList] = {}
        self._left: list[SourceList] = []
        self._made: OrderedDict[Facts, Made] = OrderedDict()

    def lists_of(self, sources: Sequence[Lister]) -> list[SourceList]:
        """Give the lists of a new configuration's sources, with what is known of those that were configured before.

        What was read of sources that are not is removed with the configuration after, when nobody asks for it any more.
        Waits for the disk: not for the event loop.
        """
        known = self._lists
        self._lists = {
            source: known.get(source) or SourceList(source, self.workshop, self.lasting) for source in sources
        }
        remove(each.kept.path for each in self._left if each.kept is not None)
        self._left = [each for source, each in known.items() if source not in self._lists]
        return list(self._lists.values())

    def find(self, facts: Facts) -> Made | None:
        """Give the list that was made of these facts, if it is still kept."""
        return self._made.get(facts)

    def nearest(self, facts: Facts) -> Made | None:
        """Give the list that was made of these facts, or else the newest one that differs in public sources only."""
        alike = (made for made in reversed(self._made.values()) if _differ_in_public_only(made.facts, facts))
        return self.find(facts) or next(alike, None)

    async def keep(self, made: Made) -> None:
        """Keep a list; the oldest that there is no room for any more goes. Who is reading it reads on (POSIX)."""
        self._made[made.facts] = made
        while len(self._made) > _GENERATIONS:
            _, gone = self._made.popitem(last=False)
            await asyncio.to_thread(remove, [file.path for file in gone.files.values()])

    async def close(self) -> None:
        """End what is under way, and remove all files."""
        self._made.clear()
        await self.workshop.close()


def _differ_in_public_only(one: Facts, other: Facts) -> bool:
    sources = [[name for name, _ in facts.public] for facts in (one, other)]
    return one.rules == other.rules and one.own == other.own and sources[0] == sources[1]
