"""`wheelgate ca`: the CA's life as its keeper drives it, and what is said when it cannot be used."""

import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from addons.install import clock
from addons.trust import issuing, reading
from tests.calling import call
from tests.wheelgate_process import free_port

pytestmark = pytest.mark.usefixtures("certs")


@pytest.fixture
def certs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the CA is, or will be: the configuration of the working folder says so."""
    (tmp_path / "wheelgate.yaml").write_text(f"certs: certs\nlisten: 127.0.0.1:{free_port()}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "certs"


def ca(*arguments: str) -> Result:
    """Call `wheelgate ca` with arguments."""
    return call("ca", *arguments)


def certificate(path: Path) -> x509.Certificate:
    """The certificate in a PEM file."""
    return x509.load_pem_x509_certificate(path.read_bytes())


def lines(said: Result) -> dict[str, str]:
    """What `ca show` and `ca renew` say, by its heading."""
    assert said.exit_code == 0, said.output
    return {line[:13].strip(): line[13:] for line in said.stdout.splitlines()}


def test_show__first_time__makes_the_ca_and_says_where_and_how_long(certs: Path) -> None:
    """All that somebody needs who hands it out, or watches its end."""
    said = lines(ca("show"))
    assert said["certificate"] == str(certs / "ca.pem")
    assert said["sha256"] == certificate(certs / "ca.pem").fingerprint(hashes.SHA256()).hex()
    assert said["valid until"].startswith(f"{certificate(certs / 'ca.pem').not_valid_after_utc:%Y-%m-%d}")
    assert "(89 days left)" in said["leaf"]
    assert said["CA's key"] == "here"
    assert lines(ca("show")) == said


def test_renew__leaf__keeps_the_ca(certs: Path) -> None:
    """Clients need not be told anything."""
    before = lines(ca("show")), (certs / "leaf.pem").read_bytes()
    assert lines(ca("renew"))["sha256"] == before[0]["sha256"]
    assert (certs / "leaf.pem").read_bytes() != before[1]


def test_renew__authority__makes_another_and_keeps_the_old_certificate(certs: Path) -> None:
    """Every client has to trust the new one; the old one is still there to be compared."""
    before = lines(ca("show"))["sha256"]
    after = lines(ca("renew", "--authority"))["sha256"]
    assert after != before
    assert certificate(certs / f"ca-{before[:8]}.pem").fingerprint(hashes.SHA256()).hex() == before


def test_renew__authority_and_key__is_a_contradiction(certs: Path) -> None:
    """A new CA has a new key."""
    ca("show")
    said = ca("renew", "--authority", "--key", str(certs / "ca-key.pem"))
    assert said.exit_code == 2
    assert "not both" in said.stderr


def test_export__to_standard_output_or_a_file__is_the_certificate_and_no_key(certs: Path) -> None:
    """What may go to everybody."""
    printed = ca("export").stdout
    assert printed == (certs / "ca.pem").read_text()
    assert "KEY" not in printed
    assert ca("export", "copy.pem").exit_code == 0
    assert Path("copy.pem").read_text() == printed


def test_export__to_where_nothing_can_be_written__says_so() -> None:
    """The path at fault, and no traceback."""
    said = ca("export", "nowhere/ca.pem")
    assert said.exit_code == 1
    assert said.stderr == "wheelgate: nowhere/ca.pem: No such file or directory\n"


def test_take_key__then_renew_with_it__issues_a_leaf_and_leaves_the_key_away(certs: Path) -> None:
    """The key comes by for a moment, and is not kept."""
    ca("show")
    taken = ca("take-key", "away.pem")
    assert taken.stdout == "the CA's key is now at away.pem\n"
    assert stat.S_IMODE(Path("away.pem").stat().st_mode) == 0o600
    assert not (certs / "ca-key.pem").exists()
    assert lines(ca("show"))["CA's key"].startswith("not here")
    leaf = (certs / "leaf.pem").read_bytes()
    assert lines(ca("renew", "--key", "away.pem"))["CA's key"].startswith("not here")
    assert (certs / "leaf.pem").read_bytes() != leaf
    assert not (certs / "ca-key.pem").exists()


def test_take_key__twice_or_over_another_file__is_refused(certs: Path) -> None:
    """Nothing is overwritten, and what is gone is said to be."""
    ca("show")
    Path("there.pem").write_text("something else")
    over = ca("take-key", "there.pem")
    assert (over.exit_code, Path("there.pem").read_text()) == (1, "something else")
    assert "there.pem: is there already" in over.stderr
    ca("take-key", "away.pem")
    twice = ca("take-key", "again.pem")
    assert twice.exit_code == 1
    assert "was taken away before" in twice.stderr


def test_renew__key_is_away__says_how_to_bring_it() -> None:
    """The next step is in the message."""
    ca("show")
    ca("take-key", "away.pem")
    said = ca("renew")
    assert said.exit_code == 1
    assert "wheelgate ca renew --key FILE" in said.stderr


def expire(certs: Path) -> None:
    """Put a CA there that ended yesterday."""
    key, ended = issuing.new_key(), clock() - issuing.AUTHORITY_LIFE - timedelta(days=1)
    certs.mkdir()
    (certs / "ca.pem").write_bytes(issuing.issue_authority(key, ended).public_bytes(Encoding.PEM))
    (certs / "ca-key.pem").touch(mode=0o600)
    (certs / "ca-key.pem").write_bytes(reading.key_pem(key))


def spoil(certs: Path) -> None:
    """Put a CA there that cannot be read: a folder in its place, which stops root as well."""
    (certs / "ca.pem").mkdir(parents=True)


def damage(certs: Path) -> None:
    """Put something else there."""
    certs.mkdir()
    (certs / "ca.pem").write_text("not a certificate")


def open_key(certs: Path) -> None:
    """Let everybody read the CA's key."""
    ca("show")
    (certs / "ca-key.pem").chmod(0o644)


@pytest.mark.parametrize("command", [("run",), ("exec", "--", "touch", "ran"), ("env",), ("ca", "show")], ids=" ".join)
@pytest.mark.parametrize(
    ("fault", "file", "words"),
    [
        (expire, "ca.pem", "expired on"),
        (spoil, "ca.pem", "Is a directory"),
        (damage, "ca.pem", "holds no certificate in PEM"),
        (open_key, "ca-key.pem", "chmod 600"),
    ],
    ids=["expired", "unreadable", "damaged", "key-open"],
)
def test_ca__cannot_be_used__says_which_file_why_and_what_to_do(
    fault: Callable[[Path], None], file: str, words: str, command: tuple[str, ...], certs: Path
) -> None:
    """One line that names the file; nothing is started, and nothing repaired behind anybody's back."""
    fault(certs)
    said = call(*command)
    assert said.exit_code == 1
    assert said.stderr.startswith(f"wheelgate: {certs / file}: ")
    assert words in said.stderr
    assert said.stderr.count("\n") == 1
    assert said.stdout == ""
    assert not Path("ran").exists()


def test_renew__authority_over_an_expired_one__makes_it_good_again(certs: Path) -> None:
    """The way out that the message names."""
    expire(certs)
    assert ca("renew", "--authority").exit_code == 0
    assert ca("show").exit_code == 0
