"""The JSON Schema for editors: it takes what the reader takes, and marks what an editor can know to be wrong."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from addons.policies.kinds import KINDS
from proxyconf.reading import ConfigurationError, default_text, read_text
from proxyconf.schema import LIMITS, comments, json_schema
from proxyconf.settings import settings_type
from proxyconf.shape import Shape
from tests.calling import call
from tests.documents import GUIDES, blocks
from tests.proxyconf.bad_configurations import KEYS, RULE, SOURCE, TYPES
from tests.proxyconf.places import furnish

SCHEMA = json_schema(KINDS)
SECTION = {"Settings": "", "Upstream": "upstream", "Cache": "cache", "Served": "served"}
EXAMPLES = sorted((Path(__file__).parents[2] / "proxyconf" / "examples").glob("*.yaml"))
JSON_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
KEYWORDS = {
    *("$ref", "$schema", "$defs", "title", "description", "default", "type", "enum", "anyOf", "pattern", "minLength"),
    *(
        "items",
        "properties",
        "required",
        "additionalProperties",
        "minProperties",
        "maxProperties",
        "minimum",
        "maximum",
    ),
}


def faults(value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    """What JSON Schema has against a value, for the keywords that this schema uses; an unknown keyword is one itself."""
    if reference := schema.get("$ref"):
        schema = SCHEMA["$defs"][reference.rpartition("/")[2]]
    yield from (f"keyword {name}" for name in schema.keys() - KEYWORDS)
    if "anyOf" in schema and all(list(faults(value, each)) for each in schema["anyOf"]):
        yield f"{value!r} is none of them"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{value!r} is no choice"
    if "type" in schema and not is_of(value, schema["type"]):
        yield f"{value!r} is no {schema['type']}"
    elif isinstance(value, dict):
        yield from of_object(value, schema)
    elif isinstance(value, list):
        yield from (fault for each in value for fault in faults(each, schema.get("items", {})))
    elif isinstance(value, str) and not (
        re.search(schema.get("pattern", ""), value) and len(value) >= schema.get("minLength", 0)
    ):
        yield f"{value!r} does not fit"
    elif isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{value!r} is too small or too large"


def is_of(value: Any, kind: str) -> bool:
    """Whether a value is of a JSON type."""
    if kind in ("number", "integer"):
        return (
            isinstance(value, int | float) and not isinstance(value, bool) and (kind == "number" or value == int(value))
        )
    return isinstance(value, JSON_TYPES[kind])


def of_object(value: dict[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """What there is against a mapping."""
    known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    yield from (f"lacks {name}" for name in schema.get("required", []) if name not in value)
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
        yield "has too many keys, or too few"
    for name, each in value.items():
        if name not in known and more is False:
            yield f"has {name}"
        yield from faults(each, known.get(name, more if isinstance(more, dict) else {}))


def written(text: str) -> Any:
    """What an editor sees: YAML whose dates and odd numbers are text, as JSON knows none."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


@pytest.mark.parametrize(
    "text",
    [default_text(), *(path.read_text() for path in EXAMPLES)],
    ids=["defaults", *(path.stem for path in EXAMPLES)],
)
def test_schema__of_what_is_shipped__has_nothing_against_it(text: str) -> None:
    """Whoever starts from it sees no mark in the editor."""
    assert list(faults(written(text), SCHEMA)) == []


@pytest.mark.parametrize("block", [block for guide in GUIDES for block in blocks(guide, "yaml")], ids=str)
def test_schema__of_what_documents_show__has_nothing_against_it(block: Any) -> None:
    """Nor in what is copied from a page."""
    own = {"has signed"} if "own_policies" in block.text else set()  # without --own it knows ours only
    assert set(faults(written(block.text), SCHEMA)) == own


def test_schema__of_the_examples_in_the_defaults__has_nothing_against_them() -> None:
    """Those that stand in comments: the policies, which are the longest of them."""
    example = default_text().partition("# policies:\n")[2].partition("\npolicies:")[0]
    rules = written("policies:\n" + re.sub(r"(?m)^# ?", "", example))
    assert len(rules["policies"]) >= 3
    assert list(faults(rules, SCHEMA)) == []


BAD = [
    *((name, text) for name, text, _, _ in KEYS if name not in ("merge key", "number")),
    *(
        (name, text)
        for name, text, _, _ in TYPES
        if name not in ("octal port", "password as a number", "endless seconds")
    ),
    ("two policies", "policies:\n  - deny: []\n    yank: []"),
    ("no policy", "policies:\n  - {}"),
    ("project", "policies: [{deny: [{project: '-x', reason: y}]}]"),
    ("sha256", "policies: [{deny: [{sha256: [abc], reason: y}]}]"),
    ("empty versions", f"{RULE}versions: ''"),
    ("source name", "sources: [{name: Acme Corp, folder: wheels}]"),
    ("listen without a port", "listen: 127.0.0.1"),
    ("password itself", f"{SOURCE}index: https://a.org\n    username: me\n    password_env: hunter2!"),
]


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in BAD])
def test_schema__of_a_mistake_in_keys_or_types__marks_it(text: str, tmp_path: Path) -> None:
    """What the editor can know; the reader refuses it as well."""
    with pytest.raises(ConfigurationError):
        read_text(text, furnish(tmp_path), KINDS)
    assert list(faults(written(text), SCHEMA))


@pytest.mark.parametrize(("struct", "key"), [(struct, key) for struct, keys in LIMITS.items() for key in keys], ids=str)
def test_schema__limits_of_a_number__are_the_readers(struct: str, key: str, tmp_path: Path) -> None:
    """The least and the most are taken, what is beyond them is not: by both."""
    low, high = LIMITS[struct][key]
    for value, good in ((low, True), (high, True), (low - 1, False), (high + 1, False)):
        text = f"{SECTION[struct]}:\n  {key}: {value!r}" if SECTION[struct] else f"{key}: {value!r}"
        assert (not list(faults(written(text), SCHEMA))) is good
        try:
            read_text(text, tmp_path / "wheelgate.yaml", KINDS)
        except ConfigurationError:
            assert not good
        else:
            assert good


def test_schema__has_every_key__and_says_what_most_of_them_mean() -> None:
    """A new setting, or a new policy, is in it by itself; the words are those of the defaults."""
    shape = Shape(settings_type(tuple(KINDS.items())))
    properties = [(key, each) for struct in SCHEMA["$defs"].values() for key, each in struct["properties"].items()]
    assert sorted({key for key, _ in properties}) == sorted({key for key, _ in shape.every_key()})
    mute = {key for key, each in properties if "description" not in each}
    assert len(mute) <= len(properties) / 4, mute
    assert comments()["upstream", "read_seconds"].startswith("Time limits in seconds")
    assert SCHEMA["$defs"]["DenyRule"]["properties"]["until"]["description"].startswith("when the rule ends by itself")


def test_schema__printed__is_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an editor reads it."""
    monkeypatch.chdir(tmp_path)
    assert json.loads(call("schema").stdout) == json.loads(json.dumps(SCHEMA))


def test_schema__with_policies_of_ones_own__knows_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the folder that they lie in; one that cannot be used is said."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir(mode=0o755)
    path = tmp_path / "policies" / "signed.py"
    [example] = blocks(GUIDES[0].parent / "docs" / "operator.md", "python")
    path.write_text(example.text)
    path.chmod(0o644)
    made = json.loads(call("schema", "--own", "policies").stdout)
    assert {"signed", "deny"} <= made["$defs"]["Policy"]["properties"].keys()
    assert "until" in made["$defs"]["SignedRule"]["properties"]
    path.write_text("def f(")
    said = call("schema", "--own", "policies")
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr.startswith(f"wheelgate: {path}:1:6: is no Python")
