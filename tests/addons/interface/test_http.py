"""What holds for every operation: who asks, from where, by which method, with which query and body, and what an outage is."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from addons.interface.address import MOST_BODY, PREFIX
from addons.interface.interface import Interface
from addons.interface.operation import Desk, Operation
from addons.interface.table import TABLE
from addons.simple.names import ProjectName
from addons.store.database import Database, DatabaseUnavailable
from addons.store.overview import Overview
from addons.store.projects import Projects
from addons.upload.author import Author, Said
from addons.upload.refusal import UploadRefused
from tests.addons.interface.asking import Asker, ByRole, Roster, TokenBox, asker

YANK = "/projects/demo/releases/1.0/yank"
CLOSED = [each for each in TABLE if not each.open]


def filled(path: str) -> str:
    """Give the path with something in the place of what it names."""
    values = {"name": "demo", "version": "1.0", "principal": "user:bob", "id": "t0"}
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    return path


@pytest.mark.parametrize("operation", CLOSED, ids=lambda each: each.name)
@pytest.mark.parametrize("token", [None, "wrong"])
async def test_operation__for_nobody_that_is_known__is_403(operation: Operation, token: str | None, api: Asker) -> None:
    """UPL-24: never 401, and nothing is said of what there is; the secret is not repeated."""
    answer = await api.ask(operation.method, filled(operation.path), b"no JSON", token=token)
    assert answer.status == 403
    assert json.loads(answer.body)["code"] == ("unidentified" if token is None else "token")
    assert "WWW-Authenticate" not in answer.headers
    assert "wrong" not in answer.body.decode() + answer.reason


async def test_cookie__counts_for_nothing(api: Asker) -> None:
    """Only Authorization says who it is."""
    answer = await api.ask("GET", "/whoami", token=None, cookie="token=of-alice")
    assert answer.status == 403


@pytest.mark.parametrize("origin", ["https://example.org", "null", "http://upload.pypi.org", "upload.pypi.org", ""])
async def test_origin__of_another_site__is_refused(origin: str, api: Asker) -> None:
    """No page of another site asks in a browser's name, and none may read an answer."""
    for method in ("GET", "OPTIONS"):
        answer = await api.ask(method, "/projects", origin=origin)
        assert (answer.status, json.loads(answer.body)["code"]) == (403, "origin")
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
    assert (await api.ask("GET", "/projects", origin="https://upload.pypi.org")).status == 200


async def test_method__that_is_none_of_the_path__is_405_with_those_that_are(api: Asker) -> None:
    """RFC 9110 section 15.5.6; OPTIONS says the same without asking who it is."""
    answer = await api.ask("PATCH", "/projects/demo/roles/user:bob")
    assert (answer.status, answer.headers["Allow"]) == (405, "DELETE, GET, HEAD, OPTIONS, PUT")
    answer = await api.ask("OPTIONS", "/tokens", token=None)
    assert (answer.status, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")


async def test_head__of_what_is_read__is_answered_as_get(api: Asker) -> None:
    """RFC 9110 section 9.3.2."""
    assert (await api.ask("HEAD", "/projects")) == (await api.ask("GET", "/projects"))
    assert (await api.ask("HEAD", YANK)).status == 405


@pytest.mark.parametrize("path", ["/none", "/projects/", "/projects/demo/", "/projects/demo/releases/1.0", "//"])
async def test_path__that_is_none__is_404(path: str, api: Asker) -> None:
    """A slash too many is another path."""
    assert (await api.refusal(path, "GET", token=None))[0] == 404


async def test_path__of_the_root__is_where_one_starts(api: Asker) -> None:
    """With and without a slash, for everybody."""
    for path in ("", "/"):
        assert (await api.look(path, token=None))["openapi"] == "openapi.json"


async def test_answer__of_any_kind__is_kept_nowhere(api: Asker) -> None:
    """No cache has what one author was told."""
    for path in ("/projects", "/none", "/openapi.json"):
        assert (await api.ask("GET", path)).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("mien=true", "mien is no parameter here; there are: after, limit, mine"),
        ("limit=1&limit=2", "the parameter limit is there twice; write it once"),
        ("limit=0", "the parameter limit: Expected `int` >= 1"),
        ("limit=x", "the parameter limit: Expected `int`, got `str`"),
        ("limit", "the query cannot be read; write it as ?name=value&name=value"),
        ("after=%ff", "the query cannot be read; write it as ?name=value&name=value"),
    ],
)
async def test_query__that_is_not_understood__is_refused(query: str, words: str, api: Asker) -> None:
    """A slip changes nothing silently."""
    assert await api.refusal("/projects", "GET", query=query) == (400, f"wheelgate: {words}")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"reason": "x", "file": "y"}, "$.file: is no key of this; there are: reason, files"),
        ({}, "$: Object missing required field `reason`"),
        ({"reason": 1}, "$.reason: Expected `str`, got `int`"),
        ({"reason": "x", "files": [1]}, "$.files[0]: Expected `str`, got `int`"),
        ({"reason": "x", "files": []}, "$.files: Expected `array` of length >= 1"),
        ([], "$: Expected `object`, got `array`"),
        (b'{"reason": "x", "reason": "y"}', "the body is no JSON: the key reason is there twice"),
        (b"", "the body has to be JSON; send it with Content-Type: application/json"),
    ],
)
async def test_body__that_is_not_understood__says_where(body: object, words: str, api: Asker) -> None:
    """The place as a JSON path, what is wrong, and what there is."""
    status, said = await api.refusal(YANK, body=body)
    assert (status, said) == (415 if body == b"" else 400, f"wheelgate: {words}")
    assert api.heard == []


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"reason": "\\ud800"}', b"[" * 60_000, b'{"reason": NaN}'])
async def test_body__that_is_no_json__is_refused(body: bytes, api: Asker) -> None:
    """However deep or broken."""
    assert (await api.refusal(YANK, body=body))[0] == 400


async def test_body__larger_than_the_bound__is_refused_unread(api: Asker) -> None:
    """64 KiB are enough for every operation."""
    assert (await api.refusal(YANK, body=b" " * (MOST_BODY + 1)))[0] == 413
    assert (await api.refusal(YANK, body=b" " * MOST_BODY))[0] == 400


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json; charset=UTF-8", 200),
        ("application/json;charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
async def test_body__of_another_type__is_refused(kind: str, status: int, api: Asker) -> None:
    """What a form on any page can send is no request of ours."""
    assert (await api.ask("POST", YANK, {"reason": "x"}, content_type=kind)).status == status


async def test_body__where_none_is_taken__is_refused(api: Asker) -> None:
    """Nobody is led to think that it counted."""
    assert (await api.refusal("/projects/demo/roles/user:bob", "DELETE", {"reason": "x"}))[0] == 400


async def test_database__that_cannot_be_used__is_503_in_words_without_its_place(tmp_path: Path) -> None:
    """The author may ask again; where the file lies is the operator's business."""
    (tmp_path / "wheelgate.sqlite").write_bytes(b"no database" * 100)
    database = Database(tmp_path)
    tokens = TokenBox()
    desk = Desk(Projects(database), Overview(database), ByRole(), tokens, tokens.mint)
    api = Asker(Projects(database), Interface(desk, Roster()))
    for method, path in (("GET", "/projects"), ("POST", YANK)):
        answer = await api.ask(method, path, {"reason": "x"} if method == "POST" else None)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert str(tmp_path) not in answer.body.decode()


async def test_change__that_nobody_could_be_told_of__is_not_refused(api: Asker) -> None:
    """It counts: who reads 503 would make it again, or think that it was not made."""

    async def deaf(project: ProjectName) -> None:
        raise DatabaseUnavailable("locked")

    desk = Desk(api.projects, Overview(api.projects.database), ByRole(), api.tokens, api.tokens.mint)
    answer = await Asker(api.projects, Interface(desk, Roster(), deaf)).ask("POST", YANK, {"reason": "x"})
    assert (answer.status, api.projects.changes()[-1].what) == (200, "yank")


class _Down:
    async def who(self, said: Said) -> Author:
        raise UploadRefused(503, "identity", "gitlab at gitlab.example.org does not answer; try again")


async def test_identity_service__that_is_down__is_503_in_its_words(tmp_path: Path) -> None:
    """Which service it was."""
    database = Database(tmp_path)
    tokens = TokenBox()
    desk = Desk(Projects(database), Overview(database), ByRole(), tokens, tokens.mint)
    answer = await Asker(Projects(database), Interface(desk, _Down())).ask("GET", "/projects")
    assert (answer.status, answer.reason) == (503, "gitlab at gitlab.example.org does not answer; try again")
    assert "Retry-After" in answer.headers


async def test_store__without_a_database__is_empty(tmp_path: Path) -> None:
    """Before the first upload."""
    database = Database(tmp_path)
    tokens = TokenBox()
    desk = Desk(Projects(database), Overview(database), ByRole(), tokens, tokens.mint)
    api = Asker(Projects(database), Interface(desk, Roster()))
    assert await api.look("/projects") == {"projects": [], "next": None}
    assert (await api.refusal("/projects/demo", "GET"))[0] == 404
    assert not database.is_there


PATHS = st.one_of(
    st.sampled_from([filled(each.path) for each in TABLE]), st.text(max_size=20).map("/projects/{}".format)
)
BODIES = st.one_of(st.binary(max_size=30), st.sampled_from([b"{}", b'{"reason": "x"}', b'{"role": "owner"}']))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["GET", "PUT", "POST", "DELETE", "X\r\n"]), PATHS, st.text(max_size=15), BODIES)
async def test_request__of_any_kind__is_answered_in_words(
    fuzzed: Asker, method: str, path: str, query: str, body: bytes
) -> None:
    """Nothing that anybody sends is a fault of ours, and what is said of it is one line of text."""
    answer = await fuzzed.ask(method, path, body, query=query)
    assert answer.status in {200, 201, 204, 400, 403, 404, 405, 413, 415}
    assert answer.reason.isprintable()
    assert answer.status == 204 or json.loads(answer.body) is not None


@pytest.fixture
def fuzzed(tmp_path: Path) -> Asker:
    """An interface that all examples share."""
    return asker(tmp_path)


def test_prefix__is_below_what_the_upload_host_keeps_for_the_gateway() -> None:
    """No path of PyPI's own begins so."""
    assert PREFIX == "/wheelgate/api/v1"
