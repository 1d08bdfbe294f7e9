"""Looking at what a page announces: nothing is asked of an index for it but the page."""

from collections.abc import Callable, Sequence
from typing import override

from addons.announcing.announcer import Announcer
from addons.announcing.links import Announced
from addons.simple.page import File
from addons.sources.priority import Part


class Looking(Announcer):
    """An announcer of pages that no client gets, so no index has to show before that it gives metadata."""

    @override
    def at_hand(self, parts: Sequence[Part]) -> None:
        """Give nothing: a command asks once."""

    @override
    async def known(
        self, parts: Sequence[Part], offers: Callable[[Part, File], bool] = lambda part, file: True
    ) -> tuple[Announced, ...]:
        """Give what is known of a page's parts, and was seen of their sources before."""
        known = await self._announcing.known(parts, self.terms._replace(ahead=False))
        if not self.terms.ahead or self.terms.offline:
            return known
        gives = {part.source.name: await self._announcing.gives(part.source) for part in parts}
        return tuple(each._replace(ahead=gives[each.source]) for each in known)
