"""Which keys the configuration has, and where: what msgspec knows about the settings, for error messages. Pure."""

import difflib
from collections.abc import Iterator, Sequence

import msgspec
from msgspec.inspect import DictType, Field, LiteralType, NoneType, StructType, Type, UnionType, VarTupleType

from proxyconf.settings import Settings

# What people write for a key that they know from elsewhere.
_MEANT = {
    "url": "index",
    "index_url": "index",
    "path": "folder",
    "directory": "folder",
    "package": "project",
    "packages": "project",
    "specifier": "versions",
    "message": "reason",
    "comment": "reason",
    "user": "username",
    "verify": "ca",
    "cert": "ca",
}


_BESIDE = "[].policies[]"
"""Policies that stand elsewhere, too."""


class Shape:
    """The shape of a configuration: `settings` is its type, which has the policies that there are."""

    def __init__(self, settings: type[Settings]) -> None:
        self._root = msgspec.inspect.type_info(settings)

    def type_at(self, way: Sequence[str | int]) -> Type | None:
        """The type of the value at the end of a way of keys and indexes; None where the settings have nothing."""
        kind: Type | None = self._root
        for step in way:
            kind = _below(kind, step)
        return kind

    def keys_at(self, way: Sequence[str | int]) -> list[str]:
        """The keys that may be written in the mapping at the end of the way; empty if there is no such mapping."""
        kind = self.type_at(way)
        return [field.encode_name for field in kind.fields] if isinstance(kind, StructType) else []

    def choices_at(self, way: Sequence[str | int]) -> list[str]:
        """The only words that the value at the end of the way may be; empty if it is free."""
        kind = self.type_at(way)
        return [str(value) for value in kind.values] if isinstance(kind, LiteralType) else []

    def every_key(self) -> list[tuple[str, str]]:
        """Each key of the settings with the way to its mapping: `("proxy", "upstream")`, `("index", "sources[]")`."""
        return list(_keys_below(self._root, ""))

    def advice(self, name: str, way: Sequence[str | int]) -> str:
        """What to do about a key that the mapping at the end of the way doesn't have."""
        known = self.keys_at(way)
        if name.lower() == "token" and "token_sha256" in known:
            return 'tokens are never written into this file: write its sha256 (token_sha256), see "wheelgate token new"'
        if name.lower() in ("password", "token", "secret", "proxy_password"):
            return (
                "passwords are never written into this file: name a variable (password_env) or a file (password_file)"
            )
        if _MEANT.get(name) in known:
            return f'did you mean "{_MEANT[name]}"?'
        if elsewhere := [
            place or "the top level" for key, place in self.every_key() if key == name and _BESIDE not in place
        ]:
            return f"it belongs to {' or '.join(dict.fromkeys(elsewhere))}"
        if near := nearest(name, known):
            return f'did you mean "{near}"?'
        return f"known here: {', '.join(known)}" if known else "take it out"


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that looks most like this one, if any does."""
    found = difflib.get_close_matches(word[:100].lower().replace("-", "_"), known, n=1)
    return found[0] if found else None


def _below(kind: Type | None, step: str | int) -> Type | None:
    if isinstance(kind, VarTupleType):
        return _bare(kind.item_type)
    if isinstance(kind, DictType):
        return _bare(kind.value_type)
    if isinstance(kind, StructType):
        return next((_bare(field.type) for field in kind.fields if field.encode_name == step), None)
    return None


def _bare(kind: Type) -> Type:
    """The type without its `| None`."""
    if isinstance(kind, UnionType):
        return next(each for each in kind.types if not isinstance(each, NoneType))
    return kind


def _keys_below(kind: Type, way: str) -> Iterator[tuple[str, str]]:
    fields: tuple[Field, ...] = kind.fields if isinstance(kind, StructType) else ()
    for field in fields:
        yield field.encode_name, way
        below = _bare(field.type)
        place = f"{way}.{field.encode_name}".lstrip(".")
        if isinstance(below, VarTupleType):
            below, place = _bare(below.item_type), f"{place}[]"
        yield from _keys_below(below, place)
