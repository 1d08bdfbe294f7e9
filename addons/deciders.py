"""Who decides about uploads: made of settings once, and the same for all clients of one configuration."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from addons.clients.proofs import Proofs
from addons.interface.interface import Interface
from addons.interface.operation import Desk
from addons.listing.store import ListStore
from addons.simple.names import ProjectName
from addons.sources.source import Source
from addons.store.claims import Claims
from addons.store.database import Database
from addons.store.overview import Overview
from addons.store.projects import Projects
from addons.store.stored import NewFile, Standing
from addons.store.tokens import Tokens
from addons.upload.asking import Api, Arrived, Examine, Identities, Oidc, Owed, PublicNames, Rights
from addons.upload.formed import Form, Spooled
from addons.upload.identity import identities, passwords
from addons.upload.identity.asking import Road
from addons.upload.identity.tokens import made
from addons.upload.rights import public_names, rights
from addons.upload.rights.own_names import OwnNames
from addons.upload.rights.public_list import PublicLists
from addons.upload.sound.examined import Examined, examine
from addons.upload.sound.organisation import sdist_owed
from proxyconf.settings import Settings
from proxyconf.soundness import Soundness

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deciders:
    """Who decides under one configuration."""

    identities: Identities
    rights: Rights
    names: PublicNames
    examine: Examine
    owed: Owed
    oidc: Oidc | None = None
    api: Api | None = None


class MakesDeciders:
    """Makes them of settings. `database` is the store's, for one that writes; `lists` are the project lists of all sources."""

    def __init__(self, database: Database, lists: ListStore, arrived: Arrived) -> None:
        self._database = database
        self._projects = Projects(database)
        self._own = OwnNames(self._projects, Claims(database))
        self._tokens = Tokens(database)
        self._lists = PublicLists(lists)
        self._arrived = arrived
        self._proofs = Proofs(verify=passwords.verify)  # its own: it knows one more kind of hash than that of clients
        self._lock = Lock()
        self._made: tuple[Settings, Sequence[Source], Deciders] | None = None
        self._names: public_names.PublicNames | None = None
        self._services: list[tuple[object, identities.Identities]] = []
        self._unnamed: set[identities.Identities] = set()

    def __call__(self, settings: Settings, configured: Sequence[Source]) -> Deciders:
        """Give those of a configuration with all its sources. Waits for the disk; raises ValueError or OSError, in words."""
        with self._lock:  # configurations are built in threads
            if self._made is None or self._made[0] is not settings or list(self._made[1]) != list(configured):
                self._lists.leave_to(set(configured))
                self._made = settings, configured, self._of(settings, configured)
            return self._made[2]

    def _of(self, settings: Settings, configured: Sequence[Source]) -> Deciders:
        ownership, soundness = settings.uploads.ownership, settings.uploads.soundness
        who = self._who(settings)
        may = rights.Rights(ownership, settings.reserved, self._own.alike)
        terms = public_names.Terms(ownership, settings.reserved, settings.offline)
        self._names = public_names.PublicNames(configured, self._lists, self._own, terms)
        desk = Desk(self._projects, Overview(self._database), may, self._tokens, made)
        return Deciders(
            *(who, may, self._names, _examining(soundness), _owing(soundness)),
            oidc=who.oidc,
            api=Interface(desk, who, self._arrived),
        )

    def _who(self, settings: Settings) -> identities.Identities:
        """Give the services; the same as before where nothing about them has changed, with what they remember."""
        road = Road.of(settings)
        key = (settings.uploads.identities, road)
        found = next((each for known, each in self._services if known == key), None)
        if found is None:
            found = identities.Identities(settings.uploads.identities, road, self._tokens, self._proofs)
            self._services.append((key, found))
        return found

    async def warm(self) -> None:
        """Have what new names are compared with at hand before the first author comes."""
        if self._names is not None:
            await self._names.warm()

    async def retire(self) -> None:
        """Let go of the services that no configuration named at the last call either: their uploads are done by then.

        What lies between two calls has to be more than the longest upload may take.
        """
        with self._lock:
            kept = None if self._made is None else self._made[2].identities
            unnamed = {each for _, each in self._services if each is not kept}
            gone, self._unnamed = unnamed & self._unnamed, unnamed
            self._services = [(key, each) for key, each in self._services if each not in gone]
        for each in gone:
            await each.close()

    async def close(self) -> None:
        """Let go of all of them, and of the database."""
        for _, each in self._services:
            await each.close()
        self._database.close()


def _examining(soundness: Soundness) -> Examine:
    def look(form: Form, spooled: Spooled, project: ProjectName) -> Examined:
        return examine(form, spooled, project, soundness)

    return look


def _owing(soundness: Soundness) -> Owed:
    def look(standing: Standing | None, new: NewFile, project: ProjectName) -> str | None:
        return sdist_owed(standing, new, soundness.of(project))

    return look
