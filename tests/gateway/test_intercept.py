"""Which address is dialled for a name, and which never: decided by Intercept alone, with a resolver handed in."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from mitmproxy import connection, http
from mitmproxy.proxy import server_hooks
from mitmproxy.test import tflow

from addons.answers import unavailable
from addons.assembly import Present
from addons.flows import NO_VERDICT, respond
from addons.intercept import Intercept
from proxyconf import hosts
from proxyconf.settings import OtherHosts, Settings, Source

ORIGIN = ("127.0.0.1", 45_678)
PUBLIC = "93.184.216.34"
PUBLIC_V6 = "2606:2800:220:1::1"
PROTECTED = [
    *sorted(hosts.INDEX | hosts.FILES | hosts.UPLOAD | set(hosts.DOMAINS)),
    "PyPI.org",
    "pypi.org.",
    "FILES.pythonhosted.ORG.",
    "another.pypi.org",
    "a.b.pythonhosted.org",
    "\uff50\uff59\uff50\uff49.org",  # full-width letters: IDNA makes pypi.org of them
    "pypi\u3002org",  # an ideographic full stop
]
NOT_PUBLIC = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",  # a cloud's metadata service
    "169.254.169.254",  # the metadata service of most clouds
    "168.63.129.16",  # the same of one of them, at a number that is public by its range
    "192.0.0.192",  # the same of another one
    "192.0.2.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",  # a cloud's metadata service
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",  # Teredo around 10.0.0.1
]


class Resolver:
    """Gives the answers that it was made with, one after the other, the last one again and again."""

    def __init__(self, *answers: Sequence[str] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Answer."""
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Bench:
    """An Intercept under given settings, and what it does to flows and dials that the guard has refused."""

    def __init__(self, folder: Path) -> None:
        self._own = Source(name="own", folder=folder)
        self.present = Present(Settings(sources=(self._own,)))

    def under(self, resolver: Resolver, others: OtherHosts | None = None) -> Intercept:
        """Give an Intercept that resolves so, under these settings."""
        self.present = Present(Settings(sources=(self._own,), other_hosts=others or OtherHosts()))
        return Intercept(self.present, lambda: ORIGIN, resolver)

    async def dial(
        self, host: str, resolver: Resolver, others: OtherHosts | None = None, port: int = 443
    ) -> tuple[str | None, tuple[str, int]]:
        """Give the error of a dial that mitmproxy is about to make, None if it is made; and the address it goes to."""
        return await dialled(self.under(resolver, others), host, port)


async def dialled(intercept: Intercept, host: str, port: int) -> tuple[str | None, tuple[str, int]]:
    """Give the error and the address of one dial."""
    server = connection.Server(address=(host, port), error=NO_VERDICT)
    await intercept.server_connect(server_hooks.ServerConnectionHookData(server, tflow.tclient_conn()))
    assert server.address is not None
    return server.error, (server.address[0], server.address[1])


async def connected(intercept: Intercept, host: str, port: int) -> http.Response | None:
    """Give the refusal of a CONNECT, None if the tunnel is made."""
    flow = tflow.tflow()
    flow.request = http.Request.make("CONNECT", f"https://{PUBLIC}/")
    flow.request.data.host, flow.request.data.port = host, port
    respond(flow, unavailable(NO_VERDICT))
    await intercept.http_connect(flow)
    return flow.response


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """What Intercept is tried on."""
    bench = Bench(tmp_path)
    yield bench
    await bench.present.close()


@pytest.mark.parametrize("host", PROTECTED)
async def test_dial__to_pypi__is_never_made(bench: Bench, host: str) -> None:
    """In no spelling, and whatever the name resolves to, does mitmproxy dial PyPI."""
    resolver = Resolver([PUBLIC])
    error, _ = await bench.dial(host, resolver)
    assert error == "wheelgate: PyPI is never reached past the gateway"
    assert resolver.asked == []


@pytest.mark.parametrize("host", PROTECTED)
async def test_dial__to_pypi_allowed_by_name__is_never_made(bench: Bench, host: str) -> None:
    """`other_hosts.allow` cannot name PyPI."""
    allow = (hosts.normal_host(host), "0.0.0.0/0")
    error, _ = await bench.dial(host, Resolver([PUBLIC]), OtherHosts(allow=allow))
    assert error == "wheelgate: PyPI is never reached past the gateway"


async def test_dial__to_our_own_origin__is_made(bench: Bench) -> None:
    """The one dial that needs no resolving."""
    resolver = Resolver([PUBLIC])
    assert await bench.dial(ORIGIN[0], resolver, port=ORIGIN[1]) == (None, ORIGIN)
    assert resolver.asked == []


@pytest.mark.parametrize("address", [PUBLIC, PUBLIC_V6, "2002:5db8:d822::1", "64:ff9b::5db8:d822"])
async def test_dial__to_a_public_address__goes_to_the_address_that_was_checked(bench: Bench, address: str) -> None:
    """mitmproxy gets a number to dial, not a name to resolve once more."""
    assert await bench.dial("example.org", Resolver([address])) == (None, (address, 443))


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_dial__to_a_name_that_leads_inside__is_refused(bench: Bench, address: str) -> None:
    """Loopback, private, link-local and metadata addresses are out of reach under every name and in every wrapping."""
    error, _ = await bench.dial("innocent.example.org", Resolver([address]))
    assert error is not None
    assert "loopback, private or link-local" in error


@pytest.mark.parametrize("address", [address for address in NOT_PUBLIC if "%" not in address])
async def test_connect__to_an_inside_address__is_refused(bench: Bench, address: str) -> None:
    """The same by number, at CONNECT: 403 in words."""
    refusal = await connected(bench.under(Resolver([address])), address, 443)
    assert refusal is not None
    assert refusal.status_code == 403
    assert "loopback, private or link-local" in refusal.reason


@pytest.mark.parametrize("answer", [[PUBLIC, "127.0.0.1"], ["10.0.0.1", PUBLIC], [PUBLIC_V6, "::1"], []])
async def test_dial__to_a_name_with_a_mixed_answer__is_refused(bench: Bench, answer: list[str]) -> None:
    """One inside address among public ones is enough: the client could wait for its turn."""
    error, _ = await bench.dial("mixed.example.org", Resolver(answer))
    assert error is not None


async def test_dial__to_a_name_that_was_rebound__is_refused(bench: Bench) -> None:
    """A name that was public at CONNECT and leads inside at the dial is refused there."""
    intercept = bench.under(Resolver([PUBLIC], ["169.254.169.254"]))
    assert await connected(intercept, "rebinding.example.org", 443) is None
    error, _ = await dialled(intercept, "rebinding.example.org", 443)
    assert error is not None
    assert "loopback, private or link-local" in error


@pytest.mark.parametrize("failure", [OSError("no such host"), UnicodeError("label too long"), ValueError("NUL")])
async def test_connect__to_a_name_that_does_not_resolve__is_refused_in_words(bench: Bench, failure: Exception) -> None:
    """Every way in which the system's resolver says no is 502."""
    refusal = await connected(bench.under(Resolver(failure)), "nowhere.example.org", 443)
    assert refusal is not None
    assert (refusal.status_code, refusal.reason) == (502, "wheelgate: the host's name cannot be resolved")


@pytest.mark.parametrize("port", [22, 25, 8443, 0])
async def test_connect__to_another_port__is_refused(bench: Bench, port: int) -> None:
    """Only the configured ports are reached, and the name is not even resolved."""
    resolver = Resolver([PUBLIC])
    refusal = await connected(bench.under(resolver), "example.org", port)
    assert refusal is not None
    assert refusal.status_code == 403
    assert f"port {port}" in refusal.reason
    assert resolver.asked == []


@pytest.mark.parametrize("port", [80, 8443, 22])
async def test_connect__to_pypi_on_another_port__is_refused(bench: Bench, port: int) -> None:
    """PyPI's hosts are answered at 443 only."""
    refusal = await connected(bench.under(Resolver([PUBLIC]), OtherHosts(ports=(80, 443, port))), "pypi.org", port)
    assert refusal is not None
    assert refusal.status_code == 403


@pytest.mark.parametrize("host", PROTECTED)
async def test_connect__to_pypi__is_let_through_unresolved(bench: Bench, host: str) -> None:
    """A tunnel to PyPI ends here: nobody asks where PyPI is."""
    resolver = Resolver(OSError())
    assert await connected(bench.under(resolver, OtherHosts(mode="refuse")), host, 443) is None
    assert resolver.asked == []


@pytest.mark.parametrize(
    ("allow", "host", "answer"),
    [
        (("gitlab.example.org",), "GitLab.example.org.", "10.1.2.3"),
        (("10.1.0.0/16",), "gitlab.example.org", "10.1.2.3"),
        (("10.1.2.3",), "10.1.2.3", "10.1.2.3"),
        (("fd00::/8",), "gitlab.example.org", "fd00::1"),
    ],
)
async def test_dial__to_an_inside_host_that_is_allowed__is_made(
    bench: Bench, allow: tuple[str, ...], host: str, answer: str
) -> None:
    """`other_hosts.allow` opens a name, or a network, and no more than that."""
    assert await bench.dial(host, Resolver([answer]), OtherHosts(allow=allow)) == (None, (answer, 443))
    error, _ = await bench.dial("other.example.org", Resolver(["192.168.7.7"]), OtherHosts(allow=allow))
    assert error is not None


async def test_connect__in_mode_refuse__reaches_only_what_is_allowed(bench: Bench) -> None:
    """On a restricted network PyPI is all there is, but for the names and numbers that are allowed."""
    others = OtherHosts(mode="refuse", allow=("gitlab.example.org", "203.0.113.0/24"))
    refusal = await connected(bench.under(Resolver([PUBLIC]), others), "example.org", 443)
    assert refusal is not None
    assert (refusal.status_code, "only PyPI" in refusal.reason) == (403, True)
    assert await connected(bench.under(Resolver(["10.0.0.7"]), others), "gitlab.example.org", 443) is None
    assert await connected(bench.under(Resolver(["203.0.113.9"]), others), "203.0.113.9", 443) is None
    assert await connected(bench.under(Resolver(["203.0.113.9"]), others), "named.example.org", 443) is None
    for elsewhere in (["203.0.114.9"], ["203.0.113.9", PUBLIC]):
        assert await connected(bench.under(Resolver(elsewhere), others), "named.example.org", 443) is not None
