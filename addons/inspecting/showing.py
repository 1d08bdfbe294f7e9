"""What is found out, for people: a few lines of a file, and its metadata as a terminal may have it. Pure."""

from collections.abc import Iterator
from datetime import datetime

from addons.inspecting.facts import Group, Seen

_MOST_FIELDS = 200  # lines of fields that are printed unasked
_ORIGINS = {
    "file": "read out of the file in the cache",
    "upstream": "the index's .metadata",
    "ranges": "read out of the end of the file on the index, by ranges",
    "index": "announced by the index itself",
    "ahead": "ahead of having it: its index was seen to give metadata, and is asked once a client asks",
    "folder": "read out of the file in its folder",
    "store": "put into the store with the file",
}


def lines(group: Group) -> Iterator[str]:
    """Give what is known of a group's files."""
    yield _title(group)
    for seen in group.files:
        yield harmless(seen.filename)
        yield from (f"  {name:<10} {text}" for name, text in _facts(seen))


def _title(group: Group) -> str:
    if group.project is None:
        return harmless(group.argument)
    sources = ", ".join(dict.fromkeys(seen.source for seen in group.files if seen.source))
    title = f"{group.project} {group.version or ''}".rstrip()
    title += ", the newest release" if group.newest else ""
    title += f", source {sources}" if sources else ""
    return title + (
        f" (its page is {group.stale_seconds:.0f} s old, and stands in)" if group.stale_seconds is not None else ""
    )


def _facts(seen: Seen) -> Iterator[tuple[str, str]]:
    if seen.refused is not None:
        yield "refused", harmless(seen.refused)
    yield "announced", _announced(seen)
    if seen.announced and seen.origin is not None:
        yield "from", _ORIGINS[seen.origin] + (f", since {_time(seen.since)}" if seen.since is not None else "")
    if seen.in_hand:
        yield "in hand", f"{seen.bytes} bytes"
    elif seen.announced:
        yield "in hand", "no; --fetch gets it" if seen.fetched is None else "no"
    if seen.fetched is not None:
        yield "fetched", "yes" if seen.fetched else f"no: {harmless(seen.failure or '')}"


def _announced(seen: Seen) -> str:
    if isinstance(seen.announced, dict):
        return ", ".join(f"{harmless(name)} {harmless(digest)}" for name, digest in seen.announced.items()) or "true"
    if seen.announced:
        return "true: without a hash"
    return "nothing" + (f": it {harmless(seen.reason)}" if seen.reason else "")


def harmless(text: str) -> str:
    """Give a text from outside on one line, with nothing in it that a terminal would obey; tabs stay.

    >>> harmless("a\\x1b[2Kb")
    'a\\\\x1b[2Kb'
    """
    return "".join(each if each.isprintable() or each == "\t" else ascii(each)[1:-1] for each in text)


def text_of(content: bytes) -> str:
    """Give core metadata as a text; what is no UTF-8 is escaped."""
    return content.decode("utf-8", "backslashreplace")


def whole(content: bytes) -> Iterator[str]:
    """Give all lines of core metadata."""
    for line in text_of(content).removesuffix("\n").split("\n"):
        yield harmless(line.removesuffix("\r"))


def fields(content: bytes) -> Iterator[str]:
    """Give the fields of core metadata, and say what is left out: the description, and more than anybody reads."""
    every = list(whole(content))
    head = every[: every.index("")] if "" in every else every
    shown = head[:_MOST_FIELDS]
    yield from shown
    if len(shown) < len(every):
        yield f"… {len(every) - len(shown)} more lines: --show prints them"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
