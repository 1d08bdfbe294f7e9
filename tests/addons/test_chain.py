"""Asking the addons: the chain beside mitmproxy's own way of asking, which it must not differ from."""

import logging
import types
from collections.abc import Callable, Sequence

import pytest
from mitmproxy.addonmanager import AddonManager
from mitmproxy.exceptions import AddonHalt, OptionsError
from mitmproxy.master import Master
from mitmproxy.options import Options
from mitmproxy.proxy.server_hooks import ClientConnectedHook
from mitmproxy.test.tflow import tclient_conn

from addons.chain import Chain, chained

type Said = Callable[[str], Callable[..., None]]


def addon(name: str, **parts: object) -> object:
    """Give an addon with these attributes."""
    return type(
        "Addon", (), {"name": name, "__repr__": lambda _: name, **{key: _held(part) for key, part in parts.items()}}
    )()


def _held(part: object) -> object:
    return staticmethod(part) if isinstance(part, types.FunctionType) else part


def raising(error: Exception) -> Callable[..., None]:
    """Give a hook that raises."""

    def fail(*_: object) -> None:
        raise error

    return fail


async def fail_later(*_: object) -> None:
    """Raise, in a coroutine."""
    raise RuntimeError("later")


def fail_at_once(_: object) -> object:
    """Raise where the hook is looked for."""
    raise RuntimeError("no hook to be had")


def waiting(hook: Callable[..., None]) -> Callable[..., object]:
    """Give the same hook as a coroutine."""

    async def work(*_: object) -> None:
        hook()

    return work


MAKES: dict[str, Callable[[Said], Sequence[object]]] = {
    "some without the hook": lambda said: [
        addon("a", client_connected=said("a")), addon("b"), addon("c", client_connected=waiting(said("c")))
    ],
    "one that raises": lambda said: [
        addon("a", client_connected=said("a")), addon("b", client_connected=raising(ValueError("b"))),
        addon("c", client_connected=fail_later), addon("d", client_connected=said("d")),
    ],
    "one that halts": lambda said: [
        addon("a", client_connected=said("a")), addon("b", client_connected=raising(AddonHalt())),
        addon("c", client_connected=said("c")),
    ],
    "addons of an addon": lambda said: [
        addon("a", addons=[addon("b", client_connected=said("b")), addon("c", client_connected=raising(ValueError("c"))),
                           addon("d", client_connected=said("d"))]),
        addon("e", client_connected=said("e"), addons=[addon("f", client_connected=said("f"))]),
    ],
    "what is no hook": lambda said: [
        addon("a", client_connected=logging), addon("b", client_connected=None), addon("c", client_connected="c"),
        addon("d", client_connected=property(fail_at_once)), addon("e", client_connected=said("e")),
    ],
}  # fmt: skip


async def asked(master: Master, make: Callable[[Said], Sequence[object]]) -> list[str]:
    """Give who said something when the addons were asked, and how often."""
    heard: list[str] = []
    master.addons.chain.extend(make(lambda name: lambda *_: heard.append(name)))
    await master.addons.trigger_event(ClientConnectedHook(tclient_conn()))
    return heard


@pytest.mark.parametrize("case", MAKES)
async def test_addons__asked_in_a_chain__are_asked_as_mitmproxy_does(
    case: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The same addons in the same order, and the same faults in the log."""
    usual = Master(Options())
    assert type(usual.addons) is AddonManager
    expected = await asked(usual, MAKES[case])
    logged = [record.getMessage() for record in caplog.records]
    caplog.clear()
    ours = chained(Options())
    assert type(ours.addons) is Chain
    assert await asked(ours, MAKES[case]) == expected != []
    assert [record.getMessage() for record in caplog.records] == logged
    await usual.done()
    await ours.done()


async def test_options_error__of_an_addon__is_raised_as_mitmproxy_does() -> None:
    """It is the one error that whoever triggers the event is told of."""
    master = chained(Options())
    master.addons.chain.append(addon("a", client_connected=raising(OptionsError("a"))))
    with pytest.raises(OptionsError):
        await master.addons.trigger_event(ClientConnectedHook(tclient_conn()))
    await master.done()


async def test_addon__added_removed_or_changed_later__counts_from_then_on() -> None:
    """Nothing is remembered between two events: neither who is there, nor who has which hook."""
    master, heard = chained(Options()), list[str]()
    late = types.SimpleNamespace(name="late")
    master.addons.add(late)
    await master.addons.trigger_event(ClientConnectedHook(tclient_conn()))
    late.client_connected = lambda _: heard.append("late")
    master.addons.chain.insert(0, addon("first", client_connected=lambda _: heard.append("first")))
    await master.addons.trigger_event(ClientConnectedHook(tclient_conn()))
    assert heard == ["first", "late"]
    master.addons.remove(late)
    await master.addons.trigger_event(ClientConnectedHook(tclient_conn()))
    assert heard == ["first", "late", "first"]
    await master.done()


async def test_addon__added_by_an_addon_that_then_raises__is_asked_too() -> None:
    """As in mitmproxy, which goes through the chain as it is then."""
    master, heard = chained(Options()), list[str]()

    def add_and_fail(_: object) -> None:
        master.addons.add(addon("new", client_connected=lambda _: heard.append("new")))
        raise RuntimeError("after it")

    master.addons.add(addon("a", client_connected=add_and_fail))
    await master.addons.trigger_event(ClientConnectedHook(tclient_conn()))
    assert heard == ["new"]
    await master.done()


async def test_options__of_a_mitmproxy_with_a_chain__configure_each_addon_once() -> None:
    """The chain has taken the place of the addons that mitmproxy had made, also where options are told of."""
    master, told = chained(Options()), list[set[str]]()
    master.addons.add(addon("a", configure=lambda updated: told.append(set(updated))))
    told.clear()
    master.options.update(http2=False)
    assert told == [{"http2"}]
    await master.done()
