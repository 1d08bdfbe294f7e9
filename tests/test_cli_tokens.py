"""`wheelgate token create`, `list` and `revoke`: what they print is what the store has."""

import json
from pathlib import Path

import pytest

from addons.upload.identity.passwords import verify
from tests.calling import call


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of the test's own, which has a configuration with a store."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wheelgate.yaml").write_text("store: {folder: store}\n")


def test_token_create__prints_it_once__and_the_list_has_all_but_it() -> None:
    """UPL-24: with whose it is, for what and until when; the list never shows the token again."""
    said = call("token", "create", "--for", "user:alice", "--project", "Acme_Web", "--no-claim", "--note", "my  laptop")
    assert (said.exit_code, said.stderr) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in said.stdout.splitlines())
    assert lines["token"].startswith(f"wgu_{lines['id']}_")
    listed = call("token", "list")
    assert listed.stdout.startswith(f"{lines['id']}  user:alice, acme-web, claims nothing, until 20")
    assert listed.stdout.endswith(", my laptop; never used\n")
    assert lines["token"].split("_", 2)[2] not in listed.stdout + call("token", "list", "--json").stdout


def test_token__made_listed_and_revoked_as_json__says_it_all() -> None:
    """Times in UTC; of the others nothing is shown."""
    made = json.loads(
        call("token", "create", "--for", "group:controls", "--expires", "never", "--author", "ops", "--json").stdout
    )
    assert (made["for"], made["projects"], made["may_claim"], made["until"], made["by"]) == (
        *("group:controls", None, True, None),
        "ops",
    )
    assert json.loads(call("token", "list", "--for", "user:alice", "--json").stdout) == {"tokens": []}
    revoked = json.loads(call("token", "revoke", made["token"], "--author", "ops", "--json").stdout)
    assert (revoked["id"], revoked["revoked_by"]) == (made["id"], "ops")
    assert call("token", "list").stdout == "no token counts\n"
    again = call("token", "revoke", made["id"], "--author", "eve")
    assert (again.exit_code, again.stdout.strip().endswith("by ops")) == (0, True)
    assert "revoked" in call("token", "list", "--all").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("create",), 2, "--for"),
        (("create", "--for", "alice"), 2, "is no principal"),
        (("create", "--for", "user:alice", "--expires", "2020-01-01"), 2, "is over"),
        (("create", "--for", "user:alice", "--expires", "soon"), 2, "or never"),
        (("create", "--for", "user:alice", "--project", "a b"), 2, "--project"),
        (("revoke", "abcdef"), 1, "there is no token abcdef"),
        (("list", "--for", "x"), 2, "is no principal"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_token__that_cannot_be_made_or_found__says_why(arguments: tuple[str, ...], code: int, words: str) -> None:
    """With the exit codes of the other commands."""
    said = call("token", *arguments)
    assert said.exit_code == code
    assert words in said.stderr


def test_token_help__tells_clients_tokens_from_authors() -> None:
    """Both kinds are made by one command."""
    said = call("token", "--help").stdout
    assert "For clients there are `new` and `hash`, for authors `create`" in " ".join(said.split())
    assert "wheelgate token new" in call("token", "create", "--help").stdout


def test_verify__of_a_hash_that_is_none__finds_nothing_out() -> None:
    """It says nothing of the password."""
    assert verify("$argon2id$rubbish", "x") is None
