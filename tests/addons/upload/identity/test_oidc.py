"""Trusted publishing, with a stand-in issuer that signs with real keys."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from addons.upload.author import Said
from proxyconf.ci_services import ClaimRule
from proxyconf.ci_services import Issuer as IssuerSettings
from proxyconf.identities import Identities as Settings
from tests.addons.upload.identity.making import AT, DEMO, HERE, Desk, desk, token
from tests.standins.issuer import Issuer, other_key, private, public, rsa_key

RULE = ClaimRule(
    claims={"repository": "acme/demo", "ref": "refs/tags/*"}, owner="ci:{repository}@github", projects=("Demo",)
)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """Give an issuer."""
    with Issuer() as served:
        yield served


def trusting(issuer: Issuer, *rules: ClaimRule, seconds: float = 5.0, **more: Any) -> Settings:
    """Give settings that trust it."""
    ours = IssuerSettings(name="github", issuer=issuer.url, rules=rules or (RULE,), **more)
    return Settings(oidc=(ours,), seconds=seconds)


async def minted(here: Desk, text: str | bytes, at: Any = AT) -> tuple[int, dict[str, Any]]:
    """Exchange a token, or post a body."""
    body = text if isinstance(text, bytes) else json.dumps({"token": text}).encode()
    answer = await here.identities.oidc.mint(body, Said(None, HERE, at))
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status, json.loads(answer.body)


async def refused(here: Desk, text: str | bytes, at: Any = AT) -> tuple[str, str]:
    """Give code and words of a refusal, which has the shape that twine reads."""
    status, document = await minted(here, text, at)
    assert (status, set(document)) == (422, {"message", "errors"})
    [error] = document["errors"]
    return error["code"], error["description"]


async def test_audience__asked__is_the_setting(issuer: Issuer, tmp_path: Path) -> None:
    """UPL-29: and 404 where no issuer is trusted."""
    async with desk(tmp_path, trusting(issuer)) as here:
        answer = here.identities.oidc.audience()
        assert (answer.status, json.loads(answer.body)) == (200, {"audience": "wheelgate"})
    async with desk(tmp_path) as here:
        assert here.identities.oidc.audience().status == 404
        assert (await refused(here, "x"))[0] == "not-enabled"


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_mint__of_a_token_that_a_rule_fits__gives_one_of_ours(
    issuer: Issuer, tmp_path: Path, algorithm: str
) -> None:
    """UPL-29: in PyPI's shape; for the rule's projects, in the owner's name, for a quarter of an hour."""
    issuer.keys = {"one": public(private(algorithm))}
    async with desk(tmp_path, trusting(issuer)) as here:
        status, document = await minted(here, issuer.token(AT, algorithm=algorithm))
        assert (status, document["success"]) == (200, True)
        assert document["expires"] == int((AT + timedelta(minutes=15)).timestamp())
        author = await here.who(token(document["token"]))
        assert (str(author.principal), author.projects, author.service) == ("ci:acme/demo@github", DEMO, "oidc")
        assert str(author) == "ci:acme/demo@github (oidc github, run_id 17)"
        assert "ended" in await here.refused(token(document["token"]), at=AT + timedelta(minutes=15))
    async with desk(tmp_path, trusting(issuer)) as another:  # of the same store
        assert await another.lets_in(token(document["token"]))


async def test_mint__of_the_same_token_twice__is_refused(issuer: Issuer, tmp_path: Path) -> None:
    """UPL-29: by another gateway of the store, too, and with another signature over the same claims."""
    text = issuer.token(AT)
    plain = issuer.token(AT, jti=None)
    async with desk(tmp_path, trusting(issuer)) as here:
        for each in (text, plain):
            assert (await minted(here, each))[0] == 200
    async with desk(tmp_path, trusting(issuer)) as here:
        for each in (text, plain, issuer.token(AT, exp=int(AT.timestamp()) + 600)):
            assert (await refused(here, each))[0] == "invalid-reuse-token"


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"aud": "pypi"}, "made out for somebody else"),
        ({"aud": None}, "has no claim aud"),
        ({"exp": int(AT.timestamp()) - 31}, "has expired"),
        ({"nbf": int(AT.timestamp()) + 31}, "does not count yet"),
        ({"iat": int(AT.timestamp()) + 31}, "does not count yet"),
        ({"exp": int(AT.timestamp()) + 90_000}, "longer than a day"),
        ({"exp": None}, "has no claim exp"),
        ({"nbf": None}, "has no claim nbf"),
        ({"iat": None}, "has no claim iat"),
        ({"exp": True}, "times that are none"),
        ({"iss": "https://evil.example.com"}, "does not trust"),
        ({"iss": None}, "names no issuer"),
        ({"kid": "two"}, "with a key that issuer"),
        ({"key": rsa_key(1)}, "signature is not its issuer's"),
        ({"head": {"crit": ["x"], "x": 1}}, "that can be read"),
        ({"algorithm": "RS512"}, "not signed in a way"),
        ({"algorithm": "HS256", "key": "s" * 32}, "not signed in a way"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_mint__of_a_token_that_proves_nothing__is_refused(
    issuer: Issuer, tmp_path: Path, claims: dict[str, Any], words: str
) -> None:
    """UPL-29: each thing that makes it count is looked at."""
    async with desk(tmp_path, trusting(issuer)) as here:
        code, said = await refused(here, issuer.token(AT, **claims))
    assert code == "invalid-token"
    assert words in said


async def test_mint__of_what_is_not_signed_with_the_issuers_key__is_refused(issuer: Issuer, tmp_path: Path) -> None:
    """UPL-29: `none`, and an HMAC with the issuer's public key as its secret, are no signatures."""
    good = issuer.token(AT)

    def part(document: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")

    head, body, signature = good.split(".")
    unsigned = f"{part({'alg': 'none', 'kid': 'one'})}.{body}."
    confused = f"{part({'alg': 'HS256', 'kid': 'one'})}.{body}.{signature}"
    ours = f"{part({'alg': 'ES256', 'kid': 'one'})}.{body}.{signature}"
    async with desk(tmp_path, trusting(issuer)) as here:
        for each in (unsigned, f"{unsigned}AAAA", confused, ours, f"{head}.{body}.{'A' * len(signature)}", "", "a.b.c"):
            assert (await refused(here, each))[0] == "invalid-token"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token": 1}', b"\xff", b"x" * 40_000, b"[" * 30_000])
async def test_mint__of_what_is_no_wish__is_refused(issuer: Issuer, tmp_path: Path, body: bytes) -> None:
    """UPL-29: in the same shape, whatever comes; nobody is asked."""
    async with desk(tmp_path, trusting(issuer)) as here:
        assert (await refused(here, body))[0] == "invalid-payload"
    assert issuer.asked == []


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"repository": "acme/other"}, "no rule of this gateway's fits"),
        ({"repository": "acme/demo2"}, "no rule"),
        ({"repository": ["acme/demo"]}, "no rule"),
        ({"repository": None}, "no rule"),
        ({"ref": "refs/heads/main"}, "no rule"),
    ],
)
async def test_mint__of_a_token_that_no_rule_fits__is_refused(
    issuer: Issuer, tmp_path: Path, claims: dict[str, Any], words: str
) -> None:
    """UPL-29: code and words say that it is the publisher who is not known, and as whom the issuer knows it."""
    async with desk(tmp_path, trusting(issuer)) as here:
        code, said = await refused(here, issuer.token(AT, **claims))
    assert code == "invalid-publisher"
    assert words in said
    assert "repo:acme/demo" in said


@pytest.mark.parametrize("evil", ["demo@gitlab", "user:root", "", "a b!", 5])
async def test_owner__of_claims__is_never_another_kind_or_realm(issuer: Issuer, tmp_path: Path, evil: object) -> None:
    """What a claim says is a part of the name, or nobody is let in."""
    rule = ClaimRule(claims={"ref": "refs/tags/*", "sub": "repo:*"}, owner="ci:{repository}@github")
    async with desk(tmp_path, trusting(issuer, rule)) as here:
        status, document = await minted(here, issuer.token(AT, repository=evil))
        assert (status == 200) is (evil == 5)
        if status == 200:
            assert str((await here.who(token(document["token"]))).principal) == "ci:5@github"


@pytest.mark.parametrize("mood", ["html", "redirect", "list", "huge", "error", "down", "coded"])
async def test_issuer__that_lies_or_fails__is_named(issuer: Issuer, tmp_path: Path, mood: str) -> None:
    """UPL-29: refused with "try again", and asked again after a minute at the earliest."""
    issuer.mood = mood
    async with desk(tmp_path, trusting(issuer)) as here:
        code, said = await refused(here, issuer.token(AT))
        assert code == "issuer-unavailable"
        assert said.startswith('issuer "github" (127.0.0.1) could not be asked')
        asked = len(issuer.asked)
        issuer.mood = ""
        await refused(here, issuer.token(AT))
        assert len(issuer.asked) == asked
        here.now = 60.0
        assert (await minted(here, issuer.token(AT)))[0] == 200


async def test_issuer__that_is_slow__is_waited_for_no_longer_than_the_setting(issuer: Issuer, tmp_path: Path) -> None:
    """UPL-29: the words say for how long."""
    issuer.mood = "slow"
    async with desk(tmp_path, trusting(issuer, seconds=0.2)) as here:
        assert "it did not answer within 0.2 s" in (await refused(here, issuer.token(AT)))[1]


@pytest.mark.parametrize("key", ["claims_to_be", "jwks_uri"])
async def test_issuer__that_leads_elsewhere__is_not_followed(issuer: Issuer, tmp_path: Path, key: str) -> None:
    """A document that names another issuer, or keys on another host, proves nothing."""
    setattr(issuer, key, "https://evil.example.com/keys")
    async with desk(tmp_path, trusting(issuer)) as here:
        assert (await refused(here, issuer.token(AT)))[0] == "issuer-unavailable"
    async with desk(tmp_path, trusting(issuer, jwks_uri=f"{issuer.url}/keys")) as here:  # which asks for no document
        assert (await minted(here, issuer.token(AT)))[0] == 200


async def test_keys__are_read_again_for_a_new_one__once_a_minute(issuer: Issuer, tmp_path: Path) -> None:
    """Otherwise any word of anybody's would have the issuer asked; a key that is gone counts no more after an hour."""
    issuer.jwks_uri = f"{issuer.url}/keys"
    async with desk(tmp_path, trusting(issuer, jwks_uri=f"{issuer.url}/keys")) as here:
        assert (await minted(here, issuer.token(AT)))[0] == 200
        issuer.keys["two"] = public(other_key("ES256"))
        new = issuer.token(AT, kid="two", algorithm="ES256", jti="2")
        assert (await refused(here, new))[0] == "invalid-token"
        here.now = 60.0
        assert (await minted(here, new))[0] == 200
        assert len(issuer.asked) == 2
        del issuer.keys["one"]
        here.now = 60.0 + 3600
        assert (await refused(here, issuer.token(AT, jti="3")))[0] == "invalid-token"


async def test_keys__of_an_issuer_that_is_down__count_for_the_setting(issuer: Issuer, tmp_path: Path) -> None:
    """For `stale_minutes` more than the hour for which they are fresh, and then nobody is let in."""
    async with desk(tmp_path, trusting(issuer, stale_minutes=10)) as here:
        assert (await minted(here, issuer.token(AT)))[0] == 200
        issuer.mood = "error"
        here.now = 3600.0 + 599
        assert (await minted(here, issuer.token(AT, jti="2")))[0] == 200
        here.now += 1
        assert (await refused(here, issuer.token(AT, jti="3")))[0] == "issuer-unavailable"


async def test_keys__that_are_weak_or_for_something_else__do_not_count(issuer: Issuer, tmp_path: Path) -> None:
    """A short RSA key, one for encryption, one for another algorithm, and rubbish."""
    good = dict(public(rsa_key()))
    issuer.keys = {
        "short": public(rsa_key(2, 1024)),
        "enc": {**good, "use": "enc"},
        "alg": {**good, "alg": "RS512"},
        "rubbish": {"kty": "RSA", "n": 1},
        "oct": {"kty": "oct", "k": "c2VjcmV0"},
        "fine": good,
    }
    async with desk(tmp_path, trusting(issuer)) as here:
        assert (await minted(here, issuer.token(AT, kid="fine")))[0] == 200
        for kid in ("enc", "alg", "rubbish", "oct"):
            assert (await refused(here, issuer.token(AT, kid=kid)))[0] == "invalid-token"
        with pytest.warns(jwt.InsecureKeyLengthWarning):
            weak = issuer.token(AT, kid="short", key=rsa_key(2, 1024))
        assert (await refused(here, weak))[0] == "invalid-token"


async def test_wrong_identity_tokens__ten_of_an_address__are_enough_for_a_minute(
    issuer: Issuer, tmp_path: Path
) -> None:
    """Guesses are counted together with those at other services."""
    async with desk(tmp_path, trusting(issuer)) as here:
        for number in range(10):
            await refused(here, issuer.token(AT, aud=f"a{number}"))
        assert (await refused(here, issuer.token(AT)))[0] == "too-many"
