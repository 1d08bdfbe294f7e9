"""Bundles that were damaged or tampered with: refused in words, or nothing else than what was exported comes in."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from addons.bundle.container import header
from addons.bundle.signing import make_keys
from tests.addons.bundle.carrying import Content, Side
from tests.calling import call

BLOCK = 512


@pytest.fixture(scope="session")
def whole(open_side: Side, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a bundle; two of its projects, so that there are few."""
    path = tmp_path_factory.mktemp("whole") / "set.wheelgate"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path.parent)
        open_side.export(path, "tower")
    return path.read_bytes()


@pytest.fixture(scope="session")
def sound(whole: bytes, tmp_path_factory: pytest.TempPathFactory) -> Content:
    """What it brings."""
    side = Side(tmp_path_factory.mktemp("sound"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(side.folder)
        (side.folder / "set.wheelgate").write_bytes(whole)
        assert side.take(side.folder / "set.wheelgate").exit_code == 0
    return side.content()


@st.composite
def changes(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """One change anywhere: a byte flipped, a stretch cut out, doubled, put elsewhere, or something put in."""
    share, other = draw(st.floats(0, 1)), draw(st.floats(0, 1))
    length = draw(st.sampled_from([1, 3, BLOCK, 2 * BLOCK, 5000]))
    bit, new = draw(st.integers(0, 7)), draw(st.binary(min_size=1, max_size=20))
    how = draw(st.sampled_from(["flip", "cut", "double", "move", "insert", "end", "append"]))

    def change(there: bytes) -> bytes:
        at, to = int(share * (len(there) - 1)), int(other * (len(there) - 1))
        part = there[at : at + length]
        rest = there[:at] + there[at + length :]
        return {
            "flip": there[:at] + bytes([there[at] ^ (1 << bit)]) + there[at + 1 :],
            "cut": rest,
            "double": there[:at] + part + part + there[at + length :],
            "move": rest[:to] + part + rest[to:],
            "insert": there[:at] + new + there[at:],
            "end": there[:at],
            "append": there + new,
        }[how]

    return change


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(change=changes())
@example(change=lambda there: there + bytes(BLOCK))
@example(change=lambda there: there[:-BLOCK])
@example(change=lambda there: b"")
def test_bundle__changed_anywhere__is_refused_or_brings_exactly_what_was_exported(
    change: Callable[[bytes], bytes], whole: bytes, sound: Content, tmp_path: Path
) -> None:
    """No half of the documents, no byte that was not exported; under the manifest's sha256 nothing else at all."""
    changed = change(whole)
    side = Side(tmp_path / "closed")
    shutil.rmtree(side.cache, ignore_errors=True)
    path = side.folder / "changed.wheelgate"
    path.write_bytes(changed)
    begin = BLOCK + int(whole[124:135], 8)
    done = side.take(path, "--expect", hashlib.sha256(whole[BLOCK:begin]).hexdigest())
    there = side.content()
    if done.exit_code == 0:
        assert changed == whole
        assert there == sound
    else:
        assert (done.exit_code, done.exception.__class__) == (1, SystemExit)
        assert done.stderr.startswith("wheelgate: ")
        assert there.documents == {}
        assert there.files.items() <= sound.files.items()


def rewritten(bundle: bytes, change: Callable[[Any], object]) -> bytes:
    """The bundle with another manifest, its header put right: what somebody makes who knows the format."""
    size = int(bundle[124:135], 8)
    manifest = json.loads(bundle[BLOCK : BLOCK + size])
    change(manifest)
    written = json.dumps(manifest).encode()
    return header("manifest.json", len(written)) + padded(written) + bundle[BLOCK + len(padded(bytes(size))) :]


def padded(content: bytes) -> bytes:
    """Fill up the last block."""
    return content + bytes(-len(content) % BLOCK)


def absurd(manifest: Any) -> None:
    manifest["files"][0]["size"] = 2**40


def longer(manifest: Any) -> None:
    manifest["files"][0]["size"] += BLOCK


def swapped(manifest: Any) -> None:
    manifest["files"].reverse()


def doubled(manifest: Any) -> None:
    manifest["files"].append(manifest["files"][0])


def climbing(manifest: Any) -> None:
    manifest["files"][0]["sha256"] = "../../../" + "0" * 55


def substituted(manifest: Any) -> None:
    manifest["files"][0]["sha256"] = "0" * 64


def twice(manifest: Any) -> None:
    manifest["documents"].append(manifest["documents"][0])


def control(manifest: Any) -> None:
    manifest["documents"][0]["headers"]["etag"] = '"1"\r\nX-More: 1'


def newline(manifest: Any) -> None:
    manifest["files"][0]["sha256"] += "\n"


def escaping(manifest: Any) -> None:
    manifest["files"][0]["filename"] = "\x1b[2J.whl"


def major(manifest: Any) -> None:
    manifest["version"] = [2, 0]


def foreign(manifest: Any) -> None:
    manifest["format"] = "something else"


def zoneless(manifest: Any) -> None:
    manifest["made"] = "2026-01-01T00:00:00"


def lacking(manifest: Any) -> None:
    del manifest["documents"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (absurd, "its manifest cannot be read: Expected `int` <= 8589934591"),
        (longer, "it is cut off: it has"),
        (swapped, "there is something else"),
        (doubled, "its manifest has a file twice"),
        (climbing, "its manifest cannot be read"),
        (substituted, "there is something else"),
        (twice, "its manifest has a document twice"),
        (control, "its manifest cannot be read"),
        (newline, "its manifest cannot be read"),
        (escaping, "its manifest cannot be read"),
        (major, "it is of format 2.0, and this wheelgate reads 1.x"),
        (foreign, "its manifest is none of a bundle"),
        (zoneless, "a time without a zone"),
        (lacking, "its manifest cannot be read"),
    ],
)
def test_manifest__that_lies__is_refused_in_words(
    change: Callable[[Any], None], words: str, whole: bytes, closed_side: Side, tmp_path: Path
) -> None:
    """Absurd lengths, other names, doubled and reordered entries: nothing is imported, and the words say why."""
    path = tmp_path / "lying.wheelgate"
    path.write_bytes(rewritten(whole, change))
    closed_side.refused(path, words)
    assert closed_side.content().files == {}
    assert call("bundle", "show", str(path)).exit_code == 1


def test_manifest__with_more_keys__of_a_later_minor_version_is_read(
    whole: bytes, closed_side: Side, sound: Content, tmp_path: Path
) -> None:
    """What is added later does not make a bundle unreadable."""

    def later(manifest: Any) -> None:
        manifest["version"] = [1, 7]
        manifest["more"] = manifest["files"][0]["more"] = {"deep": [1]}

    path = tmp_path / "later.wheelgate"
    path.write_bytes(rewritten(whole, later))
    assert closed_side.take(path).exit_code == 0
    assert closed_side.content() == sound


def test_file__of_other_bytes_than_its_name__leaves_what_was_proven_before_and_no_documents(
    whole: bytes, closed_side: Side, tmp_path: Path
) -> None:
    """The second file was changed: the first one stays, as an import that goes on needs it."""
    first = BLOCK + len(padded(bytes(int(whole[124:135], 8))))
    second = first + BLOCK + len(padded(bytes(int(whole[first + 124 : first + 135], 8))))
    at = second + BLOCK + 10
    (tmp_path / "bad.wheelgate").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    closed_side.refused(tmp_path / "bad.wheelgate", "its bytes are other ones")
    assert len(closed_side.content().files) == 1
    (tmp_path / "good.wheelgate").write_bytes(whole)
    assert "1 written" in closed_side.take(tmp_path / "good.wheelgate").stdout


def test_filling__behind_any_entry__is_nothing_but_noughts(whole: bytes, closed_side: Side, tmp_path: Path) -> None:
    """Where no hash reaches, nothing can be carried along either: behind the manifest and behind each entry."""
    path, at, filled = tmp_path / "filled.wheelgate", 0, 0
    while any(whole[at : at + BLOCK]):
        end = at + BLOCK + int(whole[at + 124 : at + 135], 8)
        at = end + -end % BLOCK
        if at > end:
            filled += 1
            path.write_bytes(whole[: at - 1] + b"x" + whole[at:])
            closed_side.refused(path, "lies something that belongs to nothing")
    assert filled > 4
    path.write_bytes(whole + bytes(BLOCK))
    closed_side.refused(path, "behind its end lies something")


def test_import__without_key_or_hash__says_that_only_damage_is_ruled_out(closed_side: Side, bundle: Path) -> None:
    """And with the hash that export printed it does not; with another one it refuses."""
    shown = call("bundle", "show", str(bundle)).stdout
    [sha256] = [line.split()[-1] for line in shown.splitlines() if line.startswith("manifest")]
    closed_side.refused(bundle, "is not the expected one", "--expect", "0" * 64)
    assert "rule out damage, not forgery" in closed_side.take(bundle).stderr
    assert "forgery" not in closed_side.take(bundle, "--expect", sha256.upper()).stderr


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A key, by the command; its public half lies beside it."""
    assert call("bundle", "keygen", str(tmp_path / "key")).exit_code == 0
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    return tmp_path / "key"


def test_signature__of_a_trusted_key__is_wanted_where_one_is_configured(
    open_side: Side, bundle: Path, keys: Path, tmp_path: Path
) -> None:
    """Unsigned, and signed by somebody else, are refused, by option and by configuration."""
    make_keys(tmp_path / "other", tmp_path / "other.pub")
    signed, forged = tmp_path / "signed.wheelgate", tmp_path / "forged.wheelgate"
    open_side.export(signed, "--sign", keys)
    open_side.export(forged, "--sign", tmp_path / "other")
    side = Side(tmp_path / "closed")
    configured = Side(tmp_path / "configured", bundles={"trusted_keys": [f"{keys}.pub"]})
    for where, options in ((side, ("--trust", f"{keys}.pub")), (configured, ())):
        where.refused(bundle, "it is not signed", *options)
        where.refused(forged, "by a key that is not trusted here", *options)
        done = where.take(signed, *options)
        assert (done.exit_code, "forgery" in done.stderr) == (0, False)
        assert where.content() == open_side.content()


def test_signature__that_was_changed__is_refused_by_everybody(
    open_side: Side, closed_side: Side, keys: Path, tmp_path: Path
) -> None:
    """A signature that is there is checked, also where no key is trusted."""
    path = tmp_path / "signed.wheelgate"
    open_side.export(path, "--sign", keys)
    content = path.read_bytes()
    at = content.index(b"ed25519 ") + 100
    path.write_bytes(content[:at] + (b"1" if content[at : at + 1] != b"1" else b"2") + content[at + 1 :])
    closed_side.refused(path, "is not that of its manifest")
    path.write_bytes(content.replace(b"ed25519 ", b"ed25518 "))
    closed_side.refused(path, "its signature is none")


def test_keygen__over_a_key__does_not_replace_it(keys: Path, tmp_path: Path) -> None:
    """Who has the old public half would refuse everything from then on."""
    before = keys.read_bytes()
    assert call("bundle", "keygen", str(keys)).exit_code == 1
    keys.rename(tmp_path / "kept")
    assert call("bundle", "keygen", str(keys)).exit_code == 1
    assert (tmp_path / "kept").read_bytes() == before
    assert not keys.exists()


@pytest.mark.parametrize(
    "content", [b"", b"no key\n", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_key__that_is_none__is_refused_in_words(content: bytes, open_side: Side, bundle: Path, tmp_path: Path) -> None:
    """For signing and for trusting."""
    path = tmp_path / "bad.key"
    path.write_bytes(content)
    path.chmod(0o600)
    done = open_side.call("export", "-o", tmp_path / "set2.wheelgate", "--sign", path)
    assert (done.exit_code, "bad.key: is no private key" in done.stderr) == (1, True)
    done = Side(tmp_path / "closed").take(bundle, "--trust", path)
    assert (done.exit_code, "bad.key: is no public key" in done.stderr) == (1, True)
