"""`wheelgate warm` in front of the fake PyPI: what is kept afterwards, what is said, and with which exit code it ends."""

import hashlib
import io
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.calling import call
from tests.fakepypi import Corrupt, FakePyPI, Status
from tests.fakepypi.building import Recipe, wheel
from tests.gateway.running import configuration

type Warm = Callable[..., Result]

FOR_WINDOWS = "-cp312-cp312-win_amd64.whl"
FOR_LINUX = "-cp312-cp312-manylinux_2_17_x86_64.whl"
DENIED = [{"deny": [{"project": "demo", "versions": "==2.0", "reason": "steals tokens", "id": "SEC-1"}]}]


@pytest.fixture
def warm(pypi: FakePyPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warm:
    """Call the command in a folder of its own, with further settings of the configuration."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str, **settings: object) -> Result:
        config = configuration(pypi, tmp_path, **settings)
        return call("warm", "--config", str(config), *arguments)

    return command


@pytest.fixture
def kept(tmp_path: Path) -> Callable[[], set[str]]:
    """The sha256 of all that is kept."""
    return lambda: {path.name for path in tmp_path.glob("cache/files/*/*")}


def sha256(content: bytes) -> str:
    """The name under which something is kept."""
    return hashlib.sha256(content).hexdigest()


def for_machines(pypi: FakePyPI, project: str, *tags: str, version: str = "1.0") -> dict[str, str]:
    """Publish wheels of a project for machines; gives their sha256 by tag."""
    published = {}
    for number, tag in enumerate(tags, 1):
        content = wheel(Recipe(name=project, version=version), padding=1000 * len(tag) + number)[1]
        published[tag] = pypi.add_bytes(project, version, f"{project}-{version}{tag}", content).sha256
    return published


def test_warm__with_dependencies__keeps_each_and_says_so(
    pypi: FakePyPI, warm: Warm, kept: Callable[[], set[str]]
) -> None:
    """Only what would be installed: no older release, nothing that a marker leaves out."""
    old = pypi.release("stone", "1.0")
    files = [pypi.release("tower", "4.0", requires=["stone[fine]>=1", "gone; sys_platform == 'other'"])]
    files += [pypi.release("stone", "1.1", requires=["sand; extra == 'fine'"]), pypi.release("sand", "1")]
    done = warm("tower")
    assert (done.exit_code, kept()) == (0, {file.sha256 for file in files}), done.output
    assert old.sha256 not in kept()
    assert "3 projects; 3 files fetched" in done.stdout
    assert "wheelgate: tower-4.0-py3-none-any.whl: 0.0 MB" in done.stderr


def test_warm__once_more__asks_upstream_nothing(pypi: FakePyPI, warm: Warm) -> None:
    """Pages are fresh yet, and files are there."""
    pypi.release("tower", "4.0", requires=["stone"], announce_metadata=True)
    pypi.release("stone", "1.1")
    assert warm("tower").exit_code == 0
    pypi.clear_log()
    done = warm("tower")
    assert (done.exit_code, pypi.requests) == (0, [])
    assert "0 files fetched (0.0 MB), 2 were there" in done.stdout


def test_warm__after_it_was_broken_off__fetches_only_the_rest(pypi: FakePyPI, warm: Warm) -> None:
    """What was proven before is not asked for again."""
    pypi.release("tower", "4.0", requires=["stone"])
    stone = pypi.release("stone", "1.1")
    fault = pypi.fault(stone.path, Status(503))
    assert warm("tower").exit_code == 1
    fault.lift()
    pypi.clear_log()
    assert warm("tower").exit_code == 0
    assert [seen.path.rpartition("/")[2] for seen in pypi.asked(host="files.pythonhosted.org")] == [
        "stone-1.1-py3-none-any.whl"
    ]


def test_warm__metadata_announced__keeps_it_beside_the_file(
    pypi: FakePyPI, warm: Warm, kept: Callable[[], set[str]]
) -> None:
    """CCH-08: also of the newest release that one of the requirements allows, which uv looks at; but not its file."""
    newest = pypi.release("stone", "2.0", announce_metadata=True)
    files = [pypi.release("stone", "1.1", announce_metadata=True)]
    files += [pypi.release("tower", "4.0", requires=["stone<2", "wall"], announce_metadata=True)]
    files += [pypi.release("wall", "1.0", requires=["stone"], announce_metadata=True)]
    assert warm("tower").exit_code == 0
    texts = [sha256(file.metadata) for file in [*files, newest] if file.metadata is not None]
    assert kept() == {*texts, *(file.sha256 for file in files)}


def test_warm__resolver_goes_back__keeps_what_it_looked_at(
    pypi: FakePyPI, warm: Warm, kept: Callable[[], set[str]]
) -> None:
    """Without announced metadata clients read it out of the wheels, so those have to be there whole."""
    files = [pypi.release("tower", "1.0", requires=["stone<2"]), pypi.release("tower", "2.0", requires=["stone<1"])]
    files += [pypi.release("stone", "1.1"), pypi.release("stone", "3.0")]
    done = warm("tower", "stone>=1")
    assert (done.exit_code, kept()) == (0, {file.sha256 for file in files}), done.output


@pytest.mark.parametrize(
    ("options", "tags"),
    [
        (["--platform", "win_amd64"], {FOR_WINDOWS}),
        (["--platform", "manylinux_2_28_x86_64"], {FOR_LINUX}),
        (["--platform", "linux-x86_64", "--platform", "windows-amd64"], {FOR_WINDOWS, FOR_LINUX}),
        (["--python", "3.12", "--python", "3.11", "--platform", "win_amd64"], {FOR_WINDOWS, "-cp311-none-any.whl"}),
    ],
)
def test_warm__for_chosen_machines__keeps_their_wheels(
    options: list[str], tags: set[str], pypi: FakePyPI, warm: Warm, kept: Callable[[], set[str]]
) -> None:
    """For each Python on each platform."""
    published = for_machines(pypi, "demo", FOR_WINDOWS, FOR_LINUX, "-cp311-none-any.whl")
    done = warm("demo", "--python", "3.12", *options)
    assert (done.exit_code, kept()) == (0, {published[tag] for tag in tags}), done.output


def test_warm__file_of_requirements__counts_constraints_and_hashes(
    pypi: FakePyPI, warm: Warm, kept: Callable[[], set[str]], tmp_path: Path
) -> None:
    """As pip reads it."""
    stone, demo = pypi.release("stone", "1.1"), pypi.release("demo", "1.0", kind="sdist")
    pypi.release("stone", "2.0")
    pypi.release("demo", "1.0")
    (tmp_path / "limits.txt").write_text("stone<2\n")
    (tmp_path / "requirements.txt").write_text(f"-c limits.txt\nstone\ndemo==1.0 --hash=sha256:{demo.sha256}\n")
    done = warm("-r", "requirements.txt")
    assert (done.exit_code, kept()) == (0, {stone.sha256, demo.sha256}), done.output


LOCK = """\
version = 1
[[package]]
name = "demo"
version = "1.0"
source = {{ registry = "https://pypi.org/simple" }}
wheels = [{{ url = "https://files.pythonhosted.org/packages/{file.filename}", hash = "sha256:{file.sha256}" }}]
"""


def test_warm__lock_file__keeps_what_it_names_and_resolves_nothing(
    pypi: FakePyPI, warm: Warm, kept: Callable[[], set[str]], tmp_path: Path
) -> None:
    """The release is an old one, and what it requires is not in the lock."""
    locked = pypi.release("demo", "1.0", requires=["gone"])
    pypi.release("demo", "2.0")
    (tmp_path / "uv.lock").write_text(LOCK.format(file=locked))
    done = warm("-r", "uv.lock")
    assert (done.exit_code, kept()) == (0, {locked.sha256}), done.output


def test_warm__lock_of_a_file_that_was_replaced__says_so(pypi: FakePyPI, warm: Warm, tmp_path: Path) -> None:
    """An install of it would fail."""
    locked = pypi.release("demo", "1.0")
    (tmp_path / "uv.lock").write_text(LOCK.format(file=locked).replace(locked.sha256, "0" * 64))
    done = warm("-r", "uv.lock")
    assert done.exit_code == 1
    assert "the page of demo has no demo-1.0-py3-none-any.whl with its hash" in done.stderr


def test_warm__no_wheel_fits__keeps_the_sdist_and_what_builds_it(
    pypi: FakePyPI, warm: Warm, kept: Callable[[], set[str]], tmp_path: Path
) -> None:
    """With a warning: what a build asks for cannot be foreseen."""
    sdist = pypi.release("demo", "1.0", kind="sdist", requires=["stone"])
    stone = pypi.release("stone", "1.1")
    done = warm("demo")
    assert (done.exit_code, kept()) == (0, {sdist.sha256, stone.sha256}), done.output
    here = "Python {}.{} on this machine".format(*sys.version_info)
    assert f"demo-1.0.tar.gz has no wheel for {here}: it will be built" in done.stderr


def test_warm__sdist_says_what_builds_it__keeps_that_too(
    pypi: FakePyPI, warm: Warm, kept: Callable[[], set[str]]
) -> None:
    """Build isolation asks for it as for any other project."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in {
            "PKG-INFO": "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
            "pyproject.toml": '[build-system]\nrequires = ["mason"]\n',
        }.items():
            member = tarfile.TarInfo(f"demo-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    sdist = pypi.add_bytes("demo", "1.0", "demo-1.0.tar.gz", stream.getvalue())
    mason = pypi.release("mason", "7")
    done = warm("demo")
    assert (done.exit_code, kept()) == (0, {sdist.sha256, mason.sha256}), done.output


@pytest.mark.parametrize(("wanted", "version"), [("demo", "1.0"), ("demo==2.0", "2.0"), ("demo>=2", None)])
def test_warm__newest_release_is_yanked__keeps_it_for_who_pins_it_only(
    wanted: str, version: str | None, pypi: FakePyPI, warm: Warm, kept: Callable[[], set[str]]
) -> None:
    """As installers do (PEP 592)."""
    files = {"1.0": pypi.release("demo", "1.0"), "2.0": pypi.release("demo", "2.0", yanked="broken")}
    done = warm(wanted)
    expected = (1, set[str]()) if version is None else (0, {files[version].sha256})
    assert (done.exit_code, kept()) == expected, done.output


@pytest.mark.parametrize("wanted", ["demo==2.0", "asks"])
def test_warm__release_is_refused__says_it_in_the_policys_words(wanted: str, pypi: FakePyPI, warm: Warm) -> None:
    """Whoever asks for it; an older one does where nobody pins it."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "2.0")
    pypi.release("asks", "1", requires=["demo>=2"])
    done = warm(wanted, policies=DENIED)
    assert done.exit_code == 1
    assert "demo 2.0: Blocked by wheelgate: deny SEC-1: steals tokens" in done.stderr
    assert warm("demo", policies=DENIED).exit_code == 0


def test_warm__locked_release_is_refused__says_it_in_the_policys_words(
    pypi: FakePyPI, warm: Warm, kept: Callable[[], set[str]], tmp_path: Path
) -> None:
    """Nothing of it is fetched."""
    (tmp_path / "uv.lock").write_text(LOCK.format(file=pypi.release("demo", "2.0")).replace('"1.0"', '"2.0"'))
    done = warm("-r", "uv.lock", policies=DENIED)
    assert (done.exit_code, kept()) == (1, set())
    assert "demo 2.0: Blocked by wheelgate: deny SEC-1: steals tokens" in done.stderr


def test_warm__projects_that_nobody_has__are_said_by_name(pypi: FakePyPI, warm: Warm) -> None:
    """All of them, and who wants them."""
    pypi.release("tower", "4.0", requires=["gone"])
    done = warm("tower", "Absent_Thing", "nowhere==1")
    assert done.exit_code == 1
    assert "no source has a project absent-thing (absent-thing, wanted by the command line)" in done.stderr
    assert "no source has a project nowhere" in done.stderr
    done = warm("tower")
    assert "no source has a project gone (gone, wanted by tower 4.0)" in done.stderr


def test_warm__upstream_is_down__says_of_what_and_keeps_the_rest(pypi: FakePyPI, warm: Warm) -> None:
    """The exit code says that not all is there."""
    pypi.fault("/", Status(503))
    done = warm("demo", "tower")
    assert done.exit_code == 1
    for name in ("demo", "tower"):
        assert f"wheelgate: {name}: source pypi: pypi.org answered 503" in done.stderr


def test_warm__file_is_not_what_its_page_says__keeps_nothing_of_it(
    pypi: FakePyPI, warm: Warm, kept: Callable[[], set[str]]
) -> None:
    """A file is its hash."""
    pypi.fault(pypi.release("demo", "1.0").path, Corrupt())
    done = warm("demo")
    assert (done.exit_code, kept()) == (1, set())
    assert "is not the file of its page" in done.stderr


def test_warm__offline__tells_what_is_there_and_what_is_not(pypi: FakePyPI, warm: Warm) -> None:
    """A check of the cache, which dials nothing."""
    pypi.release("demo", "1.0")
    pypi.release("other", "1.0")
    assert warm("demo").exit_code == 0
    pypi.clear_log()
    assert warm("demo", offline=True).exit_code == 0
    done = warm("demo", "other", offline=True)
    assert (done.exit_code, pypi.requests) == (1, [])
    assert "other: source pypi: pypi.org is not asked, as the configuration says offline" in done.stderr


def test_warm__page_that_must_not_be_kept__is_no_success(pypi: FakePyPI, warm: Warm) -> None:
    """An install that asks for it would find nothing, so it is said now."""
    pypi.cache_control = "no-store"
    pypi.release("demo", "1.0")
    done = warm("demo")
    assert done.exit_code == 1
    assert "the page of demo is not kept" in done.stderr


def test_warm__cache_has_no_room__is_no_success(pypi: FakePyPI, warm: Warm, tmp_path: Path) -> None:
    """The file passed through, and is not there."""
    pypi.release("demo", "1.0", announce_metadata=True)
    done = warm("demo", cache={"folder": str(tmp_path / "cache"), "max_gb": 0})
    assert done.exit_code == 1
    assert "demo-1.0-py3-none-any.whl: the cache does not keep it" in done.stderr


def test_warm__files_make_way_for_each_other__is_no_success(pypi: FakePyPI, warm: Warm, tmp_path: Path) -> None:
    """What was there is not any more when all is done."""
    for name in ("demo", "other"):
        pypi.big(name, "1.0", 2_000_000)
    small = {"folder": str(tmp_path / "cache"), "max_gb": 0.003}
    assert warm("demo", cache=small).exit_code == 0
    done = warm("demo", "other", cache=small)
    assert (done.exit_code, "demo-1.0-py3-none-any.whl: the cache does not keep it" in done.stderr) == (1, True)


def test_warm__project_of_an_own_folder__asks_upstream_for_what_it_requires_only(
    pypi: FakePyPI, warm: Warm, kept: Callable[[], set[str]], tmp_path: Path
) -> None:
    """MRG-01: nothing is to be fetched of a folder, and PyPI is never asked about its projects."""
    (tmp_path / "wheels").mkdir()
    name, content = wheel(Recipe(name="acme", version="1.0", requires=["stone"]))
    (tmp_path / "wheels" / name).write_bytes(content)
    stone = pypi.release("stone", "1.1")
    sources = [
        {"name": "own", "folder": "wheels"},
        {"name": "pypi", "index": "https://pypi.org/simple/", "public": True},
    ]
    done = warm("acme", sources=sources)
    assert (done.exit_code, kept(), pypi.asked("/simple/acme/")) == (0, {stone.sha256}, []), done.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nothing to warm"),
        (["demo", "--python", "2"], 'write it as "3.12"'),
        (["demo", "--platform", "amiga"], "is no platform that is known here"),
        (["what is this"], "the command line: 'what is this' is no requirement"),
        (["-r", "bad.txt"], "bad.txt:1: "),
    ],
)
def test_warm__bad_words__end_it_with_code_2(arguments: list[str], words: str, warm: Warm, tmp_path: Path) -> None:
    """Before anything is asked."""
    (tmp_path / "bad.txt").write_text("flask=3\n")
    done = warm(*arguments)
    assert (done.exit_code, words in done.stderr) == (2, True), done.stderr


def test_warm__requirement_by_address__is_said_and_ends_in_1(pypi: FakePyPI, warm: Warm) -> None:
    """It comes from no source, so it is not there when the network is gone."""
    pypi.release("demo", "1.0")
    done = warm("demo", "https://example.org/other-1.0-py3-none-any.whl")
    assert done.exit_code == 1
    assert "comes from no source of the configuration" in done.stderr
    assert "1 files fetched" in done.stdout
