"""The combined bundle: our CA and everything trusted already, each once, and never a key or a crash."""

import os
import ssl
import stat
from pathlib import Path

import pytest

from addons.trust import issuing
from addons.trust.bundle import combined_bundle, write_bundle
from addons.trust.reading import key_pem
from addons.trust.roots import OURS, system_stores
from tests.addons.trust.certificates import root_pem

NOWHERE = Path("/nowhere/pip.conf")


@pytest.fixture
def ours() -> bytes:
    """The gateway's CA, PEM."""
    return root_pem()


def bundle(ours: bytes, home: Path, **environment: str) -> list[bytes]:
    """The certificates of a bundle for a user with that home and environment on a machine with one system root, in PEM."""
    (home / "system.pem").touch()
    pem = combined_bundle(ours, environment, home, pip_site=NOWHERE, stores=[home / "system.pem"])
    end = b"-----END CERTIFICATE-----\n"
    assert pem.startswith(OURS)
    pem = pem.removeprefix(OURS)
    return [block + end for block in pem.split(end)[:-1]]


def write_root(path: Path) -> bytes:
    """A file with a root of its own, returned."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(root_pem())
    return path.read_bytes()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home on a machine whose system trusts one root."""
    write_root(tmp_path / "system.pem")
    return tmp_path


def test_bundle__nothing_named__is_ours_and_the_systems(ours: bytes, home: Path) -> None:
    """Our CA comes first, and the system's roots stay trusted."""
    assert bundle(ours, home) == [ours, (home / "system.pem").read_bytes()]


@pytest.mark.parametrize(
    "variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "TWINE_CERT"]
)
def test_bundle__file_in_a_variable__is_in_it(ours: bytes, home: Path, variable: str) -> None:
    """Whatever a user pointed a client at is still trusted by it."""
    root = write_root(home / "corporate.pem")
    assert root in bundle(ours, home, **{variable: str(home / "corporate.pem")})


@pytest.mark.parametrize(
    "place",
    [
        ".config/pip/pip.conf",
        ".pip/pip.conf",
        "venv/pip.conf",
        "named.conf",
        "Library/Application Support/pip/pip.conf",
    ],
)
@pytest.mark.parametrize("section", ["global", "install"])
def test_bundle__cert_of_pips_configuration__is_in_it(ours: bytes, home: Path, place: str, section: str) -> None:
    """pip's own files are read wherever pip reads them."""
    root = write_root(home / "pip.pem")
    path = home / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[{section}]\ntimeout = 5\ncert = ~/pip.pem\n")
    found = bundle(ours, home, VIRTUAL_ENV=str(home / "venv"), PIP_CONFIG_FILE=str(home / "named.conf"))
    assert root in found


def test_bundle__pips_configuration_of_the_machine__is_in_it(ours: bytes, home: Path) -> None:
    """The site's file names roots for all users."""
    root = write_root(home / "pip.pem")
    (home / "site.conf").write_text(f"[global]\ncert = {home / 'pip.pem'}\n")
    assert root in combined_bundle(ours, {}, home, pip_site=home / "site.conf", stores=[])


def test_bundle__pip_config_file_is_the_null_device__reads_none(ours: bytes, home: Path) -> None:
    """Then pip itself reads none."""
    root = write_root(home / "pip.pem")
    (home / "pip.conf").write_text(f"[global]\ncert = {home / 'pip.pem'}\n")
    assert root not in bundle(ours, home, PIP_CONFIG_FILE=os.devnull, VIRTUAL_ENV=str(home))


def test_bundle__pips_configuration_is_broken__is_skipped_in_words(
    ours: bytes, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that pip would choke on costs a warning."""
    (home / "broken.conf").write_text("cert = before any section\n")
    assert len(bundle(ours, home, PIP_CONFIG_FILE=str(home / "broken.conf"))) == 2
    assert "broken.conf: pip's configuration is left out" in caplog.text


def test_bundle__folders_of_roots__take_what_openssl_would(ours: bytes, home: Path) -> None:
    """SSL_CERT_DIR may name several folders; *.pem, *.crt and hash names count, other files do not."""
    wanted = [write_root(home / place) for place in ("a/x.pem", "a/y.crt", "b/0a1b2c3d.0")]
    unwanted = write_root(home / "a" / "README")
    found = bundle(ours, home, SSL_CERT_DIR=os.pathsep.join([str(home / "a"), str(home / "b")]))
    assert all(root in found for root in wanted)
    assert unwanted not in found


def test_bundle__variable_names_a_folder__takes_its_files(ours: bytes, home: Path) -> None:
    """requests takes a folder too."""
    root = write_root(home / "roots" / "x.pem")
    assert root in bundle(ours, home, REQUESTS_CA_BUNDLE=str(home / "roots"))


def test_bundle__same_root_in_many_places__is_in_it_once(ours: bytes, home: Path) -> None:
    """By content, not by name; our own CA counts as well."""
    root = write_root(home / "corporate.pem")
    (home / "copy.pem").write_bytes(b"a comment\n" + root + ours + root)
    (home / "link.pem").symlink_to(home / "copy.pem")
    names = {"SSL_CERT_FILE": "corporate.pem", "PIP_CERT": "copy.pem", "CURL_CA_BUNDLE": "link.pem"}
    found = bundle(ours, home, **{variable: str(home / name) for variable, name in names.items()})
    assert found == [ours, root, (home / "system.pem").read_bytes()]


def test_bundle__private_key_beside_a_root__is_not_copied(ours: bytes, home: Path) -> None:
    """Only certificates leave a file."""
    root = write_root(home / "both.pem")
    (home / "both.pem").write_bytes(key_pem(issuing.new_key()) + root)
    pem = combined_bundle(ours, {"PIP_CERT": str(home / "both.pem")}, home, pip_site=NOWHERE, stores=[])
    assert root in pem
    assert b"PRIVATE" not in pem


@pytest.mark.parametrize("content", [b"", b"\x30\x82\x00\xff not PEM", key_pem(issuing.new_key())])
def test_bundle__file_without_certificates__is_skipped_in_words(
    ours: bytes, home: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    """The warning names the file and never its content."""
    (home / "odd.pem").write_bytes(content)
    assert len(bundle(ours, home, SSL_CERT_FILE=str(home / "odd.pem"))) == 2
    assert [record.getMessage() for record in caplog.records] == [
        f"{home / 'odd.pem'}: is left out of the bundle of roots, for it holds no certificate in PEM"
    ]


def test_bundle__one_broken_certificate_in_a_file__costs_only_itself(
    ours: bytes, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the rest of the file nor the bundle is spoilt, which clients load whole or not at all."""
    broken = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    mangled = b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"
    root = root_pem()
    (home / "mixed.pem").write_bytes(broken + root + mangled)
    assert bundle(ours, home, SSL_CERT_FILE=str(home / "mixed.pem"))[:2] == [ours, root]
    assert caplog.text.count("mixed.pem: a certificate in it is left out") == 2


@pytest.mark.parametrize("name", ["missing.pem", "pipe.pem", "big.pem", "system.pem/below"])
def test_bundle__file_cannot_be_read__is_skipped_in_words(
    ours: bytes, home: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Also a pipe, which would wait for ever, and a file far too big for memory."""
    os.mkfifo(home / "pipe.pem")
    with (home / "big.pem").open("wb") as file:
        file.truncate(1 << 40)
    assert len(bundle(ours, home, SSL_CERT_FILE=str(home / name))) == 2
    assert f"{home / name}: is left out of the bundle of roots" in caplog.text


def test_bundle__no_store_on_the_system__falls_back_to_certifi(ours: bytes, home: Path) -> None:
    """A container without any roots still reaches other sites."""
    pem = combined_bundle(ours, {}, home, pip_site=NOWHERE, stores=[home / "none.pem"])
    assert pem.count(b"BEGIN CERTIFICATE") > 100


def test_bundle__store_is_what_the_user_named__does_not_fall_back(ours: bytes, home: Path) -> None:
    """A system store that was read already is a store."""
    assert len(bundle(ours, home, SSL_CERT_FILE=str(home / "system.pem"))) == 2


def test_bundle__our_authority_is_no_pem__raises(home: Path) -> None:
    """That is a mistake of ours, not of the machine."""
    with pytest.raises(ValueError, match="the gateway's CA"):
        combined_bundle(b"nothing", {}, home, pip_site=NOWHERE, stores=[])


def test_bundle__of_this_machine__is_loaded_by_openssl(ours: bytes, home: Path) -> None:
    """The real stores give a bundle that a client can load whole."""
    pem = combined_bundle(ours, {}, home, pip_site=NOWHERE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem.decode("ascii"))
    assert len(context.get_ca_certs()) == pem.count(b"BEGIN CERTIFICATE") > 1


def test_system_stores__whatever_the_environment_says__are_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's variables do not count as the system's, and no folder happens to be the working one."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/mine.pem")
    assert Path("/nowhere/mine.pem") not in system_stores()
    assert all(path.is_absolute() for path in system_stores())


def test_write_bundle__over_another__replaces_it_readable_by_all(ours: bytes, home: Path) -> None:
    """Clients of other users read it; nothing else is left in the folder."""
    path = home / "out" / "bundle.pem"
    path.parent.mkdir()
    path.write_text("old")
    assert write_bundle(path, ours, {}, home, pip_site=NOWHERE, stores=[home / "system.pem"]) == path
    assert path.read_bytes() == OURS + ours + (home / "system.pem").read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_bundle__made_over_an_earlier_one__leaves_the_replaced_ca_out(ours: bytes, home: Path) -> None:
    """A shell that was set up before the CA was replaced does not go on trusting the old one."""
    corporate = write_root(home / "corporate.pem")
    earlier = write_bundle(
        home / "bundle.pem",
        root_pem(),
        {"SSL_CERT_FILE": str(home / "corporate.pem")},
        home,
        pip_site=NOWHERE,
        stores=[home / "system.pem"],
    )
    assert bundle(ours, home, SSL_CERT_FILE=str(earlier)) == [ours, corporate, (home / "system.pem").read_bytes()]
