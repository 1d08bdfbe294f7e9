"""What clients notice of edits of the configuration: lost answers, answers of two versions, and when the edit is in force.

    sh deploy/run --dev python -m benchmarks.edits

Four connections ask a running gateway for a page, 200 times a second together, while its configuration is edited every so
often. Each edit has its number in every reason and in the contact, under ten rules and under 10,000. An answer that has two numbers, or a
number after one of a later edit came on the same connection, is of two versions; one that is no 200 or does not come is lost.
"""

import re
import ssl
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import yaml

from benchmarks.asking import PIECE, Target, WrongAnswer
from benchmarks.contenders import origin, wheelgate
from benchmarks.figures import Verdict, judged, keep_option, kept
from benchmarks.origin import Content

_CONNECTIONS, _RATE = 4, 200  # a second, of all together
_MOST_SECONDS = 1.0  # until an edit is in force
_PATIENCE = 20.0  # seconds
_PAGE = "idna"
_REQUEST = (
    f"GET /simple/{_PAGE}/ HTTP/1.1\r\nHost: pypi.org\r\nAccept: application/vnd.pypi.simple.v1+json\r\n\r\n".encode()
)
_NUMBER = re.compile(rb"(?:edit|contact) (\d+)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def policies(number: int, rules: int) -> dict[str, object]:
    """Give the settings of an edit: two releases of the page yanked and denied, and rules about other projects."""
    reason = f"edit {number}"
    others = [{"project": f"other-{each}", "reason": reason} for each in range(rules - 2)]
    deny = [{"project": _PAGE, "versions": "<2", "reason": reason}, *others]
    yank = [{"project": _PAGE, "versions": ">=2", "reason": reason}]
    return {"contact": f"contact {number}", "policies": [{"deny": deny}, {"yank": yank}]}


class Client:
    """Asks at its pace over one connection, and notes which edit each answer is of, and when it came."""

    def __init__(self, target: Target) -> None:
        self.seen: list[tuple[int, float]] = []
        self.lost = self.mixed = 0
        self._target = target

    def run(self, ended: threading.Event) -> None:
        """Ask until it is told to end; a connection that broke is made anew."""
        due, stack = time.perf_counter(), ExitStack()
        link = stack.enter_context(self._target.connect())
        while not ended.wait(max(0.0, due - time.perf_counter())):
            due += _CONNECTIONS / _RATE
            try:
                self._note(_asked(link))
            except (OSError, WrongAnswer):
                self.lost += 1
                stack.close()
                link = stack.enter_context(self._target.connect())
        stack.close()

    def _note(self, body: bytes) -> None:
        numbers = {int(found) for found in _NUMBER.findall(body)}
        before = self.seen[-1][0] if self.seen else 0
        if len(numbers) != 1 or min(numbers) < before:
            self.mixed += 1
        self.seen.append((max(numbers, default=before), time.perf_counter()))


def _asked(link: ssl.SSLSocket) -> bytes:
    link.sendall(_REQUEST)
    received = b""
    while True:
        part = link.recv(PIECE)
        if not part:
            raise WrongAnswer("the connection ended in the middle")
        received += part
        head, end, body = received.partition(b"\r\n\r\n")
        if end and (length := _LENGTH.search(head)) is None:
            raise WrongAnswer(ascii(head)[:200])
        if end and length is not None and len(body) >= int(length[1]):
            if not head.startswith(b"HTTP/1.1 200"):
                raise WrongAnswer(ascii(head)[:200])
            return body


@contextmanager
def asking(target: Target) -> Iterator[Sequence[Client]]:
    """Ask while the body runs."""
    clients, ended = [Client(target) for _ in range(_CONNECTIONS)], threading.Event()
    threads = [threading.Thread(target=client.run, args=(ended,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield clients
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def edited(config: Path, number: int, rules: int, clients: Sequence[Client]) -> float:
    """Edit, and give the seconds until every connection had an answer of the edit. Raises WrongAnswer if one has none."""
    written = yaml.safe_dump({**yaml.safe_load(config.read_text()), **policies(number, rules)})
    fresh = config.with_suffix(".new")
    fresh.write_text(written)
    begun = time.perf_counter()
    fresh.rename(config)
    while time.perf_counter() - begun < _PATIENCE:
        if all(client.seen and client.seen[-1][0] >= number for client in clients):
            firsts = (next(at for of, at in client.seen if of >= number) for client in clients)
            return max(firsts) - begun
        time.sleep(0.01)
    raise WrongAnswer(f"edit {number} is not in force after {_PATIENCE:g} s")


@dataclass(frozen=True)
class Taken:
    """What came of edits of so many rules. `seconds`: until each was in force."""

    rules: int
    answers: int
    rate: float
    lost: int
    mixed: int
    seconds: Sequence[float]

    @property
    def line(self) -> str:
        """The row of the table."""
        edits, p50, most = len(self.seconds), statistics.median(self.seconds), max(self.seconds)
        numbers = f"{edits:>8}{self.answers:>10}{self.rate:>12.0f}{self.lost:>8}{self.mixed:>18}"
        return f"{self.rules:<14,}{numbers}{p50:>18.2f}{most:>8.2f}"

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """What became of what is wanted."""
        words = f"edits of {self.rules:,} rules, 200 requests a second"
        return [
            judged(f"{words}: lost answers", self.lost, most=0),
            judged(f"{words}: answers of two versions", self.mixed, most=0),
            judged(f"{words}: s until in force, the slowest", max(self.seconds), most=_MOST_SECONDS),
        ]


def measured(rules: int, edits: int, scale: float) -> Taken:
    """Run a gateway and edit its configuration so often."""
    with tempfile.TemporaryDirectory() as name, origin(Path(name), Content(scale)) as direct:
        folder = Path(name)
        config = folder / "wheelgate" / "wheelgate.yaml"
        with (
            wheelgate(folder, direct.target, "wheelgate", **policies(0, rules)) as running,
            asking(running.target) as clients,
        ):
            begun = time.perf_counter()
            seconds = [edited(config, number, rules, clients) for number in range(1, edits + 1)]
            passed = time.perf_counter() - begun
    counts = [(len(each.seen), each.lost, each.mixed) for each in clients]
    answers, lost, mixed = (sum(found) for found in zip(*counts, strict=True))
    return Taken(rules, answers, answers / passed, lost, mixed, seconds)


@click.command()
@click.option("--edits", default=20, show_default=True, help="How many edits.")
@click.option("--quick", is_flag=True, help="Five edits.")
@click.option("--smoke", is_flag=True, help="Two edits of a few rules: only to see that it works.")
@keep_option
def main(edits: int, quick: bool, smoke: bool, keep: Path | None) -> None:
    """Edit the configuration of a gateway that is asked 200 times a second."""
    edits, scale = (2 if smoke else 5 if quick else edits), (0.02 if smoke else 1.0)
    found = [measured(rules, edits, scale) for rules in ((10,) if smoke else (10, 10_000))]
    heads = f"{'edits':>8}{'answers':>10}{'a second':>12}{'lost':>8}{'of two versions':>18}{'in force, s: p50':>18}{'max':>8}"
    click.echo(f"{'rules':14}{heads}; wanted: none lost, none of two versions, at most {_MOST_SECONDS:g} s")
    click.echo("\n".join(taken.line for taken in found))
    kept(keep, "edits", [asdict(taken) for taken in found], [each for taken in found for each in taken.verdicts])


if __name__ == "__main__":
    main()
