"""Who is who, under one configuration."""

import hmac
import logging
from dataclasses import dataclass
from datetime import datetime

from addons.clients.asked import EXAMPLE, Asked, asked
from addons.clients.caller import Caller
from addons.clients.networks import Networks
from addons.clients.proofs import Proofs, digest
from addons.clients.slowing import whereabouts
from addons.clients.standing import Standing, TurnedAway, quoted
from proxyconf.clients import AS_OF, Group, User, is_as_of
from proxyconf.settings import Settings

logger = logging.getLogger(__name__)

NOBODY_LOOKS = "is not to be had: this gateway has no profiles; take it out of the proxy's URL"
UNREADABLE = "what is said to the proxy is no name and password; write http://NAME:PASSWORD@GATEWAY:PORT"
TOO_MANY = "too many wrong passwords came from this address; try again in a minute"
NOT_NOW = "the password cannot be verified just now; try again"
_MOST_WORDS = 150


@dataclass(frozen=True)
class _Stored:
    """What is known of a user, who is in the group at `position`: the hash of the password, or its sha256."""

    position: int
    encoded: str = ""
    sha256: bytes = b""


@dataclass(frozen=True)
class _Verification:
    """What has to be found out first: whether the password is that of `encoded`. Without a position it is wrong anyhow."""

    key: bytes
    encoded: str
    position: int | None


class Roll:
    """Who is who, under one configuration. `proofs` remembers what was proven, under this and earlier ones.

    Making one reads passwords. Raises ValueError, in words, where one isn't there.
    """

    def __init__(self, settings: Settings, proofs: Proofs | None = None) -> None:
        self._groups = settings.clients
        self._profiles = frozenset(profile.name for profile in settings.profiles)
        self._looks = bool(settings.clients or settings.profiles)
        self._proofs = proofs or Proofs()
        self._open = Networks((net, place) for place, group in self._nameless() for net in group.networks)
        self._rest = next((place for place, group in self._nameless() if not group.networks), None)
        self._inside = {place: Networks((net, place) for net in group.networks) for place, group in self._known()}
        users = [(place, user) for place, group in self._known() for user in group.users]
        self._users = {user.username: _stored(place, user) for place, user in users if user.username is not None}
        self._tokens = [(bytes.fromhex(user.token_sha256), place) for place, user in users if user.token_sha256]
        self._of_tokens = digest(" ".join(sha256.hex() for sha256, _ in self._tokens)).hex()
        self._decoy = next((user.password_hash for _, user in users if user.password_hash), "")

    def _nameless(self) -> list[tuple[int, Group]]:
        return [(place, group) for place, group in enumerate(self._groups) if not group.users]

    def _known(self) -> list[tuple[int, Group]]:
        return [(place, group) for place, group in enumerate(self._groups) if group.users]

    def known(self, caller: Caller, at: datetime) -> Standing | TurnedAway | None:
        """Tell, without waiting, as whom a client is served; None: a password has to be verified first (`stand`)."""
        found = self._looked(caller, at)
        return found if not isinstance(found, tuple) else None

    async def stand(self, caller: Caller, at: datetime) -> Standing | TurnedAway:
        """Tell as whom a client is served."""
        found = self._looked(caller, at)
        if not isinstance(found, tuple):
            return found
        want, todo = found
        where = whereabouts(caller.address)
        right = await self._proofs.found_out(
            *(todo.key, where, todo.encoded, want.password), decoy=todo.position is None
        )
        if right is None:
            words = TOO_MANY if self._proofs.are_too_many(where) else NOT_NOW
            return self._told(caller, words)
        return self._placed(caller, want, todo.position if right else None)

    def named(self, group: str, profile: str, at: datetime) -> Standing | TurnedAway:
        """Tell as whom a client of a group is served that chooses a profile, by their names, "" for none; for who explains."""
        position = next((place for place, each in enumerate(self._groups) if each.name == group), None)
        if group and position is None:
            return TurnedAway(f"{quoted(group)} is no group of clients here")
        want = asked(Caller(name=profile), self._profiles, at)
        if isinstance(want, TurnedAway):
            return want
        return TurnedAway(f"{quoted(profile)} is no profile here") if want.claims else self._standing(position, want)

    def _looked(self, caller: Caller, at: datetime) -> Standing | TurnedAway | tuple[Asked, _Verification]:
        if not self._looks:
            name = caller.name or ""
            return TurnedAway(f"{quoted(name)} {NOBODY_LOOKS}") if is_as_of(name) else Standing()
        if caller.unreadable:
            return self._told(caller, UNREADABLE)
        want = asked(caller, self._profiles, at)
        if isinstance(want, TurnedAway):
            return want
        if not want.claims:
            position = self._open.first(caller.address)
            places = [place for place in (position, self._rest) if place is not None]
            return self._standing(min(places, default=None), want)
        if not want.password:
            said = f"{quoted(want.user)} is no profile here, and a user gives" if want.user else "who has a token gives"
            return self._told(caller, f"{said} a password, too" if want.user else f"{said} it as the password")
        found = self._claimed(caller, want)
        return found if not isinstance(found, _Verification) else (want, found)

    def _claimed(self, caller: Caller, want: Asked) -> Standing | TurnedAway | _Verification:
        where = whereabouts(caller.address)
        stored = self._users.get(want.user) if want.user else None
        kept = (stored.encoded or stored.sha256.hex()) if stored else "" if want.user else self._of_tokens
        key = self._proofs.key(want.user, kept, want.password)
        before = self._proofs.remembered(key)
        if before and stored:
            return self._placed(caller, want, stored.position)
        if before is False:
            return self._placed(caller, want, None)
        if not before and self._proofs.are_too_many(where):
            return self._told(caller, TOO_MANY)
        if not want.user:
            return self._by_token(caller, want, key)
        if stored and stored.sha256 and hmac.compare_digest(stored.sha256, digest(want.password)):
            self._proofs.note(key, where, right=True)
            return self._placed(caller, want, stored.position)
        if stored and stored.encoded:
            return _Verification(key, stored.encoded, stored.position)
        if self._decoy:  # whoever is not there takes as long
            return _Verification(key, self._decoy, None)
        self._proofs.note(key, where, right=False)
        return self._placed(caller, want, None)

    def _by_token(self, caller: Caller, want: Asked, key: bytes) -> Standing | TurnedAway:
        sha256 = digest(want.password)
        places = [place for stored, place in self._tokens if hmac.compare_digest(stored, sha256)]
        self._proofs.note(key, whereabouts(caller.address), right=bool(places))
        return self._placed(caller, want, places[0] if places else None)

    def _placed(self, caller: Caller, want: Asked, position: int | None) -> Standing | TurnedAway:
        """Give the standing of who is proven to be of the group at this position; None: of none."""
        if position is None:
            said = (
                f"{quoted(want.user)} is no user here, or has another password"
                if want.user
                else "the token is nobody's"
            )
            return self._told(caller, said)
        group = self._groups[position]
        if group.networks and self._inside[position].first(caller.address) is None:
            return self._told(caller, f"group {group.name} is not served at this address")
        return self._standing(position, want)

    def _standing(self, position: int | None, want: Asked) -> Standing | TurnedAway:
        group = self._groups[position] if position is not None else None
        if not want.profile:
            return Standing(group.name if group else "")
        allowed = group.profiles if group else ()
        if (AS_OF if want.as_of else want.profile) in allowed:
            return Standing(group.name if group else "", "" if want.as_of else want.profile, want.as_of)
        who = f"group {group.name}" if group else "who is in no group"
        choice = ", ".join(EXAMPLE if name == AS_OF else name for name in allowed) or "none"
        return TurnedAway(f"{who} may not choose {quoted(want.profile)}; it may choose: {choice}"[:_MOST_WORDS])

    def _told(self, caller: Caller, words: str) -> TurnedAway:
        """Turn a client away who is not who it says, and tell the log; not each time."""
        name = quoted(caller.name or "")
        if self._proofs.is_due(whereabouts(caller.address), name):
            at = caller.address or "an address that cannot be read"
            logger.warning("a client at %s, as %s, is turned away: %s", at, name, words)
        return TurnedAway(words[:_MOST_WORDS])


def _stored(position: int, user: User) -> _Stored:
    password = user.password()
    if password is not None:
        return _Stored(position, sha256=digest(password))
    return _Stored(position, encoded=user.password_hash or "")
