"""Faults planted in a running gateway: addons before, between and behind its own, and what mitmproxy then dials."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Literal, override

from mitmproxy import ctx
from mitmproxy.addonmanager import AddonManager
from mitmproxy.proxy import server_hooks

from addons.answering.answering import Answering
from addons.answering.request import Request
from addons.answers import Answer
from addons.clients.standing import Standing
from addons.intercept import Intercept
from addons.origin.tickets import Delivery
from addons.simple.names import ProjectName
from addons.views import View
from tests.fakepypi import FakePyPI
from tests.gateway.running import RunningGateway

type Place = Literal["first", "behind the guard", "last"]

FAULT = "planted by a test"


class Dials:
    """An addon that writes down what mitmproxy is about to dial when all addons before it have let it."""

    name = "dials"

    def __init__(self) -> None:
        self.made: list[tuple[str, int]] = []
        self.refused: list[str] = []

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Write it down."""
        if data.server.error is not None:
            self.refused.append(data.server.error)
        elif data.server.address is not None:
            self.made.append((data.server.address[0], data.server.address[1]))


class FailingAnswering(Answering):
    """An answering that has a fault nobody foresaw."""

    def __init__(self) -> None:  # with nothing to answer from
        pass

    @override
    async def answer(self, request: Request) -> Answer | Delivery:
        """Raise."""
        raise RuntimeError(FAULT)


def addon(hook: str, work: Callable[..., object]) -> object:
    """Give an addon with one hook."""
    return type("Planted", (), {"name": f"planted-{hook}", hook: staticmethod(work)})()


def raising(hook: str, error: Exception) -> object:
    """Give an addon that raises in a hook."""

    def fail(*_: object) -> None:
        raise error

    return addon(hook, fail)


def watch_dials(gateway: RunningGateway) -> Dials:
    """Plant the addon that writes down dials, behind all that are there."""
    dials = Dials()
    gateway.plant(dials)
    return dials


def plant(gateway: RunningGateway, planted: object, place: Place) -> None:
    """Add an addon in front of all others, between the guard and the rest, or behind all others."""

    def add() -> None:
        addons: AddonManager = ctx.master.addons
        at = {"first": 0, "behind the guard": 1, "last": len(addons.chain)}[place]
        addons.register(planted)
        addons.chain.insert(at, planted)

    gateway.on_loop(add)


def remove(gateway: RunningGateway, *names: str) -> None:
    """Take addons of the gateway's own away."""

    def take() -> None:
        for name in names:
            ctx.master.addons.remove(ctx.master.addons.get(name))

    gateway.on_loop(take)


def intercept_of(gateway: RunningGateway) -> Intercept:
    """Give the gateway's addon that holds the configuration in force."""
    found = ctx.master.addons.get(Intercept.name)
    assert isinstance(found, Intercept)
    return found


def break_assembly(gateway: RunningGateway, **parts: Any) -> None:
    """Put other parts into the assembly in force: such as no assembling would ever give."""

    def swap() -> None:
        present = intercept_of(gateway).present
        present.assembly = replace(present.assembly, **parts)

    gateway.on_loop(swap)


def break_answering(gateway: RunningGateway, answering: Any) -> None:
    """Let something else answer."""
    break_assembly(gateway, views=OneView(replace(intercept_of(gateway).present.assembly.view, answering=answering)))


class OneView:
    """The same for everybody."""

    def __init__(self, view: View) -> None:
        self.usual = view

    def of(self, standing: Standing) -> View:
        """Give it."""
        return self.usual


@contextmanager
def answering_of(gateway: RunningGateway) -> Iterator[Answering]:
    """Give the answering in force, and put it in force again at the end."""
    usual = intercept_of(gateway).present.assembly.view.answering
    try:
        yield usual
    finally:
        break_answering(gateway, usual)


def option(gateway: RunningGateway, **values: object) -> None:
    """Set options of the running mitmproxy."""
    gateway.on_loop(lambda: ctx.master.options.update(**values))


def agents(pypi: FakePyPI) -> set[str]:
    """Give who asked PyPI, by the first word of User-Agent: mitmproxy would pass the client's own on."""
    return {seen.headers.get("user-agent", "").partition("/")[0] for seen in pypi.asked()}


def later[T](work: Callable[[], T]) -> Future[T]:
    """Do `work` in a thread of its own, while the test goes on."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except Exception as error:  # noqa: BLE001 - handed to the test that waits
            outcome.set_exception(error)

    threading.Thread(target=run).start()
    return outcome


def tell_stored(gateway: RunningGateway, *projects: ProjectName) -> None:
    """Tell the gateway that this process has changed projects of its store, as an upload does."""
    present = intercept_of(gateway).present
    for project in projects:
        gateway.on_loop(partial(present.arrived, project))
