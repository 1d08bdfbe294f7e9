"""Reading files, the default configuration and the examples."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from addons.policies.kinds import KINDS
from proxyconf.reading import MAX_BYTES, ConfigurationError, default_text, read, read_text
from proxyconf.settings import Settings, settings_type
from proxyconf.shape import Shape
from tests.proxyconf.bad_configurations import KEYS, SYNTAX, TYPES, VALUES
from tests.proxyconf.places import furnish

SHAPE = Shape(settings_type(tuple(KINDS.items())))
EXAMPLES = Path(__file__).parents[2] / "proxyconf" / "examples"
BAD_TEXTS = [row[1] for row in SYNTAX + KEYS + TYPES + VALUES]


def written(folder: Path, raw: bytes) -> Path:
    path = folder / "wheelgate.yaml"
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "null", "{}", "\ufeff# BOM\n"])
def test_reading__no_settings__gives_the_defaults(tmp_path: Path, text: str) -> None:
    """An empty file is a configuration."""
    assert read(written(tmp_path, text.encode())) == Settings()


def test_default_text__read__is_the_default_settings() -> None:
    """The commented default configuration says exactly what the code does without one."""
    assert read_text(default_text(), Path("wheelgate.yaml")) == Settings()


@pytest.mark.parametrize("key", sorted({key for key, _ in SHAPE.every_key()}))
def test_default_text__any_key__is_in_it(key: str) -> None:
    """An operator finds every key in the default configuration, in use or as an example."""
    assert re.search(rf"^[ #]*(- )?({{project: )?{key}(:|   )", default_text(), re.MULTILINE)


def examples_taken(text: str) -> Iterator[str]:
    """The default configuration's lines with the examples put in the place of the defaults."""
    instead = (
        "reserved: []",
        "merge: []",
        "policies: []",
        "profiles: []",
        "clients: []",
        'contact: ""',
        'address: ""',
        "connect_to: {}",
        "store: {}",
        "allow: []",
        "proxy: environment",
        "trusted_keys: []",
        "limits: []",
        "forward: []",
        "identities: {}",
        "rules: []",
        "claims: []",
        "check: []",
        "to_command: []",
    )
    text = text.replace("#       - username: nightly\n", "")  # whose password is in a file
    text = re.sub(r" *# (known_users|to_command): .*\n", "", text)  # each stands beside its like
    for line in text.replace('"http://proxy.example.org:3128", ', "").splitlines():
        taken = re.sub(r"^( *)# ( *(- )?[a-z][a-z0-9_.]+:( |$))", r"\1\2", line)
        if line.strip() not in instead and "password_file" not in taken and "user_dn" not in taken:
            yield taken


def test_default_text__its_examples__can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taking away the "# " of the examples gives a configuration that works."""
    monkeypatch.setenv("REGISTRY_PASSWORD", "hunter2")
    monkeypatch.setenv("PROXY_PASSWORD", "hunter2")
    monkeypatch.setenv("CI_PASSWORD", "hunter2")
    monkeypatch.setenv("STORE_PASSWORD", "hunter2")
    monkeypatch.setenv("LDAP_PASSWORD", "hunter2")
    path = furnish(tmp_path)
    text = "\n".join(examples_taken(default_text()))
    text = re.sub(r"(?<= )certificates/\w+\.pem", "ca.pem", text).replace("/srv/wheels", "wheels")
    text = text.replace("/etc/wheelgate/bundles.pub", "file.txt").replace(
        "own_policies: policies", "own_policies: wheels"
    )
    text = text.replace("/etc/wheelgate/htpasswd", "file.txt").replace("/etc/wheelgate/groups", "file.txt")
    text = text.replace("upstream:\n", "upstream:\n  proxy: http://proxy.example.org:3128\n")
    read_in = read_text(text, path, KINDS)
    assert [source.name for source in read_in.sources] == ["acme", "registry", "internal", "pypi"]
    assert {policy.name for policy in read_in.policies} == set(KINDS)
    assert read_in.reserved == ("acme", "acme-*")
    assert [(item.project, item.sources) for item in read_in.merge] == [("numpy", ("acme", "pypi"))]
    assert [profile.name for profile in read_in.profiles] == ["testing"]
    assert [(len(group.networks), len(group.users), group.profiles) for group in read_in.clients] == [
        (3, 3, ("testing", "as-of"))
    ]
    identities = read_in.uploads.identities
    assert (identities.gitlab_jobs[0].rules[0].groups, identities.oidc[0].name) == (
        ("acc/controls", "beams/*"),
        "github",
    )
    assert identities.htpasswd is not None
    assert identities.ldap is not None
    assert identities.ldap.password() == "hunter2"
    assert [claim.owner for claim in read_in.uploads.ownership.claims] == ["group:controls", "author"]
    assert read_in.uploads.ownership.orphans.every_hours == 24
    assert read_in.upstream.proxy_username == "wheelgate"
    assert read_in.bundles.trusted_keys == (tmp_path / "file.txt",)
    assert read_in.other_hosts.allow == ("gitlab.example.org", "10.1.0.0/16")
    assert read_in.upstream.connect_to["pypi.org"].port == 443


def test_example__laboratory__can_be_used(tmp_path: Path) -> None:
    """The laboratory's configuration works where its folder of wheels is."""
    path = furnish(tmp_path)
    laboratory = read_text((EXAMPLES / "laboratory.yaml").read_text(), path, KINDS)
    assert [source.own for source in laboratory.sources] == [True, False]
    assert laboratory.sources[0].folder == tmp_path / "wheels"


def test_example__company__can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The company's configuration works where its folder, CA and passwords are."""
    monkeypatch.setenv("WHEELGATE_PROXY_PASSWORD", "hunter2")
    path = furnish(tmp_path)
    text = (EXAMPLES / "company.yaml").read_text()
    for theirs, ours in [
        ("/srv/wheelgate/tested", "wheels"),
        ("/run/secrets/internal-index", "password.txt"),
        ("/etc/wheelgate/example-ca.pem", "ca.pem"),
    ]:
        assert theirs in text
        text = text.replace(theirs, ours)
    company = read_text(text, path, KINDS)
    assert [source.own for source in company.sources] == [True, True, False]
    assert company.sources[1].password() == "hunter2"
    assert company.other_hosts.mode == "refuse"
    assert "hunter2" not in repr(company)


def test_reading__relative_paths__are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration means the same wherever the gateway is started."""
    (tmp_path / "conf" / "wheels").mkdir(parents=True)
    path = written(tmp_path / "conf", b"sources: [{name: a, folder: wheels}]\ncerts: ../certs\n")
    monkeypatch.chdir(tmp_path)
    settings_read = read(path.relative_to(tmp_path), KINDS)
    assert settings_read.sources[0].folder == tmp_path / "conf" / "wheels"
    assert settings_read.certs == tmp_path / "conf" / ".." / "certs"


def test_reading__tilde__is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """~ in a path is the home of the user that the gateway runs as."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_text("certs: ~/certs", Path("wheelgate.yaml")).certs == tmp_path / "certs"


def test_reading__a_policy__has_rules_with_specifiers(tmp_path: Path) -> None:
    """Versions are read as a specifier, a date as an id stays text."""
    text = 'policies: [{yank: [{project: A_b, versions: "<2,>=1", reason: old, id: 2030-01-01}]}]'
    rule = read_text(text, tmp_path / "x.yaml", KINDS).policies[0].rules[0]
    assert (rule.project, rule.versions, rule.id) == ("a-b", SpecifierSet(">=1,<2"), "2030-01-01")


def test_reading__aliases__are_followed() -> None:
    """YAML's own way of writing a thing once works."""
    text = "reserved: [&name acme]\ncontact: *name"
    assert read_text(text, Path("wheelgate.yaml")).contact == "acme"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        ("missing", "there is no such file"),
        ("folder", "this is a folder"),
        ("loop", "can't be read"),
        ("below a file", "can't be read"),
        ("NUL", "no path can have that name"),
    ],
)
def test_reading__unreadable_file__says_so(tmp_path: Path, make: str, words: str) -> None:
    """A file that can't be read is an error with its name and without a place in it."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    path = tmp_path / {"below a file": "file/x.yaml", "NUL": "a\0b"}.get(make, make)
    with pytest.raises(ConfigurationError) as raised:
        read(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert words in raised.value.words
    assert (raised.value.file, raised.value.line) == (path, None)


def test_reading__not_utf8__says_where(tmp_path: Path) -> None:
    """A byte that is not UTF-8 is found by line and column."""
    path = written(tmp_path, 'listen: a:1\ncontact: "bü'.encode() + b'r\xfc"\n')
    with pytest.raises(ConfigurationError) as raised:
        read(path)
    assert str(raised.value).startswith(f"{path}:2:14: the byte 0xfc is not UTF-8")


def test_reading__endless_file__is_refused(tmp_path: Path) -> None:
    """A file that is no configuration by its mere size isn't read whole."""
    with pytest.raises(ConfigurationError, match="larger than"):
        read(written(tmp_path, b"#" * (MAX_BYTES + 1)))


def test_error__without_a_place__is_its_words() -> None:
    """An error that has no file prints no colons."""
    assert str(ConfigurationError("is wrong")) == "is wrong"


YAML_LIKE = st.text(alphabet="ab01 :-[]{}&*!|>#%@`\"'\\\n\t,?.~<=\x00\x85\ufeff\u2028\ud800é", max_size=60)
CUT = st.builds(
    lambda text, start, end, middle: text[: start % (len(text) + 1)] + middle + text[end % (len(text) + 1) :],
    st.sampled_from([default_text(), *BAD_TEXTS]),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    YAML_LIKE,
)


def what_is_said(text: str) -> str:
    """The error about a text, or nothing."""
    try:
        read_text(text, Path("/nowhere/wheelgate.yaml"), KINDS)
    except ConfigurationError as error:
        return str(error)
    return ""


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(), YAML_LIKE, CUT))
@example("a: 0x_")
@example("a: ._")
@example("a: !!int ''")
@example("a: !!bool x")
@example("? ")
@example("upstream: {connect_to: {a: 1, b: [x]}}")
@example("policies: [{deny: [{project: x, reason: ' - at `$.sources`'}]}]\nrefusals: ' - at `$[0]`'")
def test_reading__any_text__gives_settings_or_a_configuration_error(text: str) -> None:
    """Whatever stands in the file, nothing but a ConfigurationError comes out, and it can be printed."""
    said = what_is_said(text)
    assert "\n" not in said
    assert said.encode("utf-8").startswith(b"/nowhere/wheelgate.yaml:" if said else b"")
