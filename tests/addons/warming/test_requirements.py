"""Requirements files: everything that pip reads of them is read, passed over with a word, or refused with a place."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from addons.warming.requirements import Requirements, Unreadable
from addons.warming.wanted import Wanted

DIGEST = "a" * 64


def read(folder: Path, **files: str) -> Wanted:
    """Write files (`_` for `.` in their names), and read the one that is called requirements."""
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    wanted = Wanted()
    Requirements(wanted, {"WANTED": "flask"}).file(folder / "requirements.txt")
    return wanted


def said(wanted: Wanted) -> list[str]:
    """The requirements as texts."""
    return [str(line.requirement) for line in wanted.lines]


def test_requirements__of_every_form__are_read(tmp_path: Path) -> None:
    """Comments, blank lines, lines that go on, extras, markers, variables."""
    text = """\
# a comment
flask  # another
idna \\
    >=3,<4

rich[jupyter]>=13 ; python_version >= "3.8"
${WANTED}==3.1
"""
    wanted = read(tmp_path, requirements=text)
    assert said(wanted) == ["flask", "idna<4,>=3", 'rich[jupyter]>=13; python_version >= "3.8"', "flask==3.1"]
    assert [line.place.rpartition(":")[2] for line in wanted.lines] == ["2", "3", "6", "7"]


def test_requirements__nested__are_read_beside_the_file_that_names_them(tmp_path: Path) -> None:
    """`-r` and `-c` in all their spellings, each file once, in a circle too."""
    wanted = read(
        tmp_path,
        requirements="-r other.txt\n--requirement=other.txt\n-c limits.txt\nflask\n",
        other="-rrequirements.txt\nidna\n--constraint limits.txt\n",
        limits="idna<3\n",
    )
    assert said(wanted) == ["idna", "flask"]
    assert [str(line.requirement) for line in wanted.constraints] == ["idna<3"]


def test_requirements__with_hashes__keep_the_sha256(tmp_path: Path) -> None:
    """Over several lines, as pip-compile writes them."""
    wanted = read(tmp_path, requirements=f"flask==3.1 \\\n    --hash=sha256:{DIGEST} \\\n    --hash=md5:00\n")
    assert [line.hashes for line in wanted.lines] == [frozenset({DIGEST})]


def test_requirements__options_of_pip__are_passed_over_with_a_word(tmp_path: Path) -> None:
    """The configuration says where projects come from; `--pre` counts."""
    wanted = read(tmp_path, requirements="--index-url https://index.example.org/simple\n-f wheels\n--pre\nflask\n")
    assert (said(wanted), wanted.prereleases) == (["flask"], True)
    assert [words.partition(": ")[2].partition(" ")[0] for words in wanted.remarks] == ["--index-url", "-f"]


@pytest.mark.parametrize(
    "line",
    ["-e .", "./local", "git+https://git.example.org/x", "demo @ https://example.org/demo-1-py3-none-any.whl", "a.whl"],
)
def test_requirements__that_no_source_has__are_a_problem(line: str, tmp_path: Path) -> None:
    """It is said, and the rest is read."""
    wanted = read(tmp_path, requirements=f"{line}\nflask\n")
    assert said(wanted) == ["flask"]
    assert "is not warmed" in wanted.problems[0]


@pytest.mark.parametrize(
    "line", ["flask=3", "-r", "-r 'half", "-r https://example.org/r.txt", "flask --hash=md5:00", "\x1b[2J"]
)
def test_requirements__that_cannot_be_read__say_where(line: str, tmp_path: Path) -> None:
    """FILE:LINE: words, with nothing in them that a terminal obeys."""
    with pytest.raises(Unreadable, match=r"requirements\.txt:2: ") as caught:
        read(tmp_path, requirements=f"flask\n{line}\n")
    assert "\x1b" not in str(caught.value)


def test_requirements__that_are_no_text__are_refused(tmp_path: Path) -> None:
    """Somebody names a wheel."""
    (tmp_path / "requirements.txt").write_bytes(b"PK\xff")
    with pytest.raises(Unreadable, match="no text"):
        Requirements(Wanted(), {}).file(tmp_path / "requirements.txt")


@given(st.text(max_size=40))
@examples(max_examples=60)
def test_requirement__of_any_text__is_read_or_refused_in_words(text: str) -> None:
    """Nothing else is ever raised."""
    try:
        Requirements(Wanted(), {}).requirement(text, "here")
    except Unreadable as error:
        assert str(error).startswith("here: ")  # noqa: PT017 - either outcome is right
