"""Filenames, and what a form says of them."""

import pytest

from addons.upload.sound.names import name_problems
from proxyconf.soundness import SoundRule
from tests.addons.upload.sound.making import PROJECT, SDIST_NAME, WHEEL_NAME, form

NONE = SoundRule()


def problems(filename: str, rule: SoundRule = NONE, /, **fields: str | None) -> tuple[str, ...]:
    return tuple(name_problems(filename, form(filename, **fields), PROJECT, rule))


@pytest.mark.parametrize(
    "filename",
    [
        WHEEL_NAME,
        SDIST_NAME,
        "foo_bar-1.0-1-py3-none-any.whl",
        "foo_bar-1.0.0-py2.py3-none-any.whl",
        *(
            f"foo_bar-1.0-cp312-abi3-{platform}.whl"
            for platform in (
                "win32", "win_amd64", "win_arm64", "macosx_11_0_arm64", "macosx_10_9_universal2", "linux_x86_64",
                "manylinux1_x86_64.manylinux_2_5_x86_64", "manylinux2014_aarch64", "musllinux_1_2_armv7l",
                "android_24_arm64_v8a", "ios_13_0_arm64_iphoneos", "pyodide_2025_0_wasm32", "linux_armv6l",
            )
        ),
    ],
)  # fmt: skip
def test_filename__as_build_backends_write_it__is_sound(filename: str) -> None:
    """UPL-09, UPL-10, UPL-11: wheels for every family of machines, plain Linux too, and sdists."""
    assert problems(filename) == ()


@pytest.mark.parametrize(
    ("filename", "start"),
    [
        ("foo_bar-1.0\n-py3-none-any.whl", "Cannot upload a file with control characters in its name."),
        ("foo_bar-1.0\x85.tar.gz", "Cannot upload a file with control characters"),
        ("../foo_bar-1.0.tar.gz", "Cannot upload a file with '/' or '\\' in its name."),
        ("C:\\foo_bar-1.0.tar.gz", "Cannot upload a file with '/' or '\\' in its name."),
        ("foo_bar-1.0" + "0" * 300 + ".tar.gz", "Cannot upload a file with a name of more than 255"),
        ("foo_bar-1.0-py3-none-\N{CYRILLIC SMALL LETTER A}ny.whl", "Cannot upload a file with other characters"),
        ("foo_bar-1.0.zip", "Invalid file extension: "),
        ("foo_bar-1.0.WHL", "Invalid file extension: "),
        ("", "Invalid file extension: "),
        ("foo_bar-1.0-any.whl", "Filename 'foo_bar-1.0-any.whl' is invalid: "),
        ("foo_bar-1.0-x-py3-none-any.whl", "Filename 'foo_bar-1.0-x-py3-none-any.whl' is invalid: "),
        ("foo_bar-one-py3-none-any.whl", "Filename 'foo_bar-one-py3-none-any.whl' is invalid: "),
        (
            "Foo_Bar-1.0-py3-none-any.whl",
            "Filename 'Foo_Bar-1.0-py3-none-any.whl' should contain the normalized project name 'foo_bar', not 'Foo_Bar'.",
        ),
        ("foo_bar-1.1-py3-none-any.whl", "Version in filename should be '1.0' not '1.1'."),
        (
            "foo_bar-1.0-cp312-cp312-solaris_x86_64.whl",
            "Binary wheel 'foo_bar-1.0-cp312-cp312-solaris_x86_64.whl' has an unsupported platform tag 'solaris_x86_64'.",
        ),
        ("foo-bar-1.0.tar.gz", "Start filename for 'foo-bar' with 'foo_bar-', not as 'foo-bar-1.0.tar.gz'."),
        ("foo_bar-1.tar.gz", "Filename 'foo_bar-1.tar.gz' is invalid, should be 'foo_bar-1.0.tar.gz'."),
    ],
)  # fmt: skip
def test_filename__that_is_not_what_it_has_to_be__is_a_problem_in_pypis_words(filename: str, start: str) -> None:
    """UPL-09, UPL-10, UPL-11, UPL-23: never a path, and exactly what project and version make it."""
    found = problems(filename)
    assert found[0].startswith(start) or any(line.startswith(start) for line in found), found


@pytest.mark.parametrize(
    ("filename", "fields", "line"),
    [
        (
            SDIST_NAME,
            {"pyversion": "py3"},
            "Invalid value for pyversion. Error: Use 'source' as Python version for an sdist.",
        ),
        (WHEEL_NAME, {"pyversion": None}, "Invalid value for pyversion. Error: Python version is required"),
        (WHEEL_NAME, {"pyversion": "py3;\r\nx"}, "'py3;\\r\\nx' is an invalid value for pyversion. Error: "),
        (WHEEL_NAME, {"filetype": "bdist_egg"}, "Invalid value for filetype. Error: "),
        (WHEEL_NAME, {"filetype": None}, "Invalid value for filetype. Error: "),
        (
            WHEEL_NAME,
            {"filetype": "sdist", "pyversion": "source"},
            "Invalid file extension: a file of filetype 'sdist' ",
        ),
        (WHEEL_NAME, {"version": "one"}, "'one' is an invalid value for Version. Error: "),
        (WHEEL_NAME, {"version": None}, "'' is an invalid value for Version. Error: "),
        (WHEEL_NAME, {"name": "another"}, "'another' is an invalid value for Name. Error: "),
    ],
)
def test_form__whose_fields_do_not_fit_the_file__is_a_problem(
    filename: str, fields: dict[str, str | None], line: str
) -> None:
    """UPL-05, UPL-23: filetype, pyversion, name and version."""
    assert [found for found in problems(filename, **fields) if found.startswith(line)], problems(filename, **fields)


@pytest.mark.parametrize("fields", [{"pyversion": None}, {"name": "Foo.Bar"}, {"name": "FOO__bar"}])
def test_form__that_says_less_or_spells_otherwise__is_sound(fields: dict[str, str | None]) -> None:
    """UPL-05: of an sdist no pyversion is needed, and names are compared normalised."""
    assert problems(SDIST_NAME, **fields) == ()


def test_local_version__is_taken__unless_a_rule_says_no() -> None:
    """MRG-13: the organisation's own builds may have a local part, on PyPI none has."""
    name, strict = "foo_bar-1.0+acme.1-py3-none-any.whl", SoundRule(local_versions=False)
    assert problems(name, version="1.0+acme-1") == ()
    [line] = problems(name, strict, version="1.0+acme-1")
    assert line.startswith("'1.0+acme-1' is an invalid value for Version. Error: ")


def test_plain_linux__is_taken__unless_a_rule_says_no() -> None:
    """UPL-10: such a wheel fits the organisation's machines, though not every Linux there is."""
    name = "foo_bar-1.0-cp312-cp312-linux_x86_64.whl"
    [line] = problems(name, SoundRule(plain_linux=False))
    assert line == f"Binary wheel '{name}' has an unsupported platform tag 'linux_x86_64'."


def test_filename__that_would_pass_for_a_success__does_not() -> None:
    """UPL-21: no text of a client's makes `twine --skip-existing` believe that the file was there."""
    for words in ("already exist", "Already  Exists", "updating asset", "overwrite artifact", "already been taken"):
        for line in problems(f"foo_bar-1.0-{words}.whl", version=words):
            assert words.lower() not in line.lower()
