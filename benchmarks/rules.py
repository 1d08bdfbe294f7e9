"""What ten thousand rules cost a page that nobody has asked for yet, beside what ten cost it.

    sh deploy/run --dev python -m benchmarks.rules

A page of 5,000 files is read, what stands for its rules is worked out, they are applied, it is asked when they change, and it
is written: with ten rules and with ten thousand, in turn, for each way that a rule can say what it is about. Ten are
about the page, in both; all others about other projects or files, as in a list of advisories. The policy is new in each
round, as after an edit; that the rules are read and looked through once is timed apart.
"""

import hashlib
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from packaging.specifiers import SpecifierSet

from addons.policies.deny import Deny, DenyRule
from addons.policies.policy import apply_all, next_change
from addons.simple.json_form import read_json, render_json
from addons.simple.names import normalise
from addons.simple.page import Page
from benchmarks.documents import LARGE, LARGE_FILES, document
from benchmarks.figures import Verdict, judged, keep_option, kept

FEW, MANY = 10, 10_000
_MOST_TIMES = 1.2
_REASON = "it is only measured"
_AT = datetime(2026, 1, 2, tzinfo=UTC)
_URL = f"https://pypi.org/simple/{LARGE}/"

type Rules = Sequence[DenyRule]


def _named(number: int, page: Page) -> DenyRule:
    return DenyRule(project=f"other-{number}", reason=_REASON)


def _prefixed(number: int, page: Page) -> DenyRule:
    return DenyRule(project=f"other-{number}-*", reason=_REASON)


def _versioned(number: int, page: Page) -> DenyRule:
    return DenyRule(project=f"other-{number}", versions=SpecifierSet(f"<{number}.5"), reason=_REASON)


def _hashed(number: int, page: Page) -> DenyRule:
    return DenyRule(sha256=(hashlib.sha256(str(number).encode()).hexdigest(),), reason=_REASON)


def _ending(number: int, page: Page) -> DenyRule:
    return DenyRule(project=f"other-{number}", reason=_REASON, until=_AT.replace(year=2027))  # type: ignore[arg-type] # an Instant when read


def _hit(number: int, page: Page) -> DenyRule:
    """Give a rule about the page itself: nine about a release, and one about a file."""
    if number:
        return DenyRule(project=LARGE, versions=SpecifierSet(f"==1.{number}.*"), reason=_REASON)
    return DenyRule(sha256=(page.files[len(page.files) // 2].hashes["sha256"],), reason=_REASON)


def _all_kinds(number: int, page: Page) -> DenyRule:
    return (_named, _prefixed, _versioned, _hashed, _ending)[number % 5](number, page)


KINDS: Mapping[str, Callable[[int, Page], DenyRule]] = {
    "names": _named,
    "prefixes": _prefixed,
    "versions": _versioned,
    "sha256": _hashed,
    "names, until": _ending,
    "of each": _all_kinds,
}


def rules_of(kind: str, count: int, page: Page) -> Rules:
    """Make so many rules, of which the first ten are about the page."""
    hits = [_hit(number, page) for number in range(FEW)]
    return [*hits, *(KINDS[kind](number, page) for number in range(count - FEW))]


def costs(body: bytes, rounds: int, many: int) -> Mapping[str, Mapping[str, Sequence[float]]]:
    """Give for each kind the seconds of a page under few and under many rules, and of making a policy of the many."""
    page = read_json(body, _URL, normalise(LARGE))
    found = {}
    for kind in KINDS:
        few, lots = rules_of(kind, FEW, page), rules_of(kind, many, page)
        taken: dict[str, list[float]] = {"few": [], "many": [], "made": []}
        for turn in range(rounds):
            begun = time.perf_counter()
            policies = {"many": Deny(lots)}
            taken["made"].append(time.perf_counter() - begun)
            policies["few"] = Deny(few)
            for name, policy in sorted(policies.items(), reverse=turn % 2 == 1):
                begun = time.perf_counter()
                _cold(body, policy)
                taken[name].append(time.perf_counter() - begun)
        found[kind] = taken
    return found


def _cold(body: bytes, policy: Deny) -> None:
    project = normalise(LARGE)
    page = read_json(body, _URL, project)
    policy.facts(project)
    render_json(apply_all([policy], page, _AT))
    next_change([policy], page, _AT)


def ratio(taken: Mapping[str, Sequence[float]]) -> float:
    """Give how many times as long the page took under many rules: the median of the rounds."""
    return statistics.median(many / few for many, few in zip(taken["many"], taken["few"], strict=True))


def table(found: Mapping[str, Mapping[str, Sequence[float]]], many: int) -> Iterator[str]:
    """Give the lines of the table."""
    yield f"{'a cold page of 5,000 files, ms':32}{FEW:>10,}{many:>10,}{'times':>8}{'made of rules, ms':>20}"
    for kind, taken in found.items():
        few, lots, made = (statistics.median(taken[name]) * 1e3 for name in ("few", "many", "made"))
        yield f"{kind:32}{few:>10.1f}{lots:>10.1f}{ratio(taken):>8.2f}{made:>20.1f}   wanted: at most {_MOST_TIMES}"


def _verdicts(found: Mapping[str, Mapping[str, Sequence[float]]]) -> Sequence[Verdict]:
    words = "a cold page of 5,000 files under 10,000 rules, times that under 10"
    return [judged(f"{words}: {kind}", ratio(taken), most=_MOST_TIMES) for kind, taken in found.items()]


@click.command()
@click.option("--rounds", default=15, show_default=True, help="How often each page is timed.")
@click.option("--quick", is_flag=True, help="A third of that.")
@click.option("--smoke", is_flag=True, help="A tiny page, one round: only to see that it works.")
@keep_option
def main(rounds: int, quick: bool, smoke: bool, keep: Path | None) -> None:
    """Time a cold page under few rules and under many."""
    rounds, many = (1, 100) if smoke else (5 if quick else rounds, MANY)
    found = costs(document(LARGE, round(LARGE_FILES * (0.02 if smoke else 1))).json, rounds, many)
    click.echo("\n".join(table(found, many)))
    kept(keep, "rules", found, _verdicts(found))


if __name__ == "__main__":
    main()
