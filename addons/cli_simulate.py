"""cli_simulate: `wheelgate simulate`, what an edit would change before it is saved, and for whom."""

import sys
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import click

from addons.cli_parts import (
    BAD_CONFIGURATION,
    FAILED,
    AnyFile,
    ExistingFile,
    Refused,
    Written,
    clock,
    configuration,
    in_words,
    settings_of,
)
from addons.policies.kinds import KINDS
from proxyconf.reading import read
from proxyconf.settings import Settings

_MOST_DAYS = 36_500


def _days(text: str) -> timedelta | date:
    """Read `30d` or a date."""
    number = text.strip().removesuffix("d")
    if number != text.strip() and number.isascii() and number.isdigit() and 0 < int(number[:6]) <= _MOST_DAYS:
        return timedelta(days=int(number[:6]))
    return _date(text)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f'{text!a} is no day; write one like "2026-11-01", or for --since "30d"') from None


Days = Written[timedelta | date]("days", _days)
Day = Written[date]("day", _date)


@click.command()
@configuration
@click.option("--since", type=Days, metavar="30d|DAY", default="30d", show_default=True,
              help="Of what was served since that day (in UTC), or in so many days.")  # fmt: skip
@click.option("--until", type=Day, metavar="DAY", help="The last day, counted in. Default: today.")
@click.option("--client", "group", metavar="GROUP", help='Of what the clients of this group got; "": those of none.')
@click.option("--kept", is_flag=True, help="Compare all pages that are kept, whoever got them.")
@click.option("--projects", "listed", type=ExistingFile, metavar="FILE",
              help="Compare the kept pages of these projects, one a line; \"#\" begins a comment.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON: every file by itself.")
@click.argument("new", metavar="CONFIG", type=AnyFile)
def simulate(
    config: Path | None,
    since: timedelta | date,
    until: date | None,
    group: str | None,
    kept: bool,
    listed: Path | None,
    as_json: bool,
    new: Path,
) -> None:
    """Say what another configuration would change, and for whom.

    Everything that was served in a period is judged as the configuration in force (--config) does now, and as CONFIG
    would: by group of clients and project, which files would be refused, hidden, yanked or let through, with the words that
    clients would read, the rule's place, and how often the file was got; at the end, what would be missed most. The
    gateway records what it serves for as long as "served: days" says. With --kept or --projects the pages in the cache are
    compared, whoever got them.

    Nobody is asked for anything, and nothing changes: the pages are those in the cache, and folders of your own are read
    as they are. What was served and is not kept is listed as unknown.

    \b
    Examples:
      wheelgate simulate new.yaml
      wheelgate simulate new.yaml --since 7d --client build-farm
      wheelgate simulate new.yaml --since 2026-11-01 --until 2026-11-15 --json
      wheelgate simulate new.yaml --kept
      wheelgate simulate new.yaml --projects wanted.txt --json

    \b
    Exit codes:
      0  nothing would change
      1  something would
      2  bad option or configuration, nothing is recorded, or something cannot
         be compared: no page of it is kept
    """
    now, path = settings_of(config)
    try:
        with in_words():
            then = read(new, KINDS)
            if kept or listed is not None:
                _of_the_kept(now, then, listed, as_json)
            else:
                _of_the_served(now, path, then, new, (since, until), group, as_json)
    except Refused as error:
        raise Refused(error.message, BAD_CONFIGURATION) from error


def _of_the_kept(now: Settings, then: Settings, listed: Path | None, as_json: bool) -> None:
    from addons import page_simulator, simulator
    from addons.cache.kept_documents import Unreadable
    from addons.inspecting import comparing

    with in_words(Unreadable):
        projects = page_simulator.projects_in(listed.read_text(encoding="utf-8")) if listed is not None else None
        found = page_simulator.simulate(now, then, projects)
    _print([simulator.as_json(found)] if as_json else comparing.lines(found))
    for problem in found.problems:
        click.echo(f"wheelgate: {problem}", err=True)
    _exit(changed=bool(found.changed), unknown=bool(found.problems))


def _of_the_served(
    now: Settings,
    path: Path | None,
    then: Settings,
    new: Path,
    days: tuple[timedelta | date, date | None],
    group: str | None,
    as_json: bool,
) -> None:
    from addons import simulator
    from addons.cache.kept_documents import Unreadable
    from addons.events.served_file import RecordFault
    from addons.inspecting import consequences

    period = _period(*days)
    with in_words(Unreadable, RecordFault):
        first, second = simulator.Configured(now, path), simulator.Configured(then, new)
        found = simulator.for_whom(first, second, simulator.Period(*period), group)
    if found is None:
        raise Refused(_nothing(now, period, group, simulator.record_of(now)))
    _print([simulator.as_json(found)] if as_json else consequences.lines(found))
    _exit(changed=found.has_changes, unknown=found.has_unknown)


def _period(since: timedelta | date, until: date | None) -> tuple[date, date]:
    last = until or clock().date()
    first = last - since + timedelta(days=1) if isinstance(since, timedelta) else since
    if first > last:
        raise Refused(f"--since {first} is after {last}, until when it is to be; nothing was served in between")
    return first, last


def _nothing(now: Settings, period: tuple[date, date], group: str | None, record: Path) -> str:
    to = f" to group {group!a}" if group else " to clients of no group" if group is not None else ""
    said = f"nothing is recorded as served{to} from {period[0]} to {period[1]} in {record}"
    why = "" if now.served.days else '; "served: days" is 0, so nothing is recorded'
    return f"{said}{why}; with --kept all pages that are kept are compared"


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _exit(*, changed: bool, unknown: bool) -> None:
    sys.exit(BAD_CONFIGURATION if unknown else FAILED if changed else 0)
