"""Where a file can be had: at the address that its page shows, in whatever spelling, and at no other."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from addons.answering.answering import Answering
from addons.answers import Answer
from addons.origin.tickets import Delivery
from addons.policies.deny import Deny, DenyRule
from addons.policies.policy import Policy
from addons.sources.index import Index
from tests.addons.answering.asking import answer, answering, get, page
from tests.addons.sources.places import own_folder, private_index, public_index, put_wheel
from tests.fakepypi import FakePyPI, Status

FILES = "https://files.pythonhosted.org"


@pytest.fixture
async def index(pypi: FakePyPI) -> AsyncIterator[Index]:
    async with public_index(pypi) as running:
        yield running


def deny(project: str = "demo") -> Policy:
    return Deny([DenyRule(project=project, reason="x")])


async def statuses(asked: Answering, *urls: str) -> list[int]:
    """Give the status of each, 200 for a delivery."""
    found = [await get(asked, url) for url in urls]
    return [each.status if isinstance(each, Answer) else 200 for each in found]


async def test_public_file__that_no_page_lists__is_refused(pypi: FakePyPI, index: Index) -> None:
    """FIL-07: unlisted, another path, another name, no project: the bytes may be there, and are not given."""
    file = pypi.release("demo", "1.0")
    removed = pypi.release("demo", "2.0")
    pypi.unlist(removed, keep_bytes=True)
    gone = pypi.release("gone", "1.0")
    pypi.remove("gone")
    others = [
        removed.url,
        gone.url,
        file.url.replace("/packages/", "/packages/0/"),
        file.url + "x",
        file.url.replace("demo-1.0", "demo-3.0"),
        file.url.replace(file.filename, "odd"),
    ]
    assert await statuses(answering(index), file.url, *others) == [200, *[403] * 6]


async def test_public_file__of_a_quarantined_project__is_refused(pypi: FakePyPI, index: Index) -> None:
    """YNK-09: PyPI leaves the bytes where they are; the page decides."""
    file = pypi.release("demo", "1.0")
    pypi.quarantine("demo")
    assert await statuses(answering(index), file.url) == [403]


async def test_public_file__with_an_ambiguous_name__is_found_on_either_page(pypi: FakePyPI, index: Index) -> None:
    """FIL-08: `foo-1.0-1.tar.gz` is 1 of `foo-1.0` or 1.0.post1 of `foo`: whose page lists it, under whose rules it is."""
    projects = ["foo-1-0", "foo"]
    files = [pypi.add_bytes(name, "1", "foo-1.0-1.tar.gz", name.encode()) for name in projects]
    found = [await get(answering(index), file.url) for file in files]
    assert [item.file.url for item in found if isinstance(item, Delivery)] == [file.url for file in files]
    for project, expected in zip(projects, ([403, 200], [200, 403]), strict=True):
        asked = answering(index, policies=[deny(project)])
        assert await statuses(asked, *(file.url for file in files)) == expected


async def test_public_file__with_a_plus_sign__is_found_by_either_spelling(pypi: FakePyPI, index: Index) -> None:
    """MRG-13: `%2B` on the page, `+` or `%2B` in the request."""
    file = pypi.release("demo", "1.0+local.1")
    plain = file.url.replace("%2B", "+")
    quoted = plain.replace("+", "%2B")
    pypi.add(replace(file, url=quoted))
    assert await statuses(answering(index), plain, quoted) == [200, 200]


async def test_public_file__of_a_project_that_is_the_organisations__is_refused(
    pypi: FakePyPI, index: Index, tmp_path: Path
) -> None:
    """MRG-02: the same decision on page and file; nor is PyPI asked about the name."""
    put_wheel(tmp_path, "demo", "1.0")
    public = pypi.release("demo", "9.0")
    reserved = pypi.release("acme-web", "9.0")
    asked = answering(own_folder(tmp_path), index, reserved=("acme-*",))
    assert await statuses(asked, public.url, reserved.url) == [403, 403]
    assert pypi.requests == []


async def test_public_file__while_the_index_is_down__is_503(pypi: FakePyPI, index: Index) -> None:
    """Nothing is known, so nothing is refused for ever and nothing is given."""
    file = pypi.release("demo", "1.0")
    pypi.fault("/simple/", Status(500))
    assert await statuses(answering(index), file.url) == [503]


async def test_public_file__that_only_a_source_with_addresses_of_its_own_lists__is_refused(pypi: FakePyPI) -> None:
    """Its page leads clients to `/wheelgate/…`, and to no other address."""
    private = pypi.private()
    listed = private.release("demo", "1.0")
    path = listed.path.removeprefix("/private")
    private.add(replace(listed, url=f"{FILES}{path}", path=path))
    async with private_index(pypi, private, files_hosts=("files.pythonhosted.org",)) as registry:
        asked = answering(registry)
        assert b"/wheelgate/registry/demo/" in (await page(asked, "demo")).body
        assert await statuses(asked, f"{FILES}{path}") == [403]


async def test_own_file__on_the_page__is_delivered(tmp_path: Path) -> None:
    """NAM-03: any spelling of the project leads to it; under a policy it is refused as its page says."""
    name = put_wheel(tmp_path, "demo", "1.0").name
    folder = own_folder(tmp_path)
    for spelling in ("demo", "Demo"):
        url = f"{FILES}/wheelgate/acme/{spelling}/{name}"
        found = await get(answering(folder), url)
        assert isinstance(found, Delivery)
        assert (found.source, found.file.filename) == (folder, name)
        assert (await answer(answering(folder, policies=[deny()]), url)).reason.startswith("Blocked by wheelgate")


async def test_own_file__that_no_page_lists__is_refused(pypi: FakePyPI, index: Index, tmp_path: Path) -> None:
    """Another source's name, another file, no project, no name: the address alone opens nothing."""
    name = put_wheel(tmp_path, "demo", "1.0").name
    public = pypi.release("public", "1.0")
    below = [
        f"registry/demo/{name}",
        f"acme/demo/{name.replace('1.0', '2.0')}",
        f"acme/other/{name}",
        f"acme/public/{public.filename}",
        f"acme/-/{name}",
        f"acme/%C5%BFdemo/{name}",
        f"pypi/public/{public.filename}",
    ]
    asked = answering(own_folder(tmp_path), index)
    assert await statuses(asked, *(f"{FILES}/wheelgate/{path}" for path in below)) == [403] * 7


async def test_own_file__of_a_later_source__is_refused(pypi: FakePyPI, tmp_path: Path) -> None:
    """MRG-01: a source that does not answer for the project gives none of its files, though it has them."""
    name = put_wheel(tmp_path, "demo", "1.0").name
    private = pypi.private()
    file = private.release("demo", "2.0")
    async with private_index(pypi, private) as registry:
        asked = answering(own_folder(tmp_path), registry)
        urls = [f"{FILES}/wheelgate/acme/demo/{name}", f"{FILES}/wheelgate/registry/demo/{file.filename}"]
        assert await statuses(asked, *urls) == [200, 403]
