import gzip
import json

import pytest

from addons.answers import Answer
from addons.simple.page import Page
from tests.addons.answering.asking import HTML, JSON, answer, answering
from tests.addons.answering.in_hand import InHand
from tests.addons.policies.rules import page, wheel

PAGE = page(wheel("1.0"), wheel("2.0"), meta={"_last-serial": 42})


async def ask(shown: Page = PAGE, query: str = "", max_age: int = 0, **headers: str) -> Answer:
    asked = answering(InHand(shown), max_age_seconds=max_age)
    return await answer(asked, f"https://pypi.org/simple/{shown.project}/{query}", **headers)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [(JSON, JSON), (HTML, HTML), ("text/html", "text/html; charset=utf-8"), ("*/*", "text/html; charset=utf-8")],
)
async def test_page__in_each_form__is_labelled_as_asked(accept: str, content_type: str) -> None:
    """NEG-04, NEG-09: the form is the one asked for, and caches are told what it depends on."""
    found = await ask(accept=accept)
    assert (found.status, found.headers["Content-Type"]) == (200, content_type)
    assert found.headers["Vary"] == "Accept, Accept-Encoding"
    assert wheel("2.0").encode() in found.body


async def test_page__with_a_format_in_the_query__is_in_that_form() -> None:
    """NEG-06: `?format=` wins over Accept."""
    assert (await ask(accept="text/html", query=f"?format={JSON}")).headers["Content-Type"] == JSON


async def test_page__with_a_max_age__says_it() -> None:
    """CCH-06: how long a client may keep a page is the operator's choice."""
    assert (await ask(max_age=30)).headers["Cache-Control"] == "max-age=30"


async def test_page__gzipped_on_request__is_the_same_page() -> None:
    """CCH-13: compressed only if asked, and labelled."""
    plain, packed = await ask(accept=JSON), await ask(accept=JSON, accept_encoding="gzip, deflate")
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body


async def test_etag__of_forms_codings_and_pages__is_different_for_each() -> None:
    """CCH-01, CCH-02, NEG-09: one tag never stands for two bodies, and for one body there is one tag."""

    async def tags(shown: Page) -> list[str]:
        every = [(accept, coding) for accept in (JSON, HTML, "text/html") for coding in ("gzip", "identity")]
        found = [await ask(shown, accept=accept, accept_encoding=coding) for accept, coding in every]
        return [each.headers["ETag"] for each in found]

    ours = await tags(PAGE)
    assert len({*ours, *await tags(page(wheel("1.0")))}) == 12
    assert await tags(PAGE) == ours
    assert all(tag.startswith('"') for tag in ours)


@pytest.mark.parametrize("template", ["{}", "W/{}", '"a", {}', "*"])
async def test_page__that_the_client_has__is_304(template: str) -> None:
    """CCH-03, CCH-04: with the headers of the 200 that hold for it, and no body."""
    whole = await ask(accept=JSON)
    found = await ask(accept=JSON, if_none_match=template.format(whole.headers["ETag"]))
    assert (found.status, found.body) == (304, b"")
    for header in ("ETag", "Cache-Control", "Vary", "X-PyPI-Last-Serial"):
        assert found.headers[header] == whole.headers[header]
    assert "Content-Type" not in found.headers


@pytest.mark.parametrize("sent", ['"other"', "", "nonsense", '"'])
async def test_page__that_the_client_has_otherwise__is_whole(sent: str) -> None:
    """Another tag, or another form's tag, is another page."""
    html = (await ask(accept=HTML)).headers["ETag"]
    for tag in (sent, html):
        assert (await ask(accept=JSON, if_none_match=tag)).status == 200


@pytest.mark.parametrize(("serial", "said"), [(42, "42"), ("42", "42"), (0, "0")])
async def test_page__with_a_serial__says_it(serial: object, said: str) -> None:
    """MRG-09: mirrors look at the header."""
    assert (await ask(page(meta={"_last-serial": serial}))).headers["X-PyPI-Last-Serial"] == said


@pytest.mark.parametrize("serial", ["1\r\nSet-Cookie: a=b", "é", "", None, True, [1], {"a": 1}, -1, 10**30, 1.5])
async def test_page__with_a_serial_that_is_no_number__says_nothing(serial: object) -> None:
    """What an index wrote into its JSON cannot write into our headers."""
    assert "X-PyPI-Last-Serial" not in (await ask(page(meta={"_last-serial": serial}))).headers


async def test_page__of_thousands_of_files__is_the_same_as_a_small_one() -> None:
    """A large page is rendered beside the event loop, by the same rules."""
    large = page(*(wheel(f"{number}.0") for number in range(500)))
    found = await ask(large, accept=JSON)
    assert len(json.loads(found.body)["files"]) == 500
    assert (await ask(large, accept=JSON, if_none_match=found.headers["ETag"])).status == 304
