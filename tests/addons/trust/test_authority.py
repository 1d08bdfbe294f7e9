"""The CA over its life: first start, renewal in time, the key taken away, and what is refused in words."""

import ipaddress
import logging
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
)

from addons.trust import issuing, reading
from addons.trust.authority import Authority, AuthorityError, open_authority, renew_authority, renew_leaf, take_key
from addons.trust.files import PRIVATE, replace_file
from tests.addons.trust.certificates import AT

DAY = timedelta(days=1)


def mode(path: Path) -> int:
    """The permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def write_leaf(folder: Path, names: tuple[str, ...], at: datetime) -> None:
    """Puts a leaf for `names` there that the folder's own CA signed."""
    authority = reading.read_authority(folder, at)
    assert authority is not None
    authority_key = reading.read_authority_key(folder / "ca-key.pem", authority)
    assert authority_key is not None
    key = issuing.new_key()
    leaf = issuing.issue_leaf(authority, authority_key, key, [x509.DNSName(name) for name in names], at)
    replace_file(folder / "leaf.pem", reading.Leaf(leaf, key).pem(), PRIVATE)


# First start


def test_open__no_folder__makes_folder_and_files_for_the_owner_alone(tmp_path: Path) -> None:
    """The folder is 0700, keys are 0600, the CA certificate is for everybody, whatever the umask."""
    umask = os.umask(0o077)
    try:
        authority = open_authority(tmp_path / "deep" / "certs", AT)
    finally:
        os.umask(umask)
    assert mode(authority.folder) == 0o700
    modes = {path.name: mode(path) for path in authority.folder.iterdir() if path.suffix == ".pem"}
    assert modes == {"ca.pem": 0o644, "ca-key.pem": 0o600, "leaf.pem": 0o600}


def test_open__first_start__files_hold_what_they_are_named_for(tmp_path: Path) -> None:
    """One certificate in `ca.pem` and no key; one key and one certificate in `leaf.pem`; no temporary file stays."""
    authority = open_authority(tmp_path, AT)
    assert [authority.ca_path.read_text().count(f"BEGIN {what}") for what in ("CERTIFICATE", "PRIVATE KEY")] == [1, 0]
    assert [authority.leaf_path.read_text().count(f"BEGIN {what}") for what in ("CERTIFICATE", "PRIVATE KEY")] == [1, 1]
    assert {path.name for path in tmp_path.iterdir()} == {".lock", "ca.pem", "ca-key.pem", "leaf.pem"}


def test_open__again__is_the_same(tmp_path: Path) -> None:
    """A restart changes nothing."""
    assert open_authority(tmp_path, AT) == open_authority(tmp_path, AT + DAY)


def test_authority__its_facts__are_those_of_the_certificates(tmp_path: Path) -> None:
    """Paths, fingerprint in hex and ends are there for `wheelgate ca show`."""
    authority = open_authority(tmp_path, AT)
    assert authority.has_key
    assert (authority.ca_path, authority.leaf_path) == (tmp_path / "ca.pem", tmp_path / "leaf.pem")
    assert len(bytes.fromhex(authority.fingerprint)) == 32
    assert authority.leaf_expires == AT + issuing.LEAF_LIFE
    assert authority.expires == AT + issuing.AUTHORITY_LIFE


def test_open__many_threads_at_once__agree_on_one_authority(tmp_path: Path) -> None:
    """Whoever comes second waits and takes what the first made."""
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: open_authority(tmp_path / "certs", AT), range(16)))
    assert len({(authority.fingerprint, authority.leaf.serial_number) for authority in found}) == 1


def test_open__two_processes_at_once__agree_on_one_authority(tmp_path: Path) -> None:
    """The lock holds between processes as well."""
    code = (
        "import sys, pathlib, datetime; from addons.trust.authority import open_authority;"
        "at = datetime.datetime.fromisoformat(sys.argv[2]);"
        "print(open_authority(pathlib.Path(sys.argv[1]), at).fingerprint)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "certs"), AT.isoformat()]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = {process.communicate()[0].strip() for process in started}
    assert answers == {open_authority(tmp_path / "certs", AT).fingerprint}


def test_open__interrupted_after_the_key__goes_on_with_that_key(tmp_path: Path) -> None:
    """A first start that was killed half-way is finished by the next; a lost certificate is made anew for its key."""
    first = open_authority(tmp_path, AT)
    first.ca_path.unlink()
    second = open_authority(tmp_path, AT + DAY)
    assert second.certificate.subject == first.certificate.subject
    assert second.certificate.public_key() == first.certificate.public_key()


# Renewal


def test_open__leaf_for_no_names__is_renewed(tmp_path: Path) -> None:
    """Nor does a leaf without any DNS name serve."""
    first = open_authority(tmp_path, AT)
    key = reading.read_key(tmp_path / "ca-key.pem")
    assert key is not None
    address = x509.IPAddress(ipaddress.ip_address("192.0.2.1"))
    leaf = issuing.issue_leaf(first.certificate, key, key, [address], AT)
    replace_file(first.leaf_path, reading.Leaf(leaf, key).pem(), PRIVATE)
    assert open_authority(tmp_path, AT).leaf != leaf


@pytest.mark.parametrize(("left", "renewed"), [(31 * DAY, False), (29 * DAY, True), (-DAY, True)])
def test_open__leaf_has_days_left__renews_below_thirty(tmp_path: Path, left: timedelta, renewed: bool) -> None:
    """A new leaf comes in time, of the same CA."""
    first = open_authority(tmp_path, AT)
    second = open_authority(tmp_path, first.leaf_expires - left)
    assert (second.leaf != first.leaf) is renewed
    assert second.fingerprint == first.fingerprint


def test_open__leaf_for_other_names__is_renewed(tmp_path: Path) -> None:
    """A host that became PyPI's since is in the leaf from the next start on."""
    open_authority(tmp_path, AT)
    write_leaf(tmp_path, ("pypi.org",), AT)
    assert sorted(reading.names_of(open_authority(tmp_path, AT).leaf)) == sorted(issuing.LEAF_NAMES)


@pytest.mark.parametrize("damage", ["missing", "of another CA", "with another key", "from the future"])
def test_open__leaf_cannot_serve__is_renewed(tmp_path: Path, damage: str) -> None:
    """With the CA's key at hand whatever is wrong with a leaf is mended."""
    first = open_authority(tmp_path / "certs", AT)
    other = open_authority(tmp_path / "other", AT)
    own, foreign = first.leaf_path.read_bytes(), other.leaf_path.read_bytes()
    cut = own.index(b"-----BEGIN CERT"), foreign.index(b"-----BEGIN CERT")
    if damage == "missing":
        first.leaf_path.unlink()
    elif damage == "of another CA":
        first.leaf_path.write_bytes(foreign)
    elif damage == "with another key":
        first.leaf_path.write_bytes(foreign[: cut[1]] + own[cut[0] :])
    else:
        write_leaf(first.folder, issuing.LEAF_NAMES, AT + DAY)
    leaf = reading.read_leaf(open_authority(first.folder, AT).folder)
    assert reading.unusable(leaf, first.certificate, AT) is None


def test_open__authority_near_its_end__warns_and_keeps_the_leaf(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A leaf that ends with the CA is not issued again at every start; the log says what to do."""
    late = open_authority(tmp_path, AT).expires - 10 * DAY
    first = open_authority(tmp_path, late)
    assert first.leaf_expires == first.expires
    assert open_authority(tmp_path, late + DAY).leaf == first.leaf
    assert "the CA expires on" in caplog.text


def test_renew_leaf__at_any_time__issues_another_of_the_same_authority(tmp_path: Path) -> None:
    """Renewal by hand does not wait for the last month."""
    first = open_authority(tmp_path, AT)
    second = renew_leaf(tmp_path, AT + DAY)
    assert second.leaf != first.leaf
    assert second.fingerprint == first.fingerprint
    assert second == open_authority(tmp_path, AT + DAY)


def test_renew_authority__with_one_there__keeps_the_old_certificate_aside(tmp_path: Path) -> None:
    """A new CA with a leaf of its own; the old certificate stays readable under its fingerprint, its key is gone."""
    first = open_authority(tmp_path, AT)
    old = first.ca_path.read_bytes()
    second = renew_authority(tmp_path, AT + DAY)
    assert second.fingerprint != first.fingerprint
    assert (tmp_path / f"ca-{first.fingerprint[:8]}.pem").read_bytes() == old
    assert open_authority(tmp_path, AT + DAY) == second


def test_renew_authority__expired_authority__is_the_way_out(tmp_path: Path) -> None:
    """What the error of an expired CA advises works."""
    late = open_authority(tmp_path, AT).expires + DAY
    assert renew_authority(tmp_path, late) == open_authority(tmp_path, late)


# The key taken away


@pytest.fixture
def keyless(tmp_path: Path) -> Authority:
    """A CA whose key lies in `key.pem` beside the folder."""
    open_authority(tmp_path / "certs", AT)
    take_key(tmp_path / "certs", tmp_path / "key.pem")
    return open_authority(tmp_path / "certs", AT)


def test_take_key__to_a_new_file__moves_it_there_for_the_owner_alone(tmp_path: Path) -> None:
    """Byte for byte, 0600, and no longer in the folder."""
    open_authority(tmp_path / "certs", AT)
    pem = (tmp_path / "certs" / "ca-key.pem").read_bytes()
    to = take_key(tmp_path / "certs", tmp_path / "key.pem")
    assert (to.read_bytes(), mode(to)) == (pem, 0o600)
    assert not (tmp_path / "certs" / "ca-key.pem").exists()
    assert not open_authority(tmp_path / "certs", AT).has_key


def test_take_key__file_exists__refuses_and_keeps_the_key(tmp_path: Path) -> None:
    """Nothing is overwritten and nothing lost."""
    open_authority(tmp_path, AT)
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(AuthorityError, match="mine: is there already"):
        take_key(tmp_path, tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "kept"
    assert (tmp_path / "ca-key.pem").exists()


def test_take_key__folder_missing__refuses_and_keeps_the_key(tmp_path: Path) -> None:
    """A place that cannot be written to is named."""
    open_authority(tmp_path, AT)
    with pytest.raises(AuthorityError, match=r"nowhere/key\.pem: No such file"):
        take_key(tmp_path, tmp_path / "nowhere" / "key.pem")
    assert (tmp_path / "ca-key.pem").exists()


def test_take_key__taken_before__says_so(keyless: Authority, tmp_path: Path) -> None:
    """There is nothing to take twice."""
    with pytest.raises(AuthorityError, match="taken away before"):
        take_key(keyless.folder, tmp_path / "again")


def test_open__without_key_and_leaf_fresh__is_quiet(keyless: Authority, caplog: pytest.LogCaptureFixture) -> None:
    """The normal life of a gateway without the CA's key."""
    assert open_authority(keyless.folder, AT + 59 * DAY) == keyless
    assert caplog.records == []


def test_open__without_key_and_leaf_ending_soon__warns(keyless: Authority, caplog: pytest.LogCaptureFixture) -> None:
    """The last 30 days are for somebody to bring the key."""
    assert open_authority(keyless.folder, AT + 61 * DAY) == keyless
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "bring the CA's key" in caplog.text


def test_open__without_key_and_leaf_expired__refuses(keyless: Authority) -> None:
    """No client would take it."""
    with pytest.raises(AuthorityError, match=r"leaf\.pem: expired on 2026-04-15; bring the CA's key"):
        open_authority(keyless.folder, AT + 91 * DAY)


def test_open__without_key_and_leaf_missing__refuses(keyless: Authority) -> None:
    """Nothing can be issued."""
    keyless.leaf_path.unlink()
    with pytest.raises(AuthorityError, match=r"leaf\.pem: is missing; bring the CA's key"):
        open_authority(keyless.folder, AT)


def test_open__without_key_and_certificate__refuses_to_make_another(keyless: Authority) -> None:
    """A new CA would lock out all that trust the lost one; somebody must say so."""
    keyless.ca_path.unlink()
    with pytest.raises(AuthorityError, match=r"ca\.pem: the CA certificate is missing beside leaf\.pem; put it back"):
        open_authority(keyless.folder, AT)


def test_renew_leaf__with_a_key_file__issues_and_leaves_no_key(keyless: Authority, tmp_path: Path) -> None:
    """The key is used where it lies."""
    renewed = renew_leaf(keyless.folder, AT + 80 * DAY, key_file=tmp_path / "key.pem")
    assert renewed.leaf_expires == AT + 170 * DAY
    assert not renewed.has_key
    assert not (keyless.folder / "ca-key.pem").exists()


def test_renew_leaf__without_any_key__refuses(keyless: Authority) -> None:
    """The words say where a key is looked for."""
    with pytest.raises(AuthorityError, match=r"ca-key\.pem: the CA's key is not there"):
        renew_leaf(keyless.folder, AT)


def test_renew_leaf__key_of_another_authority__refuses(keyless: Authority, tmp_path: Path) -> None:
    """A wrong key would make leaves that nobody trusts."""
    open_authority(tmp_path / "other", AT)
    with pytest.raises(AuthorityError, match=r"ca-key\.pem: is not the key of the CA"):
        renew_leaf(keyless.folder, AT, key_file=tmp_path / "other" / "ca-key.pem")


def test_renew_leaf__no_authority__refuses(tmp_path: Path) -> None:
    """There is nothing to renew before the first start."""
    with pytest.raises(AuthorityError, match="there is no CA yet"):
        renew_leaf(tmp_path, AT)


# After an upgrade


def test_open__authority_made_for_fewer_domains__serves_those(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """After a host became PyPI's, an older CA goes on for the others, with a warning, instead of for none."""
    key = issuing.new_key()
    certificate = narrower(key, ("pypi.org", "pythonhosted.org"))
    replace_file(tmp_path / "ca-key.pem", reading.key_pem(key), PRIVATE)
    (tmp_path / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    authority = open_authority(tmp_path, AT)
    assert "pypi.org" in reading.names_of(authority.leaf)
    assert "pypi.io" not in reading.names_of(authority.leaf)
    assert "the CA is not for *.pypi.io, pypi.io" in caplog.text
    assert open_authority(tmp_path, AT) == authority


def narrower(key: issuing.Key, domains: tuple[str, ...]) -> x509.Certificate:
    """A CA as an older gateway made it, which knew only `domains`."""
    template = issuing.issue_authority(key, AT)
    builder = x509.CertificateBuilder(
        template.issuer,
        template.subject,
        key.public_key(),
        1,
        template.not_valid_before_utc,
        template.not_valid_after_utc,
    )
    for extension in template.extensions:
        value = extension.value
        if isinstance(value, x509.NameConstraints):
            value = x509.NameConstraints([x509.DNSName(domain) for domain in domains], value.excluded_subtrees)
        builder = builder.add_extension(value, extension.critical)
    return builder.sign(key, SHA256())
