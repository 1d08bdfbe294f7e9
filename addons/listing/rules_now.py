"""The rules of a configuration's list, made anew when the clock changes what its policies say of whole projects."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from addons.listing.orders import Hidden, Rules
from addons.policies.policy import Policy
from addons.policies.whole import forbidden


class RulesNow:
    """Rules that hide what the policies forbid; without policies they are `always` the same.

    As long as nothing changes it is one object that is given, so that what was made under it is found at once.
    """

    def __init__(self, always: Rules, policies: Sequence[Policy]) -> None:
        self._policies = policies
        self._rules = always
        self._since: datetime | None = None
        self._until: datetime | None = None

    def __call__(self, at: datetime) -> Rules:
        """Give the rules at the instant `at` (aware, UTC)."""
        if self._policies and not self._hold(at):
            said = [policy.whole(at) for policy in self._policies]
            hidden = tuple(Hidden(scopes=each.scopes, but=each.but) for each in forbidden(said))
            self._rules = msgspec.structs.replace(self._rules, hidden=hidden)
            self._since = at
            self._until = min((each.until for each in said if each.until is not None), default=None)
        return self._rules

    def _hold(self, at: datetime) -> bool:
        return self._since is not None and self._since <= at and (self._until is None or at < self._until)
