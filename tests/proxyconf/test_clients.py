"""Groups of clients and profiles: what is read of them, and what is said of those that do nothing."""

import json
import pickle
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.policies.kinds import KINDS
from proxyconf.client_checks import every_policy, idle
from proxyconf.clients import Group, User, network
from proxyconf.endings import DAY, endings
from proxyconf.reading import read_text
from proxyconf.schema import comments, json_schema
from proxyconf.settings import Settings
from tests.calling import call
from tests.proxyconf.bad_clients import HASH, SOURCES, TOKEN
from tests.proxyconf.places import furnish

TEXT = f"""{SOURCES}policies:
  - deny:
      - {{project: leftpad, reason: no more}}
clients:
  - name: ci
    networks: [10.20.0.0/16, "FD00::/8", 192.0.2.7, "::ffff:198.51.100.0/120"]
    users:
      - {{username: nightly, password_file: password.txt}}
      - {{username: release, password_hash: "{HASH}"}}
      - token_sha256: {TOKEN.upper()}
    sources: [acme]
    policies:
      - allow:
          - {{project: leftpad, reason: seen, past: [deny]}}
          - {{project: numpy, reason: seen, until: 2026-12-01}}
      - deny:
          - {{project: "*", reason: no more}}
    snapshot: 2026-01-31
    profiles: [testing, as-of]
"""


@pytest.fixture
def read(tmp_path: Path) -> Settings:
    """The text above, read where what it names is."""
    return read_text(TEXT, furnish(tmp_path), KINDS)


def test_group__written__is_read_with_all_of_it(read: Settings) -> None:
    """Networks in one spelling, IPv4 within IPv6 as IPv4; policies with their rules, and the lines where these stand."""
    [group] = read.clients
    assert group.networks == ("10.20.0.0/16", "fd00::/8", "192.0.2.7/32", "198.51.100.0/24")
    assert [user.token_sha256 for user in group.users] == [None, None, TOKEN]
    assert [(policy.name, len(policy.rules), policy.lines) for policy in group.policies] == [
        ("allow", 2, (16, 17)),
        ("deny", 1, (19,)),
    ]
    assert (group.sources, group.snapshot) == (("acme",), datetime(2026, 1, 31, tzinfo=UTC))
    assert group.profiles == ("testing", "as-of")
    assert [profile.name for profile in read.profiles] == ["testing"]
    assert (type(group), pickle.loads(pickle.dumps(read))) == (Group, read)


def test_settings__with_users__show_neither_password_nor_hash(read: Settings) -> None:
    """A log that has them gives nobody anything to guess at; the password itself is read when it is asked for."""
    assert [text for text in ("hunter2", HASH[-10:], TOKEN[:10]) if text in repr(read)] == []
    assert read.clients[0].users[0].password() == "hunter2"
    assert read.clients[0].users[1].password() is None


def test_policies__of_groups__end_and_are_idle_as_others_are(read: Settings) -> None:
    """What ends soon, and what lets files past nothing, is found in them as well."""
    parts = read.policies, read.clients, read.profiles
    said = endings(every_policy(*parts), datetime(2026, 11, 20, tzinfo=UTC), 14 * DAY)
    assert [ending.place for ending in said] == ["line 17: allow"]
    assert list(idle(*parts)) == []


@pytest.mark.parametrize(
    ("clients", "expected"),
    [
        ("[{name: a, networks: [10.0.0.0/8]}, {name: b, networks: [10.0.0.0/9, 192.0.2.1]}]",
         ["clients b: 10.0.0.0/9 lies in a network of a, which stands above"]),
        ("[{name: a, networks: [10.0.0.0/8]}, {name: b, networks: [10.1.2.3]}]",
         ["clients b: 10.1.2.3/32 lies in a network of a, which stands above, so nobody is ever in the group"]),
        (f"[{{name: a, networks: [10.0.0.0/8], users: [{{token_sha256: {TOKEN}}}]}}, {{name: b, networks: [10.1.2.3]}}]",
         []),
        (f"[{{name: a, networks: [10.0.0.0/8]}}, {{name: b, networks: [10.1.2.3], users: [{{token_sha256: {TOKEN}}}]}}]",
         []),
        ('[{name: a, networks: ["::/0"]}, {name: b, networks: [10.1.2.3]}]', []),
        ("[{name: b, networks: [10.1.2.3]}, {name: a}]", []),
        ("[{name: a, policies: [{allow: [{project: x, reason: y}]}]}]",
         ["line 4: allow, x: lets files past no policy below it; move it up"]),
        ("[{name: a, snapshot: 2026-01-31, policies: [{allow: [{project: x, reason: y, past: [snapshot]}]}]}]", []),
    ],
)  # fmt: skip
def test_idle__what_can_do_nothing__is_said(clients: str, expected: list[str], tmp_path: Path) -> None:
    """A group that nobody can be in, or a rule that lets nothing past, is taken for what it is not."""
    text = f"{SOURCES.replace('profiles: [{name: testing}]', '')}\nclients: {clients}"
    settings = read_text(text, furnish(tmp_path), KINDS)
    assert list(idle(settings.policies, settings.clients, settings.profiles)) == expected


def test_check__of_groups__counts_what_they_are_made_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says which profile nobody may choose."""
    monkeypatch.chdir(tmp_path)
    furnish(tmp_path).write_text(TEXT.replace("[testing, as-of]", "[as-of]"))
    lines = call("check", "wheelgate.yaml").stdout.splitlines()
    assert "profile     testing: nothing else than without it" in lines
    assert (
        "clients     ci: 4 networks, 3 users, 1 source, 2 policies, 1 profile, as of 2026-01-31 00:00 UTC" in lines
    ), lines
    assert 'no effect   profile testing: no group may choose it; name it in the "profiles" of one' in lines


def test_schema__of_groups__says_what_their_keys_mean() -> None:
    """By the list that stands above them in the defaults."""
    properties = json_schema(KINDS)["$defs"]["Group"]["properties"]
    assert [key for key, value in properties.items() if "description" not in value] == []
    assert comments()["clients", "token_sha256"].startswith("instead of all these: of a token")
    assert "hunter" not in json.dumps(properties)


ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@settings(max_examples=60, deadline=None)
@given(ADDRESSES, st.integers(0, 32))
def test_network__read_again__is_the_same(address: IPv4Address | IPv6Address, length: int) -> None:
    """There is one spelling of a network, in which it has all its addresses."""
    meant = ip_network(f"{address}/{length}", strict=False)
    once = network(str(meant))
    assert network(once) == once
    assert ip_network(once).num_addresses == meant.num_addresses


def test_user__made__keeps_to_one_way() -> None:
    """Also where no file is read."""
    assert User(token_sha256=TOKEN).username is None
    with pytest.raises(ValueError, match="keep one of the two"):
        User(username="a", password_env="A", password_file=Path("b"))
