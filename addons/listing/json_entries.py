"""A project list in JSON (PEP 691), read event by event: what is in hand is one entry, however long the list."""

from collections.abc import Iterator
from typing import IO, Any

import ijson  # type: ignore[import-untyped]  # it brings no types along
from ijson.common import ObjectBuilder  # type: ignore[import-untyped]  # as above

from addons.simple.page import NotAPage

type _Events = Iterator[tuple[str, Any]]

_PART = 1 << 18  # bytes
_DEEPEST = 100  # levels of a value; ours and every client's JSON readers give up at a thousand


def json_entries(document: IO[bytes], about: dict[str, Any]) -> Iterator[object]:
    """Yield what is in `projects`; what else stands at the top level is in `about` when the last one has been taken.

    Of a key that comes twice the last counts (JSN-22), but `projects` may not. Fractions are Decimal, so that they are
    written as they came. Raises NotAPage for what is not JSON, not all of it, no object, or has no list of projects.
    """
    events = ijson.basic_parse(document, buf_size=_PART)
    try:
        yield from _document(events, about)
    except (ijson.JSONError, ArithmeticError) as error:  # the latter for exponents that no number has
        raise NotAPage("it is not JSON, or not all of it") from error


def _document(events: _Events, about: dict[str, Any]) -> Iterator[object]:
    if next(events)[0] != "start_map":
        raise NotAPage("its JSON is no object")
    listed = False
    for _, key in events:
        if key is None:  # the end of the object; that nothing follows is seen by asking for it
            continue
        event, value = next(events)
        if key != "projects":
            about[key] = _value(event, value, events)
        elif event == "start_array" and not listed:
            listed = True
            yield from _entries(events)
        else:
            raise NotAPage("it has no list of projects, or two")
    if not listed:
        raise NotAPage("it has no list of projects")


def _entries(events: _Events) -> Iterator[object]:
    for event, value in events:
        if event == "end_array":
            return
        yield _object(events) if event == "start_map" else _value(event, value, events)


def _object(events: _Events) -> dict[str, Any]:
    """Return the object whose start was just taken. Nearly all of a list's million go through here."""
    entry: dict[str, Any] = {}
    key = ""
    for event, value in events:
        if event == "map_key":
            key = value
        elif event == "end_map":
            break
        elif event in {"start_map", "start_array"}:
            entry[key] = _value(event, value, events)
        else:
            entry[key] = value
    return entry


def _value(event: str, value: Any, events: _Events) -> Any:
    """Return the value that begins with this event."""
    if not event.startswith("start_"):
        return value
    builder, depth = ObjectBuilder(), 1
    builder.event(event, value)
    while depth:
        event, value = next(events)
        builder.event(event, value)
        depth += event.startswith("start_") - event.startswith("end_")
        if depth > _DEEPEST:
            raise NotAPage("it is nested too deeply")
    return builder.value
