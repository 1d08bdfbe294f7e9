"""GitLab's job tokens, with a stand-in GitLab on the loopback."""

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from proxyconf.ci_services import JobRule
from proxyconf.settings import Upstream
from tests.addons.upload.identity.making import DEMO, basic, desk, gitlab, token
from tests.standins.gitlab import GitLab, Job

GIVEN = "gitlab-ci-token"


@pytest.fixture
def service() -> Iterator[GitLab]:
    """Give a GitLab."""
    with GitLab() as gitlab:
        yield gitlab


async def test_job__running__uploads_as_its_project_and_all_groups_above(service: GitLab, tmp_path: Path) -> None:
    """So that a project can be owned by a CI project or by a group of them; the job and its user are told."""
    async with desk(tmp_path, gitlab(service.url)) as here:
        author = await here.who(basic(GIVEN, service.issue()))
    assert str(author.principal) == "ci:acme/controls/demo@gitlab"
    assert set(map(str, author.groups)) == {"ci:acme/controls@gitlab", "ci:acme@gitlab"}
    assert (author.service, str(author)) == (
        "gitlab_jobs",
        "ci:acme/controls/demo@gitlab (job 4711 of user:alice@gitlab)",
    )
    assert author.may_claim
    assert author.projects is None


@pytest.mark.parametrize(
    ("owner", "ours", "principal"),
    [
        ("user", False, "user:alice@gitlab"),
        ("user", True, "user:alice"),
        ("group", False, "ci:acme/controls@gitlab"),
    ],
)
async def test_owner__of_the_rule__is_the_principal(
    service: GitLab, tmp_path: Path, owner: str, ours: bool, principal: str
) -> None:
    """A user of a GitLab is the organisation's own only where the configuration says so."""
    rule = JobRule(projects=("acme/*/demo",), owner=owner, may_claim=False, uploads_to=("Demo",))  # type: ignore[arg-type]
    async with desk(tmp_path, gitlab(service.url, rule, users_are_ours=ours)) as here:
        author = await here.who(basic(GIVEN, service.issue()))
    assert str(author.principal) == principal
    assert (author.may_claim, author.projects) == (False, DEMO)


@pytest.mark.parametrize("said", [token("{}"), "Bearer {}", "Token {}", basic("anybody", "{}")])
async def test_job_token__by_its_prefix__is_asked_of_the_one_gitlab(service: GitLab, tmp_path: Path, said: str) -> None:
    """UPL-24: whichever way it is given, and whatever the user name."""
    issued = service.issue()
    written = {
        token("{}"): token(issued),
        basic("anybody", "{}"): basic("anybody", issued),
    }.get(said, said.format(issued))
    async with desk(tmp_path, gitlab(service.url)) as here:
        assert (await here.who(written)).service == "gitlab_jobs"


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (Job(status="success"), "is not running, but success"),
        (Job(project="other/demo"), "this is other/demo, for which no rule"),
        (Job(project="acmes/demo"), "for which no rule"),
        (Job(ref="feature"), "branch feature, started by push: no rule"),
        (Job(ref="main", tag=True), "tag main, started by push: no rule"),
        (Job(ref="refs/merge-requests/1/head"), "no rule"),
        (Job(source="merge_request_event"), "started by merge_request_event: no rule"),
        (Job(user="a:b@c"), "a name that can own nothing"),
        (Job(web_url="https://evil.example.com/acme/controls/demo/-/jobs/4711"), "somewhere else (web_url)"),
        (Job(project="acme/../other/demo"), "somewhere else (web_url)"),
        (Job(project="acme"), "somewhere else (web_url)"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_job__that_no_rule_lets_upload__is_refused_in_words(
    service: GitLab, tmp_path: Path, job: Job, words: str
) -> None:
    """UPL-24: by its path, state, branch or tag, and what started it; that is no guess, so it is not counted as one."""
    rule = JobRule(groups=("acme",), branches=("main", "release/*"), tags=("v*",), triggers=("push",))
    async with desk(tmp_path, gitlab(service.url, rule)) as here:
        for _ in range(12):
            assert words in await here.refused(basic(GIVEN, service.issue(job)))


async def test_job__that_matches_a_branch_or_a_tag__is_let_in(service: GitLab, tmp_path: Path) -> None:
    """Branches and tags of one name are told apart."""
    rule = JobRule(groups=("acme",), branches=("main", "release/*"), tags=("v*",), triggers=("push",))
    async with desk(tmp_path, gitlab(service.url, rule)) as here:
        for job in (Job(), Job(ref="release/1"), Job(ref="v1", tag=True)):
            assert await here.lets_in(basic(GIVEN, service.issue(job)))


async def test_job_token__unknown_or_over__is_refused_as_pypi_does(service: GitLab, tmp_path: Path) -> None:
    """UPL-24: 403, in PyPI's words with which service says no behind them; it is asked once for the same."""
    over = service.issue()
    service.end(over)
    async with desk(tmp_path, gitlab(service.url)) as here:
        words = await here.refused(basic(GIVEN, over))
        await here.refused(basic(GIVEN, over))
        assert (await here.refused(basic(GIVEN, "a b"))).endswith('It is no job token of GitLab "gitlab" (127.0.0.1)')
    assert words.startswith(
        'Invalid or non-existent authentication information. GitLab "gitlab" (127.0.0.1) knows no running job'
    )
    assert len(service.asked) == 1


async def test_uploads__a_dozen_of_one_job__ask_once(service: GitLab, tmp_path: Path) -> None:
    """At the same time or one after the other; after a minute it is asked again, and the token may have ended."""
    issued = service.issue()
    async with desk(tmp_path, gitlab(service.url)) as here:
        await asyncio.gather(*(here.who(basic(GIVEN, issued)) for _ in range(12)))
        await here.who(basic(GIVEN, issued))
        assert len(service.asked) == 1
        service.end(issued)
        here.now = 60.0
        await here.refused(basic(GIVEN, issued))
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    ("mood", "why"),
    [
        ("html", "not what such a service says"),
        ("redirect", "status 302"),
        ("list", "not what such a service says"),
        ("huge", "more than 1000 kB"),
        ("error", "status 500"),
        ("coded", "a coding that nobody asked for"),
        ("down", "could not be reached"),
    ],
)
async def test_gitlab__that_lies_or_fails__is_named_and_nobody_else_is_asked(
    service: GitLab, tmp_path: Path, mood: str, why: str
) -> None:
    """UPL-24: 403 and "try again", never 5xx; redirects are not followed; and the next upload may be let in."""
    issued = service.issue()
    async with desk(tmp_path, gitlab(service.url)) as here:
        service.mood = mood
        words = await here.refused(basic(GIVEN, issued))
        assert words.startswith('GitLab "gitlab" (127.0.0.1) could not be asked who you are: ')
        assert words.endswith("; try again")
        assert why in words
        assert "/elsewhere" not in service.asked
        service.mood = ""
        assert await here.lets_in(basic(GIVEN, issued))


async def test_gitlab__that_is_slow__is_waited_for_no_longer_than_the_setting(service: GitLab, tmp_path: Path) -> None:
    """UPL-24: the words name it, and for how long it was waited for."""
    service.mood = "slow"
    async with desk(tmp_path, gitlab(service.url, seconds=0.2)) as here:
        words = await here.refused(basic(GIVEN, service.issue()))
    assert words.endswith("could not be asked who you are: it did not answer within 0.2 s; try again")


async def test_gitlab__gone__is_named(service: GitLab, tmp_path: Path) -> None:
    """Where nothing listens, and where the configuration says offline."""
    with GitLab() as gone:
        pass
    async with desk(tmp_path, gitlab(gone.url)) as here:
        assert "it could not be reached" in await here.refused(basic(GIVEN, service.issue()))
    async with desk(tmp_path, gitlab(service.url), offline=True) as here:
        assert "the configuration says offline" in await here.refused(basic(GIVEN, service.issue()))
    assert service.asked == []


async def test_gitlab__in_tls__has_to_prove_who_it_is(tmp_path: Path) -> None:
    """The system's roots do not know it, its own CA beside them does: no token is sent before."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    stranger, ca = tmp_path / "stranger.pem", tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(stranger)
    authority.cert_pem.write_to_path(ca)
    with GitLab(context) as service:
        issued = service.issue()
        upstream = Upstream(proxy="none", ca=stranger)
        async with desk(tmp_path, gitlab(service.url), upstream=upstream) as here:
            assert "it could not be reached" in await here.refused(basic(GIVEN, issued))
        assert service.asked == []
        async with desk(tmp_path, gitlab(service.url, ca=ca), upstream=upstream) as here:
            assert await here.lets_in(basic(GIVEN, issued))
