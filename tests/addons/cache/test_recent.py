from hypothesis import given
from hypothesis import strategies as st

from addons.cache.recent import Recent


class Model:
    """The same, so simple that it must be right: a list, the least recently used first."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.kept: list[tuple[str, int, int]] = []

    def find(self, key: str) -> int | None:
        for item in self.kept:
            if item[0] == key:
                self.kept.remove(item)
                self.kept.append(item)
                return item[1]
        return None

    def keep(self, key: str, value: int, weight: int) -> None:
        self.forget(key)
        if weight <= self.capacity:
            self.kept.append((key, value, weight))
            while sum(item[2] for item in self.kept) > self.capacity:
                self.kept.pop(0)

    def forget(self, key: str) -> None:
        self.kept = [item for item in self.kept if item[0] != key]


keys = st.sampled_from("abcde")
steps = st.one_of(
    st.tuples(st.just("find"), keys),
    st.tuples(st.just("keep"), keys, st.integers(), st.integers(0, 6)),
    st.tuples(st.just("forget"), keys),
)


@given(st.integers(0, 10), st.lists(steps, min_size=5, max_size=60))
def test_recent__under_any_use__is_as_the_simple_model(capacity: int, uses: list[tuple[object, ...]]) -> None:
    """Whatever is kept, found and forgotten, it knows what the model knows, and never holds more than its capacity."""
    recent: Recent[str, int] = Recent(capacity)
    model = Model(capacity)
    for name, *arguments in uses:
        assert getattr(recent, str(name))(*arguments) == getattr(model, str(name))(*arguments)
    for key in "abcde":
        assert recent.find(key) == model.find(key)


def test_recent__without_room__forgets_what_was_used_least_lately() -> None:
    """To be found is to be used."""
    recent: Recent[str, int] = Recent(2)
    recent.keep("a", 1, 1)
    recent.keep("b", 2, 1)
    assert recent.find("a") == 1
    recent.keep("c", 3, 1)
    assert (recent.find("a"), recent.find("b"), recent.find("c")) == (1, None, 3)


def test_recent__keeping_what_is_too_heavy__forgets_the_old_value() -> None:
    """An old page never stands in for a newer one that was too large to be kept."""
    recent: Recent[str, str] = Recent(10)
    recent.keep("a", "old", 1)
    recent.keep("a", "new", 11)
    assert recent.find("a") is None
