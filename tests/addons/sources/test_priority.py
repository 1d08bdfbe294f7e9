from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.metadata.archive import core_metadata
from addons.simple.names import ProjectName, normalise
from addons.simple.page import Page
from addons.sources.folder import Folder
from addons.sources.index import Index
from addons.sources.priority import Priority, Reserved
from addons.sources.source import ProjectAbsent, Source, SourceUnavailable
from tests.addons.sources.places import own_folder, private_index, public_index, put_wheel
from tests.fakepypi import FakePyPI, Hang, LoginPage, Reset, Status

ACME = ProjectName("acme-web")


@pytest.fixture
async def public(pypi: FakePyPI) -> AsyncIterator[Index]:
    """PyPI, which has a project of everything."""
    for name in ("acme", "acme-web", "acmeweb", "demo"):
        pypi.release(name, "99.0")
    async with public_index(pypi) as index:
        yield index


def answering(sources: list[Source], *reserved: str) -> Priority:
    return Priority(sources, Reserved(reserved))


async def alone(priority: Priority, project: ProjectName) -> tuple[Source, Page]:
    """Give the one source that answers, and its page: nothing else is mixed in."""
    [part] = await priority.parts(project)
    return part.source, part.page


async def test_told__of_a_merged_project__says_who_is_meant_and_has_it(public: Index, tmp_path: Path) -> None:
    """Sources that `merge` does not name are not asked; those that it names answer together, or have nothing."""
    put_wheel(tmp_path, "demo", "1.0")
    (tmp_path / "empty").mkdir()
    places = {"first": tmp_path, "second": tmp_path / "empty", "third": tmp_path}
    [first, second, third] = [Folder(name, place, core_metadata) for name, place in places.items()]
    merge: dict[ProjectName, list[Source]] = {ProjectName("demo"): [first, second, public]}
    priority = Priority([first, second, third, public], Reserved(()), merge)
    assert list(priority.told(ProjectName("demo"), await priority.parts(ProjectName("demo"))).values()) == [
        "answered, merged with the others that did",
        "has no such project",
        "was not asked: `merge` does not name it for this project",
        "answered, merged with the others that did",
    ]


@pytest.mark.parametrize("spelling", ["acme_web", "Acme.Web"])
async def test_page__of_an_own_project__never_asks_the_public_index(
    pypi: FakePyPI, public: Index, tmp_path: Path, spelling: str
) -> None:
    """MRG-01, MRG-06: what the organisation has, in whatever spelling, PyPI hears nothing of, nor adds anything to."""
    put_wheel(tmp_path, spelling, "1.0")
    folder = own_folder(tmp_path)
    source, page = await alone(answering([folder, public]), ACME)
    assert source is folder
    assert [file.filename for file in page.files] == ["acme_web-1.0-py3-none-any.whl"]
    assert pypi.requests == []


@pytest.mark.parametrize(
    ("pattern", "project"),
    [("acme-web", "acme-web"), ("Acme_Web", "acme-web"), ("acme-*", "acme-web"), ("ACME-*", "acme-web")],
)
async def test_page__of_a_reserved_name_without_files__is_absent_and_asks_nobody(
    pypi: FakePyPI, public: Index, tmp_path: Path, pattern: str, project: str
) -> None:
    """MRG-04: a name that is the organisation's is nobody else's, even while nothing lies under it."""
    with pytest.raises(ProjectAbsent):
        await alone(answering([own_folder(tmp_path), public], pattern), ProjectName(project))
    assert pypi.requests == []


@pytest.mark.parametrize("project", ["acme", "acmeweb", "demo"])
async def test_page__of_another_name__asks_the_public_index(
    pypi: FakePyPI, public: Index, tmp_path: Path, project: str
) -> None:
    """PEP 752: `acme-*` covers acme-web, neither acmeweb nor acme itself."""
    source, _ = await alone(answering([own_folder(tmp_path), public], "acme-*"), ProjectName(project))
    assert source is public
    assert [seen.path for seen in pypi.requests] == [f"/simple/{project}/"]


async def test_page__of_a_reserved_project_that_an_own_source_has__is_its(
    pypi: FakePyPI, public: Index, tmp_path: Path
) -> None:
    """Reserved names are asked of the organisation's own sources."""
    put_wheel(tmp_path, "acme_web", "1.0")
    source, _ = await alone(answering([own_folder(tmp_path), public], "acme-*"), ACME)
    assert source.name == "acme"
    assert pypi.requests == []


async def test_page__that_no_source_has__is_absent(public: Index, tmp_path: Path) -> None:
    """Absent is said when all have said so."""
    with pytest.raises(ProjectAbsent, match="nothing-here"):
        await alone(answering([own_folder(tmp_path), public]), ProjectName("nothing-here"))


async def test_page__with_an_own_folder_that_is_gone__asks_nobody_else(
    pypi: FakePyPI, public: Index, tmp_path: Path
) -> None:
    """MRG-03: a share that is not mounted is no proof that a name is free."""
    with pytest.raises(SourceUnavailable, match="acme: its folder cannot be read"):
        await alone(answering([own_folder(tmp_path / "gone"), public]), ACME)
    assert pypi.requests == []


async def test_page__with_a_damaged_own_file__asks_nobody_else(pypi: FakePyPI, public: Index, tmp_path: Path) -> None:
    """A wheel that is still being copied already has its name: PyPI's project once came in through that gap."""
    wheel = put_wheel(tmp_path, "acme_web", "1.0")
    wheel.write_bytes(wheel.read_bytes()[:100])
    source, page = await alone(answering([own_folder(tmp_path), public]), ACME)
    assert (source.name, page.files) == ("acme", ())
    assert pypi.requests == []


@pytest.mark.parametrize("kind", [Status(500), Status(401), Status(403), Status(200), LoginPage(), Reset(), Hang()])
async def test_page__with_an_own_index_that_gives_no_answer__asks_nobody_else(
    pypi: FakePyPI, public: Index, kind: Status | LoginPage | Reset | Hang
) -> None:
    """MRG-03: only a definite "not found" lets the public index answer."""
    private = pypi.private()
    pypi.fault("/private/", kind)
    async with private_index(pypi, private, read_seconds=0.3) as own:
        with pytest.raises(SourceUnavailable):
            await alone(answering([own, public]), ACME)
    assert pypi.asked(host="pypi.org") == []
    assert pypi.asked(host="localhost") != []


async def test_page__absent_from_an_own_index__is_asked_of_the_next(pypi: FakePyPI, public: Index) -> None:
    """A definite "not found" asks the next, and answers are never mixed."""
    private = pypi.private()
    private.release("acme", "1.0")
    async with private_index(pypi, private) as own:
        priority = answering([own, public])
        assert (await alone(priority, ProjectName("demo")))[0] is public
        source, page = await alone(priority, ProjectName("acme"))
    assert source is own
    assert [file.filename for file in page.files] == ["acme-1.0-py3-none-any.whl"]
    assert [seen.path for seen in pypi.asked(host="pypi.org")] == ["/simple/demo/"]


async def test_page__on_a_project_that_changes_hands__follows_at_once(
    pypi: FakePyPI, public: Index, tmp_path: Path
) -> None:
    """Between two requests the organisation puts a file of that name in place: from then on it is its own."""
    folder = own_folder(tmp_path, clock=iter(range(0, 100, 10)).__next__)
    priority = answering([folder, public])
    assert (await alone(priority, ProjectName("demo")))[0] is public
    pypi.clear_log()
    put_wheel(tmp_path, "demo", "1.0")
    assert (await alone(priority, ProjectName("demo")))[0] is folder
    assert pypi.requests == []


names = st.from_regex(r"[a-z0-9](-?[a-z0-9]){0,6}", fullmatch=True).map(normalise)


@given(st.lists(names | names.map(lambda name: f"{name}-*"), max_size=4), names)
def test_reserved__of_any_patterns__covers_these_names_and_prefixes(patterns: list[str], project: ProjectName) -> None:
    """PEP 752, word for word: the name itself, or what begins with the prefix and a hyphen."""
    exact = project in patterns
    below = any(project.startswith(pattern[:-1]) for pattern in patterns if pattern.endswith("-*"))
    assert Reserved(patterns).covers(project) is (exact or below)
