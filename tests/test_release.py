"""`wheelgate release` against a small gateway: what authors do with their releases, and to whom their token is shown."""

import hashlib
import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from click.testing import Result

from addons.cli_parts import clock
from addons.trust.authority import Authority, open_authority
from addons.trust.bundle import combined_bundle
from tests.addons.interface.asking import DEMO, NEXT, SDIST, WHEEL, Asker, asker
from tests.addons.interface.loopback import small_gateway
from tests.calling import call

UNSET = ("HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "TWINE_CERT",
         "WHEELGATE_TOKEN", "TWINE_USERNAME", "TWINE_PASSWORD")  # fmt: skip


@dataclass
class Place:
    """A gateway that runs, and how `wheelgate release` is called beside it."""

    api: Asker
    proxy: str
    seen: list[str]
    authority: Authority
    say: Callable[..., Result]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The gateway's CA."""
    return open_authority(tmp_path_factory.mktemp("certs"), clock())


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of the test's own, without anything that leads to a gateway."""
    monkeypatch.chdir(tmp_path)
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "wheelgate.yaml").write_text("certs: certs\nlisten: 127.0.0.1:1\n")


@pytest.fixture
def place(tmp_path: Path, authority: Authority) -> Iterator[Place]:
    """A gateway, and a call that comes from alice, who trusts its CA."""
    api = asker(tmp_path)
    with small_gateway(api.interface, authority) as (proxy, seen):

        def say(*arguments: str, code: int = 0, **environment: str) -> Result:
            known = {"WHEELGATE_TOKEN": "of-alice", "HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(authority.ca_path)}
            said = call("release", *arguments, **(known | environment))
            assert said.exit_code == code, said.output
            return said

        yield Place(api, proxy, seen, authority, say)


def yanks(api: Asker) -> dict[str, str | None]:
    """Give the files of demo, with why they are yanked."""
    standing = api.projects.standing(DEMO)
    return {each.file.filename: each.yanked for each in standing.files} if standing else {}


def test_yank__release__yanks_all_of_its_files_and_says_which(place: Place) -> None:
    """In the words of the author, who is recorded; other releases stay."""
    said = place.say("yank", "Demo", "1", "--reason", "loses data")
    assert said.stdout == f"yanked  {WHEEL}\nyanked  {SDIST}\n"
    assert yanks(place.api) == {SDIST: "loses data", WHEEL: "loses data", NEXT: None}
    assert place.api.projects.changes(DEMO)[-1].by == "user:alice (token 4f3a9c)"


def test_yank__again__is_done_already(place: Place) -> None:
    """A repeated command is no mistake."""
    for words in (f"yanked  {WHEEL}\n", "demo 1.0: nothing to do, it was so already\n"):
        assert place.say("yank", "demo", "1.0", "--reason", "x", "--file", WHEEL).stdout == words
    assert yanks(place.api)[SDIST] is None


def test_unyank__yanked_release__is_offered_again(place: Place) -> None:
    """And the command says so of each file."""
    place.say("yank", "demo", "2.0", "--reason", "x")
    assert place.say("unyank", "demo", "2.0").stdout == f"un-yanked  {NEXT}\n"
    assert yanks(place.api)[NEXT] is None


def test_delete__without_yes__deletes_nothing(place: Place) -> None:
    """What cannot be undone is said twice."""
    said = place.say("delete", "demo", "2.0", "--reason", "x", code=2)
    assert "--yes" in said.stderr
    assert NEXT in yanks(place.api)
    assert place.say("delete", "demo", "2.0", "--reason", "x", "--yes").stdout == f"deleted  {NEXT}\n"
    assert NEXT not in yanks(place.api)


def test_list__project__says_what_stands(place: Place) -> None:
    """The latest release first, with why it is yanked."""
    place.say("yank", "demo", "1.0", "--reason", "loses data", "--file", WHEEL)
    assert place.say("list", "demo").stdout.splitlines() == [
        "demo  active",
        "  owner       user:alice",
        "  2.0         1 file, 2026-11-23",
        "  1.0         2 files, 2026-11-23, 1 of them yanked: loses data",
    ]
    shown = json.loads(place.say("list", "demo", "--json").stdout)
    assert [each["version"] for each in shown["releases"]] == ["2.0", "1.0"]


def test_whoami__token__says_what_it_is_limited_to(place: Place) -> None:
    """A token from a file; what it may, and until when."""
    Path("token").write_text("of-alice-demo\n")
    said = place.say("whoami", "--token-file", "token").stdout.splitlines()
    assert said[0] == "principal  user:alice"
    assert said[-3:] == ["projects   demo", "may claim  no names", "ends       2027-11-23 10:00 UTC"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("yank", "other", "1.0", "--reason", "x"), "The user 'user:alice' isn't allowed to yank 'other'."),
        (("yank", "demo", "3.0", "--reason", "x"), "demo has no release 3.0 in this store"),
        (("list", "nothing"), "nothing is no project of this store"),
        (("yank", "demo", "1.0", "--reason", " "), "$.reason: "),
    ],
)
def test_refusal__of_the_gateway__is_said_in_its_words(arguments: tuple[str, ...], words: str, place: Place) -> None:
    """On standard error, with exit code 1, and nothing on standard output."""
    said = place.say(*arguments, code=1)
    assert said.stderr.startswith(f"wheelgate: {words}")
    assert said.stdout == ""


def test_token__of_twine__counts_with_its_user_name(place: Place) -> None:
    """Who is set up to upload is set up for this."""
    said = place.say("whoami", WHEELGATE_TOKEN="", TWINE_USERNAME="__token__", TWINE_PASSWORD="of-bob")
    assert said.stdout.startswith("principal  user:bob\n")


def test_token__that_is_unknown__is_refused_and_never_repeated(place: Place) -> None:
    """UPL-24: 403 in the gateway's words; the token is in no output."""
    said = place.say("whoami", code=1, WHEELGATE_TOKEN="secret-and-wrong")
    assert said.stderr == "wheelgate: Invalid or non-existent authentication information.\n"


def test_token__nowhere_to_be_found__is_said_without_a_terminal(place: Place) -> None:
    """A job that forgot it does not hang."""
    said = place.say("whoami", code=1, WHEELGATE_TOKEN="")
    assert "WHEELGATE_TOKEN" in said.stderr
    assert [each for each in place.seen if each.startswith("CONNECT")] == []


def test_gateway__configured__is_found_and_trusted_without_any_variable(place: Place, tmp_path: Path) -> None:
    """Beside the gateway its configuration says where it listens, and where its CA lies."""
    listen = place.proxy.removeprefix("http://")
    (tmp_path / "wheelgate.yaml").write_text(f"listen: {listen}\ncerts: {place.authority.folder}\n")
    assert place.say("whoami", HTTPS_PROXY="", SSL_CERT_FILE="").stdout.startswith("principal  user:alice\n")


def test_gateway__of_wheelgate_env__is_trusted_by_the_bundle(place: Place, tmp_path: Path) -> None:
    """The bundle has the CA beside all public roots."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(combined_bundle(place.authority.ca_path.read_bytes(), {}, tmp_path))
    assert place.say("whoami", SSL_CERT_FILE=str(bundle)).exit_code == 0


def test_gateway__whose_ca_is_not_trusted__is_told_nothing(place: Place) -> None:
    """The token goes to nobody whose CA was not trusted before."""
    said = place.say("whoami", code=1, SSL_CERT_FILE="")
    assert "does not trust" in said.stderr
    assert "--ca" in said.stderr
    assert place.seen == []
    assert place.say("whoami", "--ca", str(place.authority.ca_path), SSL_CERT_FILE="").exit_code == 0


def test_proxy__that_names_a_public_ca__is_told_nothing(tmp_path: Path, authority: Authority, place: Place) -> None:
    """A proxy that leads on to the real PyPI, and says that it has the CA of PyPI's certificate, never sees the token."""
    public = trustme.CA().cert_pem
    public.write_to_path(str(tmp_path / "public.pem"))
    fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(public.bytes().decode())).hexdigest()
    with small_gateway(place.api.interface, authority, fingerprint) as (proxy, seen):
        said = place.say("whoami", code=1, HTTPS_PROXY=proxy, SSL_CERT_FILE=str(tmp_path / "public.pem"))
    assert "does not trust" in said.stderr
    assert seen == []


def test_proxy__that_has_another_certificate_than_it_says__is_told_nothing(place: Place, tmp_path: Path) -> None:
    """What it says is compared with what vouches for it, before anything is said."""
    other = open_authority(tmp_path / "other", clock())
    with small_gateway(place.api.interface, other, place.authority.fingerprint) as (proxy, seen):
        said = place.say("whoami", code=1, HTTPS_PROXY=proxy)
    assert "could not be asked" in said.stderr
    assert seen == ["upload.pypi.org:443"]


def test_proxy__that_is_no_gateway__is_told_nothing(place: Place) -> None:
    """An address at which nobody answers; what stands in its URL is not repeated."""
    said = place.say("whoami", code=1, HTTPS_PROXY="http://name:word@127.0.0.1:1")
    assert said.stderr.startswith("wheelgate: no gateway answers at http://127.0.0.1:1; ")
    assert "word" not in said.stderr
