from pathlib import Path
from typing import override

import pytest

from addons.answering.answering import Answering
from addons.answering.upload_answer import NOT_YOURS
from addons.answers import Answer
from addons.deciders import Deciders
from addons.metadata.archive import core_metadata
from addons.origin.tickets import Receiving
from addons.simple.names import ProjectName, normalise
from addons.simple.page import Page
from addons.sources.folder import Folder
from addons.sources.priority import Priority, Reserved
from addons.sources.source import SourceUnavailable
from addons.store.database import Database
from addons.store.projects import Projects
from addons.store.shelf import Shelf
from addons.taking import Taking
from addons.upload.elsewhere import OtherSources
from addons.upload.refusal import UploadRefused
from addons.view_parts import Memory, answering_of
from proxyconf.settings import PYPI, Merge, Settings, Source
from tests.addons.answering.asking import request
from tests.addons.sources.places import own_folder, put_wheel
from tests.addons.upload.fakes import ALICE, Others
from tests.addons.upload.forms import KIND, form, pieces, upload

DEMO = normalise("demo")


class Silent(Folder):
    """A folder that cannot be asked."""

    @override
    async def page(self, project: ProjectName, max_age: float | None = None) -> Page:
        raise SourceUnavailable("is silent")


async def test_project__of_another_own_source__is_told(tmp_path: Path) -> None:
    """Its name is given; of a project that nobody has, none."""
    put_wheel(tmp_path, "demo", "1.0")
    others = OtherSources([own_folder(tmp_path)], {})
    assert await others(DEMO) == "acme"
    assert await others(normalise("other")) is None


async def test_source__that_cannot_say__refuses(tmp_path: Path) -> None:
    """UPL-27: fail closed, and as a 403: a 5xx would make twine send the file five times."""
    with pytest.raises(UploadRefused, match="try again") as refusal:
        await OtherSources([Silent("acme", tmp_path, core_metadata)], {})(DEMO)
    assert refusal.value.status == 403


def answering(folder: Path, *, withheld: bool = False, merged: bool = False) -> Answering:
    """Give what answers beside a folder that has `demo`; the store may be withheld, or `demo` be merged with it."""
    put_wheel(folder / "acme", "demo", "1.0")
    others, store = Others(), own_folder(folder / "empty")
    deciders = Deciders(others, others, others, others.examine, others.owed)
    taking = Taking(Shelf(folder), Projects(Database(folder)), others.arrived, lambda settings, priority: deciders)
    named = (Source(name="acme" if withheld else "store", store=True), Source(name="folder", folder=folder), PYPI)
    merge = (Merge(project="demo", sources=("store", "folder")),) if merged else ()
    beside = Folder("folder", folder / "acme", core_metadata)
    priority = Priority([beside], Reserved(()), withheld=[store] if withheld else [])
    return answering_of(priority, [], Settings(sources=named, merge=merge), Memory(uploads=taking))


async def uploaded(asked: Answering) -> Answer:
    """Hand an upload in."""
    found = await asked.answer(
        request("https://upload.pypi.org/legacy/", "POST", Authorization=ALICE, Content_Type=KIND)
    )
    return await found.take(pieces(form(*upload()))) if isinstance(found, Receiving) else _answer(found)


def _answer(found: object) -> Answer:
    assert isinstance(found, Answer)
    return found


async def test_upload__beside_a_folder_that_has_the_project__is_refused(tmp_path: Path) -> None:
    """The sources of the configuration are asked, and `merge` says which of them are meant to have it too."""
    refused = await uploaded(answering(tmp_path))
    assert (refused.status, "source 'folder'" in refused.reason) == (403, True)
    assert (await uploaded(answering(tmp_path, merged=True))).status == 200


async def test_upload__from_a_group_without_the_store__is_refused(tmp_path: Path) -> None:
    """UPL-26: who does not get what is there puts nothing there, and is not told what is."""
    refused = await uploaded(answering(tmp_path, withheld=True))
    assert (refused.status, refused.reason) == (403, NOT_YOURS)
