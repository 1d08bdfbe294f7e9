"""Which projects a rule is about: a name, every name below a prefix as `acme-*`, or `*`. Pure."""

from collections.abc import Iterable, Iterator

from proxyconf.rules import EVERY


def prefixes_of(project: str) -> Iterator[str]:
    """Yield the prefixes that cover a normalised name, the shortest first; PEP 752 matches so: `acme-*` is not about `acme`."""
    return (f"{project[:place]}-{EVERY}" for place, char in enumerate(project) if char == "-")


class Scopes:
    """Many scopes, normalised; ten thousand of them take no longer to look through than one."""

    def __init__(self, scopes: Iterable[str]) -> None:
        self._scopes = frozenset(scopes)
        self._every = EVERY in self._scopes
        self._prefixes = any(scope.endswith(EVERY) for scope in self._scopes)

    def cover(self, project: str) -> bool:
        """Tell whether one of them is about this project, whose name is normalised."""
        if self._every or project in self._scopes:
            return True
        return self._prefixes and not self._scopes.isdisjoint(prefixes_of(project))
