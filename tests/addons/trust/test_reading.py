"""What in the trust folder is refused, and the words that it is refused with."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from addons.trust import issuing
from addons.trust.authority import AuthorityError, open_authority
from addons.trust.files import PRIVATE, replace_file
from tests.addons.trust.certificates import AT

DAY = timedelta(days=1)


@pytest.mark.parametrize("name", ["ca-key.pem", "leaf.pem"])
@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620])
def test_open__key_open_to_others__refuses_and_says_the_chmod(tmp_path: Path, name: str, bits: int) -> None:
    """A key that somebody may have read is not used."""
    open_authority(tmp_path, AT)
    (tmp_path / name).chmod(bits)
    with pytest.raises(AuthorityError, match=f"mode 0{bits:o}.*run `chmod 600 {re.escape(str(tmp_path / name))}`"):
        open_authority(tmp_path, AT)


@pytest.mark.parametrize(
    ("name", "words"),
    [("ca.pem", "no certificate in PEM"), ("ca-key.pem", "no unencrypted private key"), ("leaf.pem", "no certificate")],
)
def test_open__not_pem__refuses_and_names_the_file(tmp_path: Path, name: str, words: str) -> None:
    """Garbage is somebody's mistake, not a reason to make anew."""
    open_authority(tmp_path, AT)
    (tmp_path / name).write_bytes(b"\x00garbage")
    with pytest.raises(AuthorityError, match=f"{name}: holds {words}"):
        open_authority(tmp_path, AT)


def test_open__key_encrypted__refuses_without_quoting_it(tmp_path: Path) -> None:
    """A gateway that starts unattended cannot ask for a passphrase."""
    open_authority(tmp_path, AT)
    pem = issuing.new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    replace_file(tmp_path / "ca-key.pem", pem, PRIVATE)
    with pytest.raises(AuthorityError, match="no unencrypted private key"):
        open_authority(tmp_path, AT)


def test_open__key_of_another_kind__refuses(tmp_path: Path) -> None:
    """An RSA key is none that the gateway made."""
    open_authority(tmp_path, AT)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    replace_file(tmp_path / "ca-key.pem", pem, PRIVATE)
    with pytest.raises(AuthorityError, match="no elliptic-curve key"):
        open_authority(tmp_path, AT)


def test_open__key_of_another_authority__refuses(tmp_path: Path) -> None:
    """The wrong file in the wrong folder."""
    open_authority(tmp_path / "certs", AT)
    open_authority(tmp_path / "other", AT)
    (tmp_path / "other" / "ca-key.pem").replace(tmp_path / "certs" / "ca-key.pem")
    with pytest.raises(AuthorityError, match="is not the key of the CA certificate"):
        open_authority(tmp_path / "certs", AT)


def test_open__authority_expired__refuses_and_says_the_way_out(tmp_path: Path) -> None:
    """Clients refuse it, so the gateway does."""
    late = open_authority(tmp_path, AT).expires
    with pytest.raises(AuthorityError, match="the CA expired on 2036-01-15; make a new CA with"):
        open_authority(tmp_path, late)


def test_open__authority_not_yet_valid__blames_the_clock(tmp_path: Path) -> None:
    """A machine that starts in 1970 must not make a new CA."""
    open_authority(tmp_path, AT)
    with pytest.raises(AuthorityError, match="and now it is 2026-01-14 12:00; set this machine's clock"):
        open_authority(tmp_path, AT - DAY)


def test_open__clock_an_hour_behind__is_accepted(tmp_path: Path) -> None:
    """Clients' clocks differ; both certificates begin an hour early."""
    first = open_authority(tmp_path, AT)
    assert open_authority(tmp_path, AT - timedelta(minutes=59)) == first


def test_open__authority_without_limits__refuses(tmp_path: Path) -> None:
    """A CA that could speak for a bank is not used, even if somebody put it there."""
    authority = open_authority(tmp_path, AT)
    authority.ca_path.write_bytes(authority.leaf.public_bytes(Encoding.PEM))
    with pytest.raises(AuthorityError, match="no CA certificate limited to PyPI's names"):
        open_authority(tmp_path, AT)


def test_open__folder_below_a_file__refuses_and_names_the_option(tmp_path: Path) -> None:
    """A folder that cannot be made."""
    (tmp_path / "file").touch()
    with pytest.raises(AuthorityError, match=r"file/certs: Not a directory; .* configure another one as `certs`"):
        open_authority(tmp_path / "file" / "certs", AT)


def test_open__folder_not_writable__refuses_and_leaves_nothing(tmp_path: Path) -> None:
    """A file that cannot be put in place is named, and no temporary one stays behind."""
    (tmp_path / "ca-key.pem" / "in the way").mkdir(parents=True)
    with pytest.raises(AuthorityError, match=r"ca-key\.pem: Is a directory"):
        open_authority(tmp_path, AT)
    assert {path.name for path in tmp_path.iterdir()} == {".lock", "ca-key.pem"}
