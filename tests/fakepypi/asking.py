"""A client that reaches the fake under the hosts' real names."""

import ssl
from typing import override

import httpx

from tests.fakepypi.pypi import FakePyPI


def client_for(pypi: FakePyPI) -> httpx.Client:
    """A client whose every URL (https://pypi.org/…, https://files.pythonhosted.org/…) is asked of the fake; close it."""
    context = ssl.create_default_context(cafile=str(pypi.ca_path))
    return httpx.Client(transport=_Dialling(pypi.port, context), headers={"Accept-Encoding": "identity"}, timeout=20)


class _Dialling(httpx.BaseTransport):
    """Dials the fake's port; SNI and Host stay those of the URL, and the certificate is verified for it.

    One pool for each host: by address they would be one host, and share connections that TLS gave to another.
    """

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._port, self._context = port, context
        self._pools: dict[str, httpx.HTTPTransport] = {}

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        pool = self._pools.setdefault(request.url.host, httpx.HTTPTransport(verify=self._context))
        dialled = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1", port=self._port),
            headers=request.headers,
            stream=request.stream,
            extensions={"sni_hostname": request.url.host, **request.extensions},
        )
        return pool.handle_request(dialled)

    @override
    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()
