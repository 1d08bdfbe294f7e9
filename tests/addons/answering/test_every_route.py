"""Every row of the table of routes, asked as a client would: what is answered, and that no row is forgotten."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from addons.answering.answering import Answering
from addons.answers import Answer
from addons.policies.deny import Deny, DenyRule
from addons.route_kinds import Asked
from addons.route_table import TABLE, Row
from proxyconf import hosts
from tests.addons.answering.asking import JSON, answer, answering, get, page
from tests.addons.sources.places import own_folder, public_index, put_wheel
from tests.fakepypi import FakeFile, FakePyPI

INDEX, FILES = "https://pypi.org", "https://files.pythonhosted.org"
WHEEL = "demo-1.0-py3-none-any.whl"
MINE = "mine-1.0-py3-none-any.whl"
PREDICTABLE = f"/packages/py3/d/demo/{WHEEL}"

# For each row: what asks for it, and what comes: a status, and for a redirect where it leads.
ANSWERED: dict[str, list[tuple[str, int, str]]] = {
    "GET index /simple/": [("/simple/", 200, "")],
    "GET index /simple": [("/simple", 301, "/simple/"), ("/simple?format=x", 301, "/simple/?format=x")],
    "GET index /simple/{project}/": [
        *[("/simple/demo/", 200, ""), ("/simple/De_mo/?x=1", 301, "/simple/de-mo/?x=1"), ("/simple/none/", 404, "")],
        *[("/simple/-/", 404, ""), ("/simple/%64emo/", 200, "")],
    ],
    "GET index /simple/{project}": [("/simple/demo", 301, "/simple/demo/"), ("/simple/-", 301, "/simple/-/")],
    "GET index /pypi/{project}/json": [("/pypi/demo/json", 200, ""), ("/pypi/none/json", 404, "")],
    "GET index /pypi/{project}/{version}/json": [("/pypi/demo/1.0/json", 200, ""), ("/pypi/demo/9/json", 404, "")],
    "GET index /pypi/{project}/json/": [("/pypi/demo/json/", 301, "/pypi/demo/json")],
    "GET index /pypi/{project}/{version}/json/": [("/pypi/demo/1.0/json/", 301, "/pypi/demo/1.0/json")],
    "GET index /integrity/{project}/{version}/{filename}/provenance": [(f"/integrity/demo/1.0/{WHEEL}/provenance", 404, "")],
    "GET index /pypi": [("/pypi?:action=list_classifiers", 404, ""), ("/pypi?%3Aaction=list_classifiers", 404, "")],
    **{
        f"GET index {path}": [(asked, 302, "/simple/demo/"), (asked.replace("demo", "De.Mo"), 302, "/simple/de-mo/")]
        for path, asked in {
            "/project/{project}/": "/project/demo/",
            "/project/{project}": "/project/demo",
            "/project/{project}/{version}/": "/project/demo/1.0/",
            "/p/{project}/": "/p/demo/",
            "/p/{project}": "/p/demo",
            "/pypi/{project}/": "/pypi/demo/",
            "/pypi/{project}": "/pypi/demo",
            "/pypi/{project}/{version}/": "/pypi/demo/1.0/",
            "/pypi/{project}/{version}": "/pypi/demo/1.0",
        }.items()
    },
    "GET files /packages/{rest}": [
        *[("HASHED", 200, ""), ("HASHED.metadata", 200, ""), (PREDICTABLE, 302, "HASHED"), ("/packages/x", 404, "")],
        (f"/packages/ab/cd/{'0' * 60}/{WHEEL}", 403, ""),
    ],
    "GET index /packages/{rest}": [("HASHED", 200, ""), (PREDICTABLE, 302, "HASHED")],
    "GET files /wheelgate/{source}/{project}/{filename}": [
        *[(f"/wheelgate/acme/mine/{MINE}", 200, ""), (f"/wheelgate/acme/mine/{MINE}.metadata", 200, "")],
        *[(f"/wheelgate/acme/demo/{WHEEL}", 403, ""), ("/wheelgate/acme/mine/.metadata", 404, "")],
    ],
    "GET files /{rest}": [("/", 404, ""), ("/simple/demo/", 404, ""), ("/wheelgate/acme/", 404, "")],
    "GET index /rss/{rest}": [
        *[("/rss/updates.xml", 403, ""), ("/rss/packages.xml", 403, ""), ("/rss/project/demo/releases.xml", 403, "")]
    ],
    "GET index /search/": [("/search/?q=demo", 403, "")],
    "POST index /pypi": [("/pypi", 403, ""), ("/pypi?:action=file_upload", 410, ""), ("/pypi?:action=x", 403, "")],
    "POST index /pypi/": [("/pypi/", 403, "")],
    "POST index /RPC2": [("/RPC2", 403, "")],
    "POST upload /legacy/": [("/legacy/", 403, ""), ("/legacy/?:action=file_upload", 403, "")],
    "POST upload /legacy": [("/legacy", 308, "/legacy/"), ("/legacy?a=b", 308, "/legacy/?a=b")],
    "GET upload /_/oidc/audience": [("/_/oidc/audience", 422, "")],
    "POST upload /_/oidc/mint-token": [("/_/oidc/mint-token", 422, "")],
    "POST upload /_/oidc/github/mint-token": [("/_/oidc/github/mint-token", 422, "")],
    "GET upload /.well-known/pytp": [("/.well-known/pytp", 404, "")],
    "ANY upload /wheelgate/api/{rest}": [("/wheelgate/api/", 403, ""), ("/wheelgate/api/projects/demo", 403, "")],
    "POST upload /{rest}": [("/", 403, ""), ("/legacy/x", 403, "")],
    "POST index /legacy/": [("/legacy/", 403, "")],
}  # fmt: skip
HOSTS = {"index": INDEX, "files": FILES, "upload": "https://upload.pypi.org"}


def name(row: Row) -> str:
    """Give what the row is called above."""
    return f"{row.method} {row.place} {row.path}"


@pytest.fixture
def demo(pypi: FakePyPI) -> FakeFile:
    """A release of PyPI's."""
    return pypi.release("demo", "1.0", announce_metadata=True)


@pytest.fixture
async def asked(pypi: FakePyPI, demo: FakeFile, tmp_path: Path) -> AsyncIterator[Answering]:
    """PyPI, and the organisation's own project."""
    put_wheel(tmp_path, "mine", "1.0")
    async with public_index(pypi) as index:
        yield answering(own_folder(tmp_path), index)


def test_rows__all_of_them__are_asked_for_below() -> None:
    """A route that is added here needs its answer written down."""
    assert [name(row) for row in TABLE] == list(dict.fromkeys(map(name, TABLE)))
    assert set(ANSWERED) == set(map(name, TABLE))


@pytest.mark.parametrize("row", TABLE, ids=name)
async def test_row__asked_for__is_answered_as_decided(asked: Answering, demo: FakeFile, row: Row) -> None:
    """LEG-12: each route has its one answer, which is this row's own: no earlier row takes it away."""
    for written, status, leads_to in ANSWERED[name(row)]:
        target = written.replace("HASHED", demo.path)
        path, _, query = target.partition("?")
        question = Asked(row.method, row.place, path.replace("%64", "d"), path, query)
        assert next(each for each in TABLE if each.found(question) is not None) is row
        found = await get(asked, HOSTS[row.place] + target, row.method)
        assert (found.status if isinstance(found, Answer) else 200) == status, written
        if leads_to:
            assert isinstance(found, Answer)
            assert found.headers["Location"] == leads_to.replace("HASHED", demo.url)


@pytest.mark.parametrize("row", TABLE, ids=name)
async def test_row__asked_for_by_other_methods__is_not_allowed(asked: Answering, demo: FakeFile, row: Row) -> None:
    """NAM-07, NAM-08: HEAD is as GET; what neither reads nor has a row of its own is 405, or refused where it is."""
    written, status, _ = ANSWERED[name(row)][0]
    url = HOSTS[row.place] + written.replace("HASHED", demo.path)
    if row.method == "GET":
        head = await get(asked, url, "HEAD")
        assert (head.status if isinstance(head, Answer) else 200) == status
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "QUERY"):
        found = await answer(asked, url, method)
        assert found.status == (405 if row.method == "GET" else 403)
        assert found.status == 403 or found.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("row", [row for row in TABLE if row.method == "GET"], ids=name)
async def test_row__asked_what_may_be_asked__says_so(
    asked: Answering, demo: FakeFile, pypi: FakePyPI, row: Row
) -> None:
    """FIL-14, CCH-15: a browser's preflight; where all is refused it is refused, and nobody is asked."""
    written, status, _ = ANSWERED[name(row)][0]
    preflight = {"Origin": "https://example.org", "Access_Control_Request_Method": "GET"}
    pypi.clear_log()
    found = await answer(asked, HOSTS[row.place] + written.replace("HASHED", demo.path), "OPTIONS", **preflight)
    if status == 403 or row.path in ("/{rest}", "/.well-known/pytp"):
        assert found.status == status
    else:
        assert (found.status, found.body) == (204, b"")
        assert found.headers["Access-Control-Allow-Origin"] == "*"
        assert found.headers["Access-Control-Allow-Methods"] == found.headers["Allow"] == "GET, HEAD, OPTIONS"
        assert {"Range", "Accept-Encoding"} <= set(found.headers["Access-Control-Allow-Headers"].split(", "))
    assert pypi.requests == []


NOT_THERE = [
    *("/", "/stats/", "/_health/", "/sitemap.xml", "/security.txt", "/.well-known/security.txt", "/classifiers/"),
    *("/user/demo/", "/org/demo/", "/search", "/rss", "/account/login/", "/manage/projects/", "/danger-api/", "/SIMPLE/demo/"),
    *("/namespaces", "/namespace/demo", "/simple/demo/1.0/", "/simple/demo/json", "/simple/demo/index.html"),
    *("/_/oidc/audience", "/.well-known/pytp?discover=x", "/integrity/demo/1.0/x.whl", "/project/demo/1.0/more/"),
    *("/pypi/demo/1.0/json/more", "/pypi/", "/pypi?:action=", "/pypi?x=1", "/pypi?:action=LIST_CLASSIFIERS"),
    *(f"/pypi?:action={action}" for action in ("files&name=demo", "display", "browse", "search", "rss", "doap", "index")),
    *(f"/pypi?a=b&:action={action}" for action in ("packages_rss", "file_upload", "list_classifiers_not")),
]  # fmt: skip


@pytest.mark.parametrize("target", NOT_THERE)
async def test_path__that_is_in_no_row__is_refused_in_words(asked: Answering, pypi: FakePyPI, target: str) -> None:
    """LEG-12, LEG-13, LEG-14, LEG-10: what PyPI has there, now or tomorrow, no policy would see."""
    found = await answer(asked, INDEX + target)
    assert (found.status, found.headers["Content-Type"]) == (403, "application/problem+json")
    assert "has no route through this gateway" in found.reason
    assert pypi.requests == []


@pytest.mark.parametrize("host", ["upload.pypi.org", "any.pypi.org", "docs.pypi.org", "pythonhosted.org", "x.pypi.io"])
@pytest.mark.parametrize("target", ["/", "/simple/demo/", "/pypi/demo/json", PREDICTABLE])
async def test_name__that_is_pypis_but_none_of_its_three_hosts__has_nothing(
    asked: Answering, pypi: FakePyPI, host: str, target: str
) -> None:
    """NAM-13: a name below PyPI's domains that has no rule of its own is refused, reads and writes alike."""
    for method in ("GET", "HEAD", "OPTIONS"):
        assert (await answer(asked, f"https://{host}{target}", method)).status == 403
    assert pypi.requests == []


@pytest.mark.parametrize("alias", sorted(hosts.INDEX | {"PyPI.ORG", "pypi.org.", "pypi.org:443"}))
async def test_alias__of_the_index__has_the_same_answers(
    pypi: FakePyPI, asked: Answering, demo: FakeFile, alias: str
) -> None:
    """NAM-13, FIL-06: every rule holds on every name; what is there is the very same answer."""
    for target in ("/simple/demo/", "/simple/demo", "/pypi/demo/json", PREDICTABLE, "/rss/updates.xml", "/stats/"):
        assert await answer(asked, f"https://{alias}{target}") == await answer(asked, INDEX + target)
    assert not isinstance(await get(asked, f"https://{alias}{demo.path}"), Answer)
    for path in ("/pypi", "/RPC2"):
        assert (await answer(asked, f"https://{alias}{path}", "POST")).status == 403


@pytest.mark.parametrize("target", ["/simple/De_Mo", "/simple/DEMO", "/simple/d.e.m.o?x=1", "/pypi/De_Mo/json/"])
async def test_redirects__from_any_spelling__end_after_two(asked: Answering, target: str) -> None:
    """NAM-06, LEG-05: never a loop."""
    hops, found = 0, await answer(asked, INDEX + target)
    while found.status == 301:
        assert urlsplit(found.headers["Location"]).netloc == ""
        hops, found = hops + 1, await answer(asked, INDEX + found.headers["Location"], Accept=JSON)
    assert hops <= 2
    assert found.status in (200, 404)


async def test_absent_project__in_words__has_no_links(asked: Answering) -> None:
    """NAM-15: a client that reads it as a page finds nothing to follow."""
    found = await page(asked, "none", Accept="text/html")
    assert (found.status, found.reason) == (404, "wheelgate: no source has a project none")
    assert b"<" not in found.body


async def test_page_for_people__of_what_is_no_name__is_404(asked: Answering) -> None:
    """LEG-10, NAM-02: no redirect is made of it."""
    for path in ("/project/-/", "/p/%E2%84%AAube", "/pypi/a b/".replace(" ", "%20")):
        assert (await answer(asked, INDEX + path)).status == 404


async def test_page_for_people__of_a_denied_project__leads_where_the_reason_is(pypi: FakePyPI) -> None:
    """LEG-10, NAM-05: the redirect tells nothing and may change tomorrow; the page it leads to is policed."""
    pypi.release("demo", "1.0")
    async with public_index(pypi) as index:
        asked = answering(index, policies=[Deny([DenyRule(project="demo", reason="steals tokens")])])
        found = await answer(asked, INDEX + "/project/demo/")
        assert (found.status, found.headers["Cache-Control"]) == (302, "no-store")
        assert b"steals tokens" in (await answer(asked, INDEX + found.headers["Location"])).body


@pytest.mark.parametrize(("path", "code", "words"), [
    ("/rss/project/demo/releases.xml", "rss", "feeds tell of releases that no policy saw"),
    ("/rss/updates.xml", "rss", "feeds tell of releases that no policy saw"),
    ("/search/?q=x", "search", "PyPI's search is not passed through"),
])  # fmt: skip
async def test_what_tells_of_releases__without_a_policy__is_refused_in_words(
    asked: Answering, path: str, code: str, words: str
) -> None:
    """LEG-09, LEG-10: and the words say what to ask instead."""
    found = await answer(asked, INDEX + path)
    assert (found.status, f'"code": "{code}"' in found.body.decode(), words in found.reason) == (403, True, True)


async def test_index__that_is_asked_for_what_an_own_source_has__never_hears_of_it(
    asked: Answering, pypi: FakePyPI, index_paths: list[str]
) -> None:
    """MRG-02, MRG-06: on no route at all."""
    for path in index_paths:
        for host in (INDEX, FILES):
            await get(asked, host + path)
    assert pypi.requests == []


@pytest.fixture
def index_paths() -> list[str]:
    """All routes that name a project, about the organisation's own."""
    named = [row.path for row in TABLE if "{project}" in row.path]
    fill = {"{project}": "mine", "{version}": "1.0", "{filename}": MINE, "{source}": "acme"}
    for pattern, value in fill.items():
        named = [path.replace(pattern, value) for path in named]
    return [
        *named,
        f"/packages/ab/cd/{'0' * 60}/{MINE}",
        f"/packages/py3/m/mine/{MINE}",
        f"/packages/py3/m/mine/{MINE}.metadata",
    ]
