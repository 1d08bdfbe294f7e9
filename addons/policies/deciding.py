"""What policies share in which the first rule that covers a file decides, so that exceptions stand above."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from addons.policies.rules import Ruled, is_about_all_of_it, is_in_force, positions_by_version
from addons.policies.verdicts import is_own
from addons.simple.page import File, Page
from proxyconf.rules import Rule


class ShapeRule(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule about what files are like, of every project unless it names one; of an own source's only with `own`."""

    own: bool = False


class Deciding[R: ShapeRule](Ruled[R]):
    """A rule book whose first rule about a file decides on it."""

    def __init__(self, rules: Sequence[R], contact: str = "") -> None:
        super().__init__(rules, contact)
        self._by_hash = any(rule.sha256 for rule in rules)

    def _judged[V](
        self, page: Page, at: datetime, judge: Callable[[R, File], V | None], *, unknown: bool
    ) -> dict[int, V]:
        """Give the verdicts on files that are not let through, by their positions on the page.

        `judge` says what a rule makes of a file that it covers; None: it lets it through. `unknown`: rules on versions refuse also where no version can be read (JSN-19); they never let such a file through.
        """
        found = {}
        for position, rules, sure in self._covered(page, at, unknown):
            file = page.files[position]
            own = bool(page.own) and is_own(page, file)
            for rule in rules:
                if own and not rule.own:
                    continue
                verdict = judge(rule, file)
                if verdict is not None:
                    found[position] = verdict
                if verdict is not None or sure or rule.versions is None:
                    break
        return found

    def _covered(self, page: Page, at: datetime, unknown: bool) -> Iterator[tuple[int, Sequence[R], bool]]:
        """Give the position of each file that is covered, its rules in their order, and whether its version counts as read."""
        rules = [rule for _, rule in self._rules.about(page.project).rules if is_in_force(rule, at)]
        if not self._by_hash and all(map(is_about_all_of_it, rules)):
            if rules:
                yield from ((position, rules, True) for position in range(len(page.files)))
            return
        nameless = frozenset(positions_by_version(page).get(None, ()))
        for position, covering in self._rules.covered(page, at, unknown=unknown).items():
            yield position, covering, position not in nameless
