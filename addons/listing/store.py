"""What is known of lists from one configuration to the next: each source's own, and the finished ones by their facts."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from addons.listing.lasting_lists import LastingLists
from addons.listing.list_file import ListFile
from addons.listing.orders import ListForm, Rules
from addons.listing.source_list import SourceList
from addons.listing.workshop import Workshop, remove
from addons.simple.negotiation import Coding
from addons.sources.listed import Lister

_GENERATIONS = (
    2  # finished lists of one kind that are kept: a client may be about to read the one that was just replaced
)
_MOST = 6  # finished lists that are kept in all, as several groups of clients may get several


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
        self._lists: dict[Lister, SourceList] = {}
        self._left: list[SourceList] = []
        self._made: OrderedDict[Facts, Made] = OrderedDict()

    def lists_of(self, sources: Sequence[Lister]) -> list[SourceList]:
        """Give the lists of sources, with what is known of them: each has one, whoever gets it."""
        for source in sources:
            if source not in self._lists:
                self._lists[source] = SourceList(source, self.workshop, self.lasting)
        return [self._lists[source] for source in sources]

    def leave_to(self, sources: Collection[Lister]) -> None:
        """Forget all sources but these, which a new configuration has.

        What was read of the others is removed with the configuration after, when nobody asks for it any more.
        Waits for the disk: not for the event loop.
        """
        known = self._lists
        self._lists = {source: each for source, each in known.items() if source in sources}
        remove(each.kept.path for each in self._left if each.kept is not None)
        self._left = [each for source, each in known.items() if source not in self._lists]

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
        alike = [facts for facts in self._made if _are_of_a_kind(facts, made.facts)]
        over = alike[:-_GENERATIONS]
        over += [facts for facts in self._made if facts not in over][: len(self._made) - len(over) - _MOST]
        gone = [self._made.pop(facts) for facts in over]
        await asyncio.to_thread(remove, [file.path for each in gone for file in each.files.values()])

    async def close(self) -> None:
        """End what is under way, and remove all files."""
        self._made.clear()
        await self.workshop.close()


def _are_of_a_kind(one: Facts, other: Facts) -> bool:
    """Tell whether one took the other's place: they are of the same sources, under the same rules."""
    return _names(one) == _names(other) and one.rules == other.rules


def _names(facts: Facts) -> list[str]:
    return [name for name, _ in (*facts.own, *facts.public)]


def _differ_in_public_only(one: Facts, other: Facts) -> bool:
    sources = [[name for name, _ in facts.public] for facts in (one, other)]
    return one.rules == other.rules and one.own == other.own and sources[0] == sources[1]
