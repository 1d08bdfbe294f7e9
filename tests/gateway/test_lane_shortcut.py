"""The lane's shortcut: it answers what the layers would have answered, in its turn, and leaves them all the rest."""

import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from addons.answers import Answer
from addons.lane_others import OPTION
from tests.gateway import planting
from tests.gateway.links import Held, Link, Scripted, answered, asked, at_once, link, script, undated
from tests.gateway.roads import HOSTILE, LAST, USUAL, both_roads, on_both
from tests.gateway.running import RunningGateway

OK = Answer(200, {"Content-Type": "text/plain"}, b"hello")
PLAIN = [request for request in USUAL if len(request) > 41]  # of a record's least size


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway for all tests of this file: none changes anything, but the road."""
    with both_roads(tmp_path_factory.mktemp("roads")) as running:
        yield running


@pytest.fixture
def warm(gateway: RunningGateway) -> Iterator[Link]:
    """A connection on which the lane has answered once: from then on there is the shortcut."""
    with link(gateway) as one:
        assert one.ask(asked()).status == 200
        yield one


def _method(request: bytes) -> str:
    return request.split(b" ", 1)[0].decode()


def _in_turn(gateway: RunningGateway, requests: list[bytes]) -> list[bytes]:
    """Ask one after the other on one connection, each when the one before is answered; Dates are taken out."""
    with link(gateway) as one:
        assert one.ask(asked()).status == 200
        found = [one.ask(request, _method(request)) for request in requests]
    return [undated(each.head) + b"\r\n\r\n" + each.body for each in found]


def test_requests__of_the_usual_kind_one_by_one__are_answered_at_once_as_on_the_flow_road(
    gateway: RunningGateway,
) -> None:
    """Byte for byte, pages, refusals, redirects and errors alike; and the shortcut was taken for what is in hand."""
    before = at_once(gateway)
    in_hand = sum(b"/absent/" not in request for request in PLAIN)  # for which PyPI is asked
    short = _in_turn(gateway, PLAIN)
    assert before + in_hand <= at_once(gateway) <= before + len(PLAIN)
    before = at_once(gateway)
    planting.option(gateway, **{OPTION: False})
    try:
        assert short == _in_turn(gateway, PLAIN)
    finally:
        planting.option(gateway, **{OPTION: True})
    assert at_once(gateway) == before


def _behind_two(gateway: RunningGateway, sent: bytes) -> bytes:
    with link(gateway) as one:
        first = [one.ask(asked()).status for _ in range(2)]
        one.socket.sendall(sent + LAST)
        return repr(first).encode() + one.rest()


@pytest.mark.parametrize("sent", HOSTILE, ids=ascii)
def test_request__of_a_hostile_kind_where_the_shortcut_is_open__is_answered_as_by_the_flow_road(
    gateway: RunningGateway, sent: bytes
) -> None:
    """It comes in a record of its own, behind one that was answered at once: nobody can tell."""
    short = _behind_two(gateway, sent)
    planting.option(gateway, **{OPTION: False})
    try:
        assert short == _behind_two(gateway, sent)
    finally:
        planting.option(gateway, **{OPTION: True})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=5))
def test_requests__of_any_kind_each_in_its_record__are_answered_alike(
    gateway: RunningGateway, requests: list[bytes]
) -> None:
    """Sent without waiting, so that records come alone or together as it happens: same answers, same order."""
    short, without, _ = on_both(gateway, asked(), *requests, LAST)
    assert short == without


def test_request__whose_answer_is_not_in_hand__is_asked_once_and_those_behind_it_wait(gateway: RunningGateway) -> None:
    """What was begun is gone on with, no answer overtakes it, and then the shortcut is there again."""
    with planting.answering_of(gateway):
        held = Held(OK)
        script(gateway, Scripted(OK))
        with link(gateway) as one:
            assert one.ask(asked()).body == b"hello"
            script(gateway, held)
            one.socket.sendall(asked("/simple/slow/"))
            assert held.begun.wait(10)
            quick = Scripted(Answer(200, {}, b"quick"))
            script(gateway, quick)
            one.socket.sendall(asked("/simple/behind/"))
            held.let.set()
            assert [one.read().body, one.read().body] == [b"hello", b"quick"]
            assert (held.asked, quick.asked) == (["/simple/slow/"], ["/simple/behind/"])
            before = at_once(gateway)
            assert one.ask(asked()).body == b"quick"
            assert at_once(gateway) == before + 1


def test_answer__of_more_than_a_part__is_sent_by_the_lane_as_the_client_takes_it(gateway: RunningGateway) -> None:
    """The shortcut has no flow control of its own, so it leaves what is large; it was asked for once."""
    with planting.answering_of(gateway):
        large = Scripted(Answer(200, {}, bytes(range(256)) * 2_800))
        script(gateway, large)
        with link(gateway) as one:
            before = at_once(gateway)
            for _ in range(3):
                assert one.ask(asked()).body == bytes(range(256)) * 2_800
            assert at_once(gateway) == before
        assert len(large.asked) == 3


def test_fault__in_answering_at_once__is_500_in_words_and_logged_once(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    """As on the lane: the reason is in the log, and the connection goes on."""
    with planting.answering_of(gateway), link(gateway) as one:
        assert one.ask(asked()).status == 200
        script(gateway, planting.FailingAnswering())
        answer = one.ask(asked())
        assert answer.head.startswith(b"HTTP/1.1 500 wheelgate: a fault inside the gateway")
        script(gateway, Scripted(OK))
        assert one.ask(asked()).body == b"hello"
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1


def test_client__that_says_in_tls_that_it_is_done__is_let_go(gateway: RunningGateway, warm: Link) -> None:
    """An alert is no request: mitmproxy's layer reads it, and ends the connection."""
    assert warm.ask(asked()).status == 200
    socket.socket.settimeout(warm.socket, 10)
    try:
        bare = warm.socket.unwrap()  # sends close_notify, and waits for the gateway's end
    except (ssl.SSLError, OSError):  # which is TCP's: mitmproxy closes without a word
        return
    assert bare.recv(1) == b""


def test_client__that_sends_all_it_has_and_half_closes__gets_its_answer(gateway: RunningGateway, warm: Link) -> None:
    """The end of what it says comes through to the lane."""
    before = answered(gateway)
    warm.socket.sendall(asked())
    warm.half_close()
    assert warm.read().status == 200
    assert answered(gateway) == before + 1


def test_connection__that_is_idle_behind_the_shortcut__is_closed_as_any_other(gateway: RunningGateway) -> None:
    """What is answered past mitmproxy counts as activity, and its end as the beginning of idleness."""
    planting.option(gateway, tcp_timeout=1)
    try:
        with link(gateway) as one:
            for _ in range(3):
                assert one.ask(asked()).status == 200
            with pytest.raises((EOFError, OSError)):
                one.read()
    finally:
        planting.option(gateway, tcp_timeout=600)


class _Sealed:
    """A client's TLS without its socket: what is said becomes bytes, which a test sends as it likes."""

    def __init__(self, gateway: RunningGateway, bare: socket.socket) -> None:
        self._bare = bare
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = gateway.trust.wrap_bio(self._incoming, self._outgoing, server_hostname="pypi.org")
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._move()
        bare.sendall(self._outgoing.read())

    def _move(self) -> None:
        self._bare.sendall(self._outgoing.read())
        part = self._bare.recv(1_000_000)
        if not part:
            raise EOFError
        self._incoming.write(part)

    def record(self, said: bytes) -> bytes:
        """Give the one record that says it."""
        self._tls.write(said)
        return self._outgoing.read()

    def hear(self, count: int, words: bytes = b"hello") -> None:
        """Read so many answers that end with these words."""
        heard = b""
        while heard.count(words) < count:
            try:
                heard += self._tls.read(1_000_000)
            except ssl.SSLWantReadError:
                self._move()


@contextmanager
def _sealed(gateway: RunningGateway) -> Iterator[tuple[_Sealed, socket.socket]]:
    with planting.answering_of(gateway), gateway.tunnel("pypi.org") as bare:
        script(gateway, Scripted(OK))
        bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = _Sealed(gateway, bare)
        bare.sendall(client.record(asked()))
        client.hear(1)
        yield client, bare


def test_records__cut_or_joined_by_the_network__are_read_in_their_order(gateway: RunningGateway) -> None:
    """Half a record, two at once, one and a half: mitmproxy gathers them, and the shortcut is there for the next."""
    with _sealed(gateway) as (client, bare):
        one, two, three = (client.record(asked(f"/simple/p{number}/")) for number in range(3))
        bare.sendall(one[:100])
        bare.sendall(one[100:] + two + three[:7])
        bare.sendall(three[7:])
        client.hear(3)
        before = at_once(gateway)
        bare.sendall(client.record(asked()))
        client.hear(1)
        assert at_once(gateway) == before + 1


@pytest.mark.parametrize("cut", [1, 4, 5, 63, 64, 65])
def test_record__in_two_pieces__is_read_as_one(gateway: RunningGateway, cut: int) -> None:
    """Wherever the cut is, also where the first piece is as long as a record could be."""
    with _sealed(gateway) as (client, bare):
        sealed = client.record(asked())
        bare.sendall(sealed[:cut])
        bare.sendall(sealed[cut:])
        client.hear(1)


def test_record__that_was_changed_on_its_way__ends_that_connection_alone(gateway: RunningGateway) -> None:
    """OpenSSL refuses it, mitmproxy sends its alert; nothing is answered, and others are."""
    with _sealed(gateway) as (client, bare):
        before = answered(gateway)
        sealed = bytearray(client.record(asked()))
        sealed[-1] ^= 1
        bare.sendall(sealed)
        with pytest.raises((ssl.SSLError, EOFError, OSError)):
            client.hear(1)
        assert answered(gateway) == before
        with link(gateway) as other:
            assert other.ask(asked()).body == b"hello"


def test_request__that_is_to_be_the_last__is_answered_and_ends_the_connection(warm: Link) -> None:
    """`Connection: close` is the lane's to do, behind any number of answers at once."""
    assert warm.ask(asked()).status == 200
    assert warm.ask(LAST).status == 200
    assert warm.rest() == b""
