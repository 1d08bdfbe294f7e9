"""`wheelgate store`, called in this process: what it prints, and its exit codes."""

import json
from pathlib import Path

import pytest
import yaml

from addons.store.database import Database, Server
from tests.addons.store.files import Stored, wheel
from tests.addons.upload.sound import making as sound
from tests.addons.upload.sound.making import SDIST_NAME, WHEEL_NAME
from tests.calling import call
from tests.postgres import PASSWORD


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stored:
    """The store of the configuration in the working folder, with one file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wheelgate.yaml").write_text("store: {folder: store}\n")
    stored = Stored(Database(tmp_path / "store"), tmp_path / "store")
    stored.upload()
    return stored


def test_check__of_a_sound_store__is_all_right(stored: Stored) -> None:
    """Exit code 0, in words and as JSON."""
    said = call("store", "check")
    assert (said.exit_code, said.stdout) == (0, "checked 1 file, 311 bytes: all right\n")
    assert json.loads(call("store", "check", "--json").stdout)["findings"] == []


def test_check__where_something_is_lost__names_it_and_exits_with_1(stored: Stored) -> None:
    """Project, release and file."""
    standing = stored.standing()
    assert standing is not None
    stored.shelf.path(standing.files[0].file.sha256).unlink()
    said = call("store", "check", "--mend")
    assert said.exit_code == 1
    assert said.stdout.startswith("demo-1.0-py3-none-any.whl: demo 1.0: its bytes are gone")
    [found] = json.loads(call("store", "check", "--json").stdout)["findings"]
    assert (found["kind"], found["project"], found["grave"]) == ("lost", "demo", True)


def test_export_and_import__of_a_whole_store__move_it(stored: Stored, tmp_path: Path, postgresql: Server) -> None:
    """Onto a PostgreSQL server here, whose password is in no output."""
    assert call("store", "export", "all.tar").stdout == "all.tar: 1 project with 1 file exported\n"
    database = {"folder": str(tmp_path / "other"), "database": postgresql.url, "password_env": "SECRET"}
    (tmp_path / "other.yaml").write_text(yaml.safe_dump({"store": database}))
    for words in ("1 file taken in, 0 there already", "0 files taken in, 1 there already"):
        said = call("store", "import", "all.tar", "-c", "other.yaml", SECRET=PASSWORD)
        assert (said.exit_code, said.stdout) == (0, f"demo: {words}\n")
    assert call("store", "check", "-c", "other.yaml", SECRET=PASSWORD).exit_code == 0
    said = call("store", "check", "-c", "other.yaml", SECRET="wrong")
    assert said.exit_code == 1
    assert "does not let this user in" in said.stderr
    said = call("store", "check", "-c", "other.yaml")
    assert (said.exit_code, "password cannot be had" in said.stderr, PASSWORD in said.stderr) == (1, True, False)


def test_import__of_a_folder__has_owners_and_says_what_is_refused(stored: Stored, tmp_path: Path) -> None:
    """Each file by itself; a dry run says the same, and changes nothing."""
    (tmp_path / "wheels").mkdir()
    for project, version in (("demo", "2.0"), ("acme", "1.0"), ("tools", "1.0")):
        name, content = wheel(project, version)
        (tmp_path / "wheels" / name).write_bytes(content)
    (tmp_path / "wheels" / "bad-1.0-py3-none-any.whl").write_bytes(b"no wheel")
    (tmp_path / "wheels" / "demo-1.0-py3-none-any.whl").write_bytes(wheel(more="x")[1])
    (tmp_path / "owners.csv").write_text("project,owner\nacme,group:controls\nacme,user:bob\n")
    command = ("store", "import", "--folder", "wheels", "--owners", "owners.csv", "--owner", "user:carol", "--as-it-is")
    said = call(*command, "--dry-run")
    assert (said.exit_code, stored.standing("acme")) == (1, None)
    said = call(*command)
    assert said.exit_code == 1
    assert (
        said.stdout == "acme: owned by group:controls\ntools: owned by user:carol\n3 files taken in, 0 there already\n"
    )
    refused = said.stderr.splitlines()
    assert refused[0].startswith("bad-1.0-py3-none-any.whl: refused: ")
    assert refused[1].startswith("demo-1.0-py3-none-any.whl: refused: is there with other bytes")
    acme = stored.standing("acme")
    assert acme is not None
    assert {str(principal): role for principal, role in acme.roles.items()} == {
        "group:controls": "owner",
        "user:bob": "owner",
    }
    assert acme.files[0].file.requires_python == ">=3.9"
    assert call("store", "check").exit_code == 0


def test_import__of_a_folder__takes_what_could_be_uploaded(stored: Stored, tmp_path: Path) -> None:
    """UPL-10, UPL-12: what an upload is refused for, and what the configuration wants, unless it is taken as it is."""
    (tmp_path / "wheels").mkdir()
    for name, content in ((WHEEL_NAME, sound.wheel()), (SDIST_NAME, sound.sdist()), wheel("acme")):
        (tmp_path / "wheels" / name).write_bytes(content)
    command = ("store", "import", "--folder", "wheels", "--owner", "user:carol")
    said = call(*command)
    assert said.exit_code == 1
    assert said.stdout == "foo-bar: owned by user:carol\n2 files taken in, 0 there already\n"
    [refused] = said.stderr.splitlines()
    assert refused.startswith("acme-1.0-py3-none-any.whl: refused: ")
    assert "RECORD" in refused
    (tmp_path / "wheelgate.yaml").write_text(
        "store: {folder: store}\nuploads: {soundness: {rules: [{project: '*', required: [summary]}]}}\n"
    )
    assert "Invalid value for summary" in call(*command).stderr
    said = call(*command, "--as-it-is")
    assert (said.exit_code, said.stdout.splitlines()[-1]) == (0, "1 file taken in, 2 there already")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("all.tar", "--folder", "wheels"),
        ("all.tar", "--owner", "user:a"),
        ("--folder", "wheels", "--owner", "alice"),
        ("all.tar", "--as-it-is"),
    ],
    ids=" ".join,
)
def test_import__of_neither_or_both__is_a_bad_option(
    stored: Stored, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Exit code 2, and nothing is done."""
    (tmp_path / "all.tar").touch()
    (tmp_path / "wheels").mkdir()
    assert call("store", "import", *arguments).exit_code == 2


def test_owners__that_cannot_be_read__are_said_with_their_line(stored: Stored, tmp_path: Path) -> None:
    """FILE:LINE, and nothing is taken in."""
    (tmp_path / "wheels").mkdir()
    (tmp_path / "owners.csv").write_text("demo,user:alice\ndemo,alice\n")
    said = call("store", "import", "--folder", "wheels", "--owners", "owners.csv")
    assert (said.exit_code, "owners.csv:2: " in said.stderr) == (1, True)
