"""One answer on both roads: whatever is sent, the lane answers with the bytes of the flow road, or leaves it to it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.links import asked, exchange, link
from tests.gateway.roads import HOSTILE, LAST, USUAL, both_roads, on_both
from tests.gateway.running import RunningGateway


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway for all tests of this file: none changes anything, but the road."""
    with both_roads(tmp_path_factory.mktemp("roads")) as running:
        yield running


def etag(gateway: RunningGateway) -> str:
    """Give the validator of the page that `asked` asks for."""
    with link(gateway) as one:
        head = one.ask(asked()).head.decode()
    return head.partition("ETag: ")[2].partition("\r")[0]


@pytest.mark.parametrize("request_", USUAL, ids=ascii)
def test_request__of_the_usual_kind__is_answered_on_the_lane_as_on_the_flow_road(
    gateway: RunningGateway, request_: bytes
) -> None:
    """Byte for byte, and the lane was taken: for pages, refusals, redirects and errors alike."""
    with_lane, without, taken = on_both(gateway, request_ + LAST)
    assert with_lane == without
    assert with_lane.startswith(b"HTTP/1.1 ")
    assert taken == 2


@pytest.mark.parametrize(
    "target", ["/simple/", "/pypi/demo/json", "/pypi/demo/1.0/json", "/simple/demo", "/rss/updates.xml"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_request__of_any_other_route__is_answered_alike(gateway: RunningGateway, target: str, method: str) -> None:
    """Whether the lane answers it or the origin has to stream it."""
    with_lane, without, _ = on_both(gateway, asked(target, method=method) + LAST)
    assert with_lane == without


def test_page__that_the_client_has__is_304_on_both_roads(gateway: RunningGateway) -> None:
    """CCH-03: a validator that fits, in any of its forms, is answered alike, and on the lane."""
    tag = etag(gateway)
    sent = b"".join(asked("/simple/demo/", f"If-None-Match: {form}") for form in (tag, f"W/{tag}", f'"x", {tag}'))
    with_lane, without, taken = on_both(gateway, sent + LAST)
    assert with_lane == without
    assert with_lane.count(b"HTTP/1.1 304 ") == 3
    assert taken == 4


@pytest.mark.parametrize("sent", HOSTILE, ids=ascii)
def test_request__of_a_hostile_kind__is_answered_as_by_the_flow_road(gateway: RunningGateway, sent: bytes) -> None:
    """Strictness is the flow road's, by construction: what is not plainly usual is read by mitmproxy alone."""
    with_lane, without, taken = on_both(gateway, sent + LAST)
    assert with_lane == without
    assert taken <= 1  # nothing but the request behind it, where the connection is still good for one


@pytest.mark.parametrize("sent", HOSTILE[::3], ids=ascii)
def test_request__of_a_hostile_kind_behind_and_before_others__is_answered_in_its_turn(
    gateway: RunningGateway, sent: bytes
) -> None:
    """Pipelined, the roads change within one connection, and no answer is lost, doubled or out of turn."""
    with_lane, without, taken = on_both(gateway, asked() + sent + asked("/simple/absent/") + LAST)
    assert with_lane == without
    assert taken >= 1


@pytest.mark.parametrize(
    ("connect", "sni", "host"),
    [
        ("pypi.org", "files.pythonhosted.org", "pypi.org"),
        ("pypi.org", "files.pythonhosted.org", "files.pythonhosted.org"),
        ("files.pythonhosted.org", "files.pythonhosted.org", "pypi.org"),
        ("files.pythonhosted.org", "files.pythonhosted.org", "files.pythonhosted.org"),
        ("upload.pypi.org", "upload.pypi.org", "upload.pypi.org"),
        ("pypi.org", "example.org", "pypi.org"),
    ],
)
def test_request__under_names_that_may_disagree__is_answered_alike(
    gateway: RunningGateway, connect: str, sni: str, host: str
) -> None:
    """421 is said on the lane where the flow road says it."""
    last = asked("/simple/last/", "Connection: close", host=host)
    with_lane, without, taken = on_both(gateway, asked(host=host) + last, connect=connect, sni=sni)
    assert with_lane == without
    assert taken == (0 if sni == "example.org" else 2)


@pytest.mark.parametrize(
    "sent", [asked(), asked("/simple/demo/", "X: y", " folded"), b"\r\n" + asked(), b"\n\r\n" + asked()], ids=ascii
)
def test_request__cut_at_every_byte__is_answered_as_in_one_piece(gateway: RunningGateway, sent: bytes) -> None:
    """Where a record of TLS ends means nothing: cut in two at every place, and into single bytes."""
    whole = exchange(gateway, sent + LAST)
    assert whole.count(b"HTTP/1.1 200 OK") == 2
    every: list[tuple[bytes, ...]] = [(sent[:at], sent[at:] + LAST) for at in range(1, len(sent))]
    every.append(tuple(bytes([byte]) for byte in sent + LAST))
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda pieces: exchange(gateway, *pieces), every)) == {whole}


_STARTS = [
    "GET /simple/demo/",
    "HEAD /simple/demo/",
    "GET /simple/absent/",
    "get /",
    "POST /",
    "GET http://pypi.org/",
    "OPTIONS /",
]
_VERSIONS = [" HTTP/1.1", " HTTP/1.1", " HTTP/1.0", "  HTTP/1.1", " HTTP/1.1 ", ""]
_FIELDS = [
    "Host: pypi.org", "host:pypi.org", "Host: example.org", "Accept: text/html", "Accept: */*;q=0.1", "Accept-Encoding: gzip",
    "If-None-Match: *", "Connection: keep-alive", "Content-Length: 0", "X: \xe4", "X : y", " fold", "Expect: no", "X:", "\tfold", "Y",
]  # fmt: skip
_ENDS = ["\r\n", "\r\n", "\r\n", "\n"]
_HEADS = st.builds(
    lambda start, version, fields, ends: (
        start + version + ends[0] + "".join(f + e for f, e in zip(fields, ends[1:], strict=False)) + ends[-1]
    ).encode("latin-1"),
    st.sampled_from(_STARTS),
    st.sampled_from(_VERSIONS),
    st.lists(st.sampled_from(_FIELDS), max_size=5).map(lambda fields: ["Host: pypi.org", *fields]),
    st.lists(st.sampled_from(_ENDS), min_size=8, max_size=8),
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_HEADS, min_size=1, max_size=3))
def test_requests__of_any_mixture__are_answered_alike(gateway: RunningGateway, heads: list[bytes]) -> None:
    """Whatever is put together from good and bad parts, nobody can tell from the answers that there is a lane."""
    with_lane, without, _ = on_both(gateway, b"".join(heads) + LAST)
    assert with_lane == without
