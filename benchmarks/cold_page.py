"""What a page costs that nobody has asked for yet, and what everybody else notices of it.

    sh deploy/run --dev python -m benchmarks.cold_page

First: a page of 5,000 files is read, five policies are applied, and it is written again, beside a bare `json.loads` of
the same bytes. Then: a small warm page is asked for every ten milliseconds, while a running gateway makes one such
large page after the other, and the project list.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from packaging.specifiers import SpecifierSet

from addons.answering.coded import coded
from addons.policies.deny import Deny, DenyRule
from addons.policies.policy import Policy, apply_all
from addons.policies.yank import Yank, YankRule
from addons.simple.html_form import render_html
from addons.simple.json_form import read_json, render_json
from addons.simple.names import normalise
from benchmarks.asking import Asked, WrongAnswer, ask_once
from benchmarks.contenders import Contender, origin, wheelgate
from benchmarks.documents import LARGE, LARGE_FILES, document, renamed
from benchmarks.figures import Verdict, judged, keep_option, kept
from benchmarks.loads import Load
from benchmarks.origin import Content
from benchmarks.paced import paced

_RULES = (
    ("deny", "<1.12"),
    ("yank", "==1.17.*"),
    ("deny", ">=2.1.1,<2.1.3"),
    ("yank", ">=1.24,<1.25"),
    ("deny", "==2.3.0"),
)
_REASON = "it is only measured"
_STEPS = ("read", "five policies", "write JSON")
_MOST_TIMES = 3
_MOST_MS = 50
_AT_ONCE = 2  # large pages


def _policies(project: str) -> Sequence[Policy]:
    made: list[Policy] = []
    for kind, versions in _RULES:
        covered = SpecifierSet(versions)
        if kind == "deny":
            made.append(Deny([DenyRule(project=project, versions=covered, reason=_REASON)]))
        else:
            made.append(Yank([YankRule(project=project, versions=covered, reason=_REASON)]))
    return made


def _written(projects: Sequence[str]) -> list[object]:
    """The same policies as a configuration has them, for all these projects."""
    return [
        {kind: [{"project": project, "versions": versions, "reason": _REASON} for project in projects]}
        for kind, versions in _RULES
    ]


class _Stopwatch:
    """Does work and remembers how long each step took, in seconds."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = {}

    def __call__[**P, T](self, step: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        begun = time.perf_counter()
        made = work(*args, **kwargs)
        self.taken.setdefault(step, []).append(time.perf_counter() - begun)
        return made


def costs(body: bytes, rounds: int) -> Mapping[str, Sequence[float]]:
    """Give the seconds of each step in each round; in a round all steps take turns."""
    project, url, at = normalise(LARGE), f"https://pypi.org/simple/{LARGE}/", datetime(2026, 1, 2, tzinfo=UTC)
    policies = _policies(LARGE)
    timed = _Stopwatch()
    for _ in range(rounds):
        timed("json.loads", json.loads, body)
        page = timed("read", read_json, body, url, project)
        judged = timed("five policies", apply_all, policies, page, at)
        written = timed("write JSON", render_json, judged)
        timed("write HTML", render_html, judged)
        timed("gzip", coded, written, "gzip")
        timed("zstd", coded, written, "zstd")
    return timed.taken


def cost_table(taken: Mapping[str, Sequence[float]]) -> Iterator[str]:
    """Give the lines of what the steps cost, beside `json.loads`."""
    bare, whole = taken["json.loads"], _whole(taken)
    yield f"{'a page of 5,000 files':34}{'ms':>10}{'times json.loads':>20}"
    for step, times in {**taken, "read + policies + JSON": whole}.items():
        ratio = _ratio(times, bare)
        wanted = f"; wanted: at most {_MOST_TIMES}" if times is whole else ""
        yield f"{step:34}{statistics.median(times) * 1000:>10.1f}{ratio:>20.2f}{wanted}"


def _whole(taken: Mapping[str, Sequence[float]]) -> Sequence[float]:
    return [sum(times) for times in zip(*(taken[step] for step in _STEPS), strict=True)]


def _ratio(times: Sequence[float], bare: Sequence[float]) -> float:
    return statistics.median(own / its for own, its in zip(times, bare, strict=True))


@dataclass(frozen=True)
class Beside:
    """What the paced client met while something was done, and how long each of those things took. Seconds."""

    latencies: Sequence[float]
    taken: Sequence[float] = ()

    def milliseconds(self, part: float) -> float:
        """Those within which this part (0 to 1) of the answers came."""
        return sorted(self.latencies)[int(part * (len(self.latencies) - 1))] * 1000

    def line(self, name: str) -> str:
        """The row of the table."""
        ordered = sorted(self.latencies)
        p50, p99 = self.milliseconds(0.5), self.milliseconds(0.99)
        each = f"{statistics.median(self.taken) * 1000:,.0f}" if self.taken else ""
        return f"{name:34}{len(ordered):>10}{p50:>10.2f}{p99:>10.2f}{ordered[-1] * 1000:>10.2f}{each:>14}"


def beside(gateway: Contender, paths: Sequence[str], quiet: float = 0.0) -> Beside:
    """Ask for a small warm page at a fixed pace while these paths are asked for, two at once, or for `quiet` seconds."""
    small = Load("idna", 1)
    asked = Asked(gateway.target, small.prepare(gateway, None), 200)
    with paced(asked) as latencies, ThreadPoolExecutor(_AT_ONCE) as pool:
        time.sleep(quiet)
        taken = list(pool.map(lambda path: _cold(gateway, path), paths))
    return Beside(latencies, taken)


def _cold(gateway: Contender, path: str) -> float:
    request = Load("idna", 1).request().replace(b"/simple/idna/", path.encode())
    begun = time.perf_counter()
    head, _ = ask_once(gateway.target, request)
    if not head.startswith(b"HTTP/1.1 200"):
        raise WrongAnswer(f"{path}: {ascii(head)[:200]}")
    return time.perf_counter() - begun


@contextmanager
def _gateway(content: Content) -> Iterator[Contender]:
    projects = [renamed(number) for number in range(content.large)]
    with (
        tempfile.TemporaryDirectory() as folder,
        origin(Path(folder), content) as direct,
        wheelgate(Path(folder), direct.target, policies=_written(projects)) as running,
    ):
        yield running


@click.command()
@click.option("--rounds", default=15, show_default=True, help="How often each step is timed.")
@click.option("--pages", default=12, show_default=True, help="How many large pages the gateway makes.")
@click.option("--listed", default=800_000, show_default=True, help="How many projects PyPI's list has; 0: no list.")
@click.option("--quick", is_flag=True, help="A third of that.")
@click.option("--smoke", is_flag=True, help="Tiny pages, one round: only to see that it works.")
@keep_option
def main(rounds: int, pages: int, listed: int, quick: bool, smoke: bool, keep: Path | None) -> None:
    """Time the steps of a cold page, then look at a small warm one while large ones are made."""
    scale = 0.02 if smoke else 1.0
    if quick or smoke:
        rounds, pages, listed = (1, 2, 100) if smoke else (5, 6, 250_000)
    taken = costs(document(LARGE, round(LARGE_FILES * scale)).json, rounds)
    click.echo("\n".join(cost_table(taken)))
    with _gateway(Content(scale, pages, listed)) as running:
        before = running.memory()
        rows = {"alone": beside(running, [], quiet=0.1 if smoke else 3.0)}
        rows["while large pages are made"] = beside(running, [f"/simple/{renamed(n)}/" for n in range(pages)])
        if listed:
            rows["while the project list is made"] = beside(running, ["/simple/"])
        heads = f"{'answers':>10}{'p50 ms':>10}{'p99 ms':>10}{'max ms':>10}{'one took ms':>14}"
        click.echo(f"\n{'a small warm page, every 10 ms':34}{heads}; wanted: p99 at most {_MOST_MS}")
        click.echo("\n".join(found.line(name) for name, found in rows.items()))
        click.echo(f"\nthe gateway's memory (PSS): {before / 1e6:.0f} MB before, {running.memory() / 1e6:.0f} MB after")
    figures = {"steps": taken, "beside": {name: asdict(found) for name, found in rows.items()}}
    kept(keep, "cold_page", figures, _verdicts(taken, rows))


def _verdicts(taken: Mapping[str, Sequence[float]], rows: Mapping[str, Beside]) -> Sequence[Verdict]:
    ratio = _ratio(_whole(taken), taken["json.loads"])
    cost = judged("read + policies + JSON of 5,000 files, times json.loads", ratio, most=_MOST_TIMES)
    late = {name: found.milliseconds(0.99) for name, found in rows.items() if name != "alone"}
    return [cost, *(judged(f"p99 ms of a small page {name}", p99, most=_MOST_MS) for name, p99 in late.items())]


if __name__ == "__main__":
    main()
