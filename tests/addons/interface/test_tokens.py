"""One's own tokens: never wider than what one comes with, shown once, and nobody else's."""

import pytest

from addons.interface.tokens import LONGEST
from tests.addons.interface.asking import AT, DEMO, Asker

LATER, TOO_LATE = "2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"


async def test_token__made__is_shown_once_and_is_the_callers_own(api: Asker) -> None:
    """With the caller's groups; the secret is in no later answer."""
    answer = await api.ask("POST", "/tokens", {"note": "laptop", "projects": ["Demo"], "until": LATER})
    assert (answer.status, answer.headers["Location"]) == (201, "/wheelgate/api/v1/tokens/t0")
    assert answer.headers["Cache-Control"] == "no-store"
    assert b"secret-of-t0" in answer.body
    [kept] = api.tokens.kept
    assert (str(kept.principal), [*map(str, kept.groups)]) == ("user:alice", ["group:controls"])
    assert b"secret" not in (await api.ask("GET", "/tokens")).body
    [shown] = (await api.look("/tokens"))["tokens"]
    assert (shown["id"], shown["projects"], shown["until"], shown["may_claim"]) == ("t0", ["demo"], LATER, False)
    assert (await api.look("/tokens", token="of-bob"))["tokens"] == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"projects": ["demo", "other"]}, "$.projects: what says who you are is not for other"),
        ({"may_claim": True}, "$.may_claim: what says who you are may claim no names"),
        ({"until": TOO_LATE}, "$.until: what says who you are ends earlier, at 2027-11-23T10:00:00Z"),
    ],
)
async def test_token__wider_than_the_one_that_asks__is_refused(body: object, words: str, api: Asker) -> None:
    """UPL-24: a token that was taken makes none that may more, or lasts longer."""
    assert await api.refusal("/tokens", body=body, token="of-alice-demo") == (403, f"wheelgate: {words}")
    assert api.tokens.kept == []


async def test_token__without_anything_said__is_as_the_one_that_asks_but_claims_nothing(api: Asker) -> None:
    """Limits are inherited."""
    await api.look("/tokens", "POST", {}, token="of-alice-demo")
    await api.look("/tokens", "POST", {"may_claim": True})
    limited, free = api.tokens.kept
    assert (limited.projects, limited.may_claim, limited.until) == (frozenset({DEMO}), False, AT.replace(year=2027))
    assert (free.projects, free.may_claim, free.until) == (None, True, None)


async def test_token__of_a_job__is_not_made(api: Asker) -> None:
    """What a job could make would outlast it."""
    status, words = await api.refusal("/tokens", body={}, token="of-a-job")
    assert (status, "CI job" in words) == (403, True)


@pytest.mark.parametrize("until", ["2026-11-23T10:00:00Z", "2027-01-01T00:00:00"])
async def test_token__whose_end_is_past_or_anywhere__is_refused(until: str, api: Asker) -> None:
    """An instant without a zone is no instant."""
    status, words = await api.refusal("/tokens", body={"until": until})
    assert (status, words.startswith("wheelgate: $.until: ")) == (400, True)


async def test_tokens__for_a_limited_one__are_those_that_are_no_wider(api: Asker) -> None:
    """A job's token neither sees nor ends what its owner works with."""
    await api.look("/tokens", "POST", {"note": "wide"})
    await api.look("/tokens", "POST", {"projects": ["demo"]})
    await api.look("/tokens", "POST", {"projects": ["demo"], "may_claim": True})
    shown = (await api.look("/tokens", token="of-alice-demo"))["tokens"]
    assert [each["id"] for each in shown] == ["t1"]
    assert (await api.refusal("/tokens/t0", "DELETE", token="of-alice-demo"))[0] == 404


async def test_token__ended_twice__is_ended_once(api: Asker) -> None:
    """DELETE is idempotent; others' tokens are not there for one."""
    await api.look("/tokens", "POST", {})
    assert (await api.refusal("/tokens/t0", "DELETE", token="of-bob"))[0] == 404
    for _ in range(2):
        answer = await api.ask("DELETE", "/tokens/t0")
        assert (answer.status, answer.body) == (204, b"")
    assert api.tokens.kept[0].revoked == AT


async def test_token__beyond_the_fiftieth__is_refused_until_one_has_ended(api: Asker) -> None:
    """Nobody fills the store."""
    for _ in range(50):
        await api.look("/tokens", "POST", {})
    assert (await api.refusal("/tokens", body={}))[0] == 403
    await api.ask("DELETE", "/tokens/t7")
    assert (await api.ask("POST", "/tokens", {})).status == 201


async def test_token__made_with_a_password__ends_within_a_year(api: Asker) -> None:
    """UPL-24: whoever leaves a directory, or a group of it, keeps no token for ever that has its groups."""
    await api.look("/tokens", "POST", {}, token="of-alice-by-password")
    [kept] = api.tokens.kept
    assert kept.until == AT + LONGEST
    status, words = await api.refusal("/tokens", body={"until": TOO_LATE}, token="of-alice-by-password")
    assert (status, "ends earlier" in words) == (403, True)
