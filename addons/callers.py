"""Who asks, connection by connection: what a client said to the proxy, and the gateway's answers to just that client."""

from collections.abc import Callable, Coroutine
from typing import Any
from weakref import WeakKeyDictionary

from mitmproxy.connection import Client

from addons.answering.request import Request
from addons.answers import Answer, problem, refused
from addons.assembly import Assembly, Present
from addons.clients.caller import Caller
from addons.clients.standing import TurnedAway
from addons.origin.tickets import Delivery, Receiving

_PAGES = "/simple/"
_UNAVAILABLE_BY_RULE = 451  # RFC 7725: the one status of a page that uv tells the reason of and pip asks once for

type Outcome = Answer | Delivery | Receiving
type Ask = Callable[[Request], Coroutine[Any, Any, Outcome]]


class Asker:
    """Asks for one client: what it gets is what its group gets under the configuration that is in force at its request."""

    def __init__(self, present: Present, caller: Caller) -> None:
        self.caller = caller
        self._present = present
        self._assembly: Assembly | None = None
        self._known: Ask = self._find_out

    @property
    def ask(self) -> Ask:
        """The function that answers the client's next request. Whoever is turned away is told why, at each request."""
        return self._known if self._present.assembly is self._assembly else self._find_out

    async def _find_out(self, request: Request) -> Outcome:
        assembly = self._present.assembly
        standing = assembly.roll.known(self.caller, request.at)
        if standing is None:
            standing = await assembly.roll.stand(self.caller, request.at)
        if isinstance(standing, TurnedAway):
            return turned_away(standing, is_page=request.target.startswith(_PAGES))
        self._assembly, self._known = assembly, assembly.views.of(standing).answering.answer
        return await self._known(request)


def turned_away(verdict: TurnedAway, *, is_page: bool = False) -> Answer:
    """Answer who is nobody that is known here, in words that reach the user's terminal.

    No 407: clients would try again, and say nothing of it. Of a page no 403: uv would speak of the index's credentials.
    """
    words = f"Blocked by wheelgate: {verdict.rule}: {verdict.words}"
    return problem(_UNAVAILABLE_BY_RULE, verdict.rule, words) if is_page else refused(verdict.rule, words)


class Callers:
    """The askers of all clients that are connected."""

    def __init__(self, present: Present) -> None:
        self._present = present
        self._askers: WeakKeyDictionary[Client, Asker] = WeakKeyDictionary()

    def hear(self, client: Client, proxy_authorization: str | None) -> None:
        """Take note of what a client says of itself with its CONNECT."""
        self._askers[client] = Asker(self._present, caller_of(client, proxy_authorization))

    def of(self, client: Client) -> Asker:
        """Give the asker of a client; one that made no CONNECT has said nothing of itself."""
        asker = self._askers.get(client)
        if asker is None:
            self._askers[client] = asker = Asker(self._present, caller_of(client, None))
        return asker


def caller_of(client: Client, proxy_authorization: str | None) -> Caller:
    """Give what a client says of itself, with the address that it comes from."""
    return Caller.said(str(client.peername[0]), proxy_authorization)
