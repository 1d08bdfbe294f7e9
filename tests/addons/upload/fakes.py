"""Stand-ins for the other parts of the upload, in memory; the shelf and the projects are the store's own."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from addons.answers import Answer
from addons.simple.names import ProjectName, normalise
from addons.store.database import Database
from addons.store.principals import Principal
from addons.store.projects import Permit, Projects
from addons.store.shelf import Shelf
from addons.store.stored import NewFile, Standing
from addons.upload.asking import Upload
from addons.upload.author import Author, Said
from addons.upload.desk import Parts, Uploads
from addons.upload.formed import Form, Spooled
from addons.upload.forwarding import Forwarding
from addons.upload.limits import Limits
from addons.upload.refusal import UploadRefused
from addons.upload.rights.claiming import Founders
from proxyconf.settings import Settings
from tests.addons.upload.forms import KIND, Part, form, pieces, upload

AT = datetime(2026, 3, 1, tzinfo=UTC)
ALICE = "Basic X190b2tlbl9fOmFsaWNl"  # __token__:alice
PYPI = "Basic X190b2tlbl9fOnB5cGktYWJj"  # __token__:pypi-abc
METADATA = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"


@dataclass(frozen=True)
class Found:
    """What was found of a file."""

    problems: tuple[str, ...] = ()
    new: NewFile | None = None
    metadata: bytes | None = None


@dataclass
class Others:
    """Who it is, may they, is it sound, is the name free: what a test has said. `told` is what was done, in its order."""

    problems: tuple[str, ...] = ()
    may_not: frozenset[str] = frozenset()
    public: frozenset[str] = frozenset()
    elsewhere_has: frozenset[str] = frozenset()
    told: list[str] = field(default_factory=list)
    fault: Exception | None = None
    owes: str | None = None

    async def who(self, said: Said) -> Author:
        """Know Alice."""
        self.told.append("who")
        if said.authorization != ALICE:
            raise UploadRefused(403, "credentials", "Invalid or non-existent authentication information.")
        return Author(Principal("user", "alice"))

    def permit(self, author: Author, doing: str, project: ProjectName) -> Permit:
        """Refuse what may not be."""

        def look(standing: Standing | None) -> None:
            self.told.append("permit")
            if project in self.may_not:
                raise UploadRefused(403, "rights", f"The given token isn't allowed to upload to project '{project}'.")

        return look

    def founders(self, author: Author, project: ProjectName) -> Founders:
        """Give the project to its author."""
        return Founders(author.principal, ())

    def owed(self, standing: Standing | None, new: NewFile, project: ProjectName) -> str | None:
        """Say what a project owes."""
        return self.owes

    async def check(self, name: str, project: ProjectName, at: datetime) -> None:
        """Refuse what is public."""
        self.told.append("names")
        if project in self.public:
            raise UploadRefused(403, "public-name", f"The name '{name}' is public.")

    def examine(self, form: Form, spooled: Spooled, project: ProjectName) -> Found:
        """Find what was said."""
        self.told.append("examine")
        if self.fault is not None:
            raise self.fault
        if self.problems:
            return Found(self.problems)
        is_wheel = spooled.filename.endswith(".whl")
        new = NewFile(
            filename=spooled.filename,
            version=form.one("version") or "0",
            filetype="bdist_wheel" if is_wheel else "sdist",
            size=spooled.size,
            md5=spooled.md5,
            sha256=spooled.sha256,
            blake2b_256=spooled.blake2b_256,
            metadata_sha256=hashlib.sha256(METADATA).hexdigest(),
        )
        return Found((), new, METADATA)

    async def arrived(self, project: ProjectName) -> None:
        """Note it."""
        self.told.append(f"arrived {project}")

    async def elsewhere(self, project: ProjectName) -> str | None:
        """Know of another source."""
        return "acme" if project in self.elsewhere_has else None


@dataclass(frozen=True)
class Counter:
    """A desk, and what stands behind it."""

    desk: Uploads
    parts: Parts
    others: Others

    async def take(self, *parts: Part, accept: str | None = None, authorization: str | None = ALICE) -> Answer:
        """Hand in a form."""
        return await self.desk.take(asked(accept, authorization), pieces(form(*parts)))

    async def upload(
        self, content: bytes = b"wheel", filename: str = "demo-1.0-py3-none-any.whl", **other: str
    ) -> Answer:
        """Hand in an upload."""
        return await self.take(*upload(content, filename, **other))

    def standing(self, project: str = "demo") -> Standing | None:
        """Give what the store has of a project."""
        return self.parts.projects.standing(normalise(project))

    def filenames(self, project: str = "demo") -> list[str]:
        """Give the names of its files there."""
        standing = self.standing(project)
        return [] if standing is None else [each.file.filename for each in standing.files]

    @property
    def incoming(self) -> Sequence[Path]:
        """Give what lies among the files on their way in."""
        return list(self.parts.shelf.incoming.iterdir()) if self.parts.shelf.incoming.is_dir() else []


def asked(accept: str | None = None, authorization: str | None = ALICE, **more: str) -> Upload:
    """Announce an upload."""
    said = Said(authorization, None, AT)
    return Upload(KIND, None, accept, said, more.get("action"), more.get("protocol_version"), more.get("query", ""))


def parts_of(folder: Path, others: Others, settings: Settings) -> Parts:
    """Give the parts of a desk."""
    return Parts(
        identities=others,
        rights=others,
        names=others,
        examine=others.examine,
        owed=others.owed,
        shelf=Shelf(folder),
        projects=Projects(Database(folder)),
        arrived=others.arrived,
        elsewhere=others.elsewhere,
        limits=Limits(settings.uploads),
        forwarding=Forwarding(settings.uploads.forward, settings),
    )


def counter(folder: Path, settings: Settings | None = None, others: Others | None = None) -> Counter:
    """Make a desk over a store in a folder."""
    others = others or Others()
    parts = parts_of(folder, others, settings or Settings())
    return Counter(Uploads(parts), parts, others)


async def slow(body: bytes) -> AsyncIterator[bytes]:
    """Give a body as it comes beside others."""
    for start in range(0, len(body), 100):
        await asyncio.sleep(0)
        yield body[start : start + 100]
