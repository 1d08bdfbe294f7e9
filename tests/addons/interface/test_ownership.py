"""Roles, handing over, and status: who may, that an owner is left, and that nothing is recorded where nothing changes."""

from collections.abc import Mapping

import pytest

from addons.store.stored import Role
from tests.addons.interface.asking import ALICE, AT, BOB, DEMO, TEAM, Asker, anything

ROLES = "/projects/demo/roles"


def roles(api: Asker) -> Mapping[str, Role]:
    """Give who may what in demo."""
    standing = api.projects.standing(DEMO)
    return {str(principal): role for principal, role in standing.roles.items()} if standing else {}


@pytest.mark.parametrize("principal", ["user:bob", "group:controls", "ci:acc/controls/demo@gitlab"])
async def test_role__given_again__changes_once(principal: str, api: Asker) -> None:
    """PUT is idempotent (RFC 9110 section 9.2.2); a principal's slashes stand in the path as they are."""
    before = api.projects.revision()
    for _ in range(2):
        found = await api.look(f"{ROLES}/{principal}", "PUT", {"role": "maintainer", "reason": "helps"})
        assert {"principal": principal, "role": "maintainer"} in found["roles"]
    assert api.projects.revision() == before + 1
    assert api.heard == ["demo"]


async def test_role__taken_again__changes_once(api: Asker) -> None:
    """DELETE is idempotent; the reason is recorded."""
    await api.look(f"{ROLES}/user:bob", "PUT", {"role": "owner"})
    before = api.projects.revision()
    for _ in range(2):
        found = await api.look(f"{ROLES}/user:bob", "DELETE", query="reason=has+left")
        assert found["roles"] == [{"principal": "user:alice", "role": "owner"}]
    assert (api.projects.revision(), api.projects.changes(DEMO)[-1].reason) == (before + 1, "has left")


@pytest.mark.parametrize(("method", "body"), [("DELETE", None), ("PUT", {"role": "maintainer"})])
async def test_role__of_the_last_owner__stays(method: str, body: object, api: Asker) -> None:
    """A project always has somebody to ask."""
    status, words = await api.refusal(f"{ROLES}/user:alice", method, body)
    assert (status, words) == (
        403,
        "wheelgate: demo would have no owner any more; make somebody else an owner first",
    )
    assert roles(api) == {"user:alice": "owner"}


async def test_role__by_a_maintainer__is_refused(api: Asker) -> None:
    """UPL-26: roles are the owners'."""
    api.projects.set_role(DEMO, BOB, "maintainer", anything, by="x", at=AT)
    assert (await api.refusal(f"{ROLES}/user:bob", "PUT", {"role": "owner"}, token="of-bob"))[0] == 403
    assert roles(api)["user:bob"] == "maintainer"


@pytest.mark.parametrize("principal", ["bob", "user:", "robot:x"])
async def test_role__of_what_is_no_principal__says_how_one_is_written(principal: str, api: Asker) -> None:
    """Words, not a fault."""
    status, words = await api.refusal(f"{ROLES}/{principal}", "PUT", {"role": "owner"})
    assert status == 400
    assert '"user:alice"' in words


async def test_transfer__project__has_the_new_owner_in_the_callers_place(api: Asker) -> None:
    """With all that the caller counts as; other owners stay; who, and why, is recorded."""
    for principal in (TEAM, BOB):
        api.projects.set_role(DEMO, principal, "owner", anything, by="x", at=AT)
    await api.look("/projects/demo/transfer", "POST", {"to": "user:carol", "reason": "moves on"})
    assert roles(api) == {"user:bob": "owner", "user:carol": "owner"}
    assert [(each.subject, each.reason) for each in api.projects.changes(DEMO)[-3:]] == [
        ("user:carol", "moves on"), ("group:controls", "moves on"), ("user:alice", "moves on")
    ]  # fmt: skip
    assert (await api.refusal("/projects/demo/transfer", body={"to": "user:alice", "reason": "x"}))[0] == 403


async def test_transfer__to_oneself__changes_nothing(api: Asker) -> None:
    """The last owner stays one."""
    await api.look("/projects/demo/transfer", "POST", {"to": str(ALICE), "reason": "x"})
    assert roles(api) == {"user:alice": "owner"}
    assert api.heard == []


async def test_status__put_twice__changes_once(api: Asker) -> None:
    """With its reason, which pages show (PEP 792)."""
    before = api.projects.revision()
    for _ in range(2):
        found = await api.look("/projects/demo/status", "PUT", {"status": "deprecated", "reason": "use other"})
        assert found == {"project": "demo", "status": "deprecated", "reason": "use other"}
    assert (api.projects.revision(), api.heard) == (before + 1, ["demo"])


async def test_status__quarantined__is_not_the_owners_to_set_or_end(api: Asker) -> None:
    """Whoever runs the gateway has a reason for it."""
    assert (await api.refusal("/projects/demo/status", "PUT", {"status": "quarantined"}))[0] == 400
    api.projects.set_status(DEMO, "quarantined", anything, by="x", at=AT, reason="looked into")
    status, words = await api.refusal("/projects/demo/status", "PUT", {"status": "active"})
    assert status == 403
    assert "quarantined" in words
