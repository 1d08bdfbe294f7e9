"""Who may do what to a project."""

from pathlib import Path
from typing import get_args

import pytest

from addons.store.database import Database
from addons.store.principals import Principal
from addons.store.projects import Permit, Projects
from addons.store.roles import LastOwner
from addons.store.stored import Role
from addons.upload.author import Author
from addons.upload.refusal import UploadRefused
from addons.upload.rights.rights import Rights
from addons.upload.rights.words import Doing
from proxyconf.ownership import Ownership
from tests.addons.upload.rights.making import (
    ALICE,
    AT,
    BOB,
    CONTROLS,
    DEMO,
    JOB,
    author,
    new_file,
    project,
    refused,
    standing,
)

ALL: tuple[Doing, ...] = get_args(Doing.__value__)
RIGHTS = Rights(Ownership(), ("acme", "acme-*"))


def allowed(who: Author, *roles: tuple[Principal, Role]) -> set[str]:
    """Give what an author may do."""
    found: set[str] = set()
    for doing in ALL:
        try:
            RIGHTS.permit(who, doing, DEMO)(standing(dict(roles)))
        except UploadRefused as error:
            found |= set() if (error.status, error.code) == (403, "owner") else {f"{error.status} {error.code}"}
        else:
            found.add(doing)
    return found


def test_owner__may__everything() -> None:
    """UPL-26: by itself, or by a group that it is in."""
    assert allowed(author(), (ALICE, "owner")) == set(ALL)
    assert allowed(author(ALICE, CONTROLS), (CONTROLS, "owner"), (BOB, "owner")) == set(ALL)


def test_maintainer__may__upload_yank_and_unyank() -> None:
    """UPL-26: neither delete, nor say who may what."""
    assert allowed(author(JOB), (JOB, "maintainer"), (ALICE, "owner")) == {"upload", "yank", "unyank"}
    assert allowed(author(ALICE, CONTROLS), (ALICE, "maintainer"), (CONTROLS, "owner")) == set(ALL)


def test_stranger__may__nothing() -> None:
    """UPL-26: nor does one of the same name in another realm."""
    assert allowed(author(BOB), (ALICE, "owner")) == set()
    assert allowed(author(Principal.read("user:alice@gitlab")), (ALICE, "owner")) == set()
    assert allowed(author(may_claim=True), *()) == set()


def test_refusal__of_a_user__is_in_pypis_words() -> None:
    """UPL-23: who is not allowed what, and whom to ask."""
    permit = RIGHTS.permit(author(BOB), "upload", DEMO)
    owners: dict[Principal, Role] = {ALICE: "owner", JOB: "maintainer"}
    assert list(refused(permit, standing(owners)).lines) == [
        "The user 'bob' isn't allowed to upload to project 'demo'. It is owned by user:alice: ask there to be added."
    ]
    assert "It has no owner: ask an operator." in refused(permit, standing({})).lines[0]
    many: dict[Principal, Role] = {Principal("user", f"u{number}"): "owner" for number in range(9)}
    assert "owned by user:u0, user:u1, user:u2 and 6 more:" in refused(permit, standing(many)).lines[0]


def test_refusal__of_a_ci_job__speaks_of_the_token() -> None:
    """UPL-23: there is no user to be named."""
    permit = RIGHTS.permit(author(JOB), "delete", DEMO)
    line = refused(permit, standing({JOB: "maintainer", ALICE: "owner"})).lines[0]
    assert line.startswith(
        "The given token isn't allowed to delete files of project 'demo'. Only its owners may. It is"
    )


def test_token__for_other_projects__is_refused_before_anything_else() -> None:
    """UPL-23, UPL-26: an owner's token is for its projects only; a new name is none of them."""
    scoped = author(projects=frozenset({project("other")}))
    for found in (standing({ALICE: "owner"}), None):
        error = refused(RIGHTS.permit(scoped, "upload", DEMO), found)
        assert (error.status, error.code) == (403, "owner")
        assert error.lines[0] == "Invalid API Token: it is for other, and not for project 'demo'."
    assert allowed(author(projects=frozenset({DEMO})), (ALICE, "owner")) == set(ALL)


@pytest.mark.parametrize("status", ["archived", "quarantined"])
def test_upload__to_an_archived_or_quarantined_project__is_refused(status: str) -> None:
    """UPL-26: to its owner, with the reason that was given."""
    found = standing({ALICE: "owner"}, status, "use other")
    error = refused(RIGHTS.permit(author(), "upload", DEMO), found)
    assert (error.status, error.code) == (403, "status")
    assert error.lines[0].endswith(f"It is {status} (use other).")
    RIGHTS.permit(author(), "yank", DEMO)(found)
    assert refused(RIGHTS.permit(author(BOB), "upload", DEMO), found).code == "owner"


def test_quarantine__is_lifted__by_operators_only() -> None:
    """UPL-26: an owner whose token was stolen must not end it; of an archived project the owner decides."""
    for doing in ("status", "delete"):
        permit = RIGHTS.permit(author(), doing, DEMO)
        assert refused(permit, standing({ALICE: "owner"}, "quarantined")).code == "status"
        permit(standing({ALICE: "owner"}, "archived"))
    RIGHTS.permit(author(), "upload", DEMO)(standing({ALICE: "owner"}, "deprecated"))


def test_project__that_nobody_has__is_only_claimed_by_an_upload() -> None:
    """What is not there cannot be yanked; the store says so."""
    for doing in set(ALL) - {"upload"}:
        RIGHTS.permit(author(), doing, DEMO)(None)


def test_last_owner__cannot_be__taken_away() -> None:
    """Nor be made a maintainer: the project would be nobody's."""
    found = standing({ALICE: "owner", BOB: "maintainer"})
    roles: tuple[Role | None, ...] = (None, "maintainer")
    for role in roles:
        with pytest.raises(LastOwner, match="user:alice is the last owner of demo"):
            RIGHTS.role_permit(author(), DEMO, ALICE, role)(found)
    RIGHTS.role_permit(author(), DEMO, BOB, None)(found)
    RIGHTS.role_permit(author(), DEMO, ALICE, None)(standing({ALICE: "owner", BOB: "owner"}))
    assert refused(RIGHTS.role_permit(author(BOB), DEMO, BOB, "owner"), found).code == "owner"


def test_two_authors__racing_for_a_name__one_gets_it(tmp_path: Path) -> None:
    """UPL-26: what decides is asked inside the change, so the second one is told whose it is."""
    store = Projects(Database(tmp_path / "store"))
    first, second = author(ALICE), author(BOB)

    def both(mine: Permit) -> Permit:
        def permit(found: object) -> None:
            assert found is None
            mine(None)

        return permit

    def add(who: Author, permit: Permit, file: str) -> None:
        owner = RIGHTS.founders(who, DEMO).owner
        store.add(DEMO, "demo", new_file(f"demo-{file}-py3-none-any.whl", file[0]), permit, owner=owner, by="x", at=AT)

    late = RIGHTS.permit(second, "upload", DEMO)
    late(None)  # nobody has it yet: so it was when the upload began
    add(first, both(RIGHTS.permit(first, "upload", DEMO)), "1.0")
    with pytest.raises(UploadRefused, match="owned by user:alice"):
        add(second, late, "2.0")
    found = store.standing(DEMO)
    assert found is not None
    assert (dict(found.roles), len(found.files)) == ({ALICE: "owner"}, 1)
