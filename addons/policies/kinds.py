"""The policies that there are: each module here that has a policy of its own name, as `min_age` has MinAge and MinAgeRule."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import addons.policies
from addons.policies import own
from addons.policies.policy import Policy
from proxyconf.rules import Extensible, Rule
from proxyconf.rules import Policy as PolicySettings

type Maker = Callable[[Sequence[Any], str], Policy]
"""Makes a policy of its rules and the contact that its words end in."""


def _found() -> Mapping[str, tuple[Maker, type[Rule]]]:
    found = {}
    for module in sorted(each.name for each in pkgutil.iter_modules(addons.policies.__path__)):
        name = "".join(part.capitalize() for part in module.split("_"))
        there = importlib.import_module(f"addons.policies.{module}")
        rule = getattr(there, f"{name}Rule", None)
        if rule is not None:
            found[module] = cast(Maker, getattr(there, name)), cast(type[Rule], rule)
    return found


_POLICIES = _found()

KINDS = Extensible(
    {name: rule for name, (_, rule) in _POLICIES.items()}, lambda folder: own.find(folder, _POLICIES), own.stamp
)
"""What the rules of each policy are."""


def made(policy: PolicySettings, contact: str) -> Policy:
    """Make a policy of what is configured. Raises ValueError, in words, if one of the operator's own cannot be made."""
    if policy.own is not None:
        return own.made(policy, contact)
    maker, _ = _POLICIES[policy.name]
    return maker(policy.rules, contact)
