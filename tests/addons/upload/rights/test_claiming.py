"""Who may claim which name, and whose it is then."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from addons.simple.names import normalise
from addons.sources.priority import Reserved
from addons.store.claims import Claims
from addons.store.principals import Principal
from addons.upload.author import Author
from addons.upload.refusal import UploadRefused
from addons.upload.rights.claiming import Claiming, Founders
from addons.upload.rights.own_names import OwnNames
from addons.upload.rights.rights import Rights
from proxyconf import values, whom
from proxyconf.ownership import Claim, Ownership
from tests.addons.upload.rights.making import ALICE, AT, BOB, CONTROLS, JOB, author, filled, new_file, project, refused

RESERVED = ("acme", "acme-*")
RULES = Ownership(
    claims=(
        Claim(names=("acme-control-*",), by=("group:controls", "ci:acc/controls/*@gitlab"), owner="group:controls",
              maintainers=("author",)),
        Claim(names=("*",), by=("user:*",)),
    )
)  # fmt: skip
RIGHTS = Rights(RULES, RESERVED)


def claims(rights: Rights, who: Author, name: str) -> str:
    """Tell what comes of an upload to a name that nobody has: "" if it may be."""
    try:
        rights.permit(who, "upload", project(name))(None)
    except UploadRefused as error:
        return error.lines[0] if (error.status, error.code) == (403, "claim") else f"{error.status} {error.code}"
    return ""


def test_claim__without_rules__is_everybodys_but_of_reserved_names() -> None:
    """UPL-26: first come, first served; what is reserved is the organisation's."""
    rights = Rights(Ownership(), RESERVED)
    assert claims(rights, author(JOB), "demo") == ""
    for name in ("acme", "acme-core"):
        assert "It is reserved, and no rule of this gateway" in claims(rights, author(), name)
    assert claims(rights, author(), "acmecore") == ""


def test_claim__under_rules__goes_by_the_first_that_covers_the_name() -> None:
    """UPL-26: who is not in it is refused, whatever stands below."""
    assert claims(RIGHTS, author(ALICE, CONTROLS), "acme-control-x") == ""
    assert claims(RIGHTS, author(JOB), "acme-control-x") == ""
    words = claims(RIGHTS, author(ALICE), "acme-control-x")
    assert words.startswith(
        "The user 'alice' isn't allowed to upload to project 'acme-control-x'. Nobody has the name,"
    )
    assert words.endswith("and only group:controls, ci:acc/controls/*@gitlab may claim it.")
    assert claims(RIGHTS, author(ALICE), "demo") == ""
    assert claims(RIGHTS, author(JOB), "demo").startswith("The given token isn't allowed to upload to project 'demo'.")


def test_claim__of_a_reserved_name__needs_a_rule_that_names_it() -> None:
    """UPL-26: "*" is all but what is reserved."""
    assert "It is reserved" in claims(RIGHTS, author(), "acme-core")
    named = Ownership(claims=(Claim(names=("*",), by=("*",)), Claim(names=("acme",), by=("user:alice",))))
    assert claims(Rights(named, RESERVED), author(), "acme") == ""
    assert claims(Rights(named, RESERVED), author(BOB), "acme")


def test_claim__where_no_rule_covers_the_name__is_refused() -> None:
    """UPL-26: rules say all of it."""
    rights = Rights(Ownership(claims=RULES.claims[:1]), ())
    assert "Nobody has the name, and no rule of this gateway lets anybody claim it" in claims(rights, author(), "demo")


def test_author__who_may_claim_nothing__is_refused() -> None:
    """UPL-23: such as a token for uploads to what is there."""
    assert "this identity may claim none" in claims(RIGHTS, author(may_claim=False), "demo")


def test_founders__by_a_rule__are_the_groups_and_the_author() -> None:
    """Who claims a name for others can upload its second file, too."""
    assert RIGHTS.founders(author(JOB), project("acme-control-x")) == Founders(CONTROLS, (JOB,))
    assert RIGHTS.founders(author(), project("demo")) == Founders(ALICE, ())
    theirs = Ownership(claims=(Claim(names=("*",), by=("*",), owner="group:controls", maintainers=("user:bob",)),))
    assert Rights(theirs, ()).founders(author(), project("demo")) == Founders(CONTROLS, (BOB, ALICE))
    assert Rights(theirs, ()).founders(author(ALICE, CONTROLS), project("demo")) == Founders(CONTROLS, (BOB,))


def test_founders__of_a_new_project__have_their_roles_at_once(tmp_path: Path) -> None:
    """UPL-26: in the change that makes it, and each is on record."""
    store, name = filled(tmp_path), project("acme-control-x")
    founders = RIGHTS.founders(author(JOB), name)
    permit = RIGHTS.permit(author(JOB), "upload", name)
    new = new_file("acme_control_x-1.0-py3-none-any.whl")
    store.add(name, name, new, permit, owner=founders.owner, maintainers=founders.maintainers, by="j", at=AT)
    found = store.standing(name)
    assert found is not None
    assert dict(found.roles) == {CONTROLS: "owner", JOB: "maintainer"}
    assert [each.what for each in store.changes()] == ["claim", "role maintainer", "upload"]
    permit(found)


def test_claim__of_what_looks_like_an_own_project__is_refused_inside_the_change(tmp_path: Path) -> None:
    """UPL-27: of two that race for names that look alike, one gets its own; a claim on purpose passes."""
    store = filled(tmp_path, "Lib-Controls")
    own = OwnNames(store, Claims(store.database))
    rights = Rights(Ownership(), (), own.alike)
    name = project("l1b.controls")
    error = refused(rights.permit(author(BOB), "upload", name), None)
    assert (error.status, error.code) == (400, "name")
    assert error.lines[0] == (
        "The name 'l1b-controls' is too similar to an existing project. It looks like lib-controls, of this organisation;"
        " choose another."
    )
    permit = rights.permit(author(BOB), "upload", name)
    with pytest.raises(UploadRefused):
        store.add(name, name, new_file("l1b.whl", "b"), permit, owner=BOB, by="x", at=AT)
    Claims(store.database).claim(name, name, None, by="x", at=AT, reason="it is another")
    assert store.add(name, name, new_file("l1b.whl", "b"), permit, owner=BOB, by="x", at=AT)


NAMES = st.from_regex(r"(acme|demo)(-[a-c]{1,2}){0,2}", fullmatch=True)
SCOPES = st.one_of(NAMES, NAMES.map(lambda name: f"{name}-*"), st.just("*"))
WHO = st.sampled_from(["*", "user:*", "user:alice", "group:controls", "ci:acc/*@gitlab", "ci:acc/*"])
CLAIMS = st.builds(
    lambda names, by: Claim(names=tuple(names), by=tuple(by)),
    st.lists(SCOPES, min_size=1, max_size=3),
    st.lists(WHO, min_size=1, max_size=2),
)


@given(st.lists(CLAIMS, min_size=1, max_size=4), st.sets(SCOPES.filter(lambda scope: scope != "*"), max_size=2), NAMES)
@bounded(max_examples=100)
def test_rules__any__give_a_name_to_whom_the_first_that_covers_it_says(
    rules: list[Claim], reserved: set[str], name: str
) -> None:
    """UPL-26: compared with a second reading of the rules, as plain as it can be."""
    covered = Reserved(reserved).covers(normalise(name))
    first = next(
        (
            rule
            for rule in rules
            if any(values.covers(scope, name) if scope != "*" else not covered for scope in rule.names)
        ),
        None,
    )
    claiming = Claiming(Ownership(claims=tuple(rules)), Reserved(reserved))
    for principal in (ALICE, BOB, CONTROLS, JOB):
        expected = first is not None and any(whom.fits(pattern, str(principal)) for pattern in first.by)
        try:
            claiming.check(author(principal), normalise(name))
        except UploadRefused:
            assert not expected
        else:
            assert expected


@given(st.from_regex(r"(user|group|ci):[a-z][a-z/]{0,5}[a-z](@git)?", fullmatch=True))
@bounded(max_examples=50)
def test_pattern__of_a_principal_itself__fits_only_that_one(text: str) -> None:
    """A star of another kind or realm never does."""
    assert whom.fits(whom.pattern(text), whom.principal(text))
    assert whom.fits("*", text)
    assert str(Principal.read(text)) == text
    kind, realm = text.partition(":")[0], "" if text.endswith("@git") else "@git"
    assert not whom.fits(f"{kind}:*{realm}", text)
    assert whom.fits(f"{kind}:*{'' if realm else '@git'}", text)
