"""A gateway that takes uploads: the parts behind its desk are stand-ins, all before it is real."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import msgspec

from addons.answers import Answer
from addons.deciders import Deciders
from addons.store.database import Database
from addons.store.projects import Projects
from addons.store.shelf import Shelf
from addons.taking import Taking
from addons.upload.author import Said
from proxyconf.settings import Source
from proxyconf.uploads import Uploads
from tests.addons.upload.fakes import ALICE, Others
from tests.addons.upload.forms import KIND, Part, form, upload
from tests.gateway import planting
from tests.gateway.running import RunningGateway

URL = "https://upload.pypi.org/legacy/"


@dataclass
class Publishers:
    """Trusted publishing and the API, as a test has them: they say what they were asked."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def audience(self) -> Answer:
        """Give one."""
        return Answer(200, {"Content-Type": "application/json"}, b'{"audience": "wheelgate"}')

    async def mint(self, body: bytes, said: Said) -> Answer:
        """Take note."""
        self.asked.append((body, said.address))
        return Answer(200, {}, b"minted")

    async def answer(self, method: str, path: str, query: str, headers: Any, body: bytes, said: Said) -> Answer:
        """Take note."""
        self.asked.append((method, path, query, body, said.authorization, str(said.address)))
        return Answer(200, {}, b"asked")


@dataclass(frozen=True)
class Taker:
    """The gateway, the store behind its desk, and the stand-ins."""

    gateway: RunningGateway
    folder: Path
    others: Others
    publishers: Publishers

    def filenames(self, project: str = "demo") -> list[str]:
        """Give the names of a project's files in the store."""
        standing = Projects(Database(self.folder)).standing(msgspec.convert(project, str))  # type: ignore[arg-type] # normalised
        return [] if standing is None else [each.file.filename for each in standing.files]

    @property
    def lying(self) -> list[Path]:
        """Give the files of the store, those on their way in too."""
        return [path for path in self.folder.rglob("*") if path.is_file() and not path.name.startswith("wheelgate")]

    def post(self, *parts: Part, url: str = URL, **headers: str) -> httpx.Response:
        """Hand in a form; nothing is said of who it is."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with self.gateway.client() as client:
            return client.post(url, content=form(*parts), headers={"Content-Type": KIND, **named})

    def upload(
        self, content: bytes = b"wheel", filename: str = "demo-1.0-py3-none-any.whl", **other: str
    ) -> httpx.Response:
        """Hand in an upload of Alice's."""
        return self.post(*upload(content, filename, **other), Authorization=ALICE)


def taking(gateway: RunningGateway, folder: Path, uploads: Uploads | None = None) -> Taker:
    """Let a running gateway take uploads into a store of its own."""
    others, publishers = Others(), Publishers()
    deciders = Deciders(others, others, others, others.examine, others.owed, publishers, publishers)
    taken = Taking(Shelf(folder), Projects(Database(folder)), others.arrived, lambda settings, priority: deciders)
    present = planting.intercept_of(gateway).present
    assembly = present.assembly
    store = Source(name="store", store=True)
    changed = msgspec.structs.replace(
        assembly.settings,
        sources=(store, *(each for each in assembly.settings.sources if not each.store)),
        uploads=uploads or Uploads(),
    )
    planted = replace(assembly, settings=changed, memory=replace(assembly.memory, uploads=taken))

    def swap() -> None:
        present.assembly = planted.under(())

    gateway.on_loop(swap)
    return Taker(gateway, folder, others, publishers)
