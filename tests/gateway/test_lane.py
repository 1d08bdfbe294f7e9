"""The fast lane: when it answers, when it leaves a connection to the flow road, and that it takes the next request back."""

import logging
from datetime import datetime
from typing import cast, override

import pytest
from mitmproxy import ctx, http
from mitmproxy.exceptions import AddonHalt
from mitmproxy.master import Master

from addons.answering.request import Request
from addons.answers import Answer
from addons.callers import Callers
from addons.flow_road import FlowRoad
from addons.guard import Guard
from addons.install import clock
from addons.intercept import Intercept
from addons.lane import Lane
from addons.lane_others import OPTION
from addons.origin.tickets import Delivery
from addons.policies.kinds import KINDS
from proxyconf.reading import read
from tests.fakepypi import FakePyPI
from tests.gateway import planting
from tests.gateway.conftest import Start
from tests.gateway.links import Held, Scripted, answered, asked, lane_of, link, said, script
from tests.gateway.running import RunningGateway, configuration

OK = Answer(200, {"Content-Type": "text/plain"}, b"hello")


def test_pages__asked_for_on_one_connection__never_become_flows(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """The lane is really used: for the page, its 304, a HEAD, and what is refused."""
    pypi.release("demo", "1.0")
    with link(gateway) as one:
        first = one.ask(asked())
        tag = first.head.decode().partition("ETag: ")[2].partition("\r")[0]
        assert one.ask(asked("/simple/demo/", f"If-None-Match: {tag}")).status == 304
        assert one.ask(asked(method="HEAD"), "HEAD").status == 200
        assert one.ask(asked("/nowhere/at/all")).status in {403, 404}
    assert first.status == 200
    assert answered(gateway) == 4


def test_lane__after_the_flow_road_had_the_connection__takes_the_next_request(
    gateway: RunningGateway, pypi: FakePyPI
) -> None:
    """An upload in two codings, a preflight, a read with a body, a request of a strange kind: then again the lane."""
    file = pypi.release("demo", "1.0", size_padding=300_000)
    with link(gateway, connect="files.pythonhosted.org", sni="files.pythonhosted.org") as one:
        target, host = file.url.removeprefix("https://files.pythonhosted.org"), "files.pythonhosted.org"

        def lane_is_back() -> None:
            before = answered(gateway)
            assert one.ask(asked("/packages/none", host=host)).status in {403, 404}
            assert answered(gateway) == before + 1

        for _ in range(2):
            assert one.ask(asked(target, host=host, method="OPTIONS")).status == 204
            lane_is_back()
        assert one.ask(asked(target, "Content-Length: 5", host=host) + b"hello").status == 400
        lane_is_back()
        assert one.ask(asked(target, "Content-Length: 5", host=host, method="POST") + b"hello").status in {403, 405}
        lane_is_back()
        chunked = asked(target, "Transfer-Encoding: chunked", host=host, method="POST")
        assert one.ask(chunked + b"5\r\nhello\r\n0\r\n\r\n").status in {403, 405}
        lane_is_back()
        assert one.ask(asked("/packages/none", "X: \xe4", host=host)).status in {403, 404}
        lane_is_back()


def test_fault__in_answering__is_500_in_words_and_the_connection_goes_on(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    """Its reason is in the log and not on the wire, and the next request is answered."""
    script(gateway, planting.FailingAnswering())
    with link(gateway) as one:
        answer = one.ask(asked())
        assert answer.status == 500
        assert answer.head.startswith(b"HTTP/1.1 500 wheelgate: a fault inside the gateway")
        assert planting.FAULT.encode() not in answer.head + answer.body
        script(gateway, Scripted(OK))
        assert one.ask(asked()).body == b"hello"
    assert planting.FAULT in caplog.text
    assert answered(gateway) == 2


def test_client__that_goes_while_its_answer_is_made__leaves_nothing_behind(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer is finished and dropped; nothing is logged as an error, and others are answered."""
    held = Held(OK)
    script(gateway, held)
    with link(gateway) as gone:
        gone.socket.sendall(asked())
        assert held.begun.wait(10)
    with link(gateway) as one:
        one.socket.sendall(asked())
        held.let.set()
        assert one.read().body == b"hello"
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_client__that_goes_while_its_answer_fails__leaves_the_fault_in_the_log(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    """What went wrong is said once, whoever still listens."""

    class Failing(Held):
        @override
        async def answer(self, request: Request) -> Answer | Delivery:
            await super().answer(request)
            raise RuntimeError(planting.FAULT)

    held = Failing(OK)
    script(gateway, held)
    with link(gateway) as gone:
        gone.socket.sendall(asked())
        assert held.begun.wait(10)
    with said("a fault while answering") as heard:
        held.let.set()
        assert heard.wait(10)
    gateway.on_loop(lambda: None)  # once around: the whole line is written
    assert caplog.text.count(f"RuntimeError: {planting.FAULT}") == 1


def test_request__after_a_change_of_configuration__is_answered_under_the_new_one(
    start: Start, pypi: FakePyPI, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On the same connection: a request sees one configuration, the next one the next."""
    pypi.release("demo", "1.0")
    gateway = start()
    deny = {"policies": [{"deny": [{"project": "demo", "reason": "steals tokens"}]}]}
    changed = read(configuration(pypi, tmp_path_factory.mktemp("changed"), **deny), KINDS)
    with link(gateway) as one:
        assert b"steals tokens" not in one.ask(asked()).body
        gateway.until(lambda: planting.intercept_of(gateway).present.swap(changed))
        assert b"steals tokens" in one.ask(asked()).body
    assert answered(gateway) == 2


def test_page__where_the_lanes_own_hook_raises__is_answered_by_the_flow_road(
    gateway: RunningGateway, pypi: FakePyPI
) -> None:
    """Fail closed: without the lane there is what was there before it."""
    pypi.release("demo", "1.0")
    present = planting.intercept_of(gateway).present
    broken = Lane(cast(Master, None), Callers(present), clock, beside=())
    planting.remove(gateway, Lane.name)
    gateway.plant(broken)
    assert gateway.page("demo").status_code == 200
    assert broken.supply.answered == 0


def test_answer__for_which_nobody_waits__is_refused(gateway: RunningGateway) -> None:
    """Where our addon is cut off, the hook ends at once with no answer made: that is refused, as the guard would."""
    planting.plant(gateway, planting.raising("wheelgate_lane", AddonHalt()), "first")
    held = Held(OK)
    script(gateway, held)
    with link(gateway) as one:
        answer = one.ask(asked())
        assert answer.status == 503
        assert b"wheelgate: no verdict" in answer.head
        held.let.set()
        script(gateway, Scripted(OK))
        assert one.ask(asked()).status == 200


def test_fault__in_the_lane_itself__is_500_and_ends_the_connection(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    """The outermost boundary: whatever else fails is refused in words, and nothing is guessed from then on."""

    supply = lane_of(gateway).supply
    usual = supply.now

    def broken_once() -> datetime:
        supply.now = usual
        raise RuntimeError(planting.FAULT)

    supply.now = broken_once
    with link(gateway) as one:
        answer = one.ask(asked() + asked())
        assert answer.status == 500
        assert b"a fault inside the gateway" in answer.head
        with pytest.raises((EOFError, ConnectionError)):
            one.read()
    assert planting.FAULT in caplog.text


@pytest.mark.parametrize("name", [FlowRoad.name, Guard.name, Intercept.name, Lane.name])
def test_lane__where_one_of_our_addons_is_gone__answers_nothing_any_more(
    gateway: RunningGateway, pypi: FakePyPI, name: str
) -> None:
    """The lane is never a way around what the flow road would refuse, not even on a connection that it has already."""
    pypi.release("demo", "1.0")
    with link(gateway) as one:
        assert one.ask(asked()).status == 200
        before = answered(gateway)
        lane = lane_of(gateway)
        planting.remove(gateway, name)
        assert one.ask(asked()).status == (503 if name == FlowRoad.name else 200)
        assert lane.supply.answered == before


@pytest.mark.parametrize("hook", ["requestheaders", "request", "responseheaders", "response"])
def test_lane__beside_an_addon_that_sees_flows__leaves_every_request_to_it(
    gateway: RunningGateway, pypi: FakePyPI, hook: str
) -> None:
    """Somebody else's addon may refuse or change a flow: from the next request on it sees them all, until it is gone."""
    pypi.release("demo", "1.0")
    seen: list[str] = []

    def see(flow: http.HTTPFlow) -> None:
        seen.append(flow.request.path)

    planted = planting.addon(hook, see)
    with link(gateway) as one:
        assert one.ask(asked()).status == 200
        gateway.plant(planted)
        assert one.ask(asked()).status == 200
        gateway.on_loop(lambda: ctx.master.addons.remove(planted))
        assert one.ask(asked()).status == 200
    assert seen == ["/simple/demo/"]
    assert answered(gateway) == 2


def test_request__that_an_addon_refuses__is_refused_on_an_open_connection_too(
    gateway: RunningGateway, pypi: FakePyPI
) -> None:
    """The lane is no way around another addon's refusal."""
    pypi.release("demo", "1.0")

    def forbid(flow: http.HTTPFlow) -> None:
        flow.response = http.Response.make(407, b"who are you")

    with link(gateway) as one:
        assert one.ask(asked()).status == 200
        planting.plant(gateway, planting.addon("requestheaders", forbid), "behind the guard")
        assert one.ask(asked()).status == 407


def test_option__that_closes_the_lane__makes_every_request_a_flow(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """With `fast_lane=false` an operator sees all that is asked, at mitmproxy's own speed."""
    pypi.release("demo", "1.0")
    with link(gateway) as one:
        for open_, expected in ((True, 1), (False, 1), (True, 2)):
            planting.option(gateway, **{OPTION: open_})
            assert one.ask(asked()).status == 200
            assert answered(gateway) == expected
