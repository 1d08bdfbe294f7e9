"""`wheelgate cache`: what is kept, as its keeper sees it, with no gateway running."""

import json
import os
import pty
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import Result

from addons.cache.layout import Layout
from tests.addons.cache.furnished import DEMO, INDEX, OTHER, everything, file_url, furnished, rows, sha256
from tests.addons.cache.test_checking import flip, no_database
from tests.calling import call
from tests.wheelgate_process import PATIENCE, WHEELGATE, clean_environment, free_port, run


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """The cache that the configuration of the working folder names, with two projects in it."""
    (tmp_path / "wheelgate.yaml").write_text(
        f"certs: certs\nlisten: 127.0.0.1:{free_port()}\ncache: {{folder: kept, max_gb: 2}}\n"
    )
    monkeypatch.chdir(tmp_path)
    return furnished(tmp_path / "kept")


def cache(*arguments: str, code: int = 0) -> Result:
    """Call `wheelgate cache` with arguments."""
    said = call("cache", *arguments)
    assert said.exit_code == code, said.output
    return said


def test_show__of_all__says_where_how_much_and_under_which_limits(layout: Layout) -> None:
    """At a glance; no gateway is asked for it but the configured one, which does not run."""
    said = {line[:10].strip(): line[11:] for line in cache("show").stdout.splitlines()}
    assert said["folder"] == str(layout.folder)
    assert said["files"].startswith("2 files (115.0 kB), at most 2 GB, used from 20")
    assert said["documents"].startswith("13 documents (")
    assert said["gateway"].startswith("none answers at http://127.0.0.1:")
    assert said["disk"].endswith(" free, of which 1 GB stay free")


def test_show__as_json__has_the_same_in_bytes_and_utc(layout: Layout) -> None:
    """For a program that watches it."""
    found = json.loads(cache("show", "--json").stdout)
    assert (found["folder"], found["gateway"]) == (str(layout.folder), None)
    assert found["limits"] == {"files_bytes": 2 * 10**9, "free_bytes": 10**9, "documents_bytes": 10**9}
    assert (found["files"]["count"], found["files"]["bytes"]) == (2, len(DEMO) + len(OTHER))
    assert found["files"]["oldest_use"] == found["files"]["newest_use"]
    assert found["files"]["newest_use"].endswith("Z")
    assert found["kinds"] == {"classifiers": 1, "legacy": 4, "metadata": 2, "other": 2, "page": 2, "provenance": 2}
    assert found["growing"]["count"] == found["gone"] == 0


def test_show__of_a_project__names_its_documents_and_the_files_that_are_there(layout: Layout) -> None:
    """In any spelling of its name; a file that its page lists and nobody fetched is not among them."""
    found = json.loads(cache("show", "--json", "Demo").stdout)
    assert found["project"] == "demo"
    assert sorted(each["kind"] for each in found["documents"]) == ["legacy", "legacy", "metadata", "page", "provenance"]
    [page] = [each for each in found["documents"] if each["kind"] == "page"]
    assert (page["url"], page["source"], page["gone"]) == (f"{INDEX}demo/", "pypi", False)
    assert page["asked"] < page["fresh_until"]
    [file] = found["files"]
    assert (file["filename"], file["sha256"]) == ("demo-1.0-py3-none-any.whl", sha256(DEMO))
    lines = cache("show", "demo").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["page", "legacy", "legacy", "provenance", "metadata", "file"]
    assert "other" not in "".join(lines)


def test_show__of_what_is_not_there__says_so_and_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking leaves no trace."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wheelgate.yaml").write_text(f"listen: 127.0.0.1:{free_port()}\ncache: {{folder: kept}}\n")
    assert "0 files (0 bytes)" in cache("show").stdout
    assert cache("show", "demo").stdout == "nothing is kept of demo\n"
    assert "all right" in cache("verify").stdout
    assert not (tmp_path / "kept").exists()


def test_verify__of_a_sound_cache__is_content(layout: Layout) -> None:
    """Exit code 0, no progress bar where there is no terminal, nothing changed."""
    before = everything(layout)
    said = cache("verify")
    assert said.stdout.startswith("checked 2 files (115.0 kB) and 13 documents (")
    assert said.stdout.endswith(": all right\n")
    assert said.stderr == ""
    assert everything(layout) == before


def test_verify__of_a_damaged_file__says_which_removes_it_and_exits_with_1(layout: Layout) -> None:
    """With --dry-run it only says so; the second time all is right."""
    place = flip(layout)
    assert (
        f"{place}: is damaged: its sha256 is not its name: not removed" in cache("verify", "--dry-run", code=1).stdout
    )
    said = cache("verify", code=1).stdout.splitlines()
    assert said[0] == f"{place}: is damaged: its sha256 is not its name: removed"
    assert said[1].endswith(": 1 wrong")
    assert not (layout.folder / place).exists()
    cache("verify")


def test_verify__of_a_name_that_would_move_the_cursor__shows_it_escaped(layout: Layout) -> None:
    """What lies there may be named by anybody who may write there."""
    (layout.files / "a\x1b[2Kb").touch()
    assert "'files/a\\x1b[2Kb': is no file of the cache: removed" in cache("verify", code=1).stdout


def test_verify__of_a_database_that_is_none__is_the_way_out_that_show_names(layout: Layout) -> None:
    """Nobody has to know where it lies to be rid of it."""
    no_database(layout)
    for command in (["show"], ["show", "demo"], ["purge", "demo"], ["prune"]):
        said = cache(*command, code=1)
        assert said.stderr.startswith(f"wheelgate: {layout.documents}: the documents cannot be read: ")
        assert said.stderr.endswith("; `wheelgate cache verify` removes them\n")
    assert ": removed\n" in cache("verify", code=1).stdout
    cache("verify")
    assert "0 documents" in cache("show").stdout


def test_verify__at_a_terminal__shows_how_far_it_is(layout: Layout) -> None:
    """On standard error, so that what is found can be read by a program all the same."""
    here, there = pty.openpty()
    environment = clean_environment(layout.folder.parent, TERM="xterm")
    process = subprocess.Popen((WHEELGATE, "cache", "verify"), env=environment, stdout=subprocess.PIPE, stderr=there,
                               cwd=layout.folder.parent)  # fmt: skip
    os.close(there)
    shown = b""
    with suppress(OSError):  # how the end of a terminal is read
        while part := os.read(here, 4096):
            shown += part
    os.close(here)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert b"checking" in shown
    assert b"100%" in shown
    assert said.startswith(b"checked 2 files")


def test_purge__of_projects__says_what_went_of_each(layout: Layout) -> None:
    """One line each; what nobody has is no error, and what is no name of a project is one."""
    said = cache("purge", "Demo", "demo", "nobody").stdout.splitlines()
    assert said[0].startswith("demo: 6 documents and 1 file purged, ")
    assert said[1:] == ["nobody: nothing was kept of it on disk"]
    assert cache("show", "demo").stdout.count("gone or purged") == 5
    assert len(json.loads(cache("show", "--json", "other").stdout)["files"]) == 1
    assert "is no valid project name" in cache("purge", "../etc", code=2).stderr
    cache("purge", code=2)


def test_purge__of_a_page_that_cannot_be_read__takes_the_documents(layout: Layout) -> None:
    """What its files are, nobody can tell then; `prune` gets them in the end."""
    rows(layout, "DELETE FROM Cache WHERE key LIKE '%simple/demo/%body'")
    assert cache("purge", "demo").stdout.startswith("demo: 4 documents and 0 files purged, ")
    assert layout.file(sha256(DEMO)).exists()


def test_prune__by_age_and_size__says_what_went(layout: Layout) -> None:
    """First by age, then by size; without both by the configuration, and nothing has to go."""
    assert cache("prune").stdout == "0 files and 0 documents removed, 0 bytes\n"
    os.utime(layout.file(sha256(DEMO)), (1000, 1000))
    assert cache("prune", "--older-than", "30").stdout == "1 file and 0 documents removed, 55.0 kB\n"
    assert cache("prune", "--to", "0").stdout == "1 file and 0 documents removed, 60.0 kB\n"
    cache("prune", "--to", "-1", code=2)
    assert file_url("demo") in "".join(json.dumps(row) for row in rows(layout, "SELECT key FROM Cache"))


def test_commands__of_the_cache__load_no_mitmproxy(layout: Layout) -> None:
    """It takes half a second, and none of them needs it."""
    script = (
        "import sys\n"
        "from addons.cli import main\n"
        "for command in (['show'], ['show', 'demo'], ['purge', 'demo'], ['prune'], ['verify']):\n"
        "    main(['cache', *command], standalone_mode=False)\n"
        "assert not any(name.split('.')[0] in ('mitmproxy', 'aiohttp') for name in sys.modules)\n"
    )
    python, folder = Path(WHEELGATE).with_name("python"), layout.folder.parent
    done = run((str(python), "-c", script), folder, clean_environment(folder))
    assert done.returncode == 0, done.stderr
