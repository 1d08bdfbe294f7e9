"""The table of all operations. Requests are routed by it, and the OpenAPI document is written from it; docs/api.md shows the same."""

from typing import Annotated

from msgspec import Meta

from addons.interface import documents, ownership, releases, showing, tokens, wanted
from addons.interface.operation import Operation, Parameter

LIMIT = Parameter("limit", Annotated[int, Meta(ge=1, le=500)], 100, "How many at most.")
AFTER = Parameter(
    "after", Annotated[str, Meta(max_length=200)], "", "Only those behind this name: `next` of the answer before."
)
MINE = Parameter("mine", bool, False, "Only those in which the caller has a role.")
BEFORE = Parameter(
    "before",
    Annotated[int, Meta(ge=1, le=2**62)],
    None,
    "Only those before this number: `next` of the answer before.",
)
REASON = Parameter("reason", wanted.MayBeReason, "", "Why, for who asks later.")

_PROJECT = "/projects/{name}"
_RELEASE = f"{_PROJECT}/releases/{{version}}"
_ROLE = f"{_PROJECT}/roles/{{principal}}"

TABLE = (
    Operation("GET", "/", "start", "Where the rest is found.", showing.start, documents.Start, open=True),
    Operation("GET", "/openapi.json", "openapi", "This document.", showing.openapi, None, open=True),
    Operation(
        "GET",
        "/whoami",
        "whoami",
        "Whom the gateway takes the caller for.\nThe principal, its groups, what the token is limited to, and when it ends.",
        showing.whoami,
        documents.Me,
    ),
    Operation(
        "GET",
        "/projects",
        "projects",
        "The organisation's own projects, by name.\nA token that is limited to projects sees those only.",
        showing.projects,
        documents.Listing,
        query=(AFTER, LIMIT, MINE),
    ),
    Operation(
        "GET",
        _PROJECT,
        "project",
        "A project: its status, roles, releases and files.",
        showing.project,
        documents.Project,
        refusals=(404,),
    ),
    Operation(
        "GET",
        f"{_PROJECT}/changes",
        "changes",
        "What happened to a project, the last change first.\nUploads, yanks, deletions, roles: who, when and why.",
        showing.changes,
        documents.Changes,
        query=(BEFORE, LIMIT),
        refusals=(404,),
    ),
    Operation(
        "POST",
        f"{_RELEASE}/yank",
        "yank",
        "Yank a release, or files of it (PEP 592).\nInstallers take another one; who pins it gets it, with the reason as a"
        " warning. Files that are yanked for this reason already are left as they are.",
        releases.yank,
        documents.Changed,
        wanted.Yank,
        refusals=(404,),
    ),
    Operation(
        "POST",
        f"{_RELEASE}/unyank",
        "unyank",
        "Un-yank a release, or files of it.\nWithout a body: all of its files.",
        releases.unyank,
        documents.Changed,
        wanted.Unyank,
        may_be_bodiless=True,
        refusals=(404,),
    ),
    Operation(
        "POST",
        f"{_RELEASE}/delete",
        "delete",
        "Delete a release, or files of it, for ever.\nEvery lock file that names them fails. Their filenames never come back"
        " with other bytes. `confirm` is the version once more.",
        releases.delete,
        documents.Changed,
        wanted.Delete,
        refusals=(404,),
    ),
    Operation(
        "PUT",
        f"{_PROJECT}/status",
        "set_status",
        'Put a project under another status (PEP 792).\nAn "archived" project takes no uploads. Quarantine is for those who run'
        " the gateway.",
        ownership.set_status,
        documents.Standing,
        wanted.SetStatus,
        refusals=(404,),
    ),
    Operation(
        "POST",
        f"{_PROJECT}/transfer",
        "transfer",
        "Hand a project over.\n`to` becomes an owner, and the caller is none any more; other owners stay.",
        ownership.transfer,
        documents.Roles,
        wanted.Transfer,
        refusals=(404,),
    ),
    Operation("GET", f"{_PROJECT}/roles", "roles", "Who may what.", ownership.roles, documents.Roles, refusals=(404,)),
    Operation("GET", _ROLE, "role", "A principal's role.", ownership.role, documents.Held, refusals=(404,)),
    Operation(
        "PUT",
        _ROLE,
        "give_role",
        "Give a principal a role.\nThe last owner stays an owner (403).",
        ownership.give_role,
        documents.Roles,
        wanted.GiveRole,
        refusals=(404,),
    ),
    Operation(
        "DELETE",
        _ROLE,
        "take_role",
        "Take a principal's role away.\nThe last owner stays (403). Whoever has no role is left without one.",
        ownership.take_role,
        documents.Roles,
        query=(REASON,),
        refusals=(404,),
    ),
    Operation(
        "GET",
        "/tokens",
        "tokens",
        "The caller's own tokens.\nA token that is limited to projects sees those that are no wider than itself.",
        tokens.tokens,
        documents.Tokens,
    ),
    Operation(
        "POST",
        "/tokens",
        "make_token",
        "Make a token for oneself.\nNever wider than what one comes with, in projects, claims and time; made with a password it"
        " ends within a year. Its secret is shown this once. CI jobs make none.",
        tokens.make,
        documents.NewToken,
        wanted.MakeToken,
        status=201,
    ),
    Operation(
        "DELETE",
        "/tokens/{id}",
        "revoke_token",
        "End one of one's own tokens, at once.",
        tokens.revoke,
        None,
        status=204,
        refusals=(404,),
    ),
)
