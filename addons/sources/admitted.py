"""Leave to ask a host of an index: given while its breaker is closed, and what came of it is counted there."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http import HTTPStatus
from urllib.parse import urlsplit

from addons.fetch.breaker import Breaker, Turn
from addons.fetch.upstream import FetchFailed, Unanswered
from addons.sources.source import SourceUnavailable
from proxyconf.hosts import normal_host


@contextmanager
def admitted(source: str, breaker: Breaker, what: str = "") -> Iterator[Turn]:
    """Give a turn, for one request; raises SourceUnavailable at once where there is none, and for FetchFailed.

    `what` stands in the words for what of the source is down; empty for all of it. Say with `heard` what was answered.
    """
    turn = breaker.turn()
    if turn is None:
        seconds = breaker.wait_seconds
        words = f"source {source}: {what}is down, and is asked again in {seconds:.0f} s"
        raise SourceUnavailable(words, seconds)
    try:
        yield turn
    except Unanswered as error:
        turn.failed()
        raise SourceUnavailable(f"source {source}: {error}", _next(breaker)) from error
    except FetchFailed as error:  # it led elsewhere, or sent too much: it is there
        turn.answered()
        raise SourceUnavailable(f"source {source}: {error}") from error
    finally:
        turn.gave_up()


def heard(turn: Turn, status: int, url: str) -> None:
    """Count an answer: one that says that the host is not well counts as a failure, once for each URL."""
    # 501 says what it does not know: ranges.
    is_ill = status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED
    if is_ill or status == HTTPStatus.TOO_MANY_REQUESTS:
        turn.failed(url)
    else:
        turn.answered()


def _next(breaker: Breaker) -> float | None:
    return breaker.wait_seconds if breaker.is_open else None


class FileHosts:
    """The breakers of the hosts that a source's files lie on: apart from each other, and from the index's own."""

    def __init__(self, source: str, clock: Callable[[], float]) -> None:
        self._source = source
        self._clock = clock
        self._breakers: dict[str, Breaker] = {}

    def admitted(self, url: str) -> AbstractContextManager[Turn]:
        """Give a turn at the host of a file, as `admitted` does."""
        host = normal_host(urlsplit(url).netloc)
        breaker = self._breakers.get(host)
        if breaker is None:  # a page leads to no hosts but those that the configuration names
            breaker = self._breakers[host] = Breaker(self._source, self._clock, what=f"its files' host {host}")
        return admitted(self._source, breaker, f"its files' host {host} ")
