"""The configuration's JSON Schema (draft 2020-12), made of the settings' own types and of the comments in the defaults. Pure.

For editors: it knows keys, types, choices, limits and simple patterns. What only the reader can know (whether a folder is
there, whether two keys go together) it leaves out, so whatever the reader takes is good by it, too.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from proxyconf.addresses import Address
from proxyconf.reading import default_text
from proxyconf.rules import Kinds
from proxyconf.settings import MOST_DAYS, MOST_FRESH_SECONDS, settings_type

type Json = dict[str, Any]

LIMITS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "Settings": {"max_age_seconds": (0, MOST_FRESH_SECONDS), "fresh_seconds": (0, MOST_FRESH_SECONDS)},
    "Upstream": {
        "connect_seconds": (0.1, 3600),
        "read_seconds": (0.1, 3600),
        "page_seconds": (0.1, 3600),
        "max_page_mb": (1, 4096),
    },
    "Cache": {
        "max_gb": (0, 1_000_000),
        "min_free_gb": (0, 1_000_000),
        "stale_hours": (0, 720),
        "patience_seconds": (0, 60),
        "absent_seconds": (0, 60),
    },
    "Served": {"days": (0, MOST_DAYS)},
}
"""The least and the most of numbers, which the settings check by themselves."""

_NAME = r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
_PATTERNS = {
    ("Source", "name"): r"^[a-z0-9-]+$",
    ("Source", "password_env"): r"^[A-Za-z_][A-Za-z0-9_]*$",
    ("Upstream", "proxy_password_env"): r"^[A-Za-z_][A-Za-z0-9_]*$",
    ("Merge", "project"): f"^{_NAME}$",
    ("Settings", "reserved"): rf"^{_NAME}([._-]+\*)?$",
    ("Profile", "name"): r"^[a-z0-9-]{1,64}$",
    ("Group", "name"): r"^[a-z0-9-]{1,64}$",
    ("User", "password_env"): r"^[A-Za-z_][A-Za-z0-9_]*$",
    ("User", "password_hash"): r"^\$argon2id\$",
    ("User", "token_sha256"): r"^\s*[0-9A-Fa-f]{64}\s*$",
    ("Cache", "keep"): rf"^{_NAME}([._-]+\*)?$",
    ("SoundRule", "project"): rf"^(\*|{_NAME}([._-]+\*)?)$",
}
_OF_RULES = {
    "project": rf"^(\*|{_NAME}([._-]+\*)?)$",
    "sha256": r"^\s*([Ss][Hh][Aa]256[:=])?[0-9A-Fa-f]{64}\s*$",
}
_SECTIONS = {"Upstream": "upstream", "Cache": "cache", "Metadata": "metadata", "Bundles": "bundles",
             "OtherHosts": "other_hosts", "Source": "sources", "Merge": "merge", "Store": "store", "Served": "served",
             "Profile": "profiles", "Group": "clients", "User": "clients",
             "Soundness": "uploads", "SoundRule": "uploads", "Classifiers": "uploads",
             "Uploads": "uploads", "Limit": "uploads", "Identities": "uploads", "GitLab": "uploads", "JobRule": "uploads",
             "Issuer": "uploads", "ClaimRule": "uploads", "Htpasswd": "uploads", "Ldap": "uploads"}  # fmt: skip


def json_schema(kinds: Kinds) -> Json:
    """Give the schema of a configuration whose policies are of these kinds."""
    made = msgspec.json.schema(settings_type(tuple(kinds.items())), schema_hook=_of_a_type)
    rules = {kind.__name__: kind for kind in kinds.values()}
    for name, struct in made["$defs"].items():
        _refine(name, struct, name in rules)
    policy = made["$defs"].get("Policy")
    if policy is not None:
        policy.update(minProperties=1, maxProperties=1, description="One policy, by its name, with its rules.")
        for value in policy["properties"].values():
            value.update(value.pop("anyOf")[0])  # written, it has rules
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "wheelgate's configuration"}
    return {**title, **made}


def _of_a_type(kind: type) -> Json:
    """Give what stands for a type that JSON does not have: each is written as text."""
    return {"type": "string", "pattern": r"^.+:[0-9]+$"} if kind is Address else {"type": "string", "minLength": 1}


def _refine(name: str, struct: Json, is_rule: bool) -> None:
    struct.pop("required") if not struct["required"] else None
    struct["description"] = " ".join(struct.get("description", "").split())
    told = comments()
    for key, value in struct["properties"].items():
        _refine_default(value)
        if limits := LIMITS.get(name, {}).get(key):
            value.update(minimum=limits[0], maximum=limits[1])
        if pattern := _OF_RULES.get(key) if is_rule else _PATTERNS.get((name, key)):
            _text_of(value)["pattern"] = pattern
        place = "policies" if is_rule or name == "Policy" else _SECTIONS.get(name, "")
        if words := told.get((place, key)):
            value["description"] = words


def _refine_default(value: Json) -> None:
    """Leave out defaults that nobody would write: nothing at all, and whole sections, whose keys have their own."""
    default = value.get("default")
    if default is None or "$ref" in value or (isinstance(default, list) and default and isinstance(default[0], dict)):
        value.pop("default", None)
    elif "pattern" in value and isinstance(default, list):
        value["default"] = str(Address(*default))


def _text_of(value: Json) -> Json:
    """The text in a value that may be a text, a list of them, or nothing."""
    inner: Json = value.get("items") or next(iter(value.get("anyOf", [value])))
    return inner


_KEY = re.compile(r"( *)(# *)?(- )?([a-z_][a-z0-9_]*):(?: .*?)?(?:\s#\s*(.*))?")
_IN_LIST = re.compile(r"# {3}([a-z_0-9]+)\s{2,}(\S.*)")
_MORE = re.compile(r"# {5,}(\S.*)")
_RULER = "# ----"


def comments() -> Mapping[tuple[str, str], str]:
    """Give what the commented defaults say of each key, by its section (`""` at the top) and its name.

    That is the prose above it, which several keys may share, else the comment behind it; of rules' keys and of policies the
    list that stands above `policies`.
    """
    section, prose, ended = "", list[str](), False
    told = {place: words for section, begins in _LISTED.items() for place, words in _of_list(section, begins)}
    for line in default_text().splitlines():
        if found := _KEY.fullmatch(line):
            indent, sign, item, key, behind = found.groups()
            section = key if not (indent or sign) else section
            words = "" if item or sign not in (None, "# ") else " ".join(prose)
            if words or behind:
                told.setdefault((section if indent else "", key), words or behind)
            ended = True
        elif line.strip().startswith("#") and _RULER not in line:
            prose = [*([] if ended else prose), *line.strip().lstrip("# ").splitlines()]
            ended = False
        else:
            prose = []
    return told


_LISTED = {"policies": "---- Policies", "profiles": "---- Profiles", "clients": "---- Clients"}
"""Keys above which stands a list of the keys below them, and where that begins."""


def _of_list(section: str, begins: str) -> Iterator[tuple[tuple[str, str], str]]:
    key, said = "", list[str]()
    for line in default_text().partition(begins)[2].partition(f"\n{section}:")[0].splitlines():
        if found := _IN_LIST.fullmatch(line):
            if key:
                yield (section, key), " ".join(said)
            key, said = found[1], [found[2]]
        elif key and (more := _MORE.fullmatch(line)):
            said.append(more[1])
        elif key:
            yield (section, key), " ".join(said)
            key, said = "", []
