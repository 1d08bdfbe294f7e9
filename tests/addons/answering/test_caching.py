"""HTTP caching: what clients may keep, how they ask again, and what of upstream's headers never reaches them."""

import json
from collections.abc import AsyncIterator

import pytest

from addons.sources.index import Index
from tests.addons.answering.asking import HTML, JSON, answer, answering, page
from tests.addons.answering.in_hand import InHand
from tests.addons.policies.rules import page as page_of
from tests.addons.policies.rules import wheel
from tests.addons.sources.places import Time, public_index
from tests.fakepypi import FakePyPI, Status

PATH = "/simple/demo/"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def index(pypi: FakePyPI, time: Time) -> AsyncIterator[Index]:
    async with public_index(pypi, time) as running:
        yield running


# What clients may keep


@pytest.mark.parametrize(("max_age", "said"), [(0, "max-age=0"), (7, "max-age=7"), (600, "max-age=600")])
async def test_page__whatever_upstream_says__has_the_operators_max_age(
    pypi: FakePyPI, index: Index, time: Time, max_age: int, said: str
) -> None:
    """CCH-06, CCH-07: nothing of upstream's `immutable`, and no second life: each answer was judged as it is given."""
    pypi.cache_control = "max-age=365000000, immutable, public"
    pypi.release("demo", "1.0")
    asked = answering(index, max_age_seconds=max_age)
    for passed in (0, 300):
        time.now += passed
        found = await page(asked, "demo")
        assert (found.headers["Cache-Control"], found.headers.get("Age")) == (said, None)


async def test_page__by_default__is_revalidated_by_every_client() -> None:
    """CCH-06: a denial counts on the next request, also for pip from 26.2 on, which takes `max-age` at its word."""
    assert (await page(answering(InHand(page_of(wheel("1.0")))), "foo-bar")).headers["Cache-Control"] == "max-age=0"


async def test_refusals_and_absences__of_every_kind__are_kept_by_nobody(pypi: FakePyPI, index: Index) -> None:
    """CCH-06: whoever kept one would have it when its reason is gone."""
    asked = answering(index)
    for url in ("https://pypi.org/simple/nothing/", "https://pypi.org/stats/", "https://pypi.org/project/demo/"):
        assert (await answer(asked, url)).headers["Cache-Control"] == "no-store"


# How they ask again


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("template", ["{}", "W/{}", '"a", {}', '"a" ,W/{},"b"', "*"])
async def test_page__that_a_client_has__is_304_with_the_headers_that_hold(
    pypi: FakePyPI, index: Index, template: str, method: str
) -> None:
    """CCH-03, CCH-04: compared weakly, in lists, for GET and HEAD; nothing in it is wrong for the stored answer."""
    pypi.release("demo", "1.0")
    asked = answering(index)
    whole = await page(asked, "demo", Accept_Encoding="gzip")
    sent = {"Accept": JSON, "Accept_Encoding": "gzip", "If_None_Match": template.format(whole.headers["ETag"])}
    found = await answer(asked, "https://pypi.org/simple/demo/", method, **sent)
    assert (found.status, found.body) == (304, b"")
    assert found.headers.items() <= whole.headers.items()
    assert {"ETag", "Cache-Control", "Vary", "X-PyPI-Last-Serial"} <= found.headers.keys()
    assert not {"Content-Type", "Content-Encoding", "Content-Length"} & found.headers.keys()


@pytest.mark.parametrize("held", [HTML, "text/html"])
async def test_page__that_a_client_has_in_another_form_or_coding__is_whole(held: str) -> None:
    """CCH-01: a tag is for the exact bytes: another form's and another coding's are no reason for a 304."""
    asked = answering(InHand(page_of(wheel("1.0"))))
    for headers in ({"Accept": held}, {"Accept": JSON, "Accept_Encoding": "gzip"}):
        tag = (await page(asked, "foo-bar", **headers)).headers["ETag"]
        assert (await page(asked, "foo-bar", If_None_Match=tag)).status == 200


async def test_validators__of_a_client__never_go_upstream(pypi: FakePyPI, index: Index, time: Time) -> None:
    """CCH-03: neither our tags nor a client's dates mean anything there; upstream's own validator does."""
    pypi.release("demo", "1.0")
    asked = answering(index)
    validators = {"If_None_Match": '"mine"', "If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT", "Range": "bytes=0-1"}
    for _ in range(2):
        assert (await page(asked, "demo", **validators)).status == 200
        time.now += 601
    theirs = pypi.requests[0].headers
    assert not {"if-none-match", "if-modified-since", "range"} & theirs.keys()
    assert pypi.requests[1].headers["if-none-match"] not in ("", '"mine"')
    assert "if-modified-since" not in pypi.requests[1].headers


async def test_etag__of_upstream__never_leaves_with_our_bytes(pypi: FakePyPI, index: Index) -> None:
    """MRG-10, CCH-03: what is sent is ours, so its tag is too; upstream's own is no reason for a 304."""
    pypi.release("demo", "1.0")
    pypi.fault(PATH, Status(200, _page(), JSON, {"ETag": '"theirs"', "Cache-Control": "max-age=600"}))
    asked = answering(index)
    found = await page(asked, "demo", If_None_Match='"theirs"')
    assert found.status == 200
    assert found.headers["ETag"] != '"theirs"'


# How they ask past our memory


@pytest.mark.parametrize(
    ("headers", "granted"),
    [
        ({}, None),
        ({"Cache_Control": "max-age=600"}, 600.0),
        ({"Cache_Control": "max-age=0"}, 60.0),
        ({"Cache_Control": "max-age=30"}, 60.0),
        ({"Cache_Control": "max-age=-1"}, 60.0),
        ({"Cache_Control": "no-cache"}, 5.0),
        ({"Cache_Control": "No-Cache, max-age=0"}, 5.0),
        ({"Cache_Control": "no-store"}, 5.0),
        ({"Pragma": "No-Cache"}, 5.0),
        ({"Pragma": "no-cache", "Cache_Control": "max-age=60"}, 60.0),
        ({"Cache_Control": "only-if-cached, x=y, ;;"}, None),
        ({"Cache_Control": "max-age=soon"}, None),
        ({"Cache_Control": "max-age=" + "9" * 400}, 1e9),
        ({"Cache_Control": "max-age"}, None),
        ({"Cache_Control": "\u00e9=\u00b2, max-age=\u00b2"}, None),
    ],
)
async def test_request__for_something_newer__is_granted_within_limits(
    headers: dict[str, str], granted: float | None
) -> None:
    """CCH-11: by the second for who means it, by the minute for who sends it out of habit; nonsense means nothing."""
    source = InHand(page_of(wheel("1.0")))
    assert (await page(answering(source), "foo-bar", **headers)).status == 200
    assert source.asked == [("foo-bar", granted)]


async def test_request__with_no_cache__sees_what_upstream_just_got(pypi: FakePyPI, index: Index, time: Time) -> None:
    """CCH-11: `uv --refresh` after an upload; and a 304 is an answer to it as well."""
    pypi.release("demo", "1.0")
    asked = answering(index)
    before = await page(asked, "demo")
    pypi.release("demo", "2.0")
    time.now += 6
    assert await page(asked, "demo") is before
    after = await page(asked, "demo", Cache_Control="no-cache")
    assert b"demo-2.0" in after.body
    tag = after.headers["ETag"]
    time.now += 6
    assert (await page(asked, "demo", Cache_Control="no-cache", If_None_Match=tag)).status == 304
    assert [seen.status for seen in pypi.requests] == [200, 200, 304]


async def test_request__with_no_cache_by_many__asks_upstream_once_in_five_seconds(
    pypi: FakePyPI, index: Index, time: Time
) -> None:
    """CCH-11: a wish is not a way to make the gateway hammer PyPI."""
    pypi.release("demo", "1.0")
    asked = answering(index)
    for _ in range(20):
        await page(asked, "demo", Cache_Control="no-cache")
        time.now += 0.5
    assert len(pypi.requests) == 2


# What is absent, and what never arrives


async def test_project__that_was_absent__is_there_as_soon_as_it_is(pypi: FakePyPI, index: Index) -> None:
    """CCH-09: a 404 is no knowledge to build on: neither for a client nor for whom else is asked."""
    asked = answering(index)
    assert (await page(asked, "demo")).status == 404
    pypi.release("demo", "1.0")
    assert (await page(asked, "demo")).status == 200


def _page() -> bytes:
    return json.dumps({"meta": {"api-version": "1.0", "_last-serial": 7}, "name": "demo", "files": []}).encode()


THEIRS = {
    "Set-Cookie": "a=b",
    "Surrogate-Control": "max-age=86400",
    "Surrogate-Key": "project/demo",
    "X-Served-By": "cache",
    "X-Cache": "HIT",
    "Age": "5",
    "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT",
    "Digest": "sha-256=AAAA",
    "Link": "</>; rel=canonical",
    "Content-Disposition": "attachment; filename=x",
    "Strict-Transport-Security": "max-age=31536000",
    "WWW-Authenticate": "Basic",
    "Keep-Alive": "timeout=5",
    "X-PyPI-Last-Serial": "8",
}


async def test_headers__of_upstream__do_not_arrive(pypi: FakePyPI, index: Index) -> None:
    """CCH-14, MRG-10: an answer has our headers and no others; the serial is the page's own."""
    pypi.fault(PATH, Status(200, _page(), JSON, THEIRS))
    found = await page(answering(index), "demo")
    assert found.headers.keys() == {
        *("ETag", "Cache-Control", "Vary", "X-PyPI-Last-Serial", "Content-Type"),
        *("Access-Control-Allow-Origin", "Access-Control-Expose-Headers"),
    }
    assert found.headers["X-PyPI-Last-Serial"] == "7"


@pytest.mark.parametrize("status", [401, 404, 407, 500])
async def test_headers__of_upstreams_errors__do_not_arrive(pypi: FakePyPI, index: Index, status: int) -> None:
    """CCH-14, NAM-16: nor any that would make a client ask its user for a password."""
    pypi.fault(PATH, Status(status, b"theirs", headers=THEIRS))
    found = await page(answering(index), "demo")
    assert found.status in (404, 503)
    assert not {name.lower() for name in THEIRS} & {name.lower() for name in found.headers}
    assert b"theirs" not in found.body


@pytest.mark.parametrize("accept", [JSON, HTML, "text/html"])
async def test_page__for_a_script_of_another_origin__can_be_read(accept: str) -> None:
    """CCH-15: 200 and 304 alike, with the serial, as PyPI's own (micropip asks so)."""
    asked = answering(InHand(page_of(wheel("1.0"), meta={"_last-serial": 42})))
    whole = await page(asked, "foo-bar", Accept=accept, Origin="https://example.org")
    again = await page(asked, "foo-bar", Accept=accept, If_None_Match=whole.headers["ETag"])
    for found in (whole, again):
        assert found.headers["Access-Control-Allow-Origin"] == "*"
        assert "X-PyPI-Last-Serial" in found.headers["Access-Control-Expose-Headers"]
        assert found.headers["X-PyPI-Last-Serial"] == "42"
