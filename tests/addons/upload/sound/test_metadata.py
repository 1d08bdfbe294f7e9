"""Core metadata out of the archive: valid, and of the project and version that form and filename say."""

import time

import pytest

from tests.addons.upload.sound.making import METADATA, SDIST_NAME, Examine, sdist, wheel


def told(examine: Examine, *lines: str, metadata: bytes = METADATA, **fields: str) -> tuple[str, ...]:
    """What is said of a wheel with these fields besides."""
    return examine(wheel(metadata=metadata + "".join(f"{line}\n" for line in lines).encode()), **fields).problems


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            METADATA.replace(b"foo-bar", b"other"),
            "'other' is an invalid value for Name. Error: The core metadata in the",
        ),
        (
            METADATA.replace(b": 1.0", b": 1.1"),
            "'1.1' is an invalid value for Version. Error: The core metadata in the",
        ),
        (METADATA.replace(b"Name: foo-bar\n", b""), "Invalid value for Name. Error: "),
        (METADATA.replace(b"Version: 1.0\n", b""), "Invalid value for Version. Error: "),
        (METADATA.replace(b": 1.0", b": one"), "Invalid value for Version. Error: "),
        (METADATA + b"Name: foo-bar\n", "Invalid value for Name. Error: It stands there more than once"),
        (METADATA.replace(b"2.4", b"9.9"), "Invalid value for Metadata-Version. Error: "),
        (METADATA.replace(b"Metadata-Version: 2.4\n", b""), "Invalid value for Metadata-Version. Error: "),
        (b"", "Invalid value for "),
        (b"\xff\xfe\0\0", "Invalid value for "),
    ],
)
def test_metadata__of_another_file_or_none__is_a_problem(said: bytes, line: str, examine: Examine) -> None:
    """UPL-08: of wheels and of sdists, what lies in the archive has to name what form and filename name."""
    for found in (examine(wheel(metadata=said)), examine(sdist(metadata=said), SDIST_NAME)):
        assert [each for each in found.problems if each.startswith(line)], found.problems


def test_form__that_says_otherwise_than_the_archive__is_not_believed(examine: Examine) -> None:
    """UPL-08: but for name and version, what clients write into the form is of no account."""
    fields = {"summary": "another", "requires_python": ">=99", "author": "Mallory", "metadata_version": "1.0"}
    found = examine(wheel(metadata=METADATA + b"Requires-Python: >=3.9\n"), **fields)
    assert found.new is not None
    assert found.new.requires_python == ">=3.9"


@pytest.mark.parametrize("known", ["1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6"])
def test_metadata_version__that_is_known__is_taken(known: str, examine: Examine) -> None:
    """UPL-05: all that there were, and 2.6; in the form as in the archive."""
    assert told(examine, metadata=METADATA.replace(b"2.4", known.encode()), metadata_version=known) == ()


def test_metadata_version__that_is_unknown_in_the_form__is_a_problem(examine: Examine) -> None:
    """UPL-05, UPL-23: a client that is ahead of us is told what we know."""
    [line] = told(examine, metadata_version="3.0")
    assert line.startswith("'3.0' is an invalid value for Metadata-Version. Error: Must be one of 1.0, ")


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("Requires-Python: three", "Invalid value for Requires-Python. Error: "),
        ("Requires-Dist: a b c", "Invalid value for Requires-Dist. Error: "),
        (
            "Requires-Dist: a @ https://example.org/a.whl",
            "'a @ https://example.org/a.whl' is an invalid value for Requires-Dist. Error: Can't have direct dependency",
        ),
        ("Classifier: Framework :: None", "'Framework :: None' is an invalid value for Classifier. Error: It is no "),
        (
            "Classifier: Natural Language :: Ukranian",
            "'Natural Language :: Ukranian' is an invalid value for Classifier. Error: It is deprecated: use 'Natural L",
        ),
        ("License-Expression: Mine", "Invalid value for License-Expression. Error: "),
        ("Dynamic: Name", "Invalid value for Dynamic. Error: "),
        ("Description-Content-Type: text/html", "Invalid value for Description-Content-Type. Error: "),
        ("Provides-Extra: a b", "Invalid value for Provides-Extra. Error: "),
        ("License-File: ../LICENSE", "Invalid value for License-File. Error: "),
        ("License-Expression: MIT\nLicense: MIT", "Invalid value for License. Error: It is deprecated where there is"),
        ("Summary: " + "a" * 513, "Invalid value for Summary. Error: It has more than 512 characters."),
        (
            "Home-page: javascript:alert(1)",
            "'javascript:alert(1)' is an invalid value for Home-Page. Error: Must be a URL",
        ),
        (
            "Project-URL: Docs, ftp://example.org",
            "'ftp://example.org' is an invalid value for Project-URL. Error: Must be",
        ),
        (f"Project-URL: {'a' * 33}, https://example.org", f"'{'a' * 33}' is an invalid value for Project-URL. Error: "),
        ("Author: a\nAuthor: b", "Invalid value for Author. Error: It stands there more than once"),
    ],
)
def test_metadata__with_a_field_that_is_invalid__is_a_problem_that_names_it(
    field: str, line: str, examine: Examine
) -> None:
    """UPL-08, UPL-23: what packaging refuses, and what PyPI refuses besides."""
    found = told(examine, field)
    assert [each for each in found if each.startswith(line)], found


@pytest.mark.parametrize(
    "field",
    [
        "Classifier: Private :: Do Not Upload",
        "Classifier: Private :: Acme :: Internal",
        "Requires-Dist: a>=1; extra == 'b'\nProvides-Extra: b",
        "License-Expression: MIT OR Apache-2.0\nClassifier: Programming Language :: Python :: 3",
        "Home-page: UNKNOWN\nDescription-Content-Type: UNKNOWN\nLicense: UNKNOWN",
        "Home-page: https://example.org\nProject-URL: Source Code, https://example.org/a,b",
        "Future-Field: yes\nFuture-Field: no",
        "Author: Andr\N{LATIN SMALL LETTER E WITH ACUTE}",
    ],
)
def test_metadata__as_real_projects_have_it__is_sound(field: str, examine: Examine) -> None:
    """UPL-06, UPL-08: private classifiers, what setuptools wrote, fields that nobody knows yet."""
    assert told(examine, field) == ()


def test_license_file__before_metadata_2_4__is_let_pass(examine: Examine) -> None:
    """UPL-08: setuptools wrote it for years into metadata of older versions, and laid the file elsewhere."""
    assert told(examine, "License-File: LICENSE", metadata=METADATA.replace(b"2.4", b"2.1")) == ()


@pytest.mark.parametrize(
    "lines",
    [
        [f"X{number}: a" for number in range(300)],
        ["Keywords: a"] * 21_000,
        ["Summary: " + "a" * (1 << 20)],
        ["Requires-Dist: a; " + "(" * 20_000 + "os_name == 'a'" + ")" * 20_000],
        ["Requires-Dist: a" + ">=1," * 20_000],
        ["License-Expression: " + "(" * 20_000 + "MIT" + ")" * 20_000],
        ["Content-Type: multipart/mixed; boundary=x", "", "--x", "", "a", "--x--"],
        ["Content-Transfer-Encoding: base64", "", "%%%"],
        ["Version: " + "1" * 20_000],
        ["Requires-Python: >=" + "1" * 20_000],
    ],
    ids=["fields", "lines", "bytes", "markers", "clauses", "licences", "multipart", "base64", "version", "python"],
)
def test_metadata__that_was_made_to_take_long__is_refused_at_once(lines: list[str], examine: Examine) -> None:
    """UPL-08, UPL-33: nothing is raised, and nothing takes time by the square of its length."""
    begun = time.thread_time()
    told(examine, *lines)
    assert time.thread_time() - begun < 3


@pytest.mark.parametrize("lines", [[f"X{number}: a" for number in range(300)], ["Keywords: a"] * 21_000])
def test_metadata__with_very_many_fields__is_refused_unread(lines: list[str], examine: Examine) -> None:
    """UPL-33: a parser of mail needs time by the number of fields times that of lines."""
    [line] = told(examine, *lines)
    assert line.startswith(
        "Invalid distribution file. It has core metadata with more than 20000 lines of headers, or more"
    )
