"""What each kind of clients gets: never what another gets, whatever was asked before and by whom."""

from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from addons.answering.request import Request
from addons.answers import Answer
from addons.assembly import Assembly, assemble
from addons.clients.standing import Standing
from addons.policies.kinds import KINDS
from proxyconf.instants import Instant
from proxyconf.reading import read
from proxyconf.settings import Settings
from tests.addons.sources.places import put_wheel

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
EARLIER = Instant(2026, 1, 31, tzinfo=UTC)
DENY_TWO = {"deny": [{"project": "demo", "versions": "==2.0", "reason": "steals tokens"}]}
ALLOW_THREE = {"allow": [{"project": "demo", "versions": "==3.0", "reason": "a hotfix"}]}
YANK_ONE = {"yank": [{"project": "demo", "versions": "==1.0", "reason": "loses beams"}]}

STANDINGS = [
    Standing(),
    Standing(group="ci"),
    Standing(group="lab"),
    Standing(group="frozen"),
    Standing(group="lab", profile="narrow"),
    Standing(group="lab", as_of=EARLIER),
    Standing(as_of=EARLIER),
]
TARGETS = ["/simple/demo/", "/simple/magnets/", "/pypi/demo/json", "/pypi/demo/2.0/json", "/simple/absent/"]
FORMS = ["application/vnd.pypi.simple.v1+json", "text/html"]


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two folders of own files, three groups' worth of rules about them."""
    folder = tmp_path_factory.mktemp("views")
    for version in ("1.0", "2.0", "3.0"):
        put_wheel(folder / "acme", "demo", version)
    put_wheel(folder / "beams", "magnets", "1.0")
    path = folder / "wheelgate.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "sources": [{"name": "acme", "folder": "acme"}, {"name": "beams", "folder": "beams"}],
                "address": "http://gateway.example.org:8080",
                "profiles": [{"name": "narrow", "sources": ["beams"], "policies": [YANK_ONE]}],
                "clients": [
                    {
                        "name": "frozen",
                        "networks": ["10.3.0.0/16"],
                        "snapshot": "2026-01-31",
                        "policies": [ALLOW_THREE],
                    },
                    {"name": "ci", "networks": ["10.1.0.0/16"], "policies": [DENY_TWO]},
                    {
                        "name": "lab",
                        "networks": ["10.2.0.0/16"],
                        "policies": [YANK_ONE],
                        "profiles": ["narrow", "as-of"],
                    },
                ],
            }
        )
    )
    return read(path, KINDS)


async def asked(assembly: Assembly, standing: Standing, target: str, form: str, etag: str | None) -> Answer:
    """Ask as somebody who stands like this."""
    headers = {"accept": form} | ({"if-none-match": etag} if etag else {})
    answer = await assembly.views.of(standing).answering.answer(Request("GET", "pypi.org", target, headers, AT))
    assert isinstance(answer, Answer)
    return answer


QUESTION = st.tuples(st.sampled_from(STANDINGS), st.sampled_from(TARGETS), st.sampled_from(FORMS), st.booleans())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(questions=st.lists(QUESTION, min_size=2, max_size=12))
async def test_views__asked_in_any_order__each_answers_as_if_it_were_the_only_one(
    configured: Settings, questions: list[tuple[Standing, str, str, bool]]
) -> None:
    """What is kept of judged pages and finished answers is shared, but never across what differs; nor is another's ETag good."""
    shared, etags = assemble(configured), dict[tuple[str, str], str]()
    for standing, target, form, conditional in questions:
        etag = etags.get((target, form)) if conditional else None
        got = await asked(shared, standing, target, form, etag)
        alone = await asked(assemble(configured), standing, target, form, etag)
        assert (got.status, got.headers, got.body) == (alone.status, alone.headers, alone.body)
        if got.status == 200:
            etags[target, form] = got.headers["ETag"]


async def test_views__whose_rules_about_a_project_are_the_same__share_what_was_made(configured: Settings) -> None:
    """No group costs the others anything where it gets what they get: the very same bytes."""
    assembly = assemble(configured)
    one = await asked(assembly, Standing(), "/simple/magnets/", FORMS[0], None)
    other = await asked(assembly, Standing(group="ci"), "/simple/magnets/", FORMS[0], None)
    assert one is other


async def test_refusal__of_a_group__leads_to_its_own_explanation(configured: Settings) -> None:
    """The URL behind the words says for whom, so that a person reads of the rules that count for the machine."""
    answer = await asked(assemble(configured), Standing(group="ci"), "/simple/demo/", FORMS[0], None)
    assert b"http://gateway.example.org:8080/explain/demo?client=ci" in answer.body


async def test_group__without_an_own_source__gets_nothing_of_it(configured: Settings) -> None:
    """Its sources are those that it names, and no other."""
    assembly, narrow = assemble(configured), Standing(group="lab", profile="narrow")
    assert (await asked(assembly, narrow, "/simple/demo/", FORMS[0], None)).status == 404
    assert (await asked(assembly, narrow, "/simple/magnets/", FORMS[0], None)).status == 200


async def test_as_of__files_that_came_later__are_not_there_whoever_they_are_of(configured: Settings) -> None:
    """Own files, too: a world that a job has chosen to see must not change under it."""
    page = await asked(assemble(configured), Standing(as_of=EARLIER), "/simple/demo/", FORMS[0], None)
    assert b'"files":[]' in page.body


async def test_snapshot__of_a_group__lets_past_what_is_exempt(configured: Settings) -> None:
    """A frozen world gets its hotfix; one that a client has chosen by its name never changes (above)."""
    page = await asked(assemble(configured), Standing(group="frozen"), "/simple/demo/", FORMS[0], None)
    assert [each for each in (b"demo-1.0", b"demo-2.0", b"demo-3.0") if each in page.body] == [b"demo-3.0"]


def test_views__of_more_instants_than_are_remembered__are_made_again(configured: Settings) -> None:
    """Clients name as many as they like: memory stays, and each gets what it asks for."""
    views = assemble(configured).views
    first = Standing(as_of=Instant(2020, 1, 1, tzinfo=UTC))
    before = views.of(first)
    for number in range(400):
        views.of(Standing(as_of=Instant(2021, 1, 1, number % 24, number // 24, tzinfo=UTC)))
    assert views.of(first) is not before
    assert views.of(Standing()) is views.usual


def test_view__of_a_group_that_is_not_configured__is_an_error(configured: Settings) -> None:
    """Nobody falls into another group by a wrong name."""
    with pytest.raises(KeyError):
        assemble(configured).views.of(Standing(group="nobody"))
