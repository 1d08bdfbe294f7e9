"""What an argument of `wheelgate metadata` asks about."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from addons.inspecting.asked import Asked, Local, Named, Release, asked
from addons.simple.names import ProjectName

DEMO = ProjectName("demo-more")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Demo_More", Release(DEMO, None)),
        ("demo.more==1.0", Release(DEMO, Version("1"))),
        ("demo-more == 1!2.0+local", Release(DEMO, Version("1!2.0+local"))),
        ("demo-more===1.0", Release(DEMO, Version("1.0"))),
        ("demo-1.0-py3-none-any.whl", Named("demo-1.0-py3-none-any.whl")),
        ("Demo-1.0.tar.gz", Named("Demo-1.0.tar.gz")),
        ("demo-1.0.win32.exe", Named("demo-1.0.win32.exe")),
        ("./demo-1.0.tar.gz", Local(Path("demo-1.0.tar.gz"))),
        ("/a/b=c/demo", Local(Path("/a/b=c/demo"))),
    ],
)
def test_asked__as_people_write_it__is_understood(
    text: str, expected: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release, a file on an index, a path."""
    monkeypatch.chdir(tmp_path)
    assert asked(text) == expected


def test_asked__of_a_file_that_lies_here__is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But a folder that is named like a project is not in the way of the project."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo-1.0.tar.gz").touch()
    (tmp_path / "demo-more").mkdir()
    assert asked("demo-1.0.tar.gz") == Local(Path("demo-1.0.tar.gz"))
    assert asked("demo-more") == Release(DEMO, None)


@given(st.text(alphabet=st.sampled_from("abz019.-_=<~!*;@[]:/ \x1b\n\u202e"), max_size=30))
def test_asked__of_any_text__is_something_or_a_value_error_that_a_terminal_may_have(text: str) -> None:
    """Nothing else is raised, and nothing of the text is obeyed."""
    said = ""
    try:
        asked(text)
    except ValueError as error:
        said = str(error)
    assert said.isprintable()
