from typing import get_args
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from addons.answers import Answer
from addons.route_kinds import ApiRoute, OidcRoute, PageRoute, PublicFile, Route, SourceFile, UploadRoute
from addons.routes import route
from proxyconf import hosts

WHEEL = "demo-1.0-py3-none-any.whl"
HASHED = f"/packages/ab/cd/{'0' * 60}/{WHEEL}"
INDEX, FILES = "pypi.org", "files.pythonhosted.org"

some_hosts = st.sampled_from([*hosts.INDEX, *hosts.FILES, *hosts.UPLOAD, "any.pypi.org", "[::1]:443"]) | st.text()
pieces = st.sampled_from([WHEEL, " ", "\r\n", "\t"]) | st.sampled_from(
    [
        "/",
        "//",
        "/simple",
        "/packages",
        "/wheelgate",
        "demo",
        ".metadata",
        "..",
        ".",
        "%2e",
        "%2F",
        "%5c",
        "%00",
        "%",
        "%zz",
        "%ff",
        "%C3%A9",
        "?",
        "#",
        "format=",
        "+",
        "%2B",
        "&",
        "\\",
        "é",
        ";",
        ":",
        "@",
        "[",
    ]
)
targets = st.text() | st.lists(pieces).map("".join) | st.lists(pieces).map(lambda parts: "/" + "".join(parts))


@given(st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "CONNECT", "get"]) | st.text(), some_hosts, targets)
@example("GET", INDEX, "/simple/a\r\nSet-Cookie: b/")
@example("GET", INDEX, "/simple/a?\r\nSet-Cookie: b")
def test_route__of_anything__is_a_route_or_an_answer(method: str, host: str, target: str) -> None:
    """No method, host and target make it raise, and what it answers can be written to the wire."""
    found = route(method, host, target)
    if isinstance(found, Answer):
        assert found.status in (204, 301, 308, 400, 403, 404, 405, 410)
        assert all(value.isascii() and value.isprintable() for value in found.headers.values())
    else:
        assert isinstance(found, get_args(Route.__value__))
        on_upload_host = isinstance(found, UploadRoute | OidcRoute | ApiRoute)
        assert method in ("GET", "HEAD") or on_upload_host
        assert hosts.normal_host(host) in (hosts.UPLOAD if on_upload_host else hosts.INDEX | hosts.FILES)


@given(targets)
def test_route__of_any_target_that_is_a_file__holds_no_way_round(target: str) -> None:
    """NAM-10: what comes out has no empty, dot or separator segment left that another reader could take otherwise."""
    found = route("GET", FILES, target)
    if isinstance(found, PublicFile):
        segments = found.path.split("/")
        assert found.filename == segments[-1]
        assert not {"", ".", ".."} & set(segments[1:])
        assert found.path.isprintable()
    if isinstance(found, SourceFile):
        assert not {"", ".", "..", "/"} & {found.source, found.spelling, found.filename}


@pytest.mark.parametrize("host", sorted(hosts.INDEX | {"PyPI.org", "pypi.org.", "pypi.org:443"}))
def test_route__of_a_page_on_every_alias__is_the_page(host: str) -> None:
    """NAM-13: the same rule on every alias, however the host is spelled."""
    assert route("GET", host, "/simple/demo/") == PageRoute("demo")


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("/simple/demo/", PageRoute("demo")),
        ("/simple/Foo_Bar/", PageRoute("Foo_Bar")),
        ("/simple/%64emo/", PageRoute("demo")),
        ("/simple/demo/#sha256=00", PageRoute("demo")),
        ("/simple/%C5%BF/", PageRoute("\u017f")),
        ("/simple/demo/?x=1", PageRoute("demo", None, "x=1")),
        ("/simple/demo/?x=1#?format=text/html", PageRoute("demo", None, "x=1")),
        ("/simple/demo/?xformat=a&format=text/html", PageRoute("demo", "text/html", "xformat=a&format=text/html")),
        ("/simple/demo/?format=a/b+json", PageRoute("demo", "a/b+json", "format=a/b+json")),
        ("/simple/demo/?format=a/b%2Bjson", PageRoute("demo", "a/b+json", "format=a/b%2Bjson")),
        ("/simple/demo/?format=a/b%20json", PageRoute("demo", "a/b+json", "format=a/b%20json")),
        ("/simple/demo/?format", PageRoute("demo", "", "format")),
        ("/simple/demo/?format=%ff", PageRoute("demo", "\ufffd", "format=%ff")),
        (HASHED, PublicFile(HASHED, WHEEL)),
        (HASHED + ".metadata", PublicFile(HASHED, WHEEL, "metadata")),
        (HASHED.replace("/ab/cd/", "/AB/cD/"), PublicFile(HASHED, WHEEL)),
        ("/packages/py3/d/demo/a-1%2Bb.tar.gz", PublicFile("/packages/py3/d/demo/a-1+b.tar.gz", "a-1+b.tar.gz")),
    ],
)
def test_route__on_the_index__is_the_one_that_is_meant(target: str, found: Route) -> None:
    """Every spelling of a path that clients send leads to one route."""
    assert route("GET", INDEX, target) == found == route("HEAD", INDEX, target)


@pytest.mark.parametrize(
    ("target", "found"),
    [
        (HASHED, PublicFile(HASHED, WHEEL)),
        (HASHED + "?download=1#x", PublicFile(HASHED, WHEEL)),
        (HASHED.replace("demo", "%64%65mo"), PublicFile(HASHED, WHEEL)),
        (HASHED + ".asc", PublicFile(HASHED + ".asc", WHEEL + ".asc")),
        (HASHED + "%2emetadata", PublicFile(HASHED, WHEEL, "metadata")),
        ("/packages/ab/a%252Fb.whl", PublicFile("/packages/ab/a%2Fb.whl", "a%2Fb.whl")),
        ("/wheelgate/acme/demo/" + WHEEL, SourceFile("acme", "demo", WHEEL)),
        ("/wheelgate/acme/demo/a-1+b.whl", SourceFile("acme", "demo", "a-1+b.whl")),
        (f"/wheelgate/acme/demo/{WHEEL}.metadata", SourceFile("acme", "demo", WHEEL, "metadata")),
    ],
)
def test_route__on_the_files_host__is_the_file_or_its_metadata(target: str, found: Route) -> None:
    """FIL-06: every form of a file's URL is that file, so that one decision holds for all of them."""
    assert route("GET", FILES, target) == found


@pytest.mark.parametrize(
    "way", ["%2F", "%2f", "%5C", "%5c", "\\", "%00", "%0A", "%7F", "%ff", "é", "\x80", "\n", " ", "\x7f"]
)
@pytest.mark.parametrize("host", [INDEX, FILES])
def test_route__with_a_byte_that_can_mean_two_paths__is_bad(host: str, way: str) -> None:
    """NAM-09: separators in disguise, control characters and bytes that are no UTF-8 go nowhere."""
    for target in (f"/simple/de{way}mo/", f"/packages/a/de{way}mo.whl", f"/simple/{way}/"):
        answer = route("GET", host, target)
        assert isinstance(answer, Answer)
        assert answer.status == 400


@pytest.mark.parametrize(
    "target",
    [
        *(
            "//simple/demo/",
            "/simple//demo/",
            "/simple/demo//",
            "/simple/./demo/",
            "/simple/x/../demo/",
            "/simple/%2e%2E/",
        ),
        *("/simple/demo/..", "/..", "/.", "//", "", "simple/demo/", "*", "https://pypi.org/simple/demo/", "?", "#"),
        *("//pypi.org/simple/demo/", "/packages//a/x.whl", "/packages/a/../b/x.whl", "/packages/a/%2e/x.whl"),
    ],
)
def test_route__with_dots_or_empty_segments__is_bad(target: str) -> None:
    """NAM-10: no way round by a path that a server behind would read otherwise."""
    for host in (INDEX, FILES):
        answer = route("GET", host, target)
        assert isinstance(answer, Answer)
        assert answer.status == 400


@pytest.mark.parametrize("tail", ["?a\r\nb", "?\xe9", "?a b", "?a\x00", "#\n"])
def test_route__with_a_query_that_could_break_a_header__is_bad(tail: str) -> None:
    """What is repeated in a redirect cannot split the answer, nor fail to be encoded."""
    answer = route("GET", INDEX, "/simple/demo" + tail)
    assert isinstance(answer, Answer)
    assert answer.status == 400


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/simple/demo", "/simple/demo/"),
        ("/simple/demo?x=1", "/simple/demo/?x=1"),
        ("/simple/demo#x", "/simple/demo/"),
        ("/simple/D%65mo?", "/simple/D%65mo/"),
    ],
)
def test_route__of_a_page_without_its_slash__moves_to_it(target: str, location: str) -> None:
    """NAM-06: one hop, the query kept."""
    answer = route("GET", INDEX, target)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.headers["Location"]) == (301, location)


@pytest.mark.parametrize(
    ("host", "target", "status"),
    [
        *(
            (INDEX, target, 403)
            for target in ("/", "/simple/demo/x", "/simple/demo/json", "/rss/", "/rss/updates.xml", "/stats/")
        ),
        *((INDEX, target, 403) for target in ("/SIMPLE/demo/", "/simple/demo/;x/", "/wheelgate/acme/demo/a.whl")),
        *((FILES, target, 404) for target in ("/", "/simple/demo/", "/packages/", "/packages/a.whl", "/packages/a/")),
        *((FILES, target, 404) for target in ("/packages/a/.metadata", "/wheelgate/acme/a.whl", "/Packages/a/b/c.whl")),
        *(
            (host, "/simple/demo/", 403)
            for host in ("upload.pypi.org", "any.pypi.org", "some.pypi.org", "pythonhosted.org")
        ),
        *((host, "/simple/demo/", 403) for host in ("example.org", "", "pypi.org.example.org")),
    ],
)
def test_route__of_what_has_no_route__is_refused(host: str, target: str, status: int) -> None:
    """Nothing passes that no policy saw."""
    answer = route("GET", host, target)
    assert isinstance(answer, Answer)
    assert answer.status == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", "", "GET "])
def test_route__with_another_method__is_not_allowed(method: str) -> None:
    """NAM-08: what does not read is not passed on."""
    answer = route(method, INDEX, "/simple/demo/")
    assert isinstance(answer, Answer)
    assert answer.status == 405


@pytest.mark.parametrize(
    ("host", "status"), [("upload.pypi.org", 403), ("upload.pypi.io", 403), (INDEX, 403), (FILES, 405)]
)
def test_route__of_an_upload__is_refused_in_words(host: str, status: int) -> None:
    """What twine sends never goes on to PyPI: 403, which twine prints, and never 409."""
    answer = route("POST", host, "/legacy/x" if "upload" in host else "/legacy/")
    assert isinstance(answer, Answer)
    assert answer.status == status
    assert ("https://upload.pypi.org/legacy/" in answer.reason) is (status == 403)


@given(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,30}", fullmatch=True).filter(
        lambda name: not name.endswith(".metadata")
    )
)
def test_route__of_a_files_quoted_url__finds_its_name_again(filename: str) -> None:
    """MRG-11: whatever the gateway writes on a page, it understands when it is asked for."""
    for quoted in (quote(filename), quote(filename, safe="+!"), "".join(f"%{ord(letter):02X}" for letter in filename)):
        assert route("GET", FILES, f"/wheelgate/acme/demo/{quoted}") == SourceFile("acme", "demo", filename)
        assert route("GET", FILES, f"/packages/a/{quoted}") == PublicFile(f"/packages/a/{filename}", filename)
