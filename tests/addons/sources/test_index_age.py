"""How old the word of an index may be: by its own headers, and by what one client wishes."""

import json

import pytest

from addons.sources.index import Index
from addons.sources.source import ProjectAbsent
from tests.addons.sources.places import DEMO, Time
from tests.fakepypi import FakePyPI, Status

PATH = "/simple/demo/"
JSON = "application/vnd.pypi.simple.v1+json"


def say(pypi: FakePyPI, **headers: str) -> None:
    """Let the index answer with a page under these headers; underscores stand for dashes."""
    body = json.dumps({"meta": {"api-version": "1.0"}, "name": "demo", "files": []}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    pypi.fault(PATH, Status(200, body, JSON, named))


@pytest.mark.parametrize(
    ("age", "left"),
    [("100", 500), ("599", 1), ("700", 0), ("-1", 600), ("soon", 600), ("1" * 30, 600)],
)
async def test_page__that_lay_in_another_cache__counts_for_the_rest_of_its_time(
    pypi: FakePyPI, index: Index, time: Time, age: str, left: int
) -> None:
    """CCH-07: the clock is not started again by passing a page on (RFC 9111 section 4.2.3)."""
    say(pypi, Cache_Control="Max-Age=600", Age=age)
    await index.page(DEMO)
    time.now += max(left - 0.5, 0)
    await index.page(DEMO)
    assert len(pypi.asked(PATH)) == (1 if left else 2)
    time.now += 1
    await index.page(DEMO)
    assert len(pypi.asked(PATH)) == (2 if left else 3)


@pytest.mark.parametrize("vary", ["*", "Accept, *"])
async def test_page__that_varies_by_anything__is_asked_for_each_time(pypi: FakePyPI, index: Index, vary: str) -> None:
    """CCH-12: what depends on nobody knows what is good for one request."""
    say(pypi, Cache_Control="max-age=600", Vary=vary)
    for asked in (1, 2):
        await index.page(DEMO)
        assert len(pypi.asked(PATH)) == asked


async def test_page__that_varies_by_what_we_always_send_alike__is_kept(pypi: FakePyPI, index: Index) -> None:
    """PyPI's own Vary names nothing that differs between our requests."""
    say(pypi, Cache_Control="max-age=600", Vary="Accept, Accept-Encoding")
    for _ in range(2):
        await index.page(DEMO)
    assert len(pypi.asked(PATH)) == 1


@pytest.mark.parametrize("max_age", [0.0, 5.0, 60.0])
async def test_page__that_is_older_than_a_client_wants__is_asked_again(
    pypi: FakePyPI, index: Index, time: Time, max_age: float
) -> None:
    """CCH-11: with upstream's validator, so that nothing is sent that did not change; the others get the newer one too."""
    pypi.release("demo", "1.0")
    first = await index.page(DEMO)
    time.now += max_age
    assert await index.page(DEMO, max_age) is first
    time.now += 0.5
    assert (await index.page(DEMO, max_age)).version == first.version
    assert [seen.status for seen in pypi.requests] == [200, 304]
    await index.page(DEMO)
    assert len(pypi.requests) == 2


async def test_page__said_once_more_in_full__has_the_same_version(pypi: FakePyPI, index: Index, time: Time) -> None:
    """CCH-02: also where upstream has no validators: what is made of it need not be made again."""
    say(pypi, Cache_Control="max-age=1")
    first = await index.page(DEMO)
    time.now += 2
    second = await index.page(DEMO)
    assert second is not first
    assert first.version
    assert second.version == first.version
    assert [seen.status for seen in pypi.requests] == [200, 200]


async def test_page__of_other_bytes__has_another_version(pypi: FakePyPI, index: Index, time: Time) -> None:
    """CCH-02: whatever they say."""
    pypi.release("demo", "1.0")
    first = await index.page(DEMO)
    pypi.release("demo", "2.0")
    time.now += 601
    assert (await index.page(DEMO)).version != first.version


@pytest.mark.parametrize("status", [404, 410])
async def test_project__that_was_not_there__is_asked_for_on_the_next_request(
    pypi: FakePyPI, index: Index, status: int
) -> None:
    """CCH-09: a new project is there at once, whatever Cache-Control the 404 had."""
    fault = pypi.fault(PATH, Status(status, headers={"Cache-Control": "max-age=600"}))
    with pytest.raises(ProjectAbsent):
        await index.page(DEMO)
    fault.lift()
    pypi.release("demo", "1.0")
    assert len((await index.page(DEMO)).files) == 1
