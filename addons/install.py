"""Installing the gateway into a mitmproxy: its options, and its addons, made in code."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from mitmproxy.addons import proxyserver
from mitmproxy.master import Master
from mitmproxy.utils import asyncio_utils

from addons.announcing.announcer import Beside
from addons.announcing.announcing import Announcing
from addons.answers import Answer
from addons.assembly import Present, limits
from addons.cache.blobs import Blobs
from addons.cache.documents import Documents
from addons.cache.layout import Layout
from addons.clients.caller import Caller
from addons.deciders import MakesDeciders
from addons.edits import Edits
from addons.events.recording import Recording
from addons.events.served import Served
from addons.events.served_file import NAME, ServedFile
from addons.flow_road import FlowRoad
from addons.following import database_of, following_of
from addons.front_desk import Explain, FrontDesk
from addons.guard import Guard
from addons.inspecting import explain_answer
from addons.inspecting.explaining import Terms
from addons.inspecting.turns import Turns
from addons.intercept import DECRYPTED, Intercept
from addons.lane import Lane
from addons.leaf import ShownLeaf
from addons.lifetime import Lifetime
from addons.listing.lasting_lists import LastingLists
from addons.listing.store import ListStore
from addons.origin.server import Origin
from addons.origin.tickets import Tickets
from addons.own_store import own_store
from addons.places import cache_folder, certs_folder, configuration_file, store_folder
from addons.policies.kinds import KINDS
from addons.simple.names import ProjectName
from addons.store.projects import Projects
from addons.taking import Taking
from addons.trust.authority import Authority, open_authority
from addons.upkeep import Upkeep
from addons.view_parts import Memory
from addons.viewing import shown_to
from proxyconf.reading import read
from proxyconf.settings import Settings

logger = logging.getLogger(__name__)


def clock() -> datetime:
    """Give the time. The one place, with `lifetime`, that reads it; everything below is handed `at`."""
    return datetime.now(UTC)  # noqa: TID251 - this is the adapter


@dataclass(frozen=True)
class Plan:
    """What a gateway is built from: settings and the file they came from, and the CA."""

    settings: Settings
    configuration: Path | None
    authority: Authority


def options(leaf: ShownLeaf) -> dict[str, Any]:
    """Give the mitmproxy options that the gateway stands on.

    `lazy`, so that PyPI need not be up; no copying of upstream's names into leaves; no HTTP/2 to clients, which would
    lead past reason phrases; nothing decrypted but PyPI's hosts, and nothing let through as raw bytes inside them. Which
    bodies are streamed is said for each flow; a limit for all would cut off downloads, keeping them would fill memory.
    """
    return {
        "certs": leaf.option,
        "allow_hosts": [DECRYPTED],
        "connection_strategy": "lazy",
        "upstream_cert": False,
        "http2": False,
        "http3": False,
        "rawtcp": False,
        "websocket": False,
        "stream_large_bodies": None,
        "body_size_limit": None,
        "store_streamed_bodies": False,
    }


def add(master: Master, plan: Plan, clock: Callable[[], datetime] = clock) -> Lifetime:
    """Add the addons to `master`, the guard in front of all others, and set its options; give what runs beside them.

    Raises ValueError for a configuration that cannot be built, or decisions that are there and cannot be read;
    AuthorityError for a CA that cannot be used.
    """
    _guard(master)
    folder = cache_folder(plan.settings)
    blobs = Blobs(folder, limits(plan.settings))
    layout = Layout(folder)
    documents = Documents(layout.documents)
    lists = ListStore(lasting=LastingLists(layout.lists, limits(plan.settings)))
    metadata = Beside(Announcing(blobs, documents))
    blobs.on_kept = metadata.kept
    following = following_of(plan.settings, clock)
    served = Served()
    store = own_store(plan.settings)
    database = database_of(plan.settings, lost=store.lost)

    async def arrived(project: ProjectName) -> None:
        present.arrived(project)

    deciders = MakesDeciders(database, lists, arrived)
    memory = Memory(
        documents=documents,
        blobs=blobs,
        lists=lists,
        metadata=metadata,
        served=served,
        store=store,
        uploads=Taking(store.shelf, Projects(database), arrived, deciders),
    )
    present = Present(plan.settings, memory=memory, decisions=following.at_start())
    upkeep = Upkeep(present, deciders, database, store.shelf, clock)
    record = ServedFile(store_folder(plan.settings) / NAME)
    recording = Recording(served, record, lambda: present.assembly.settings.served.days, clock)
    origin = Origin(Tickets())
    intercept = Intercept(present, lambda: origin.address)
    authority = plan.authority
    pem = authority.certificate.public_bytes(Encoding.PEM)
    edits = Edits(plan.configuration, clock)
    desk = FrontDesk(
        *(pem, authority.fingerprint, edits, lambda: listening(master)),
        *(blobs.snapshot, lambda: present.conditions, documents.counts.snapshot, folder.absolute()),
        explain=_explain(present, plan.configuration),
        address=lambda: present.assembly.settings.address,
        policies=lambda: present.failed_policies,
        waiting=lambda: present.waiting,
        decisions=following.facts,
        served=recording.facts,
        unrecorded=lambda: recording.fault,
        idle=lambda: present.assembly.idle_decisions,
        store=lambda: present.stored.facts() if present.stored is not None else {},
    )
    leaf = ShownLeaf(authority, clock)
    lifetime = Lifetime(master, present, origin, leaf, edits, clock, following, recording, upkeep)
    lane = Lane(master, intercept.callers, clock, beside=(Guard.name, Intercept.name, FlowRoad.name, Lifetime.name))
    master.addons.add(intercept, FlowRoad(origin, intercept, desk, clock), lane, lifetime)
    master.options.update(**options(leaf))
    return lifetime


def _explain(present: Present, configuration: Path | None) -> Explain:
    turns = Turns()
    shown = Path(configuration.name) if configuration is not None else None  # where it lies is nobody's business

    async def explain(asked: str, accept: str | None, at: datetime, caller: Caller) -> Answer:
        assembly = present.assembly
        view = await shown_to(assembly, caller, asked.partition("?")[2], at)
        if isinstance(view, Answer):
            return view
        in_full = assembly.settings.explanations == "full"
        terms = Terms(assembly.settings, view.policies, shown, in_full=in_full, whom=view.standing.said)
        return await turns.taken(lambda: explain_answer.answer(view.offer, terms, asked, accept, at))

    return explain


def _guard(master: Master) -> None:
    if master.addons.get(Guard.name) is not None:
        return
    guard = Guard()
    master.addons.register(guard)
    master.addons.chain.insert(0, guard)


def listening(master: Master) -> tuple[str, int] | None:
    """Give the address that clients reach the proxy at, or None while it does not listen."""
    server = master.addons.get("proxyserver")
    if not isinstance(server, proxyserver.Proxyserver):
        return None
    return next(((str(address[0]), int(address[1])) for address in server.listen_addrs()), None)


def into_running(master: Master) -> None:
    """Add the gateway to a mitmproxy that was started by somebody else; once, later calls change nothing.

    The guard comes first of all: if what follows fails (a bad configuration), it refuses everything until a later call
    succeeds. Raises ConfigurationError, AuthorityError or ValueError, which mitmproxy logs.

    The configuration is the file that WHEELGATE_CONFIG names, else `wheelgate.yaml` in the working directory, else the
    defaults. Where mitmproxy listens is its own business: `listen` is not used.
    """
    if master.addons.get(FlowRoad.name) is not None:
        return
    _guard(master)
    path = configuration_file(None, os.environ)
    settings = read(path, KINDS) if path is not None else Settings()
    authority = open_authority(certs_folder(settings), clock())
    lifetime = add(master, Plan(settings, path, authority))
    server = master.addons.get("proxyserver")
    if isinstance(server, proxyserver.Proxyserver) and server.is_running:  # the event was before our time
        asyncio_utils.create_task(lifetime.running(), name="wheelgate begins", keep_ref=True)
