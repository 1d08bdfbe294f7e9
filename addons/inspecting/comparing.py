"""What another configuration would change for clients, file by file. All of it can be written as JSON (msgspec). Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from addons.inspecting.showing import harmless
from addons.policies.wording import words
from addons.simple.page import File, Page

type Outcome = Literal["offered", "yanked", "refused", "hidden", "absent"]
"""What clients get of a file; `hidden`: it is refused, and no page lists it, as it is of no use; `absent`: there is none."""

_MOST_NAMES = 5  # of files that all change alike


class Change(Struct, frozen=True, kw_only=True):
    """What changes of one file; `words`: what clients would read of it."""

    filename: str
    before: Outcome
    after: Outcome
    words: str | None = None


class Changed(Struct, frozen=True, kw_only=True):
    """A project of which something would change."""

    project: str
    changes: list[Change]


class Compared(Struct, frozen=True, kw_only=True):
    """Of how many projects everything was compared, and what would change; `problems`: what could not be compared, in words."""

    projects: int
    changed: list[Changed]
    problems: list[str]

    @property
    def totals(self) -> dict[str, int]:
        """How many files change in which way, as `offered to refused`."""
        every = (f"{each.before} to {each.after}" for project in self.changed for each in project.changes)
        return dict(sorted(Counter(every).items()))


def compare(before: Page | None, after: Page | None, contact: str) -> list[Change]:
    """Give what changes between a project's pages under two configurations; None: no source has it.

    `contact`: whom the words of the new one end in.
    """
    old, new = _by_name(before), _by_name(after)
    return [
        Change(filename=name, before=was, after=becomes, words=_words(new.get(name), contact))
        for name in dict.fromkeys((*old, *new))
        if (was := outcome(old.get(name))) != (becomes := outcome(new.get(name)))
    ]


def outcome(file: File | None) -> Outcome:
    """Give what clients get of a file as the policies left it."""
    if file is None:
        return "absent"
    if file.refused is not None:
        return "hidden" if file.refused.hidden else "refused"
    return "offered" if file.yanked is False else "yanked"


def _by_name(page: Page | None) -> dict[str, File]:
    return {file.filename: file for file in page.files} if page is not None else {}


def _words(file: File | None, contact: str) -> str | None:
    if file is None:
        return None
    if file.refused is not None:
        return words(file.refused, contact)
    return file.yanked if isinstance(file.yanked, str) and file.yanked else None


def lines(compared: Compared) -> Iterator[str]:
    """Give it for people: of each project the files that change alike together, and the sum."""
    for each in compared.changed:
        yield harmless(each.project)
        yield from _grouped(each.changes)
        yield ""
    totals = ", ".join(f"{number} from {way}" for way, number in compared.totals.items())
    of = f"of {compared.projects} project{'s' if compared.projects != 1 else ''}"
    yield f"{len(compared.changed)} {of} would change" + (f"; files: {totals}" if totals else "")


def _grouped(changes: Sequence[Change]) -> Iterator[str]:
    groups: dict[tuple[str, str, str | None], list[str]] = {}
    for each in changes:
        groups.setdefault((each.before, each.after, each.words), []).append(each.filename)
    for (before, after, said), names in groups.items():
        yield f"  from {before} to {after}: {_some(names)}"
        if said:
            yield f"    {harmless(said)}"


def _some(names: Iterable[str]) -> str:
    every = [harmless(name) for name in names]
    more = len(every) - _MOST_NAMES
    return ", ".join(every[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
