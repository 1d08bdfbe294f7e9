import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from addons.answering.offer import Offer, Offered
from addons.policies.deny import Deny
from addons.policies.policy import Policy
from addons.routes import PublicFile, SourceFile
from addons.simple.names import ProjectName
from addons.simple.page import Page
from addons.sources.index import Index
from addons.sources.source import ProjectAbsent, SourceUnavailable
from proxyconf.settings import DenyRule
from tests.addons.answering.asking import AT, offer
from tests.addons.sources.places import own_folder, private_index, public_index, put_wheel
from tests.fakepypi import FakeFile, FakePyPI, Status

DEMO = ProjectName("demo")


@pytest.fixture
async def index(pypi: FakePyPI) -> AsyncIterator[Index]:
    async with public_index(pypi) as running:
        yield running


def route(file: FakeFile, path: str | None = None, filename: str | None = None) -> PublicFile:
    """The route that a file's URL means."""
    return PublicFile(path or file.path, filename or file.filename)


def deny(project: str = "demo", versions: str | None = None) -> Policy:
    specifiers = None if versions is None else SpecifierSet(versions)
    return Deny([DenyRule(project=project, versions=specifiers, reason="x")])


async def test_page__of_pypi__has_its_urls_unchanged(pypi: FakePyPI, index: Index) -> None:
    """Lock files written through the gateway hold PyPI's own URLs."""
    file = pypi.release("demo", "1.0")
    [listed] = (await offer(index).page(DEMO, AT)).files
    assert listed.url == file.url


async def test_page__of_another_source__has_urls_on_the_files_host(pypi: FakePyPI, tmp_path: Path) -> None:
    """MRG-11: absolute https, the filename last, a plus sign escaped; no path of the machine, no address of the index."""
    put_wheel(tmp_path, "demo", "1.0+local.1")
    private = pypi.private()
    private.release("other", "1.0")
    async with private_index(pypi, private) as registry:
        asked = offer(own_folder(tmp_path), registry)
        [own] = (await asked.page(DEMO, AT)).files
        [other] = (await asked.page(ProjectName("other"), AT)).files
    files = "https://files.pythonhosted.org/wheelgate"
    assert own.url == f"{files}/acme/demo/demo-1.0%2Blocal.1-py3-none-any.whl"
    assert other.url == f"{files}/registry/other/other-1.0-py3-none-any.whl"


@pytest.mark.parametrize("hide", [False, True])
async def test_page__under_a_policy__shows_or_hides_what_is_refused(pypi: FakePyPI, index: Index, hide: bool) -> None:
    """`refusals` changes what is shown and nothing else."""
    pypi.release("demo", "1.0")
    pypi.release("demo", "2.0")
    shown = await offer(index, policies=[deny(versions="==2.0")], hide=hide).page(DEMO, AT)
    assert [file.filename[5:8] for file in shown.files] == (["1.0"] if hide else ["1.0", "2.0"])


@pytest.mark.parametrize("hide", [False, True])
async def test_public_file__on_its_projects_page__is_offered_with_its_verdict(
    pypi: FakePyPI, index: Index, hide: bool
) -> None:
    """The policies of the page are those of the file; a hidden file is refused as well, with the same words."""
    good, bad = pypi.release("demo", "1.0"), pypi.release("demo", "2.0")
    asked = offer(index, policies=[deny(versions="==2.0")], hide=hide)
    found = await asked.public_file(route(good), AT)
    assert found is not None
    assert (found.project, found.source, found.file.url, found.file.refused) == (DEMO, index, good.url, None)
    found = await asked.public_file(route(bad), AT)
    assert found is not None
    assert found.file.refused is not None


async def test_public_file__that_no_page_lists__is_not_offered(pypi: FakePyPI, index: Index) -> None:
    """FIL-07: unlisted, another path, another name, no project: the bytes may be there, and are not given."""
    file = pypi.release("demo", "1.0")
    removed = pypi.release("demo", "2.0")
    pypi.unlist(removed, keep_bytes=True)
    gone = pypi.release("gone", "1.0")
    pypi.remove("gone")
    asked = offer(index)
    assert await asked.public_file(route(file), AT) is not None
    for other in (
        route(removed),
        route(gone),
        route(file, path=file.path.replace("/packages/", "/packages/0/")),
        route(file, path=file.path + "x"),
        route(file, filename="demo-3.0-py3-none-any.whl"),
        route(file, filename="odd"),
    ):
        assert await asked.public_file(other, AT) is None


async def test_public_file__of_a_quarantined_project__is_not_offered(pypi: FakePyPI, index: Index) -> None:
    """PyPI leaves the bytes where they are; the page decides."""
    file = pypi.release("demo", "1.0")
    pypi.quarantine("demo")
    assert await offer(index).public_file(route(file), AT) is None


async def test_public_file__with_an_ambiguous_name__is_found_on_either_page(pypi: FakePyPI, index: Index) -> None:
    """FIL-08: `foo-1.0-1.tar.gz` is 1 of `foo-1.0` or 1.0.post1 of `foo`: whose page lists it, under whose rules it is."""
    projects = ["foo-1-0", "foo"]
    files = [pypi.add_bytes(name, "1", "foo-1.0-1.tar.gz", name.encode()) for name in projects]
    found = [await offer(index).public_file(route(file), AT) for file in files]
    assert [item and item.project for item in found] == projects
    for project in projects:
        asked = offer(index, policies=[deny(project)])
        refused = [item for file in files if (item := await asked.public_file(route(file), AT)) and item.file.refused]
        assert [item.project for item in refused] == [project]


async def test_public_file__with_a_plus_sign__is_found_by_either_spelling(pypi: FakePyPI, index: Index) -> None:
    """`%2B` on the page, `+` decoded from the request."""
    file = pypi.release("demo", "1.0+local.1")
    pypi.add(replace(file, url=file.url.replace("+", "%2B")))
    found = await offer(index).public_file(PublicFile(file.path, file.filename), AT)
    assert found is not None


async def test_public_file__of_a_project_that_is_the_organisations__is_not_offered(
    pypi: FakePyPI, index: Index, tmp_path: Path
) -> None:
    """MRG-02: the same decision on page and file; nor is PyPI asked about the name."""
    put_wheel(tmp_path, "demo", "1.0")
    public = pypi.release("demo", "9.0")
    reserved = pypi.release("acme-web", "9.0")
    asked = offer(own_folder(tmp_path), index, reserved=["acme-*"])
    assert await asked.public_file(route(public), AT) is None
    assert await asked.public_file(route(reserved), AT) is None
    assert pypi.requests == []


async def test_public_file__while_the_index_is_down__is_unavailable(pypi: FakePyPI, index: Index) -> None:
    """Nothing is known, so nothing is refused for ever and nothing is given."""
    file = pypi.release("demo", "1.0")
    pypi.fault("/simple/", Status(500))
    with pytest.raises(SourceUnavailable):
        await offer(index).public_file(route(file), AT)


async def test_public_file__that_only_a_source_with_addresses_of_its_own_lists__is_not_offered(
    pypi: FakePyPI,
) -> None:
    """Its page leads clients to `/wheelgate/…`, and to no other address."""
    private = pypi.private()
    listed = private.release("demo", "1.0")
    path = listed.path.removeprefix("/private")
    private.add(replace(listed, url=f"https://files.pythonhosted.org{path}", path=path))
    async with private_index(pypi, private, files_hosts=("files.pythonhosted.org",)) as registry:
        asked = offer(registry)
        assert len((await asked.page(DEMO, AT)).files) == 1
        assert await asked.public_file(route(listed, path=path), AT) is None


async def source_file(asked: Offer, source: str, spelling: str, filename: str) -> Offered | None:
    return await asked.source_file(SourceFile(source, spelling, filename), AT)


async def test_source_file__on_the_page__is_offered(tmp_path: Path) -> None:
    """Any spelling of the project leads to it; under a policy it is refused as its page says."""
    name = put_wheel(tmp_path, "demo", "1.0").name
    folder = own_folder(tmp_path)
    for spelling in ("demo", "Demo"):
        found = await source_file(offer(folder), "acme", spelling, name)
        assert found is not None
        assert (found.project, found.source, found.file.refused) == (DEMO, folder, None)
    denied = await source_file(offer(folder, policies=[deny()]), "acme", "demo", name)
    assert denied is not None
    assert denied.file.refused is not None


async def test_source_file__that_no_page_lists__is_not_offered(pypi: FakePyPI, index: Index, tmp_path: Path) -> None:
    """Another source's name, another file, no project, no name: the address alone opens nothing."""
    name = put_wheel(tmp_path, "demo", "1.0").name
    public = pypi.release("public", "1.0")
    asked = offer(own_folder(tmp_path), index)
    for source, spelling, filename in (
        ("registry", "demo", name),
        ("acme", "demo", name.replace("1.0", "2.0")),
        ("acme", "other", name),
        ("acme", "public", public.filename),
        ("acme", "-", name),
        ("acme", "\u017fdemo", name),
        ("pypi", "public", public.filename),
    ):
        assert await source_file(asked, source, spelling, filename) is None


async def test_source_file__of_a_later_source__is_not_offered(pypi: FakePyPI, tmp_path: Path) -> None:
    """A source that does not answer for the project gives none of its files, though it has them."""
    name = put_wheel(tmp_path, "demo", "1.0").name
    private = pypi.private()
    file = private.release("demo", "2.0")
    async with private_index(pypi, private) as registry:
        asked = offer(own_folder(tmp_path), registry)
        assert await source_file(asked, "acme", "demo", name) is not None
        assert await source_file(asked, "registry", "demo", file.filename) is None


async def test_page__of_nobodys_project__is_absent(tmp_path: Path) -> None:
    """Absent is told to the caller as it is."""
    with pytest.raises(ProjectAbsent):
        await offer(own_folder(tmp_path)).page(DEMO, AT)


class Where:
    """A policy that changes nothing, and notes in which thread it was asked."""

    def __init__(self) -> None:
        self.asked: list[threading.Thread] = []

    def apply(self, page: Page, at: datetime) -> Page:
        """Note the thread."""
        self.asked.append(threading.current_thread())
        return page


@pytest.mark.parametrize(("files", "aside"), [(3, False), (150, True)])
async def test_policies__of_a_large_page__are_applied_beside_the_event_loop(
    pypi: FakePyPI, index: Index, files: int, aside: bool
) -> None:
    """Rules on versions read thousands of filenames; meanwhile everybody else is answered."""
    for number in range(files):
        pypi.add_bytes("demo", f"1.{number}", f"demo-1.{number}.tar.gz", b"x")
    where = Where()
    await offer(index, policies=[where]).page(DEMO, AT)
    [thread] = where.asked
    assert (thread is not threading.main_thread()) is aside
