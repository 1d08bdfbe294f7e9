"""New names against public ones: what is refused, what goes on, what is asked of whom, and what happens in an outage."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from addons.listing.store import ListStore
from addons.listing.workshop import Workshop
from addons.simple.names import normalise
from addons.sources.asking import Keeping
from addons.sources.index import Index
from addons.sources.source import Source
from addons.store.claims import Claims
from addons.store.projects import Projects
from addons.upload.refusal import UploadRefused
from addons.upload.rights.own_names import OwnNames
from addons.upload.rights.public_list import PublicLists
from addons.upload.rights.public_names import PublicNames, Terms
from proxyconf.ownership import Ownership
from proxyconf.ownership import PublicNames as PublicNamesSettings
from tests.addons.sources.places import Time, own_folder, public_index, put_wheel
from tests.addons.upload.rights.making import AT, filled, sane
from tests.fakepypi import FakePyPI
from tests.fakepypi.faults import Status

RESERVED = ("secret", "secret-*")
LIST = "/simple/"


@dataclass
class Desk:
    """What compares new names with the fake PyPI's, the store's and a folder's."""

    pypi: FakePyPI
    time: Time
    sources: list[Source]
    lists: ListStore
    public: PublicLists
    store: Projects
    folder: Path
    terms: Terms = field(default_factory=lambda: Terms(Ownership(), RESERVED))

    @property
    def names(self) -> PublicNames:
        """Give it under the terms that count now."""
        own = OwnNames(self.store, Claims(self.store.database))
        return PublicNames(self.sources, self.public, own, self.terms)

    async def check(self, name: str) -> str:
        """Check a name, and give "" if it goes on, or the status and the words of its refusal."""
        try:
            await self.names.check(name, normalise(name), AT)
        except UploadRefused as error:
            sane(error)
            return f"{error.status} {error.code}: {error.lines[0]}"
        return ""

    @property
    def files(self) -> list[str]:
        """The files of names by what looks alike."""
        return [path.name for path in self.folder.rglob("*.alike")]

    @property
    def asked(self) -> list[str]:
        """What the public index was asked for, the list first."""
        return [seen.path for seen in self.pypi.requests]


@pytest.fixture
async def desk(pypi: FakePyPI, tmp_path: Path) -> AsyncIterator[Desk]:
    """A store with acme-lib, a folder with in-house, and a PyPI that has Flask and python-dateutil."""
    pypi.release("Flask", "3.0")
    pypi.release("python-dateutil", "2.9")
    put_wheel(tmp_path / "wheels", "in-house", "1.0")
    time = Time()
    async with (
        public_index(pypi, time, keeping=Keeping(absent_seconds=30)) as index,
        contextlib.AsyncExitStack() as stack,
    ):
        folder = own_folder(tmp_path / "wheels")
        stack.push_async_callback(folder.close)
        lists = ListStore(Workshop(tmp_path / "lists", time))
        stack.push_async_callback(lists.close)
        yield Desk(
            pypi, time, [folder, index], lists, PublicLists(lists), filled(tmp_path, "acme-lib"), tmp_path / "lists"
        )


async def test_name__that_is_free__is_looked_for_in_the_list_and_then_by_itself(desk: Desk) -> None:
    """UPL-27: the whole list first, which tells nobody anything; then the page of just that name, as lists are minutes old."""
    assert await desk.check("New.Project") == ""
    assert desk.asked == [LIST, "/simple/new-project/"]


async def test_name__that_is_public__is_refused_with_the_project(desk: Desk) -> None:
    """UPL-27, UPL-21: in any spelling; it is in the list, so nobody is asked about it."""
    words = await desk.check("FLASK")
    assert words.startswith(
        "403 public-name: The name 'flask' is that of a public project on pypi, so it cannot be claimed"
    )
    assert desk.asked == [LIST]


async def test_name__that_looks_like_a_public_one__is_refused_with_that(desk: Desk) -> None:
    """UPL-27, UPL-23: PyPI's key, and PyPI's words."""
    for name, other in (("f1ask", "flask"), ("fl-ask", "flask"), ("PythonDateuti1", "python-dateutil")):
        assert await desk.check(name) == (
            f"400 name: The name '{normalise(name)}' is too similar to an existing project. It looks like {other}, a public"
            " project on pypi; choose another."
        )
    assert desk.asked == [LIST]


async def test_name__younger_than_the_list__is_found_by_its_page(desk: Desk) -> None:
    """UPL-27: fresh data: also where the page was asked for a second ago, and nothing was there."""
    assert await desk.check("young") == ""
    desk.pypi.release("young", "1.0")
    desk.time.now += 1
    assert (await desk.check("young")).startswith("403 public-name: The name 'young' is that of a public project")
    assert desk.asked == [LIST, "/simple/young/", "/simple/young/"]


async def test_reserved_name__is_never_asked_about(desk: Desk) -> None:
    """UPL-27: the whole list is looked into, and no request has the name; nor has one what the list refuses."""
    for name in ("secret", "Secret.Plan", "secret-project-x"):
        assert await desk.check(name) == ""
    desk.pypi.release("secret-leak", "1.0")
    desk.time.now += 601
    assert (await desk.check("secret-leak")).startswith("403 public-name")
    assert (await desk.check("secret-1eak")).startswith("400 name")
    assert set(desk.asked) == {LIST}
    assert not any("secret" in f"{seen.path}{seen.query}{seen.headers}" for seen in desk.pypi.requests)


async def test_name__that_is_the_organisations__goes_on_without_asking(desk: Desk) -> None:
    """UPL-27: the store's, a folder's, and one that was claimed on purpose, even a public one."""
    Claims(desk.store.database).claim(normalise("flask"), "flask", None, by="x", at=AT, reason="a fork of ours")
    for name in ("acme_lib", "In.House", "Flask"):
        assert await desk.check(name) == ""
    assert desk.asked == []


async def test_name__that_looks_like_an_own_one__is_refused(desk: Desk) -> None:
    """UPL-27: acme-1ib is not acme-lib, and people would take it for that; nobody outside is asked."""
    words = await desk.check("acme-1ib")
    assert words.startswith(
        "400 name: The name 'acme-1ib' is too similar to an existing project. It looks like acme-lib,"
    )
    assert desk.asked == []


async def test_name__of_a_standard_module__is_refused_before_anybody_is_asked(desk: Desk) -> None:
    """UPL-27: as is what is prohibited."""
    assert "(conflict with Python Standard Library module name)" in await desk.check("asyncio")
    assert (await desk.check("requirements.txt")).startswith("400 name: The name 'requirements-txt' isn't allowed.")
    assert desk.asked == []


UNKNOWN = "403 public-name: The name 'new' could not be checked against the names of pypi; try again in a minute."


async def test_outage__of_the_list__is_a_no_with_try_again(desk: Desk) -> None:
    """UPL-27, UPL-20: 403, as a 5xx would have the whole file sent five times; "there is no list" is no word that counts."""
    for status in (503, 404):
        desk.pypi.fault(LIST, Status(status))
        assert await desk.check("new") == UNKNOWN
        desk.pypi.lift()
        desk.time.now += 61
    assert "/simple/new/" not in desk.asked
    assert await desk.check("new") == ""


async def test_outage__of_the_page__is_a_no_with_try_again(desk: Desk) -> None:
    """UPL-27, UPL-20: only a 404 says that there is no such project."""
    for status in (503, 403):
        desk.pypi.fault("/simple/new/", Status(status))
        assert await desk.check("new") == UNKNOWN
        desk.pypi.lift()
        desk.time.now += 61
    assert await desk.check("new") == ""


async def test_list__that_is_too_old_and_cannot_be_had_anew__stands_in_for_nothing(desk: Desk) -> None:
    """UPL-27: a list of yesterday serves clients in an outage, and no claim that is not within `list_minutes`."""
    assert await desk.check("secret-new") == ""
    desk.pypi.fault(LIST, Status(503))
    desk.time.now += 3_600
    assert "could not be checked against the names of pypi; try again" in await desk.check("secret-new")
    longer = Ownership(public_names=PublicNamesSettings(list_minutes=120))
    desk.terms = replace(desk.terms, ownership=longer)
    assert await desk.check("secret-new") == ""


async def test_list__that_is_minutes_old__is_asked_for_again_with_its_etag(desk: Desk) -> None:
    """UPL-27: within ten minutes it is not asked for at all, and a 304 makes nothing anew."""
    for _ in range(3):
        assert await desk.check("secret-new") == ""
        desk.time.now += 100
    desk.time.now += 601
    assert await desk.check("secret-new") == ""
    first, second = desk.pypi.requests
    assert (first.status, second.status) == (200, 304)
    assert len(desk.files) == 1


async def test_list__that_does_not_come_in_time__goes_on_for_the_next_one(desk: Desk) -> None:
    """UPL-27: nobody's upload waits longer than clients do, and the second try finds what the first one began."""
    gate = desk.pypi.gate(LIST)
    desk.terms = replace(desk.terms, wait_seconds=0.3)
    words = await desk.check("new")
    assert words.endswith(
        "could not be checked against the public project lists, which have not come yet; try again in a minute."
    )
    gate.open()
    desk.terms = replace(desk.terms, wait_seconds=20)
    assert await desk.check("new") == ""
    assert desk.asked == [LIST, "/simple/new/"]


async def test_gateway__that_is_offline__takes_only_names_claimed_on_purpose(desk: Desk) -> None:
    """UPL-27: nothing can be found out; what the organisation has goes on."""
    desk.terms = replace(desk.terms, offline=True)
    words = await desk.check("new")
    assert words.endswith("against public names, as this gateway is offline; an operator can claim it on purpose.")
    Claims(desk.store.database).claim(normalise("new"), "new", None, by="x", at=AT, reason="looked by hand")
    assert [await desk.check(name) for name in ("new", "acme-lib")] == ["", ""]
    assert desk.asked == []


async def test_gateway__without_public_sources__asks_nobody(desk: Desk) -> None:
    """There is nothing public that a client could get."""
    desk.sources = [each for each in desk.sources if each.own]
    assert await desk.check("flask") == ""
    assert desk.asked == []


async def test_warmed__list__is_not_waited_for(desk: Desk) -> None:
    """The first claim asks for one page only; an outage while warming is no fault."""
    desk.pypi.fault(LIST, Status(503), times=1)
    await desk.names.warm()
    desk.time.now += 61
    await desk.names.warm()
    before = desk.asked
    assert await desk.check("new") == ""
    assert desk.asked == [*before, "/simple/new/"]


async def test_many__at_once__fetch_the_list_once(desk: Desk) -> None:
    """UPL-27: twenty authors who claim names wait for one download."""
    names = [f"new-{number}" for number in range(20)]
    assert set(await asyncio.gather(*map(desk.check, names))) == {""}
    assert desk.asked.count(LIST) == 1


async def test_source__that_is_no_more_configured__leaves_no_file(desk: Desk) -> None:
    """Its names lie in a file, which goes with it."""
    assert await desk.check("new") == ""
    assert len(desk.files) == 1
    kept: Sequence[Source] = [each for each in desk.sources if not isinstance(each, Index)]
    desk.public.leave_to(kept)
    assert desk.files == []
