"""A bounded memory of recent values, oldest use forgotten first."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator


class Recent[K: Hashable, V]:
    """Values by key, up to a total weight; a value heavier than all of it is not kept."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._weight = 0
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __iter__(self) -> Iterator[K]:
        """Give all keys, the least recently used first."""
        return iter(self._kept)

    def __contains__(self, key: K) -> bool:
        """Tell whether there is a value, which is no use of it."""
        return key in self._kept

    def find(self, key: K) -> V | None:
        """Give the value, now the most recently used, or None."""
        found = self._kept.get(key)  # a key is hashed each time that it is looked up, and some are long
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def keep(self, key: K, value: V, weight: int) -> None:
        """Keep the value, and forget the least recently used ones that there is no room for any more."""
        self.forget(key)
        if weight > self._capacity:
            return
        self._kept[key] = (value, weight)
        self._weight += weight
        while self._weight > self._capacity:
            _, (_, gone) = self._kept.popitem(last=False)
            self._weight -= gone

    def forget(self, key: K) -> None:
        """Forget the value, if it is kept."""
        _, weight = self._kept.pop(key, (None, 0))
        self._weight -= weight
