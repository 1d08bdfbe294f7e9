import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from addons.simple.distributions import Distribution, belongs, distribution, projects_of, version_of
from addons.simple.names import ProjectName, normalise


@pytest.mark.parametrize(
    ("filename", "project", "version", "kind"),
    [
        ("Foo.Bar-1.0-py3-none-any.whl", "foo-bar", "1.0", "wheel"),
        ("foo_bar-1.0+corp.1-1a-cp312-cp312-win32.whl", "foo-bar", "1.0+corp.1", "wheel"),
        ("foo_bar-1!2.0rc1.tar.gz", "foo-bar", "1!2.0rc1", "sdist"),
        ("foo-bar-1.0.zip", "foo-bar", "1.0", "sdist"),
        ("a-b-1.0.tar.gz", "a-b", "1.0", "sdist"),
    ],
)
def test_distribution__wheel_or_sdist__understood(filename: str, project: str, version: str, kind: str) -> None:
    """Wheels and sdists say project, version and kind."""
    found = distribution(filename)
    assert isinstance(found, Distribution)
    assert (found.project, found.version, found.kind) == (project, Version(version), kind)


@pytest.mark.parametrize(
    "filename",
    [
        "", "foo", "foo-1.0", "foo-1.0.egg", "foo-1.0.tar.bz2", "foo-1.0.whl", "foo-banana-py3-none-any.whl",
        "-1.0.tar.gz",
        "../foo-1.0.tar.gz", "a/b-1.0.tar.gz", "foo-1.0-py3-none-any.whl\n", "\u212aube-1.0.tar.gz",
        "foo-1.0-py3-none-a/b.whl",
        f"foo-{'1' * 5000}.tar.gz", ".foo-1.0.tar.gz",
    ],
)  # fmt: skip
def test_distribution__neither__none(filename: str) -> None:
    """Anything else is no distribution, and nothing is raised over it."""
    assert distribution(filename) is None


@pytest.mark.parametrize(
    ("filename", "projects"),
    [
        ("foo_bar-1.0-py3-none-any.whl", ["foo-bar"]),
        ("foo-1.0.tar.gz", ["foo"]),
        ("a-b-1.0.tar.gz", ["a-b", "a"]),
        ("a-2-1.tar.gz", ["a-2", "a"]),
        ("foo-1.0.linux-x86_64.tar.gz", ["foo", "foo-1-0-linux"]),
        ("foo_bar-1.0-py2.7.egg", ["foo-bar", "foo-bar-1-0"]),
        ("foo-bar-1.0.win-amd64-py2.7.exe", ["foo-bar", "foo", "foo-bar-1-0-win", "foo-bar-1-0-win-amd64"]),
        ("foo-1.0-variants.json", ["foo"]),
        ("README", []),
        ("a-1" * 100 + ".tar.gz", []),
        ("-".join("abcdefghijklmn") + "-1.0.tar.gz", None),
    ],
)
def test_projects_of__a_filename__every_split_likeliest_first(filename: str, projects: list[str] | None) -> None:
    """FIL-08: a wheel has one project, an ambiguous name every plausible one, never more than eight."""
    found = projects_of(filename)
    assert len(found) == 8 if projects is None else list(found) == projects


@pytest.mark.parametrize(
    ("filename", "project", "version"),
    [
        ("foo_bar-1.0-py3-none-any.whl", "foo-bar", "1.0"),
        ("foo-bar-1.0-py3-none-any.whl", "foo-bar", "1.0"),
        ("foo-1.0-1.tar.gz", "foo", "1.0.post1"),
        ("foo-1.0-1.tar.gz", "foo-1-0", "1"),
        ("foo-1.0-py2.7.egg", "foo", "1.0"),
        ("foo-1.0-py2.7-linux-x86_64.egg", "foo", "1.0"),
        ("foo_bar-1.0.win32-py2.7.exe", "foo-bar", "1.0"),
        ("foo-bar-1.0.win-amd64.msi", "foo-bar", "1.0"),
        ("foo-1.0.win32.exe", "foo", "1.0"),
        ("foo-1.0.linux-x86_64.tar.gz", "foo", "1.0"),
        ("foo-1.0.macosx-10.9-x86_64.tar.gz", "foo", "1.0"),
        ("foo-1.0.tar.bz2", "foo", "1.0"),
        ("foo-1.0.tgz", "foo", "1.0"),
        ("foo-1.0-1.noarch.rpm", "foo", "1.0"),
        ("foo-1.0-variants.json", "foo", "1.0"),
        ("foo-1.0-py3-none-any.whl", "bar", None),
        ("foo-banana.tar.gz", "foo", None),
        ("foo-banana-py3-none-any.whl", "foo", None),
        ("foo-banana.rpm", "foo", None),
        ("foo.tar.gz", "foo", None),
    ],
)
def test_version_of__any_kind__version_or_none(filename: str, project: str, version: str | None) -> None:
    """JSN-19: a rule sees the version of older kinds too, and None where there is none."""
    found = version_of(filename, normalise(project))
    assert found == (Version(version) if version else None)


@pytest.mark.parametrize(
    ("filename", "project", "here"),
    [
        ("foo_bar-1.0-py3-none-any.whl", "foo-bar", True),
        ("evil-1.0-py3-none-any.whl", "foo-bar", False),
        ("evil-proj-9.0-py3-none-any.whl", "t-otherproj", False),
        ("foo-bar-1.0.tar.gz", "foo", False),
        ("foo-1.0-1.tar.gz", "foo", True),
        ("foo-bar-1.0-py2.7.egg", "foo-bar", True),
        ("foo-bar-1.0.win32.exe", "foo-bar", True),
        ("README.txt", "readme", False),
        ("\u212aube-1.0.tar.gz", "kube", False),
    ],
)
def test_belongs__a_filename__only_on_its_projects_page(filename: str, project: str, here: bool) -> None:
    """JSN-18, JSN-19: another project's file is not this page's; older kinds are, if the name is a split of theirs."""
    assert belongs(filename, normalise(project)) is here


@given(
    st.text(max_size=300)
    | st.from_regex(r"[a-c.-]{1,40}(-[0-9.]{1,5})?(-[a-z0-9.]{1,8}){0,3}(\.whl|\.tar\.gz|\.egg|\.exe)", fullmatch=True)
)
def test_distributions__arbitrary_name__nothing_raised_and_consistent(filename: str) -> None:
    """FIL-08: whatever a filename is, a project that it belongs to is among those it may belong to."""
    known = distribution(filename)
    projects = projects_of(filename)
    assert len(projects) <= 8
    if known is not None:
        assert known.project in projects
        assert version_of(filename, known.project) == known.version
        assert belongs(filename, known.project)
    assert version_of(filename, ProjectName("a")) is None or ProjectName("a") in projects or len(projects) == 8
