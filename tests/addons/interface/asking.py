"""What the tests of the interface share: a store with projects, authors with tokens, and a way to ask."""

import atexit
import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import mkdtemp
from typing import Any

import msgspec

from addons.answers import Answer
from addons.interface.address import PREFIX
from addons.interface.interface import Interface
from addons.interface.operation import Desk, Doing
from addons.simple.names import ProjectName, normalise
from addons.store.database import Database
from addons.store.overview import Overview
from addons.store.principals import Principal
from addons.store.projects import Permit, Projects
from addons.store.stored import NewFile, Standing
from addons.upload.author import Author, Said
from addons.upload.refusal import UploadRefused

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ALICE, BOB, CAROL = (Principal("user", name) for name in ("alice", "bob", "carol"))
TEAM = Principal("group", "controls")
DEMO, OTHER = ProjectName("demo"), ProjectName("other")
SDIST, WHEEL, NEXT = "demo-1.0.tar.gz", "demo-1.0-py3-none-any.whl", "demo-2.0-py3-none-any.whl"

AUTHORS = {
    "of-alice": Author(ALICE, frozenset({TEAM}), shown="user:alice (token 4f3a9c)"),
    "of-bob": Author(BOB),
    "of-carol": Author(CAROL),
    "of-alice-demo": Author(ALICE, projects=frozenset({DEMO}), may_claim=False, until=AT.replace(year=2027)),
    "of-alice-by-password": Author(ALICE, frozenset({TEAM}), service="ldap"),
    "of-a-job": Author(Principal("ci", "acc/demo", "gitlab"), service="gitlab_jobs", projects=frozenset({DEMO})),
}
BY_ANY: set[Doing] = {"upload", "yank", "unyank"}


class Roster:
    """Knows the authors above by their tokens."""

    async def who(self, said: Said) -> Author:
        kind, _, given = (said.authorization or "").partition(" ")
        if kind == "Basic":
            given = base64.b64decode(given).decode().removeprefix("__token__:")
        if given not in AUTHORS:
            raise UploadRefused(403, "token", "Invalid or non-existent authentication information.")
        return AUTHORS[given]


class ByRole:
    """Lets those who have a role do what it is for."""

    def permit(self, author: Author, doing: Doing, project: ProjectName) -> Permit:
        def permit(standing: Standing | None) -> None:
            theirs = {role for each, role in (standing.roles if standing else {}).items() if each in author.principals}
            if not theirs or (doing not in BY_ANY and "owner" not in theirs):
                raise UploadRefused(
                    403, "rights", f"The user '{author.principal}' isn't allowed to {doing} '{project}'."
                )

        return permit


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is kept."""

    id: str
    principal: Principal
    note: str
    projects: frozenset[ProjectName] | None
    may_claim: bool
    made: datetime
    by: str
    until: datetime | None
    groups: frozenset[Principal] = frozenset()
    revoked: datetime | None = None
    used: datetime | None = None


class TokenBox:
    """Keeps tokens in a list."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []

    def listed(self, principal: Principal | None = None) -> Sequence[Kept]:
        return [each for each in self.kept if each.principal == principal]

    def make(self, new: Kept) -> None:
        self.kept.append(new)

    def revoke(self, number: str, *, by: str, at: datetime) -> None:
        place = next(place for place, each in enumerate(self.kept) if each.id == number)
        self.kept[place] = msgspec.structs.replace(self.kept[place], revoked=at)

    def mint(self, principal: Principal, *, by: str, at: datetime, **more: Any) -> tuple[str, Kept]:
        number = f"t{len(self.kept)}"
        return f"secret-of-{number}", Kept(id=number, principal=principal, by=by, made=at, **more)


def new_file(filename: str, version: str) -> NewFile:
    """A file as the store takes it."""
    digest = hashlib.sha256(filename.encode()).hexdigest()
    return NewFile(
        filename=filename,
        version=version,
        filetype="sdist" if filename.endswith(".tar.gz") else "bdist_wheel",
        size=1000,
        md5=digest[:32],
        sha256=digest,
        blake2b_256=digest[::-1],
    )


def anything(standing: Standing | None) -> None:
    """Permit it."""


def publish(projects: Projects, filename: str, version: str, owner: Principal = ALICE) -> None:
    """Add a file to the project that its name begins with."""
    display = filename.partition("-")[0]
    new = new_file(filename, version)
    projects.add(normalise(display), display, new, anything, owner=owner, by=str(owner), at=AT)


@dataclass
class Asker:
    """Asks an interface over a store of its own. `heard`: what `arrived` was told."""

    projects: Projects
    interface: Interface
    tokens: TokenBox = field(default_factory=TokenBox)
    heard: list[str] = field(default_factory=list)

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = "of-alice",
        query: str = "",
        **headers: str,
    ) -> Answer:
        """Ask for a path below the version, with a body that becomes JSON unless it is bytes."""
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {"content-type": "application/json"} if sent else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        said = Said(None if token is None else f"Bearer {token}", None, AT)
        return await self.interface.answer(method, PREFIX + path, query, given, sent, said)

    async def look(self, path: str, method: str = "GET", body: object = None, **more: Any) -> Any:
        """Ask for what has to go well, and give the document."""
        answer = await self.ask(method, path, body, **more)
        assert answer.status in (200, 201), answer
        return json.loads(answer.body)

    async def refusal(self, path: str, method: str = "POST", body: object = None, **more: Any) -> tuple[int, str]:
        """Ask for what has to be refused; give the status, and the words that are in all three places."""
        answer = await self.ask(method, path, body, **more)
        said = json.loads(answer.body)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert said["status"] == answer.status
        assert answer.headers["X-Error-Message"] == answer.reason
        return answer.status, said["detail"]


@cache
def _furnished() -> Path:
    """Make the store once: what brings a new database up to date takes its time."""
    folder = Path(mkdtemp(prefix="wheelgate-"))
    atexit.register(rmtree, folder)
    database = Database(folder)
    projects = Projects(database)
    publish(projects, SDIST, "1.0")
    publish(projects, WHEEL, "1.0")
    publish(projects, NEXT, "2.0")
    publish(projects, "Other-1.0.tar.gz", "1.0", BOB)
    database.close()
    return folder


def asker(folder: Path) -> Asker:
    """Give one over a store with demo 1.0 (a wheel and an sdist) and 2.0, which alice owns, and other, which bob owns."""
    copytree(_furnished(), folder / "store")
    database = Database(folder / "store")
    projects = Projects(database)
    tokens = TokenBox()
    heard: list[str] = []

    async def arrived(project: ProjectName) -> None:
        heard.append(project)

    desk = Desk(projects, Overview(database), ByRole(), tokens, tokens.mint)
    return Asker(projects, Interface(desk, Roster(), arrived), tokens, heard)
