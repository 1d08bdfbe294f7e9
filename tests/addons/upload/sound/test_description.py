"""Descriptions, rendered as PyPI would, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from addons.upload.sound.description import environment
from addons.upload.sound.rendering import fault
from proxyconf.soundness import SoundRule
from tests.addons.upload.sound.making import METADATA, Examine, wheel


def described(text: str, kind: str | None = None) -> bytes:
    """A wheel with a description."""
    said = f"Description-Content-Type: {kind}\n" if kind else ""
    return wheel(metadata=METADATA + f"{said}\n{text}".encode())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Title\n=====\n\n*Text* with a `link <https://example.org>`__.\n", None),
        ("# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", "text/markdown; charset=UTF-8; variant=GFM"),
        ("`unbalanced and *whatever", "text/plain"),
        (" \n\n", "text/x-rst"),
    ],
)
def test_description__that_renders__is_sound(text: str, kind: str | None, examine: Examine) -> None:
    """UPL-23: reStructuredText, which is also what it is without a type, Markdown, and plain text."""
    assert examine(described(text, kind)).problems == ()


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        (
            "Title\n=====\n\nA `link\n",
            None,
            "The description failed to render in the default format of reStructuredText. ",
        ),
        ("* " * 700 + "a", "text/x-rst", "The description failed to render for 'text/x-rst'. It takes too much time"),
    ],
)
def test_description__that_does_not_render__is_a_problem(
    text: str, kind: str | None, line: str, examine: Examine
) -> None:
    """UPL-23: with the reason that docutils gives; what breaks docutils breaks nothing here."""
    [problem] = examine(described(text, kind)).problems
    assert problem.startswith(line)


def test_description__of_an_unknown_type__is_a_problem_of_its_type_only(examine: Examine) -> None:
    """UPL-23: what nobody can render is told as a wrong content type."""
    [problem] = examine(described("a", "text/troff")).problems
    assert problem.startswith("Invalid value for Description-Content-Type. Error: ")


def test_description__that_is_too_long__is_not_rendered(examine: Examine) -> None:
    """UPL-23: the most is what a rule says."""
    found = examine(described("`" * 2000), rule=SoundRule(max_description_kb=1)).problems
    assert found == ("The description failed to render: it has 2000 bytes, and 1 KB are the most here.",)


@pytest.mark.parametrize("directive", ["include:: {}", "raw:: html\n   :file: {}", "csv-table::\n   :file: {}"])
def test_description__that_wants_a_file_of_this_machine__gets_none(directive: str, tmp_path: Path) -> None:
    """UPL-23: docutils can read files, and take HTML as it is; for descriptions both are switched off."""
    (tmp_path / "secret").write_text("a secret")
    said = fault(f"A text.\n\n.. {directive.format(tmp_path / 'secret')}\n", "rst")
    assert "directive disabled" in said or "File and URL access deactivated" in said
    assert "a secret" not in said


def test_description__with_html_as_it_is__does_not_render() -> None:
    """UPL-23: a script in a description reaches no page."""
    assert '"raw" directive disabled' in fault("A text.\n\n.. raw:: html\n\n   <script>alert(1)</script>\n", "rst")


def test_description__is_rendered__without_the_secrets_of_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """What docutils could be talked into showing is not there, and what it says has an end."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@example.org")
    given = environment()
    assert set(given) <= {"PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "TEMP", "PYTHONPATH"}


def test_fault__that_is_told_at_length__is_cut(tmp_path: Path) -> None:
    """Docutils repeats a whole document for some faults; the gateway would hold all of it."""
    command = (sys.executable, "-P", "-m", "addons.upload.sound.rendering", "rst")
    text = b".. unknown::\n\n" + b"   some text of it\n" * 5000
    done = subprocess.run(command, input=text, capture_output=True, check=True, env=environment())
    assert 0 < len(done.stdout) <= 4000
