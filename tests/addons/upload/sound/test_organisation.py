"""The organisation's own rules, and what an author reads who breaks them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from addons.simple.names import ProjectName
from addons.store.stored import FileType, NewFile, Standing, StoredFile
from addons.upload.sound.organisation import is_allowed, sdist_owed
from proxyconf.soundness import Classifiers, SoundRule
from tests.addons.upload.sound.making import METADATA, Examine, wheel

FULL = (
    METADATA + b"Author-email: Ada <ada@example.org>\nLicense-Expression: MIT OR GPL-3.0-only\n"
    b"Project-URL: source code, https://example.org/a\nClassifier: Private :: Acme\n"
)
CLASSIFIER = "Invalid value for Classifier. Error: The file "
WANTED = SoundRule(
    required=("author_email", "license_expression", "project_urls.Source-Code"),
    licenses=("MIT", "Apache-2.0"),
    classifiers=Classifiers(required=("Private :: *",), forbidden=("Framework :: *",)),
)


def test_metadata__with_all_that_is_wanted__is_sound(examine: Examine) -> None:
    """UPL-08: fields, a project URL whatever its spelling, one of the licences, a classifier of the pattern."""
    assert examine(wheel(metadata=FULL), rule=WANTED).problems == ()


def test_metadata__without_what_is_wanted__names_all_of_it(examine: Examine) -> None:
    """UPL-23: whoever has forgotten three things reads of three."""
    found = examine(wheel(metadata=METADATA + b"Classifier: Framework :: Django\n"), rule=WANTED).problems
    assert found == (
        "Invalid value for author_email. Error: This project's files have to have one.",
        "Invalid value for license_expression. Error: This project's files have to have one.",
        "Invalid value for project_urls.Source-Code. Error: This project's files have to have one.",
        "Invalid value for License-Expression. Error: This project's files have to have one, made of: MIT, Apache-2.0.",
        f"{CLASSIFIER}has no classifier 'Private :: *', which this project's files have to have.",
        f"{CLASSIFIER}has the classifier 'Framework :: Django', which this project's files must not have.",
    )


def test_license__that_is_not_allowed__is_a_problem_that_says_which_are(examine: Examine) -> None:
    """UPL-23: the expression as it is written, and what it may be made of."""
    found = examine(wheel(metadata=FULL.replace(b"OR", b"AND")), rule=WANTED).problems
    [line] = found
    assert line.startswith("'MIT AND GPL-3.0-only' is an invalid value for License-Expression. Error: The licences for")
    assert line.endswith(" are: MIT, Apache-2.0.")


def test_rule__of_another_project__is_of_no_account(examine: Examine) -> None:
    """UPL-08: the first rule that covers the project counts, and this one covers none."""
    assert examine(wheel(), rule=SoundRule(project="acme-*", required=("summary",))).problems == ()


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("mit", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT AND Apache-2.0 WITH LLVM-exception", True),
        ("(GPL-3.0-only OR MIT) AND Apache-2.0", False),
        ("(GPL-3.0-only OR MIT) AND Apache-2.0 WITH LLVM-exception", True),
        ("MIT AND (MIT OR (GPL-3.0-only AND GPL-2.0-only))", True),
        ("(" * 5000 + "MIT" + ")" * 5000, True),
    ],
)
def test_license_expression__is_allowed__if_it_can_be_fulfilled(expression: str, allowed: bool) -> None:
    """UPL-08: all of an AND, one of an OR, exceptions only as they are named, and parentheses without end."""
    assert is_allowed(expression, ("MIT", "Apache-2.0 WITH LLVM-exception")) is allowed


NEEDED = SoundRule(sdist="required")
BEGUN = datetime(2026, 1, 2, tzinfo=UTC)


def standing(*files: str, yanked: str | None = None) -> Standing:
    """A project with these files, in this order, as `1.0 sdist`."""

    def stored() -> Iterator[StoredFile]:
        for number, each in enumerate(files):
            release, kind = each.split()
            yield StoredFile(file=new(release, kind), uploaded=BEGUN + timedelta(hours=number), by="a", yanked=yanked)

    project = ProjectName("foo-bar")
    return Standing(
        project=project, display="foo-bar", status="active", status_reason=None, made=BEGUN, by="a", roles={},
        files=tuple(stored()),
    )  # fmt: skip


def new(release: str, kind: str = "wheel") -> NewFile:
    """A file of a release."""
    filetype: FileType = "sdist" if kind == "sdist" else "bdist_wheel"
    name = f"foo_bar-{release}-{kind}"
    return NewFile(filename=name, version=release, filetype=filetype, size=1, md5="", sha256="", blake2b_256="")


@pytest.mark.parametrize(
    ("before", "added"),
    [
        (None, new("1.0")),
        (standing(), new("1.0")),
        (standing("1.0 wheel"), new("1.0")),
        (standing("1.0 wheel"), new("1.0", "sdist")),
        (standing("1.0 wheel", "1.0.0 sdist"), new("2.0")),
        (standing("0.9 wheel", "1.0 sdist", "1.0 wheel"), new("2.0")),
        (standing("1.0 wheel", yanked="broken"), new("2.0")),
    ],
)
def test_sdist__that_may_still_come__is_waited_for(before: Standing | None, added: NewFile) -> None:
    """UPL-15: twine and flit send wheels first, poetry the sdist: within a release any order goes."""
    assert sdist_owed(before, added, NEEDED) is None


def test_sdist__that_never_came__keeps_the_next_release_away() -> None:
    """UPL-15: until the last release has one, or is yanked; without the rule nothing is owed."""
    before = standing("1.0 wheel", "1.0 wheel")
    line = sdist_owed(before, new("2.0"), NEEDED)
    assert line is not None
    assert line.startswith(
        "Release 1.0 of 'foo-bar' has no sdist, and this project's releases have to have one: upload it"
    )
    assert sdist_owed(before, new("2.0"), SoundRule()) is None
