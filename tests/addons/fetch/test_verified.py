import hashlib
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.fetch.verified import NotAsPromised, verified

BODY = bytes(range(256)) * 4
SHA256 = hashlib.sha256(BODY).hexdigest()


async def chunked(chunks: Sequence[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def outcome(chunks: Sequence[bytes], sha256: str | None, size: int | None) -> tuple[bytes, bool]:
    """Give all that was passed on, and whether it ended well."""
    passed = b""
    try:
        async for chunk in verified(chunked(chunks), {"sha256": sha256} if sha256 else {}, size):
            assert chunk
            passed += chunk
    except NotAsPromised:
        return passed, False
    return passed, True


def cut(body: bytes, cuts: list[int]) -> list[bytes]:
    """Cut a body at these places, empty pieces included."""
    places = [0, *sorted(place % (len(body) + 1) for place in cuts), len(body)]
    return [body[start:stop] for start, stop in pairwise(places)]


cuts = st.lists(st.integers(0, 2000) | st.just(len(BODY)), max_size=12)


@given(st.binary(max_size=300), cuts, st.booleans(), st.booleans())
async def test_verified__of_the_right_body__passes_all_of_it(
    body: bytes, places: list[int], hashed: bool, sized: bool
) -> None:
    """In whatever pieces it comes, the body goes on as it is; upper-case hex is the same hash."""
    sha256 = hashlib.sha256(body).hexdigest().upper() if hashed else None
    assert await outcome(cut(body, places), sha256, len(body) if sized else None) == (body, True)


@given(cuts, st.integers(0, len(BODY) - 1), st.integers(1, 255), st.booleans())
async def test_verified__of_a_changed_body__is_never_wholly_delivered(
    places: list[int], at: int, flip: int, sized: bool
) -> None:
    """FIL-10: one wrong bit anywhere, in any pieces, and the last of the body is kept back."""
    wrong = BODY[:at] + bytes([BODY[at] ^ flip]) + BODY[at + 1 :]
    passed, well = await outcome(cut(wrong, places), SHA256, len(BODY) if sized else None)
    assert not well
    assert wrong.startswith(passed)
    assert len(passed) < len(BODY)


@given(cuts, st.integers(0, len(BODY) - 1), st.booleans(), st.booleans())
async def test_verified__of_a_short_body__ends_badly(places: list[int], length: int, hashed: bool, sized: bool) -> None:
    """A part is never taken for the whole, by its length or by its hash."""
    passed, well = await outcome(
        cut(BODY[:length], places), SHA256 if hashed or not sized else None, len(BODY) if sized else None
    )
    assert not well
    assert len(passed) <= length


@given(cuts, st.binary(min_size=1, max_size=50), st.booleans(), st.booleans())
async def test_verified__of_a_long_body__is_never_wholly_delivered(
    places: list[int], more: bytes, hashed: bool, sized: bool
) -> None:
    """What stands behind the right bytes goes to nobody; with a known size not even all the right ones do."""
    passed, well = await outcome(
        cut(BODY + more, places), SHA256 if hashed or not sized else None, len(BODY) if sized else None
    )
    assert not well
    assert len(passed) < len(BODY + more)
    assert not sized or len(passed) <= len(BODY)


async def test_verified__when_the_source_fails__passes_its_fault_on() -> None:
    """The fault of a body that breaks off is told as it is."""

    async def breaking() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"
        raise ConnectionResetError("gone")

    passing = verified(breaking(), {"sha256": SHA256}, None)
    assert await anext(passing) == b"a"
    with pytest.raises(ConnectionResetError, match="gone"):
        await anext(passing)


async def test_verified__with_an_empty_piece_at_the_end__still_keeps_the_last_back() -> None:
    """A piece without bytes once pushed out what waited for the proof."""
    assert await outcome([b"wrong", b"", b""], SHA256, 5) == (b"", False)


@pytest.mark.parametrize(
    ("sha256", "size", "words"),
    [
        ("0" * 64, None, "its page says 000"),
        (None, 3, "longer than the 3 bytes"),
        (None, 5, "ended after 4 of 5 bytes"),
    ],
)
async def test_verified__of_a_wrong_body__says_what_is_wrong(sha256: str | None, size: int | None, words: str) -> None:
    """The log can tell a truncated download from another file."""
    with pytest.raises(NotAsPromised, match=words):
        _ = [chunk async for chunk in verified(chunked([b"ab", b"cd"]), {"sha256": sha256} if sha256 else {}, size)]


@pytest.mark.parametrize("algorithm", ["sha512", "sha384", "md5"])
async def test_verified__of_a_page_without_sha256__checks_the_hash_that_it_has(algorithm: str) -> None:
    """FIL-10: an index that gives another hash gets its files checked by that."""
    right = hashlib.new(algorithm, BODY).hexdigest()
    assert [chunk async for chunk in verified(chunked([BODY]), {algorithm: right}, None)] == [BODY]
    with pytest.raises(NotAsPromised, match=algorithm):
        _ = [chunk async for chunk in verified(chunked([BODY + b"x"]), {algorithm: right}, None)]


async def test_verified__of_several_hashes__goes_by_the_strongest() -> None:
    """A right md5 does not make up for a wrong sha256, in whatever order the page has them."""
    hashes = {"md5": hashlib.md5(BODY).hexdigest(), "sha256": "0" * 64}
    with pytest.raises(NotAsPromised, match="sha256"):
        _ = [chunk async for chunk in verified(chunked([BODY]), hashes, None)]
