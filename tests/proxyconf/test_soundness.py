"""Rules of soundness as an operator writes them."""

from pathlib import Path

import pytest

from addons.policies.kinds import KINDS
from proxyconf.reading import ConfigurationError, read_text
from proxyconf.soundness import Soundness, SoundRule

GOOD = """\
uploads:
  soundness:
    rules:
      - project: Acme_Legacy.*
      - project: "*"
        required: [Author-Email, project_urls.Source]
        licenses: [mit, Apache-2.0 with LLVM-exception, LicenseRef-Acme]
        sdist: required
"""


def rules(text: str, tmp_path: Path) -> Soundness:
    return read_text(text, tmp_path / "wheelgate.yaml", KINDS).uploads.soundness


def test_rules__as_written__are_normalised(tmp_path: Path) -> None:
    """Names of projects and fields, and licences, in any spelling that is clear."""
    legacy, every = rules(GOOD, tmp_path).rules
    assert legacy.project == "acme-legacy-*"
    assert every.required == ("author_email", "project_urls.Source")
    assert every.licenses == ("MIT", "Apache-2.0 WITH LLVM-exception", "LicenseRef-Acme")


def test_rule__of_a_project__is_the_first_that_covers_it(tmp_path: Path) -> None:
    """So that an exception stands above what it is one from; where none covers it, nothing is asked for."""
    found = rules(GOOD, tmp_path)
    assert found.of("acme-legacy-a").sdist is None
    assert found.of("acme-legacy").sdist == "required"
    assert Soundness().of("acme") == SoundRule()


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        (
            "required: [authors]",
            "5:20",
            '"authors" is no field of core metadata that can be required; write one of summary, ',
        ),
        ("required: [summary.x]", "5:20", "is no field of core metadata"),
        ("licenses: [Mine]", "5:20", '"Mine" is no SPDX licence; write one a line, like "MIT"'),
        ("licenses: [MIT OR Apache-2.0]", "5:20", '"MIT OR Apache-2.0" is no SPDX licence'),
        ("classifiers: {required: [Private]}", "5:34", '"Private" is no classifier; write one like "Private :: Do Not'),
        ("sdist: yes", "5:16", "sdist"),
        ("max_description_kb: 0", "5:29", "write kilobytes from 1 to 1000"),
        ("max_description_kb: 1001", "5:29", "write kilobytes from 1 to 1000"),
        ("plain_linux: sometimes", "5:22", "plain_linux"),
        ("project: '-x'", "5:18", '"-x" is no project name'),
        ("licences: [MIT]", "5:9", "licenses"),
    ],
)
def test_rule__with_a_mistake__is_refused_with_its_place(line: str, place: str, words: str, tmp_path: Path) -> None:
    """Whoever made it reads where it stands, what is wrong, and what to write."""
    with pytest.raises(ConfigurationError) as caught:
        rules(f"uploads:\n  soundness:\n    rules:\n      - local_versions: false\n        {line}\n", tmp_path)
    assert f"wheelgate.yaml:{place}: " in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("first", "second"), [("'*'", "acme"), ("acme-*", "acme-x"), ("a-*", "a-b-*"), ("acme", "Acme")]
)
def test_rule__that_another_hides__is_refused(first: str, second: str, tmp_path: Path) -> None:
    """A rule without effect is taken for a protection."""
    text = f"uploads:\n  soundness:\n    rules:\n      - project: {first}\n      - project: {second}\n"
    with pytest.raises(ConfigurationError, match=r"wheelgate.yaml:5:.*is never used: the rule for .* stands before it"):
        rules(text, tmp_path)
