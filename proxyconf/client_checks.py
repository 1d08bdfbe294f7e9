"""What can only be said of groups and profiles when all of a configuration is known. Pure."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain

from proxyconf.clients import AS_OF, Group, Profile
from proxyconf.endings import without_effect
from proxyconf.misfit import Misfit, shown
from proxyconf.rules import Policy, Rule

type Own = Mapping[str, bool]
"""The configured sources, by name: whether each is the organisation's own."""


def check_clients(clients: Sequence[Group], profiles: Sequence[Profile], sources: Own) -> None:
    """Raises Misfit, `at` its place below the settings, for the first thing that does not go together."""
    every: tuple[tuple[str, Sequence[Group | Profile]], ...] = (("profiles", profiles), ("clients", clients))
    for key, named in every:
        names: set[str] = set()
        for number, each in enumerate(named):
            if each.name in names:
                raise Misfit(f'"{each.name}" is there twice; give one of them another name', key, number, "name")
            names.add(each.name)
            _check_sources(each.sources, sources, (key, number, "sources"))
    known = [profile.name for profile in profiles]
    for number, group in enumerate(clients):
        if group.fits_everybody and number < len(clients) - 1:
            words = "has neither networks nor users, so it fits everybody, and what stands below it nobody: move it to the end"
            raise Misfit(words, "clients", number)
        _check_profiles(group, number, known)
    _check_users(clients, known)


def _check_sources(names: Sequence[str], sources: Own, at: tuple[str | int, ...]) -> None:
    public = ""
    for place, name in enumerate(names):
        if name not in sources:
            raise Misfit(f"{shown(name)} is no source; there are: {', '.join(sources)}", *at, place)
        if name in names[:place]:
            raise Misfit(f'"{name}" is there twice; keep one of them', *at, place)
        if sources[name] and public:
            raise Misfit(
                f'"{name}" is your own source and stands behind "{public}", which is public and would answer first;'
                " move it to the front",
                *at,
                place,
            )
        public = public or ("" if sources[name] else name)


def _check_profiles(group: Group, number: int, known: Sequence[str]) -> None:
    for place, name in enumerate(group.profiles):
        if name not in (*known, AS_OF):
            words = f"{shown(name)} is no profile; there are: {', '.join((*known, AS_OF))}"
            raise Misfit(words, "clients", number, "profiles", place)
        if name in group.profiles[:place]:
            raise Misfit(f'"{name}" is there twice; keep one of them', "clients", number, "profiles", place)


def _check_users(clients: Sequence[Group], profiles: Sequence[str]) -> None:
    """Each name and each token is one user's, and no name is also a profile's: it would not be known who is meant."""
    names: dict[str, str] = {}
    tokens: dict[str, str] = {}
    for number, group in enumerate(clients):
        for place, user in enumerate(group.users):
            at = ("clients", number, "users", place)
            if user.username in profiles:
                raise Misfit(f"{shown(user.username)} is a profile's name, too; change one", *at, "username")
            if user.username in names:
                where = names[user.username]
                raise Misfit(f'{shown(user.username)} is a user of "{where}" already; keep one', *at, "username")
            if user.token_sha256 in tokens:
                raise Misfit(f'this token is in "{tokens[user.token_sha256]}" already; keep one', *at, "token_sha256")
            names |= {user.username: group.name} if user.username is not None else {}
            tokens |= {user.token_sha256: group.name} if user.token_sha256 is not None else {}


def every_policy(common: Sequence[Policy], clients: Sequence[Group], profiles: Sequence[Profile]) -> tuple[Policy, ...]:
    """Give all policies of a configuration, for who looks at each by itself."""
    parts: tuple[Group | Profile, ...] = (*profiles, *clients)
    return tuple(chain(common, *(part.policies for part in parts)))


def idle(common: Sequence[Policy], clients: Sequence[Group], profiles: Sequence[Profile]) -> Iterator[str]:
    """Say what has no effect: rules that let files past nothing, groups that nobody is in, profiles that nobody may choose."""
    lists = [common, *((*_of(group), *common) for group in clients)]
    for profile in profiles:
        choosing = [group for group in clients if profile.name in group.profiles]
        lists.append((*_of(profile), *chain(*map(_of, choosing)), *common))
        if not choosing:
            yield f'profile {profile.name}: no group may choose it; name it in the "profiles" of one'
    yield from dict.fromkeys(chain(*map(without_effect, lists)))
    yield from _unreached(clients)


def _of(part: Group | Profile) -> tuple[Policy, ...]:
    """What is done for a group or a profile; its snapshot is a policy, too."""
    snapshot = (Policy(name="snapshot", rules=(Rule(),)),) if part.snapshot is not None else ()
    return (*part.policies, *snapshot)


def _unreached(clients: Sequence[Group]) -> Iterator[str]:
    for number, group in enumerate(clients):
        if group.users or not group.networks:
            continue
        before = [(each.name, net) for each in clients[:number] if not each.users for net in each.networks]
        inside = {net: name for net in group.networks for name, wider in before if _within(net, wider)}
        for net, name in inside.items():
            rest = "" if len(inside) < len(group.networks) else ", so nobody is ever in the group"
            yield f"clients {group.name}: {net} lies in a network of {name}, which stands above{rest}"


def _within(inner: str, outer: str) -> bool:
    one, other = _network(inner), _network(outer)
    if isinstance(one, ipaddress.IPv4Network) and isinstance(other, ipaddress.IPv4Network):
        return one.subnet_of(other)
    if isinstance(one, ipaddress.IPv6Network) and isinstance(other, ipaddress.IPv6Network):
        return one.subnet_of(other)
    return False


@cache
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text)
