"""The listener: log, gates, and an end without leftovers."""

import gc
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.fakepypi import FakePyPI, Hang, Seen, client_for


def test_log__of_a_request__has_all_of_it(pypi: FakePyPI, client: httpx.Client) -> None:
    """A request is written down with its host, query, headers and status."""
    client.get("https://pypi.org/simple/Demo/?x=1", headers={"X-Probe": "Yes"})
    [seen] = pypi.requests
    assert (seen.method, seen.host, seen.path, seen.query) == ("GET", "pypi.org", "/simple/Demo/", "x=1")
    assert (seen.sni, seen.status, seen.connection, seen.headers["x-probe"]) == ("pypi.org", 301, 1, "Yes")


def test_asked__by_path_host_and_method__finds_these_only(pypi: FakePyPI, client: httpx.Client) -> None:
    """The log can be asked for what matters, and cleared."""
    client.get("https://pypi.org/simple/a/")
    client.head("https://pypi.org/simple/a/")
    client.get("https://pypi.org/simple/b/")
    client.get("https://files.pythonhosted.org/simple/a/")
    assert len(pypi.asked()) == 4
    assert len(pypi.asked("/simple/a/")) == 3
    assert len(pypi.asked("/simple/")) == 4
    assert len(pypi.asked("/simple/a/", host="pypi.org")) == 2
    assert [seen.method for seen in pypi.asked("/simple/a/", method="HEAD")] == ["HEAD"]
    pypi.clear_log()
    assert pypi.requests == list[Seen]()


def test_connection__after_an_answer__is_kept(pypi: FakePyPI, client: httpx.Client) -> None:
    """Requests to one host go over one connection."""
    for _ in range(3):
        client.get("https://pypi.org/simple/")
    assert {seen.connection for seen in pypi.requests} == {1}


def test_gate__with_many_waiting__opens_for_all(pypi: FakePyPI, client: httpx.Client) -> None:
    """Several requests stand at the gate at the same time until it is opened."""
    file = pypi.release("demo", "1.0", size_padding=300_000)
    gate = pypi.gate(file.path, after_bytes=100)
    with ThreadPoolExecutor(3) as threads:
        running = [threads.submit(client.get, file.url) for _ in range(3)]
        assert gate.reached.wait(10)
        assert not any(request.done() for request in running)
        gate.open()
        assert [request.result(10).content == file.content for request in running] == [True] * 3
    assert gate.waiting == 0


def test_close__with_hanging_requests__is_quick_and_leaves_nothing(tmp_path: Path) -> None:
    """Whatever hangs (connect, handshake, headers, body) ends with the fake; no thread stays."""
    before = set(threading.enumerate())
    with FakePyPI(tmp_path) as pypi:
        file = pypi.release("demo", "1.0")
        context = ssl.create_default_context(cafile=str(pypi.ca_path))
        socks = [socket.create_connection(("127.0.0.1", pypi.port), timeout=10) for _ in range(4)]
        idle, silent = socks[:2]
        tls = [context.wrap_socket(sock, server_hostname="files.pythonhosted.org") for sock in socks[2:]]
        headers, body = pypi.fault(file.path, Hang(), times=1), pypi.gate(file.path, after_bytes=10)
        for client in tls:
            client.sendall(f"GET {file.path} HTTP/1.1\r\nHost: files.pythonhosted.org\r\n\r\n".encode())
            assert (headers if client is tls[0] else body).reached.wait(10)
        connect = pypi.fault("", Hang(at="connect"))
        socks.append(socket.create_connection(("127.0.0.1", pypi.port), timeout=10))
        assert connect.reached.wait(10)
    for sock in (idle, silent, socks[-1], *tls):
        with sock:
            pass
    assert set(threading.enumerate()) <= before
    gc.collect()  # a leaked socket would warn now, and warnings are errors


def test_close__with_a_fault_of_the_fake_itself__raises_it(tmp_path: Path) -> None:
    """A test cannot pass over an error of the fake."""

    def provoke() -> None:
        with FakePyPI(tmp_path) as pypi, client_for(pypi) as client, pytest.raises(httpx.TransportError):
            client.get("https://pypi.org/simple/", headers={"Accept": "text/html;q=high"})

    with pytest.raises(ExceptionGroup, match="the fake PyPI is broken"):
        provoke()


def test_certificate__for_another_name__is_not_there(pypi: FakePyPI, client: httpx.Client) -> None:
    """The fake cannot be mistaken for another host."""
    with pytest.raises(httpx.ConnectError, match="Hostname mismatch"):
        client.get("https://example.org/")
