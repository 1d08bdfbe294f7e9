"""`wheelgate metadata` in front of the fake PyPI: what is announced of core metadata, where it came from, and why not."""

import dataclasses
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.addons.sources.places import put_sdist, put_wheel
from tests.calling import call
from tests.fakepypi import FakePyPI
from tests.fakepypi.building import Recipe, wheel
from tests.fakepypi.faults import Status
from tests.gateway.running import RunningGateway, configuration

type Say = Callable[..., Result]

DENIED = [{"deny": [{"project": "demo", "versions": "==2.0", "reason": "steals tokens", "id": "SEC-1"}]}]
PUBLIC = {"name": "pypi", "index": "https://pypi.org/simple/", "public": True}
AHEAD = {"metadata": {"ahead": True}}


@pytest.fixture
def say(pypi: FakePyPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Call the command in a folder of its own, with further settings of the configuration, and expect its exit code."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str, code: int = 0, **settings: object) -> Result:
        config = configuration(pypi, tmp_path, **settings)
        said = call("metadata", "--config", str(config), *arguments)
        assert said.exit_code == code, said.output
        return said

    return command


@pytest.fixture
def look(say: Say) -> Callable[..., dict[str, Any]]:
    """The same as JSON: what is said of the one argument, and of its files by name."""

    def command(*arguments: str, code: int = 0, **settings: object) -> dict[str, Any]:
        [group] = json.loads(say("--json", *arguments, code=code, **settings).stdout)["asked"]
        return {**group, "files": {each["filename"]: each for each in group["files"]}}

    return command


type Look = Callable[..., dict[str, Any]]

WHEEL, SDIST = "demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"


def sha256(content: bytes | None) -> dict[str, str]:
    """What a page announces of metadata."""
    assert content is not None
    return {"sha256": hashlib.sha256(content).hexdigest()}


def paths(pypi: FakePyPI) -> list[str]:
    """What was asked of the fake, in its order, by the last part of each path."""
    return [seen.path.rstrip("/").rpartition("/")[2] for seen in pypi.requests]


# What clients see


def test_release__announced_by_its_index__says_so_and_asks_for_the_page_only(pypi: FakePyPI, look: Look) -> None:
    """Its hash, that it is not in hand yet, and nothing fetched for the question."""
    file = pypi.release("demo", "1.0", announce_metadata=True)
    pypi.release("demo", "2.0", announce_metadata=True)
    said = look("Demo==1.0.0")
    assert (said["project"], said["version"], said["newest"]) == ("demo", "1.0", False)
    assert said["files"].keys() == {WHEEL}
    seen = said["files"][WHEEL]
    assert (seen["announced"], seen["origin"], seen["source"]) == (sha256(file.metadata), "index", "pypi")
    assert (seen["in_hand"], seen["reason"], seen["sha256"]) == (False, None, file.sha256)
    assert paths(pypi) == ["demo"]


def test_project__without_a_version__is_its_newest_release_and_says_so(pypi: FakePyPI, look: Look, say: Say) -> None:
    """As a client would choose: no pre-release, nothing yanked."""
    for version in ("1.0", "2.0rc1"):
        pypi.release("demo", version, announce_metadata=True)
    pypi.release("demo", "1.5", announce_metadata=True, yanked="broken")
    said = look("demo")
    assert (said["version"], said["newest"]) == ("1.0", True)
    assert say("demo").stdout.splitlines()[0] == "demo 1.0, the newest release, source pypi"


def test_fetch__of_a_wheel_that_is_not_announced__announces_it_from_then_on(pypi: FakePyPI, look: Look) -> None:
    """MET-04: by ranges, once; afterwards it is in hand with its hash, and says since when. Before, it says why not."""
    file = pypi.release("demo", "1.0", size_padding=300_000)
    before = look("demo==1.0", code=1, **AHEAD)["files"][WHEEL]
    assert before["announced"] is False
    assert before["reason"].startswith("has no metadata in hand, and its index has not been seen to give any; ")
    assert paths(pypi) == ["demo"]
    after = look("demo==1.0", "--fetch", "--show", **AHEAD)["files"][WHEEL]
    assert (after["announced"], after["fetched"]) == (sha256(after["metadata"].encode()), True)
    assert (after["origin"], after["in_hand"], after["bytes"]) == ("ranges", True, len(after["metadata"]))
    assert (after["since"][-1], "." in after["since"]) == ("Z", False)
    assert [seen.path for seen in pypi.asked(file.path) if seen.method == "GET" and not seen.headers.get("range")] == []
    pypi.clear_log()
    again = look("demo==1.0", "--fetch", **AHEAD)["files"][WHEEL]
    assert (again["announced"], again["since"]) == (after["announced"], after["since"])
    assert pypi.asked(host="files.pythonhosted.org") == []


def test_index__that_was_seen_to_give_metadata__has_all_wheels_announced_ahead(
    pypi: FakePyPI, look: Look, say: Say
) -> None:
    """As a page of the gateway announces them; a page that a client did not ask for is no reason to ask for any."""
    pypi.release("demo", "1.0")
    pypi.release("other", "1.0")
    look("demo", "--fetch", **AHEAD)
    pypi.clear_log()
    seen = look("other", **AHEAD)["files"]["other-1.0-py3-none-any.whl"]
    assert (seen["announced"], seen["origin"], seen["in_hand"]) == (True, "ahead", False)
    assert paths(pypi) == ["other"]
    assert "  in hand    no; --fetch gets it\n" in say("other", **AHEAD).stdout


def test_fetch__beside_a_running_gateway__counts_for_it(pypi: FakePyPI, say: Say, tmp_path: Path) -> None:
    """Of one folder: its next page announces it, and it serves it without asking upstream."""
    file = pypi.release("demo", "1.0")
    with RunningGateway(configuration(pypi, tmp_path)) as gateway:
        say("demo", "--fetch")
        pypi.clear_log()
        [listed] = gateway.page("demo").json()["files"]
        served = gateway.get(file.url + ".metadata")
    assert sha256(served.content) == listed["core-metadata"]
    assert pypi.asked(host="files.pythonhosted.org") == []


def test_gateway__that_has_it_in_hand__is_what_the_command_sees(pypi: FakePyPI, look: Look, tmp_path: Path) -> None:
    """The other way about, while it runs."""
    file = pypi.release("demo", "1.0")
    with RunningGateway(configuration(pypi, tmp_path)) as gateway:
        served = gateway.get(file.url + ".metadata")
        seen = look("demo")["files"][WHEEL]
    assert (seen["announced"], seen["in_hand"]) == (sha256(served.content), True)


def test_offline__what_is_kept__is_what_is_said(pypi: FakePyPI, look: Look, say: Say) -> None:
    """Nothing is dialled; of what is not kept, it says so and exits with 2."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "0.9")
    look("demo==1.0", "--fetch")
    pypi.clear_log()
    assert look("demo==1.0", offline=True)["files"][WHEEL]["in_hand"]
    old = look("demo==0.9", "--fetch", code=1, offline=True)["files"]["demo-0.9-py3-none-any.whl"]
    assert old["reason"] == "has no metadata in hand, and nothing is fetched: `offline` is true"
    assert (old["fetched"], "offline" in old["failure"]) == (False, True)
    assert "wheelgate: other: " in say("other", code=2, offline=True).stderr
    assert pypi.requests == []


# Why nothing is announced


def test_file__that_policy_refuses__is_said_in_its_words(pypi: FakePyPI, look: Look, say: Say) -> None:
    """MET-14: as a client reads it; with --fetch nothing is asked for, and where it is hidden nothing is announced."""
    pypi.release("demo", "2.0", announce_metadata=True)
    words = "Blocked by wheelgate: deny SEC-1: steals tokens"
    seen = look("demo==2.0", "--fetch", code=1, policies=DENIED)["files"]["demo-2.0-py3-none-any.whl"]
    assert (seen["refused"], seen["fetched"]) == (words, None)
    hidden = look("demo==2.0", code=1, policies=DENIED, refusals="hide")["files"]["demo-2.0-py3-none-any.whl"]
    assert (hidden["refused"], hidden["announced"]) == (words, False)
    assert f"  refused    {words}\n" in say("demo==2.0", code=1, policies=DENIED).stdout
    assert paths(pypi) == ["demo"]


def test_wheel__without_sha256_on_its_page__has_no_metadata_that_could_be_told_from_others(
    pypi: FakePyPI, look: Look
) -> None:
    """Also with --fetch, which says it in the same words as the log."""
    file = pypi.release("demo", "1.0")
    pypi.add(dataclasses.replace(file, hashes={"md5": "0" * 32}))
    seen = look("demo", "--fetch", code=1, **AHEAD)["files"][WHEEL]
    assert seen["reason"] == "has no sha256 on its page, by which its metadata could be told from another file's"
    assert seen["failure"] == f"it {seen['reason']}"


def test_wheel__without_readable_metadata__is_said_in_the_words_of_the_log(pypi: FakePyPI, look: Look) -> None:
    """MET-05: found out by fetching all of it, and known ever after."""
    pypi.add_bytes("demo", "1.0", WHEEL, wheel(Recipe(name="other", version="1.0"))[1])
    words = "has not exactly one .dist-info/METADATA of its project"
    seen = look("demo", "--fetch", code=1)["files"][WHEEL]
    assert (seen["announced"], seen["reason"], seen["failure"]) == (False, words, f"it {words}")
    assert look("demo", code=1)["files"][WHEEL]["reason"] == words


def test_sdist__of_an_index__counts_only_where_the_setting_is_on(pypi: FakePyPI, look: Look) -> None:
    """MET-07: off, not in the cache, final: each said; of a release it fails nothing unless it is to be announced."""
    pypi.release("demo", "1.0", announce_metadata=True)
    pypi.release("demo", "1.0", kind="sdist")
    on = {"metadata": {"ahead": False, "sdists": True}}
    off = look("demo==1.0")["files"][SDIST]
    assert (off["announced"], off["reason"]) == (False, "is an sdist, and `metadata.sdists` is off")
    assert look(SDIST, code=1)["files"].keys() == {SDIST}
    assert look("demo==1.0", "--fetch")["files"][SDIST]["fetched"] is None
    assert "is not in the cache" in look("demo==1.0", code=1, **on)["files"][SDIST]["reason"]
    seen = look("demo==1.0", "--fetch", **on)["files"][SDIST]
    assert (seen["origin"], seen["in_hand"], seen["fetched"]) == ("file", True, True)


def test_index__that_announces_some__is_the_reason_for_the_others(pypi: FakePyPI, look: Look) -> None:
    """It announces all that it can."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "2.0", announce_metadata=True)
    seen = look(WHEEL, code=1, **AHEAD)["files"][WHEEL]
    assert seen["reason"] == "has no metadata in hand, and its index announces that of other files only"


def test_fetch__while_the_files_host_is_down__says_that_it_failed(pypi: FakePyPI, look: Look) -> None:
    """A promise that cannot be kept now is not well, though the page makes it."""
    pypi.release("demo", "1.0", announce_metadata=True)
    pypi.fault("/packages/", Status(503))
    seen = look("demo", "--fetch", code=1)["files"][WHEEL]
    assert (bool(seen["announced"]), seen["fetched"]) == (True, False)
    assert "503" in seen["failure"]


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("nobody", "no source has a project nobody"),
        ("demo==3.0", "the page of demo lists no file of 3.0"),
        ("demo-3.0-py3-none-any.whl", "no page lists 'demo-3.0-py3-none-any.whl'; looked at demo"),
        ("./demo.whl", "No such file or directory"),
        ("demo>=1", "is not one release"),
        ("demo==1.*", "is not one release"),
        ("demo[more]==1.0", "says more than a release"),
        ("de mo", "is neither a file nor a release"),
        ("https://files.example.com/demo-1.0.tar.gz", "is a URL"),
    ],
)
def test_argument__that_is_of_nothing__says_so_and_exits_with_2(
    argument: str, words: str, pypi: FakePyPI, say: Say
) -> None:
    """Nothing could be said, which is another thing than that nothing is announced."""
    pypi.release("demo", "1.0")
    said = say(argument, code=2)
    assert words in said.stderr
    assert said.stderr.startswith("wheelgate: ")
    assert said.stdout == ""


def test_arguments__of_which_one_is_of_nothing__says_all_of_the_others(pypi: FakePyPI, say: Say) -> None:
    """And exits with 2."""
    pypi.release("demo", "1.0", announce_metadata=True)
    said = say("demo", "nobody", code=2)
    assert "demo 1.0, the newest release" in said.stdout
    assert said.stderr == "wheelgate: nobody: no source has a project nobody\n"


# Own files


def test_own_files__on_the_page_and_in_documents__have_all_that_resolvers_want(pypi: FakePyPI, tmp_path: Path) -> None:
    """JSN-11, LEG-04: hash, size and upload time of each, metadata of wheels, in both JSON forms, and it is served."""
    files = [put_wheel(tmp_path / "own", "demo", "1.0"), put_sdist(tmp_path / "own", "demo", "1.0")]
    sources = [{"name": "acme", "folder": str(tmp_path / "own")}, PUBLIC]
    with RunningGateway(configuration(pypi, tmp_path, sources=sources)) as gateway:
        page = {each["filename"]: each for each in gateway.page("demo").json()["files"]}
        legacy = {each["filename"]: each for each in gateway.get("https://pypi.org/pypi/demo/json").json()["urls"]}
        served = gateway.get(page[WHEEL]["url"] + ".metadata").content
    for path in files:
        listed, told = page[path.name], legacy[path.name]
        assert listed["hashes"] == {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        assert told["digests"]["sha256"] == listed["hashes"]["sha256"]
        assert listed["size"] == told["size"] == path.stat().st_size
        assert listed["upload-time"] == told["upload_time_iso_8601"]
    assert page[WHEEL]["core-metadata"] == legacy[WHEEL]["core-metadata"] == sha256(served)
    assert (page[SDIST].get("core-metadata", False), legacy[SDIST]["core-metadata"]) == (False, False)


def put_unfinished(folder: Path, version: str) -> Path:
    """An sdist whose PKG-INFO leaves its requirements open."""
    content = f"Metadata-Version: 2.2\nName: demo\nVersion: {version}\nDynamic: Requires-Dist\n".encode()
    path = folder / f"demo-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(f"demo-{version}/PKG-INFO")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return path


def test_own_sdist__where_sdists_are_announced__is_if_it_is_final(pypi: FakePyPI, look: Look, tmp_path: Path) -> None:
    """MET-07: own ones as an index's; never one that a build may change, and by default none."""
    put_sdist(tmp_path / "own", "demo", "1.0")
    put_unfinished(tmp_path / "own", "2.0")
    sources = [{"name": "acme", "folder": str(tmp_path / "own")}, PUBLIC]
    off = look("demo==1.0", sources=sources)["files"][SDIST]
    assert (off["announced"], off["reason"]) == (False, "is an sdist, and `metadata.sdists` is off")
    on = {"sources": sources, "metadata": {"sdists": True}}
    seen = look("demo==1.0", "--show", **on)["files"][SDIST]
    assert (seen["announced"], seen["origin"], seen["source"]) == (sha256(seen["metadata"].encode()), "folder", "acme")
    assert (seen["in_hand"], seen["since"][-1]) == (True, "Z")
    unfinished = look("demo==2.0", code=1, **on)["files"]["demo-2.0.tar.gz"]
    assert unfinished["reason"] == "has a PKG-INFO that a build may change: dynamic are 'Requires-Dist'"
    with RunningGateway(configuration(pypi, tmp_path, **on)) as gateway:
        page = {each["filename"]: each for each in gateway.page("demo").json()["files"]}
        served = gateway.get(page[SDIST]["url"] + ".metadata").content
    assert page[SDIST]["core-metadata"] == seen["announced"] == sha256(served)
    assert not page["demo-2.0.tar.gz"].get("core-metadata", False)


# A file on this disk


def test_path__of_a_wheel__is_read_without_asking_anybody(pypi: FakePyPI, say: Say, tmp_path: Path) -> None:
    """For an author, before an upload: the fields are printed, and no cache is made."""
    path = put_wheel(tmp_path / "dist", "demo", "1.0", requires=["stone>=1"])
    put_sdist(tmp_path / "dist", "demo", "1.0")
    said = say(f"dist/{path.name}")
    assert said.stdout.startswith("demo 1.0\ndemo-1.0-py3-none-any.whl\n  announced  sha256 ")
    assert "\nRequires-Dist: stone>=1\n" in said.stdout
    assert "is an sdist, and `metadata.sdists` is off" in say(f"dist/{path.name}", f"dist/{SDIST}").stdout
    assert pypi.requests == []
    assert not (tmp_path / "cache").exists()


def test_path__of_what_is_no_distribution__says_why_none_would_be_announced(say: Say, tmp_path: Path) -> None:
    """In the words that a gateway's log would have; exit code 1."""
    (tmp_path / WHEEL).write_bytes(b"no archive")
    (tmp_path / "demo.whl").write_bytes(b"")
    assert "  announced  nothing: it is no readable ZIP archive" in say(WHEEL, code=1).stdout
    assert "nothing: it is not named like a wheel or an sdist" in say("demo.whl", code=1).stdout


def test_text__that_would_move_the_cursor__is_escaped(say: Say, tmp_path: Path) -> None:
    """Whoever made the file wrote it; all of it is printed with --show, of a single file its fields."""
    put_wheel(tmp_path, "demo", "1.0", requires=["stone\x1b[2K\r>=1\n\nA long\tdescription"])
    said = say(WHEEL).stdout
    assert "\nRequires-Dist: stone\\x1b[2K\\r>=1\n" in said
    assert said.endswith("\n… 2 more lines: --show prints them\n")
    assert "\x1b" not in said
    assert say(WHEEL, "--show").stdout.endswith("\n\nA long\tdescription\n")
