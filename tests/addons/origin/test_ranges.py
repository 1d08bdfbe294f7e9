import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.origin.ranges import Asked, NotSatisfiable, asked
from addons.sources.source import Span

TAG = '"' + "ab" * 32 + '"'


@pytest.mark.parametrize(
    ("wanted", "start", "stop", "to_the_end"),
    [
        ("bytes=0-0", 0, 1, False),
        ("bytes=2-5", 2, 6, False),
        ("Bytes=2-5", 2, 6, False),
        ("bytes=2-9", 2, 10, False),
        ("bytes=2-99", 2, 10, False),
        ("bytes=9-", 9, 10, True),
        ("bytes=3-", 3, 10, True),
        ("bytes=0-", 0, 10, True),
        ("bytes=-1", 9, 10, False),
        ("bytes=-4", 6, 10, False),
        ("bytes=-10", 0, 10, True),
        ("bytes=-99", 0, 10, True),
        ("bytes=0-9", 0, 10, True),
        ("bytes=0-99", 0, 10, True),
    ],
)
def test_asked__for_one_range__is_that_stretch(wanted: str, start: int, stop: int, to_the_end: bool) -> None:
    """FIL-03: ends are clipped to the size; a resumed download, and all of the file, can be told from other stretches."""
    assert asked(wanted, None, TAG, 10) == Asked(Span(start, stop), to_the_end)


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=10-12", "bytes=99-99", "bytes=999999999999999999999999-"])
def test_asked__behind_the_end__is_not_satisfiable(wanted: str) -> None:
    """FIL-03: 416 where the range begins behind the file's end."""
    with pytest.raises(NotSatisfiable):
        asked(wanted, None, TAG, 10)


@pytest.mark.parametrize("wanted", ["bytes=0-", "bytes=0-0", "bytes=-5"])
def test_asked__of_an_empty_file__is_not_satisfiable(wanted: str) -> None:
    """An empty file has no byte that a range could have."""
    with pytest.raises(NotSatisfiable):
        asked(wanted, None, TAG, 0)


@pytest.mark.parametrize(
    "wanted",
    [
        *(None, "", "bytes", "bytes=", "bytes=-", "bytes=5-3", "bytes=a-b", "bytes=1-2-3", "bytes=--5", "bytes=+1-2"),
        *(
            "bytes=1_0-2_0",
            "bytes=\u0663-",
            "bytes=0x1-2",
            "items=0-5",
            "bytes=0-1,3-4",
            "bytes=0-,-1",
            "bytes 0-5",
            "0-5",
        ),
        "bytes=" + "9" * 5000 + "-",
    ],
)
def test_asked__for_what_is_no_single_range__is_the_whole_file(wanted: str | None) -> None:
    """FIL-03: bad syntax, another unit and several ranges are passed over, which the RFC allows."""
    assert asked(wanted, None, TAG, 10) is None


@pytest.mark.parametrize(
    ("if_range", "etag", "current"),
    [
        (None, TAG, True),
        ("", TAG, True),
        (TAG, TAG, True),
        (f" {TAG} ", TAG, True),
        (f"W/{TAG}", TAG, False),
        ('"other"', TAG, False),
        (TAG, None, False),
        ("*", TAG, False),
        ("Thu, 01 Jan 1970 00:00:00 GMT", TAG, False),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None, False),
        ('"', TAG, False),
    ],
)
def test_asked__with_if_range__compares_strongly(if_range: str | None, etag: str | None, current: bool) -> None:
    """FIL-04: a weak or other tag, and a date, which is never given out, get the whole file instead of a stretch."""
    assert (asked("bytes=2-5", if_range, etag, 10) is not None) is current


def test_asked__behind_the_end_of_another_file__is_the_whole_file() -> None:
    """If-Range comes first: where the file is another by now, the old range says nothing about it (RFC 9110 13.1.5)."""
    assert asked("bytes=99-", '"old"', TAG, 10) is None


def literal(wanted: str, size: int) -> tuple[int, int] | str | None:
    """RFC 9110 section 14.1.2 word for word: (start, stop), "416", or None for the whole."""
    match = re.fullmatch(r"bytes=(?:([0-9]+)-([0-9]*)|-([0-9]+))", wanted)
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        if int(suffix) == 0:
            return None  # nothing satisfiable is asked for; the whole file is a right answer as well
        return "416" if size == 0 else (max(size - int(suffix), 0), size)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        return "416"
    return int(first), min(int(last) + 1, size) if last else size


numbers = st.integers(0, 12).map(str) | st.just("")


@given(st.builds("bytes={}-{}".format, numbers, numbers) | st.text("bytes=-,0123 ", max_size=12), st.integers(0, 10))
def test_asked__for_any_range__is_what_the_rfc_says(wanted: str, size: int) -> None:
    """The outcome is that of the RFC, read literally, and a stretch never leaves the file."""
    wanted = wanted.replace(" ", "")
    try:
        found = asked(wanted, None, TAG, size)
    except NotSatisfiable:
        assert literal(wanted, size) == "416"
    else:
        assert (found and (found.span.start, found.span.stop)) == literal(wanted, size)


@given(st.text(), st.text(), st.text(), st.integers(0, 100))
def test_asked__with_any_headers__raises_nothing_else(wanted: str, if_range: str, etag: str, size: int) -> None:
    """Whatever a client sends is a stretch inside the file, the whole of it, or 416."""
    try:
        found = asked("bytes=" + wanted, if_range, etag, size)
    except NotSatisfiable:
        return
    assert found is None or 0 <= found.span.start < found.span.stop <= size


def test_asked__with_a_weak_tag_on_both_sides__is_the_whole_file() -> None:
    """FIL-04: weakly equal is not equal enough to join two halves."""
    assert asked("bytes=2-5", 'W/"a"', 'W/"a"', 10) is None
