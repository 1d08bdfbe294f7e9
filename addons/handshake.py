"""The TLS handshake with clients: what it needs is made once for each leaf. The one file that knows mitmproxy's TlsConfig.

mitmproxy turns the leaf and its key from one library's form into another's for each connection, and reads ten options. Here
OpenSSL has them ready. Whatever is not a client of PyPI's hosts, as usual as can be, is left to mitmproxy. Docs: decision 20.
"""

from dataclasses import dataclass

from mitmproxy.addons.tlsconfig import AppData, TlsConfig, _default_ciphers, alpn_select_callback
from mitmproxy.certs import CertStoreEntry
from mitmproxy.connection import Client
from mitmproxy.net import tls
from mitmproxy.options import Options
from mitmproxy.tls import TlsData
from OpenSSL import SSL

from proxyconf import hosts

_LEFT = (
    "add_upstream_certs_to_client_chain",
    "ciphers_client",
    "request_client_cert",
    "tls_ecdh_curve_client",
)
"""Options that nobody sets here; they are not copied, but heeded."""


@dataclass(frozen=True)
class _Ready:
    leaf: CertStoreEntry
    context: SSL.Context
    http2: bool


class Handshake:
    """Stands before TlsConfig, which leaves alone what is there already, and does it all if this addon raises."""

    name = "wheelgate-handshake"

    def __init__(self, options: Options, tls_config: TlsConfig) -> None:
        self._options = options
        self._tls_config = tls_config
        self._ready: _Ready | None = None
        self._usual = False

    def configure(self, updated: set[str]) -> None:
        """Forget what is ready: the leaf may be another one, or an option that it was made by."""
        self._ready = None
        self._usual = not any(name in self._options and getattr(self._options, name) for name in _LEFT)

    def tls_start_client(self, data: TlsData) -> None:
        """Give the handshake what it needs, with the leaf that mitmproxy has for it now."""
        client, context = data.conn, data.context
        if data.ssl_conn is not None or data.is_dtls or not isinstance(client, Client):
            return
        to_the_proxy_itself = context.server.address is None
        if to_the_proxy_itself or client.cipher_list or not self._usual or not hosts.is_protected(client.sni or ""):
            return
        leaf = self._tls_config.get_cert(context)
        if self._ready is None or self._ready.leaf is not leaf:
            self._ready = self._prepared(leaf)
        data.ssl_conn = SSL.Connection(self._ready.context)
        data.ssl_conn.set_app_data(
            AppData(client_alpn=client.alpn, server_alpn=context.server.alpn, http2=self._ready.http2)
        )
        data.ssl_conn.set_accept_state()

    def _prepared(self, leaf: CertStoreEntry) -> _Ready:
        options = self._options
        least = tls.Version[options.tls_version_client_min]
        # Past mitmproxy's cache: the leaf goes into a context of our own, into which nobody puts another one.
        context = tls.create_client_proxy_context.__wrapped__(
            method=tls.Method.TLS_SERVER_METHOD,
            min_version=least,
            max_version=tls.Version[options.tls_version_client_max],
            cipher_list=_default_ciphers(least),
            ecdh_curve=None,
            chain_file=leaf.chain_file,
            request_client_cert=False,
            alpn_select_callback=alpn_select_callback,
            extra_chain_certs=(),
            dhparams=self._tls_config.certstore.dhparams,
        )
        context.use_certificate(leaf.cert.to_cryptography())
        context.use_privatekey(leaf.privatekey)
        return _Ready(leaf, context, options.http2)
