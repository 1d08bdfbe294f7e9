"""Whatever fails, nothing passes that the gateway did not decide: a fault is planted at every place."""

from collections.abc import Callable

import httpx
import pytest
from mitmproxy import ctx, http
from mitmproxy.exceptions import AddonHalt
from mitmproxy.proxy import layer, layers, server_hooks

from addons.flow_road import FlowRoad
from addons.intercept import Intercept
from addons.lane_others import OPTION
from addons.lifetime import Lifetime
from tests.fakepypi import FakePyPI
from tests.gateway import planting
from tests.gateway.conftest import Start
from tests.gateway.planting import FAULT, Place
from tests.gateway.running import RunningGateway

DENIED = {"policies": [{"deny": [{"project": "demo", "versions": "==2.0", "reason": "steals tokens"}]}]}
HOOKS = [
    "client_connected",
    "http_connect",
    "http_connected",
    "next_layer",
    "tls_clienthello",
    "tls_start_client",
    "tls_established_client",
    "requestheaders",
    "request",
    "server_connect",
    "server_connected",
    "responseheaders",
    "response",
    "error",
]
ASKED = [("GET", "https://pypi.org/simple/demo/"), ("HEAD", "https://pypi.org/simple/demo/")]
ASKED += [("POST", "https://upload.pypi.org/legacy/"), ("PUT", "https://pypi.org/simple/demo/")]


def words(answer: httpx.Response) -> str:
    """Give all that a client could read of the answer."""
    return f"{answer.reason_phrase} {answer.text}"


def ask(gateway: RunningGateway, method: str, url: str) -> httpx.Response:
    """Ask, with a body where the method has one."""
    with gateway.client() as client:
        return client.request(method, url, content=b"x" * 3_000 if method in ("POST", "PUT") else None)


@pytest.mark.parametrize(("method", "url"), ASKED)
def test_request__without_the_gateways_addon__is_refused_by_the_guard(
    gateway: RunningGateway, pypi: FakePyPI, method: str, url: str
) -> None:
    """The guard alone refuses, in words, and nobody is asked."""
    pypi.release("demo", "1.0")
    dials = planting.watch_dials(gateway)
    planting.remove(gateway, FlowRoad.name)
    answer = ask(gateway, method, url)
    assert answer.status_code == 503
    assert "wheelgate: no verdict" in answer.reason_phrase
    assert (pypi.asked(), dials.made) == ([], [])


def test_connect__without_the_intercept_addon__is_refused_by_the_guard(gateway: RunningGateway) -> None:
    """Not even a tunnel is made where nobody decides on it."""
    planting.remove(gateway, Intercept.name, FlowRoad.name)
    with pytest.raises(httpx.ProxyError, match="503 wheelgate: no verdict"):
        gateway.page("demo")


def test_plain_http__without_the_gateways_addon__is_refused_by_the_guard(gateway: RunningGateway) -> None:
    """Other hosts are not reached past a gateway that is not there."""
    planting.remove(gateway, FlowRoad.name)
    answer = gateway.get("http://example.org/")
    assert answer.status_code == 503
    assert "no verdict" in words(answer)


def test_dial__without_the_intercept_addon__is_refused_by_the_guard(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """With nobody to permit it, mitmproxy dials nothing, not even the gateway's own origin."""
    url = pypi.release("demo", "1.0").url
    dials = planting.watch_dials(gateway)
    planting.remove(gateway, Intercept.name)
    planting.plant(gateway, planting.addon("http_connect", _let_through), "last")
    answer = gateway.get(url)
    assert answer.status_code == 502
    assert "no verdict" in words(answer)
    assert dials.made == []


def _let_through(flow: http.HTTPFlow) -> None:
    flow.response = None


@pytest.mark.parametrize("place", ["first", "behind the guard", "last"])
@pytest.mark.parametrize("hook", HOOKS)
def test_policy__when_another_addon_raises__holds_all_the_same(
    start: Start, pypi: FakePyPI, hook: str, place: Place
) -> None:
    """A raising addon of somebody else's takes no rule out of force, wherever it stands."""
    pypi.release("demo", "1.0")
    denied = pypi.release("demo", "2.0")
    gateway = start(**DENIED)
    dials = planting.watch_dials(gateway)
    planting.plant(gateway, planting.raising(hook, RuntimeError(FAULT)), place)
    page = gateway.page("demo")
    assert page.status_code == 200
    yanked = {entry["filename"]: entry.get("yanked", False) for entry in page.json()["files"]}
    assert "steals tokens" in yanked[denied.filename]
    assert gateway.get(denied.url).status_code == 403
    assert planting.agents(pypi) == {"wheelgate"}
    assert {host for host, _ in dials.made} <= {"127.0.0.1"}


@pytest.mark.parametrize(("hook", "status"), [("requestheaders", 503), ("request", 200), ("server_connect", 502)])
def test_file__when_an_addon_halts_all_later_ones__is_refused_where_ours_are_cut_off(
    gateway: RunningGateway, pypi: FakePyPI, hook: str, status: int
) -> None:
    """AddonHalt keeps our addons from being asked: the guard's refusal stands. None of ours needs `request`."""
    file = pypi.release("demo", "1.0")
    planting.option(gateway, **{OPTION: False})
    planting.plant(gateway, planting.raising(hook, AddonHalt()), "behind the guard")
    answer = gateway.get(file.url)
    assert answer.status_code == status
    assert status == 200 or "wheelgate: no verdict" in words(answer)
    assert planting.agents(pypi) <= {"wheelgate"}


def test_connect__when_an_addon_halts_all_later_ones__is_refused(gateway: RunningGateway) -> None:
    """AddonHalt at CONNECT leaves the guard's refusal."""
    planting.plant(gateway, planting.raising("http_connect", AddonHalt()), "behind the guard")
    with pytest.raises(httpx.ProxyError, match="no verdict"):
        gateway.page("demo")


@pytest.mark.parametrize(("method", "url"), ASKED)
def test_request__when_answering_raises__is_refused_and_logged(
    gateway: RunningGateway, pypi: FakePyPI, caplog: pytest.LogCaptureFixture, method: str, url: str
) -> None:
    """A fault that nobody foresaw is 500 in words, with its reason in the log and not on the wire."""
    planting.break_answering(gateway, planting.FailingAnswering())
    answer = ask(gateway, method, url)
    assert answer.status_code == 500
    assert "wheelgate: a fault inside the gateway" in answer.reason_phrase
    assert FAULT not in words(answer)
    assert FAULT in caplog.text
    assert pypi.asked() == []


def test_other_host__when_its_check_raises__is_refused(gateway: RunningGateway) -> None:
    """A fault in the check of addresses reaches nobody: neither by CONNECT nor by plain HTTP."""
    dials = planting.watch_dials(gateway)
    planting.break_assembly(gateway, settings=None)
    with pytest.raises(httpx.ProxyError, match="no verdict"):
        gateway.get("https://example.org/")
    assert gateway.get("http://example.org/").status_code == 500
    assert dials.made == []


@pytest.mark.parametrize("hook", ["requestheaders", "request"])
@pytest.mark.parametrize(("method", "url"), ASKED)
def test_request__whose_answer_an_addon_takes_away__never_reaches_pypi(
    gateway: RunningGateway, pypi: FakePyPI, hook: str, method: str, url: str
) -> None:
    """A flow that has no answer any more would go to PyPI as it came; mitmproxy may not dial there."""
    pypi.release("demo", "1.0")
    dials = planting.watch_dials(gateway)
    planting.plant(gateway, planting.addon(hook, _towards_pypi), "last")
    answer = ask(gateway, method, url)
    assert answer.status_code in {403, 405, 502, 503}  # refused by route, by intercept at the dial, or by the guard
    assert method == "HEAD" or "wheelgate: " in words(answer)
    assert {host for host, _ in dials.made} <= {"127.0.0.1"}
    assert planting.agents(pypi) <= {"wheelgate"}


@pytest.mark.parametrize(("method", "url"), ASKED[:2])
def test_request__whose_refusal_an_addon_takes_away__is_refused_again_by_the_guard(
    gateway: RunningGateway, method: str, url: str
) -> None:
    """Before a dial is even thought of: in words, not as an error of mitmproxy's."""
    dials = planting.watch_dials(gateway)
    planting.plant(gateway, planting.addon("requestheaders", _let_through), "last")
    answer = ask(gateway, method, url)
    assert (answer.status_code, dials.refused) == (503, [])
    assert "wheelgate: no verdict" in answer.reason_phrase


def _towards_pypi(flow: http.HTTPFlow) -> None:
    flow.response = None
    flow.request.scheme, flow.request.host, flow.request.port = "https", "pypi.org", 443


def test_upload__streamed_on_by_an_addon__never_reaches_pypi(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """Streaming sends a body before anything else is asked; the dial is refused all the same."""

    def stream(flow: http.HTTPFlow) -> None:
        _towards_pypi(flow)
        flow.request.stream = True

    dials = planting.watch_dials(gateway)
    planting.plant(gateway, planting.addon("requestheaders", stream), "last")
    # mitmproxy answers and closes at once, while the body still comes: a client may find the connection broken.
    assert _end_of(lambda: ask(gateway, "POST", "https://upload.pypi.org/legacy/")) not in {"200", "403"}
    assert (dials.made, pypi.asked()) == ([], [])


@pytest.mark.parametrize(
    "options", [{"ignore_hosts": [".*"]}, {"tcp_hosts": [".*"]}, {"allow_hosts": ["example.org"]}, {"rawtcp": True}]
)
def test_tunnel__that_options_leave_undecrypted__never_reaches_pypi(
    gateway: RunningGateway, pypi: FakePyPI, options: dict[str, object]
) -> None:
    """Options that switch the looking inside off leave a tunnel that leads nowhere, or a decrypted one that is answered."""
    dials = planting.watch_dials(gateway)
    planting.option(gateway, **options)
    _end_of(lambda: gateway.page("demo"))
    assert {host for host, _ in dials.made} <= {"127.0.0.1"}
    assert planting.agents(pypi) <= {"wheelgate"}


def test_tunnel__that_an_addon_relays__never_reaches_pypi(gateway: RunningGateway) -> None:
    """An addon that hands the raw connection on gets no dial for it."""

    def relay(next_layer: layer.NextLayer) -> None:
        if next_layer.context.server.address is not None:
            next_layer.layer = layers.TCPLayer(next_layer.context, ignore=True)

    dials = planting.watch_dials(gateway)
    planting.plant(gateway, planting.addon("next_layer", relay), "first")
    with pytest.raises(httpx.TransportError):
        gateway.page("demo")
    assert dials.made == []
    assert dials.refused == ["wheelgate: PyPI is never reached past the gateway"]


def test_connect__under_eager_connections__never_reaches_pypi(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """With mitmproxy's default strategy, which dials at CONNECT, the dial is refused and the client told."""
    dials = planting.watch_dials(gateway)
    planting.option(gateway, connection_strategy="eager")
    _end_of(lambda: gateway.page("demo"))
    assert dials.made == []
    assert planting.agents(pypi) <= {"wheelgate"}


def test_file__when_the_origin_has_stopped__is_refused_and_pages_go_on(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """Without the origin there are no files on the flow road, and nothing else in their stead."""
    planting.option(gateway, **{OPTION: False})
    file = pypi.release("demo", "1.0")
    assert gateway.get(file.url).status_code == 200
    lifetime = ctx.master.addons.get(Lifetime.name)
    assert isinstance(lifetime, Lifetime)
    gateway.until(lifetime.done)
    answer = gateway.get(file.url)
    assert answer.status_code == 500
    assert "a fault inside the gateway" in answer.reason_phrase
    assert gateway.page("demo").status_code == 200
    assert planting.agents(pypi) == {"wheelgate"}


def test_dial__that_another_addon_refused__stays_refused(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """Our permission takes away the guard's refusal, nobody else's."""

    def forbid(data: server_hooks.ServerConnectionHookData) -> None:
        data.server.error = "forbidden by the operator"

    file = pypi.release("demo", "1.0")
    planting.option(gateway, **{OPTION: False})
    planting.plant(gateway, planting.addon("server_connect", forbid), "behind the guard")
    answer = gateway.get(file.url)
    assert answer.status_code == 502
    assert "forbidden by the operator" in words(answer)


@pytest.mark.parametrize(
    ("hook", "url"),
    [("http_connect", "https://pypi.org/simple/demo/"), ("requestheaders", "https://pypi.org/simple/demo/"),
     ("requestheaders", "http://wheelgate.internal/status")],
)  # fmt: skip
def test_request__that_another_addon_refused__stays_refused(
    gateway: RunningGateway, pypi: FakePyPI, hook: str, url: str
) -> None:
    """An answer of the operator's own addon, as proxyauth's 407, is not replaced by ours."""

    def forbid(flow: http.HTTPFlow) -> None:
        flow.response = http.Response.make(407, b"who are you")

    planting.plant(gateway, planting.addon(hook, forbid), "behind the guard")
    assert "407" in _end_of(lambda: gateway.get(url))
    assert pypi.asked() == []


def _end_of(asked: Callable[[], httpx.Response]) -> str:
    """Give the status of an answer, or the words of the error that came in its stead."""
    try:
        return str(asked().status_code)
    except httpx.TransportError as error:
        return str(error)
