"""What a rule says besides what it is about and why, in the configuration's words. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import msgspec
import yaml
from msgspec import NODEFAULT
from msgspec.structs import fields

from addons.policies.uploads import minute
from proxyconf.rules import Rule


def own_words(rule: Rule) -> dict[str, object]:
    """Give what only rules of its policy have, as JSON has it: `{"days": 60}`; what is as it is without a word is left out."""
    said = ((name, getattr(rule, name), default) for name, default in _own_fields(type(rule)))
    return {name: _plain(value) for name, value, default in said if value != default}


@lru_cache(maxsize=256)
def _own_fields(kind: type[Rule]) -> Sequence[tuple[str, object]]:
    """Give the names and the defaults of the fields that not every rule has."""
    own = [each for each in fields(kind) if each.name not in Rule.__struct_fields__]
    return [(each.name, each.default if each.default_factory is NODEFAULT else each.default_factory()) for each in own]


def as_written(said: Mapping[str, object]) -> str:
    """Give it on one line, as YAML has it: `days: 60, undated: pass`."""
    return _written(msgspec.json.encode(said)) if said else ""


@lru_cache(maxsize=256)  # a page has thousands of files, and few rules about them
def _written(said: bytes) -> str:
    return ", ".join(_line(name, value) for name, value in msgspec.json.decode(said).items())


def _line(name: str, value: object) -> str:
    flow = isinstance(value, list | dict)
    line: str = yaml.safe_dump({name: value}, default_flow_style=flow, allow_unicode=True, width=1 << 20)
    return line.strip()[1:-1] if flow else line.strip()


def _plain(value: object) -> object:
    """Give a value that JSON and YAML have; policies of the operator's own may have any."""
    if isinstance(value, datetime):
        exact = not value.second and not value.microsecond
        return minute(value) if exact else value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
