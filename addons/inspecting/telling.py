"""An explanation for people: sections of lines, as plain text or as HTML without a script. Pure."""

import html
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from addons.inspecting.explained import Act, Explanation, FileSaid, PageSaid, RuleSaid
from addons.inspecting.own_words import as_written
from addons.inspecting.showing import harmless

_MOST_NAMES = 10  # of files that were all treated alike
_DEEDS = {
    "refused": "refused it",
    "hidden": "took it off the page, as it is of no use here",
    "failed": "failed, so nothing is let through; the log says why",
    "yanked": "yanked it",
    "allowed": "exempts it from what stands below",
    "changed": "changed what the page says of it",
    "removed": "took it off the page",
    "exempt": "left it, as a policy above exempts it",
    "refused already": "would be about it, but it was refused above",
    "left": "looked at it and left it as it is",
    "ended": "left it: the rule about it has ended",
}
_OUTCOMES = {"offered": "offered", "yanked": "offered, as yanked", "refused": "refused"}


class Section(NamedTuple):
    """A heading, what stands under it line by line, and each line's name."""

    heading: Sequence[str]
    lines: Sequence[tuple[str, str]]


def sections(said: Explanation) -> Iterator[Section]:
    """Give what is to be told: of the project, then of the files, those together that were all treated alike."""
    yield Section([f"{said.project} {said.version or ''}".rstrip()], list(_facts(said)))
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for file in said.files:
        groups.setdefault(tuple(_of_file(file)), []).append(file.filename)
    for lines, names in groups.items():
        more = len(names) - _MOST_NAMES
        yield Section([*names[:_MOST_NAMES], *([f"… and {more} more"] if more > 0 else [])], lines)


def text(said: Explanation) -> Iterator[str]:
    """Give the lines for a terminal; nothing in them is obeyed by one."""
    for number, section in enumerate(sections(said)):
        if number:
            yield ""
        yield from map(harmless, section.heading)
        for name, line in section.lines:
            yield f"  {harmless(name):<10} {harmless(line)}"


def page(said: Explanation) -> str:
    """Give a whole HTML document. Everything from outside is escaped here and nowhere earlier."""
    title = html.escape(f"Why {said.project} is as it is")
    body = "".join(_as_html(section) for section in sections(said))
    head = f'<meta charset="utf-8"><meta name="robots" content="noindex"><title>{title}</title>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n<h1>{title}</h1>\n{body}</body></html>\n'


def _as_html(section: Section) -> str:
    heading = "<br>".join(html.escape(harmless(each)) for each in section.heading)
    rows = "".join(
        f'<tr><th scope="row" align="left" valign="top">{html.escape(name)}</th><td>{html.escape(harmless(line))}</td></tr>\n'
        for name, line in section.lines
    )
    return f"<h2>{heading}</h2>\n<table>\n{rows}</table>\n"


def _facts(said: Explanation) -> Iterator[tuple[str, str]]:
    if said.clients:
        yield "clients", f"of {said.clients}"
    for source in said.sources:
        yield "source", f"{source.name} ({'own' if source.own else 'public'}) {source.said}"
    for each in said.pages:
        yield "page", _page(each)
    if said.status is not None and all(each.status != said.status for each in said.pages):
        yield "status", f"shown as {said.status}" + (f": {said.status_reason}" if said.status_reason else "")
    for policy in said.policies:
        place = f", from {policy.place}" if policy.place else ""
        yield f"policy {policy.number}", f"{policy.name}, {_count(policy.rules)}{place}"
    if not said.policies:
        yield "policies", "none"
    for version, act in said.versions.items():
        yield _name(act), f"took {version}, which has no file, off the list of versions{_by(act)}"


def _page(page: PageSaid) -> str:
    status = f"; {page.source} says {page.status}" if page.status else ""
    status += f": {page.status_reason}" if page.status and page.status_reason else ""
    if page.stale_seconds is not None:
        return f"of {page.source}, {page.stale_seconds:.0f} s old: it stands in for an answer that did not come{status}"
    if page.kept and page.fresh_until is not None and page.asked is not None:
        return f"of {page.source}, from the cache: asked for {_time(page.asked)}, counts until {_time(page.fresh_until)}{status}"
    return f"of {page.source}{', asked for now' if page.kept is False else ''}{status}"


def _of_file(file: FileSaid) -> Iterator[tuple[str, str]]:
    outcome = _OUTCOMES[file.outcome]
    yield "clients", outcome if file.listed else f"{outcome}, and not on the page"
    if file.words:
        yield "they read", file.words
    if file.yanked or file.yanked == "":
        yield (
            "source",
            f"{file.source} says yanked" + (f": {file.yanked}" if isinstance(file.yanked, str) and file.yanked else ""),
        )
    for act in file.acts:
        yield _name(act), _DEEDS[act.deed] + _by(act)


def _name(act: Act) -> str:
    return f"{act.number} {act.policy}"


def _by(act: Act) -> str:
    return f": {'; and '.join(map(_rule, act.rules))}" if act.rules else ""


def _rule(rule: RuleSaid) -> str:
    why = " ".join(filter(None, (rule.id, rule.reason)))
    said = "; ".join(filter(None, (as_written(rule.says), why))) or "no reason is given"
    more = [rule.place, f"by {rule.author}" if rule.author else None]
    more.append(f"until {_time(rule.until)}" if rule.until is not None else None)
    there = ", ".join(filter(None, more))
    return f"{said} ({there})" if there else said


def _count(rules: int) -> str:
    return "1 rule" if rules == 1 else f"{rules} rules"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
