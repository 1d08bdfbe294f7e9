"""What an author would try who wants more than is given: on to the public index, the whole disk, or all the time there is."""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import override

import pytest

from addons.simple.names import ProjectName
from addons.store.projects import Permit
from addons.store.stored import Standing
from addons.upload.author import Author, Said
from addons.upload.desk import Uploads
from addons.upload.form.bounds import Bounds
from addons.upload.form.reader import read_form
from addons.upload.formed import Form, Spooled
from addons.upload.patience import Patience, Places
from addons.upload.refusal import UploadRefused
from proxyconf.settings import Settings
from tests.addons.upload.fakes import PYPI, Counter, Found, Others, asked, counter, parts_of
from tests.addons.upload.forms import BOUNDARY, KIND, form, part, pieces, upload
from tests.addons.upload.test_forwarding import body_of, nothing_left, public

NAME = ("name", "demo")
OTHER = b'--b0undary\r\nContent-Disposition: form-data; name="name"\r\n\r\nsecret\r\n--b0undary--\r\n'


async def refused(folder: Path, body: bytes, kind: str = KIND) -> UploadRefused:
    """Give the refusal of a form."""
    with pytest.raises(UploadRefused) as found:
        await read_form(kind, pieces(body), folder, Bounds(5000))
    return found.value


# One form, and one way to read it


@pytest.mark.parametrize(
    "kind",
    [
        f"{KIND}; boundary=other",
        f"multipart/form-data; boundary=other; boundary={BOUNDARY}",
        f"multipart/form-data; boundary=other, {KIND}",
        f'multipart/form-data; x="; boundary=other"; boundary={BOUNDARY}',
    ],
)
async def test_form__with_two_boundaries__is_refused(tmp_path: Path, kind: str) -> None:
    """UPL-25, UPL-33: who reads it next could take the other one, and find another project in the same bytes."""
    assert (await refused(tmp_path, form(NAME), kind)).status == 400


@pytest.mark.parametrize(
    "body",
    [b"x\r\n" + form(NAME), OTHER + form(NAME), form(NAME) + OTHER, form(NAME) + b"x", form(NAME) + b"\r\n\r\n"],
)
async def test_form__with_something_beside_it__is_refused(tmp_path: Path, body: bytes) -> None:
    """UPL-33: nothing stands before a form or behind it, where nobody looks and somebody might."""
    assert (await refused(tmp_path, body)).status == 400


@pytest.mark.parametrize("line", ["Content-Transfer-Encoding: base64", "content-transfer-encoding: Quoted-Printable"])
async def test_part__in_another_encoding__is_refused(tmp_path: Path, line: str) -> None:
    """UPL-33: to some readers it would be another name (RFC 7578 section 4.7)."""
    assert "Content-Transfer-Encoding" in (await refused(tmp_path, part(*NAME, None, line) + form())).lines[0]


@pytest.mark.parametrize(
    "named",
    ["name=name", 'name="na\\me"', 'name="na%22me"', "name*=utf-8''name", 'x="name"; name="name"', 'name="a"; name=b'],
)
async def test_part__named_in_an_odd_way__is_refused(tmp_path: Path, named: str) -> None:
    """UPL-33: a name has one spelling, so that no two readers find two names in it."""
    body = form(NAME).replace(b'name="name"', named.encode())
    assert (await refused(tmp_path, body)).status == 400


# On to the public index


async def test_upload__with_two_forms_in_it__does_not_go_on(tmp_path: Path) -> None:
    """UPL-25: the form that is read here is the one that PyPI reads."""
    async with public(tmp_path) as (host, settings):
        desk = counter(tmp_path / "store", settings)
        twice = replace(
            asked(authorization=PYPI), content_type=f"multipart/form-data; boundary=other; boundary={BOUNDARY}"
        )
        for upload_, body in ((twice, body_of()), (asked(authorization=PYPI), body_of() + OTHER)):
            assert (await desk.desk.take(upload_, pieces(body))).status == 400
        assert host.connections == 0
        assert nothing_left(desk)


@pytest.mark.parametrize("said", ["Bearer pypi-abc, Bearer wgu_abcd_secret", "Token pypi-abc, Basic X190b2tlbl9fOmE="])
async def test_upload__with_credentials_of_ours_behind_pypis__does_not_go_on(tmp_path: Path, said: str) -> None:
    """UPL-24: a header that is there twice comes joined, and the second one never leaves."""
    async with public(tmp_path) as (host, settings):
        found = await counter(tmp_path / "store", settings).desk.take(asked(authorization=said), pieces(body_of()))
        assert (found.status, host.connections) == (403, 0)


async def test_upload__of_nobody__fills_no_disk_before_its_project_is_known(tmp_path: Path) -> None:
    """UPL-24, UPL-33: where some uploads go on, nobody is asked at first who it is; so little is kept until that is known."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="a.whl"\r\n\r\n'.encode()
        for _ in range(64):
            read += 1
            yield b"a" * (1 << 20)

    async with public(tmp_path) as (host, settings):
        desk = counter(tmp_path / "store", settings)
        assert (await desk.desk.take(asked(authorization=PYPI), endless())).status == 403
        assert (read <= 20, host.connections) == (True, 0)
        assert nothing_left(desk)


# Time and room


def with_patience(desk: Counter, patience: Patience, places: Places | None = None) -> Uploads:
    """Give the same desk with another patience."""
    return Uploads(replace(desk.parts, patience=patience, places=places or Places()))


async def test_upload__that_stops_coming__is_given_up(tmp_path: Path) -> None:
    """UPL-33: who holds a connection open holds neither room on the disk nor a place."""

    async def stops() -> AsyncIterator[bytes]:
        yield form(*upload())[:-60]
        await asyncio.Event().wait()

    desk = counter(tmp_path)
    found = await with_patience(desk, Patience(idle=0.05)).take(asked(), stops())
    assert (found.status, found.reason[:32]) == (400, "The upload came too slowly. Noth")
    assert nothing_left(desk)


async def test_upload__that_never_ends__is_given_up(tmp_path: Path) -> None:
    """UPL-33: with a byte now and then it could be told a date, and a proof, that is long over."""

    async def drips() -> AsyncIterator[bytes]:
        yield form(*upload())[:-60]
        while True:
            await asyncio.sleep(0)
            yield b"a"

    desk = counter(tmp_path)
    assert (await with_patience(desk, Patience(whole=0.1)).take(asked(), drips())).status == 400
    assert nothing_left(desk)


@dataclass
class Revoking(Others):
    """Knows Alice once."""

    @override
    async def who(self, said: Said) -> Author:
        if "who" in self.told:
            raise UploadRefused(403, "identity", "Invalid API Token: it was revoked")
        return await super().who(said)


async def test_token__revoked_while_its_upload_comes__ends_at_once(tmp_path: Path) -> None:
    """UPL-24: what proves an author counts when the file is kept, not only when its first byte came."""
    desk = counter(tmp_path, others=Revoking())
    assert ((await desk.upload()).status, desk.filenames()) == (403, [])
    assert nothing_left(desk)


@dataclass
class Slow(Others):
    """Looks at files for as long as a test wants."""

    end: threading.Event = field(default_factory=threading.Event)
    all_there: asyncio.Event = field(default_factory=asyncio.Event)

    @override
    def permit(self, author: Author, doing: str, project: ProjectName) -> Permit:
        look = super().permit(author, doing, project)

        def counted(standing: Standing | None) -> None:
            look(standing)
            if self.told.count("permit") == 64:  # twice each, of those that have a place
                self.all_there.set()

        return counted

    @override
    def examine(self, form: Form, spooled: Spooled, project: ProjectName) -> Found:
        assert self.end.wait(20)
        return Found(("seen",))


async def test_uploads__that_take_long_to_be_looked_at__hold_up_nobody_else(tmp_path: Path) -> None:
    """Pages, files and proofs are read in threads too, and those are not the ones that look into archives."""
    others = Slow()
    desk = Uploads(parts_of(tmp_path, others, Settings()))
    under_way = [asyncio.ensure_future(desk.take(asked(), pieces(form(*upload())))) for _ in range(40)]
    try:
        await others.all_there.wait()
        async with asyncio.timeout(5):
            assert await asyncio.to_thread(lambda: 1) == 1
    finally:
        others.end.set()
    assert {(await each).status for each in under_way} == {400}


async def test_uploads__of_one_author__leave_places_for_others(tmp_path: Path) -> None:
    """The next one waits until one is done, and is refused in words that say what to do if that takes long."""
    places, brief = Places(most=3, most_of_one=2), Patience(place=0.05)
    async with places.place("alice", brief), places.place("bob", brief):
        async with places.place("alice", brief):
            for author in ("alice", "carol"):
                with pytest.raises(UploadRefused, match="try again in a minute"):
                    async with places.place(author, brief):
                        pass
            waiting = asyncio.ensure_future(desk_of(tmp_path, places).take(asked(), pieces(form(*upload()))))
            await asyncio.sleep(0)
        assert (await waiting).status == 200


def desk_of(folder: Path, places: Places) -> Uploads:
    """Give a desk with these places."""
    return with_patience(counter(folder), Patience(), places)
