"""A stand-in directory: as much of LDAP (RFC 4511) as a bind, a search for equal values and StartTLS take."""

import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, override

from ldap3.protocol.rfc4511 import (
    LDAPDN,
    AttributeValue,
    BindResponse,
    ExtendedResponse,
    LDAPMessage,
    LDAPString,
    MessageID,
    PartialAttribute,
    PartialAttributeList,
    ProtocolOp,
    ResultCode,
    SearchResultDone,
    SearchResultEntry,
    Vals,
)
from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import SubstrateUnderrunError

type Entries = Mapping[str, Mapping[str, Sequence[str]]]


class Directory:
    """Entries by DN with their attributes, of which userPassword is what they are bound with. Anybody who is bound may search.

    `mood`: "" as it should; "slow" (no answer before the end); "rubbish"; "down"; "busy" (result 51); "referral" (result 10).
    """

    def __init__(
        self, entries: Entries, tls: ssl.SSLContext | None = None, start_tls: ssl.SSLContext | None = None
    ) -> None:
        self.entries = entries
        self.mood = ""
        self.binds: list[str] = []
        self.connections = 0
        self.woken = threading.Event()
        self._tls = tls
        self._start_tls = start_tls
        directory = self

        class Handler(socketserver.BaseRequestHandler):
            @override
            def handle(self) -> None:
                directory._serve(self.request)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'ldaps' if self._tls else 'ldap'}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.woken.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, wire: Any) -> None:
        self.connections += 1
        with suppress(OSError):  # whoever asked has left, or does not trust it
            self._talk(self._tls.wrap_socket(wire, server_side=True) if self._tls else wire)

    def _talk(self, wire: Any) -> None:
        try:
            received = b""
            while piece := wire.recv(65_536):
                received += piece
                while received:
                    try:
                        message, received = decoder.decode(received, asn1Spec=LDAPMessage())
                    except SubstrateUnderrunError:
                        break
                    if not self._answered(wire, message):
                        return
                    if self._start_tls and message["protocolOp"].getName() == "extendedReq":
                        wire = self._start_tls.wrap_socket(wire, server_side=True)
        finally:
            wire.close()

    def _answered(self, wire: Any, message: Any) -> bool:
        if self.mood == "slow":
            self.woken.wait(30)
        if self.mood in ("slow", "down"):
            return False
        kind = message["protocolOp"].getName()
        for answer in self._answers(kind, message["protocolOp"].getComponent()):
            wire.sendall(b"\x30\x03abc" if self.mood == "rubbish" else _written(message, answer))
        return bool(kind != "unbindRequest")

    def _answers(self, kind: str, said: Any) -> Iterator[Any]:
        if kind == "extendedReq":
            yield _result(ExtendedResponse(), 0 if self._start_tls else 2)
        elif kind == "bindRequest":
            dn, password = str(said["name"]), bytes(said["authentication"]["simple"]).decode()
            self.binds.append(dn)
            right = not dn or password in self._entry(dn).get("userPassword", ())
            yield _result(BindResponse(), {"busy": 51, "referral": 10}.get(self.mood, 0 if right else 49))
        elif kind == "searchRequest":
            for dn, entry in self._found(said):
                yield _entry(dn, {name: entry[name] for name in map(str, said["attributes"]) if name in entry})
            yield _result(SearchResultDone(), 0)

    def _entry(self, dn: str) -> Mapping[str, Sequence[str]]:
        return next((entry for each, entry in self.entries.items() if each.lower() == dn.lower()), {})

    def _found(self, said: Any) -> Iterator[tuple[str, Mapping[str, Sequence[str]]]]:
        base, wanted = str(said["baseObject"]).lower(), said["filter"]
        for dn, entry in self.entries.items():
            inside = dn.lower() == base if int(said["scope"]) == 0 else dn.lower().endswith(base)
            if inside and _fits(wanted, entry):
                yield dn, entry


def _fits(wanted: Any, entry: Mapping[str, Sequence[str]]) -> bool:
    if wanted.getName() != "equalityMatch":
        return bool(wanted.getName() == "present")
    match = wanted.getComponent()
    value = bytes(match["assertionValue"]).decode().lower()
    return value in [each.lower() for each in entry.get(str(match["attributeDesc"]), ())]


def _result(made: Any, code: int) -> Any:
    made["resultCode"] = ResultCode(code)
    made["matchedDN"] = LDAPDN("")
    made["diagnosticMessage"] = LDAPString("")
    return made


def _entry(dn: str, attributes: Mapping[str, Sequence[str]]) -> Any:
    entry, every = SearchResultEntry(), PartialAttributeList()
    for number, (name, values) in enumerate(attributes.items()):
        one, vals = PartialAttribute(), Vals()
        for place, value in enumerate(values):
            vals.setComponentByPosition(place, AttributeValue(value.encode()))
        one["type"], one["vals"] = name, vals
        every.setComponentByPosition(number, one)
    entry["object"], entry["attributes"] = dn, every
    return entry


def _written(message: Any, answer: Any) -> bytes:
    reply, operation = LDAPMessage(), ProtocolOp()
    names = {
        BindResponse: "bindResponse",
        SearchResultEntry: "searchResEntry",
        SearchResultDone: "searchResDone",
        ExtendedResponse: "extendedResp",
    }
    reply["messageID"] = MessageID(int(message["messageID"]))
    operation[names[type(answer)]] = answer
    reply["protocolOp"] = operation
    return bytes(encoder.encode(reply))
