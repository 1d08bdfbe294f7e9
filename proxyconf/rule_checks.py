"""What can only be said of rules when all policies are known, or how they are written. Pure."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
import yaml

from proxyconf.clients import Group, Profile
from proxyconf.misfit import Misfit, shown
from proxyconf.nodes import find, plain
from proxyconf.rules import Kinds, Policy, Rule
from proxyconf.settings import Settings
from proxyconf.shape import nearest

NARROWING = ("networks", "users", "sources")
"""Lists that narrow a group or a profile, so that an empty one, which would not, is a mistake."""


def check_every_rule(settings: Settings, kinds: Kinds, root: yaml.Node) -> None:
    """As `check_rules`, of the common policies, and of those of groups and profiles, which are looked at themselves, too."""
    check_rules(settings.policies, kinds, root)
    every: tuple[tuple[str, tuple[Group | Profile, ...]], ...] = (
        ("profiles", settings.profiles),
        ("clients", settings.clients),
    )
    for key, parts in every:
        for number, part in enumerate(parts):
            within = (key, number)
            _check_filled(find(root, within), within)
            for place in range(len(part.users) if isinstance(part, Group) else 0):
                at = (*within, "users", place)
                _check_filled(find(root, at), at)
            check_rules(part.policies, kinds, root, within)


def _check_filled(node: yaml.Node, at: Sequence[str | int]) -> None:
    """A key with nothing behind it, or a list of nothing, would let in more than it seems to."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(value, yaml.ScalarNode) and plain(value) is None:
            raise Misfit("is empty; write what it is, or take the line out", *at, key.value)
        if key.value in NARROWING and isinstance(value, yaml.SequenceNode) and not value.value:
            raise Misfit("is an empty list, which would narrow nothing; take the line out", *at, key.value)


def check_rules(policies: Sequence[Policy], kinds: Kinds, root: yaml.Node, within: tuple[str | int, ...] = ()) -> None:
    """Raises Misfit, `at` its place below the settings, for the first rule that does not say what it seems to.

    `within` is where the policies stand, if not at the top.
    """
    for number, policy in enumerate(policies):
        for place, rule in enumerate(policy.rules):
            at = (*within, "policies", number, policy.name, place)
            _check_written(rule, find(root, at), at)
            check_past(rule.lets_past or (), kinds, *at)


def check_past(names: Sequence[str], kinds: Kinds, *at: str | int) -> None:
    """Raises Misfit, `at` and then its place in `past`, for the first name that is none of a policy that refuses files."""
    refusing = [name for name, kind in kinds.items() if kind.refuses]
    for which, name in enumerate(names):
        if name not in refusing:
            raise Misfit(_no_policy(name, kinds, refusing), *at, "past", which)


def _check_written(rule: Rule, node: yaml.Node, at: Sequence[str | int]) -> None:
    """A key with nothing behind it, or an empty list, reads as "none", and would mean "all", as if it were not there."""
    written = {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
    for name, many in _fields(type(rule)):
        value = written.get(name)
        if isinstance(value, yaml.ScalarNode) and plain(value) is None:
            raise Misfit("is empty; write what it is about, or take the line out", *at, name)
        if many and isinstance(value, yaml.SequenceNode) and not value.value:
            raise Misfit("is an empty list; write what it is about, or take the line out", *at, name)


@lru_cache(maxsize=256)  # policies of the operator's own have other types after each edit
def _fields(kind: type[Rule]) -> Sequence[tuple[str, bool]]:
    """The fields of a kind of rule, and whether an empty list would narrow nothing in each."""
    return [(field.name, field.default == ()) for field in msgspec.structs.fields(kind)]


def _no_policy(name: str, kinds: Kinds, refusing: Sequence[str]) -> str:
    if name in kinds:
        return f"{shown(name)} refuses no file, so nothing is let past it; there are: {', '.join(refusing)}"
    near = nearest(name, refusing)
    meant = f'did you mean "{near}"? There are' if near else "there are"
    return f"{shown(name)} is no policy; {meant}: {', '.join(refusing)}"
