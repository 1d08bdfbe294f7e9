"""An answer, and how it is to be delivered: the catalogue makes it, faults change it, the connection obeys it."""

from dataclasses import dataclass, field, replace

from tests.fakepypi.bodies import Body, Held
from tests.fakepypi.taps import Tap


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How an answer goes out. The default is: whole, at once, with its Content-Length."""

    before_headers: tuple[Tap, ...] = ()  # waited for, one after the other, before anything is sent
    during_body: tuple[Tap, ...] = ()  # hold the body where they stand
    reset_first: bool = False  # RST in place of an answer
    head_cut_after: int | None = None  # bytes of the head after which the connection ends
    cut_after: int | None = None  # bytes of the body after which the connection ends
    cut_by_reset: bool = False  # … by RST; else by an orderly close
    chunked: bool = False  # no Content-Length


@dataclass(frozen=True)
class Answer:
    """What is sent for a request. Header names are spelled as they are sent; Content-Length is the connection's."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: Body = Held(b"")  # noqa: RUF009  # Held is frozen
    delivery: Delivery = Delivery()

    def with_headers(self, **headers: str | None) -> "Answer":
        """The same with headers set, or with None taken away; underscores stand for hyphens."""
        names = {name.replace("_", "-").title(): value for name, value in headers.items()}
        kept = {name: value for name, value in self.headers.items() if name.title() not in names}
        return replace(self, headers=kept | {name: value for name, value in names.items() if value is not None})

    def header(self, name: str) -> str | None:
        """A header's value, whatever the case of its name."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)


def text(status: int, words: str, **headers: str) -> Answer:
    """A short answer in plain text."""
    answer = Answer(status, {"Content-Type": "text/plain; charset=UTF-8"}, Held(words.encode()))
    return answer.with_headers(**headers)
