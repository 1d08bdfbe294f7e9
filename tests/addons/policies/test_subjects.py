"""What one writes behind `wheelgate deny`: names, versions, files and hashes, as in the configuration."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.policies.subjects import subject_of, written
from addons.store.decision import Subject
from proxyconf.misfit import Misfit

HASH = "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"


@pytest.mark.parametrize(
    ("what", "meant"),
    [
        ("Imaging", Subject(project="imaging")),
        ("imaging<9.3.1", Subject(project="imaging", versions="<9.3.1")),
        ("imaging >= 2, <3", Subject(project="imaging", versions="<3,>=2")),
        ("Acme_Web==2.4.*", Subject(project="acme-web", versions="==2.4.*")),
        ("demo~=1.2", Subject(project="demo", versions="~=1.2")),
        ("ACME.*", Subject(project="acme-*")),
        ("*", Subject(project="*")),
        ("Acme_Web-2.0-py3-none-any.whl", Subject(project="acme-web", files=("acme_web-2.0-py3-none-any.whl",))),
        ("demo-1.0.tar.gz", Subject(project="demo", files=("demo-1.0.tar.gz",))),
        ("a-b-1.0.tar.gz", Subject(project="*", files=("a-b-1.0.tar.gz",))),
        ("demo-1.0-*.whl", Subject(project="demo", files=("demo-1.0-*.whl",))),
        ("*.tar.gz", Subject(project="*", files=("*.tar.gz",))),
    ],
)
def test_subject__as_it_is_written__is_what_a_rule_would_have(what: str, meant: Subject) -> None:
    """Names normalised, files in small letters; a file is one of its project, where its name tells that."""
    assert subject_of(what) == meant
    assert subject_of(*shlex.split(written(meant))) == meant


def test_subject__by_hashes__is_about_files_whatever_they_are_called() -> None:
    """Sorted, so that it is the same subject again."""
    assert subject_of(None, [f"sha256:{HASH.upper()}"]) == Subject(sha256=(HASH,))
    assert written(subject_of("demo", ["b" * 64, "a" * 64])) == f"demo --sha256 {'a' * 64} --sha256 {'b' * 64}"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (None, "name what it is about"),
        ("", "names no project"),
        ("<2", "names no project"),
        ("demo 1.0", 'write "==1.0" for just that one'),
        ("demo=1.0", "is no version specifier"),
        ("demo[extra]", "is no project name"),
        ("acme*", 'a prefix ends in "-*"'),
        ("../demo-1.0.tar.gz", "is no pattern of filenames"),
    ],
)
def test_subject__that_cannot_be_understood__is_an_error_in_words(what: str | None, words: str) -> None:
    """Nothing is guessed: a denial that is about something else is no denial."""
    with pytest.raises(Misfit, match=words.replace("*", r"\*")):
        subject_of(what)


@given(st.text(max_size=30))
def test_subject__of_any_text__is_one_or_an_error_in_words(text: str) -> None:
    """And what is one can be written again for a shell."""
    try:
        subject = subject_of(text)
    except Misfit:
        return
    assert subject_of(*shlex.split(written(subject))) == subject
