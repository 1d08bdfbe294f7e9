"""`wheelgate password` and `wheelgate token`: what they print is what the configuration takes."""

import hashlib
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import argon2
import pytest
from click.testing import CliRunner, Result

from addons.cli import main
from proxyconf.clients import User
from tests.calling import call

pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)


def piped(text: bytes, *arguments: str) -> Result:
    """Call `wheelgate` with this on its standard input."""
    return CliRunner().invoke(main, arguments, input=text, prog_name="wheelgate")


@pytest.mark.parametrize("text", [b"hunter2", b"hunter2\r\n"])
def test_password__from_a_pipe__is_a_hash_that_the_configuration_takes(text: bytes) -> None:
    """Without the line end; nothing else is printed, so that it can be taken from there."""
    said = piped(text, "password")
    assert (said.exit_code, said.stderr) == (0, "")
    user = User(username="ci", password_hash=said.stdout.removesuffix("\n"))
    assert argon2.PasswordHasher().verify(user.password_hash or "", "hunter2")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "there is no password"),
        (b"\n", "there is no password"),
        (b"hunter2\nhunter3\n", "not one line"),
        (b"hunter2\0", "control characters"),
        (b"hunter2\xff", "no UTF-8 text"),
        (b"hunter2" * 200, "longer than 1024"),
        (b"hunter2" * 20_000, "longer than 1024"),
    ],
    ids=str,
)
def test_password__that_no_client_could_give__is_refused(text: bytes, words: str) -> None:
    """In words that don't repeat it."""
    said = piped(text, "password")
    assert (said.exit_code, said.stdout) == (1, "")
    assert words in said.stderr
    assert "hunter" not in said.stderr


def test_password__in_a_terminal__is_asked_for_twice_and_not_shown() -> None:
    """Whoever mistypes it is asked again; only the hash is on standard output."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from addons.cli import main; main()", "password"],
        stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = ""
    for line in ("hunter2", "hunter3", "hunter4", "hunter4"):
        while not shown.endswith(": "):
            shown += os.read(ours, 1024).decode()
        os.write(ours, f"{line}\n".encode())
        shown += "|"
    printed, _ = process.communicate(timeout=30)
    os.close(ours)
    assert process.returncode == 0
    assert argon2.PasswordHasher().verify(printed.decode().strip(), "hunter4")
    assert "hunter" not in shown
    assert shown.startswith("Password: |")


def test_token_new__is_a_token_that_nobody_had__with_its_sha256() -> None:
    """32 random bytes, fit for a URL; the sha256 is what the configuration takes."""
    found = [
        re.fullmatch(r"token         (wg-[\w-]{43})\ntoken_sha256  ([0-9a-f]{64})\n", call("token", "new").stdout)
        for _ in range(2)
    ]
    tokens = [(each[1], each[2]) for each in found if each]
    assert len(set(tokens)) == 2
    for token, sha256 in tokens:
        assert hashlib.sha256(token.encode()).hexdigest() == sha256 == User(token_sha256=sha256).token_sha256
        assert piped(f"{token}\n".encode(), "token", "hash").stdout == f"token_sha256  {sha256}\n"


def test_token_hash__of_nothing__is_refused() -> None:
    """With the reason."""
    said = piped(b"", "token", "hash")
    assert (said.exit_code, said.stderr) == (1, "wheelgate: there is no token; write it into one line\n")
