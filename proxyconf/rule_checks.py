"""What can only be said of rules when all policies are known, or how they are written. Pure."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
import yaml

from proxyconf.misfit import Misfit, shown
from proxyconf.nodes import find, plain
from proxyconf.rules import Kinds, Policy, Rule
from proxyconf.shape import nearest


def check_rules(policies: Sequence[Policy], kinds: Kinds, root: yaml.Node) -> None:
    """Raises Misfit, `at` its place below the settings, for the first rule that does not say what it seems to."""
    refusing = [name for name, kind in kinds.items() if kind.refuses]
    for number, policy in enumerate(policies):
        for place, rule in enumerate(policy.rules):
            at = ("policies", number, policy.name, place)
            _check_written(rule, find(root, at), at)
            for which, name in enumerate(rule.lets_past or ()):
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
