"""What owners do to a project as a whole: roles, its status, handing it over."""

from collections.abc import Callable

from addons.interface import documents
from addons.interface.declined import Declined
from addons.interface.operation import Call, Desk, Done
from addons.interface.permitting import Unchanged, permitted, project_of, standing_of
from addons.interface.showing import held
from addons.simple.names import ProjectName
from addons.store.principals import Principal
from addons.store.projects import NotThere
from addons.store.stored import Role, Standing

_LAST = "would have no owner any more; make somebody else an owner first"


def roles(desk: Desk, call: Call) -> Done:
    """Show who may what."""
    return Done(documents.Roles(roles=held(standing_of(desk, call))))


def role(desk: Desk, call: Call) -> Done:
    """Show one principal's role."""
    found, principal = standing_of(desk, call), _named(call)
    if principal not in found.roles:
        raise NotThere(f"{principal} has no role in {found.project}")
    return Done(documents.Held(principal=str(principal), role=found.roles[principal]))


def give_role(desk: Desk, call: Call) -> Done:
    """Give a principal a role."""
    return _set(desk, call, project_of(call), _named(call), call.body.role, call.body.reason)


def take_role(desk: Desk, call: Call) -> Done:
    """Take a principal's role away."""
    return _set(desk, call, project_of(call), _named(call), None, call.query["reason"])


def transfer(desk: Desk, call: Call) -> Done:
    """Hand a project over: first there is a new owner, then the caller is none any more; so there always is one."""
    project, to = project_of(call), _principal(call.body.to, "$.to")
    done = _set(desk, call, project, to, "owner", call.body.reason)
    before = standing_of(desk, call).roles
    leaving = [each for each, role in before.items() if role == "owner" and each in call.author.principals - {to}]
    for each in leaving:
        done = _set(desk, call, project, each, None, call.body.reason)
    return done


def set_status(desk: Desk, call: Call) -> Done:
    """Put a project under another status; not out of quarantine."""
    project, status, reason = project_of(call), call.body.status, call.body.reason.strip()

    def look(standing: Standing) -> None:
        if standing.status == "quarantined":
            raise Declined(403, "quarantined", f"{project} is quarantined, which only those end who run the gateway")
        if (standing.status, standing.status_reason or "") == (status, reason):
            raise Unchanged

    permit = permitted(desk, call, "status", project, look)
    changed = _unless_so(
        lambda: desk.projects.set_status(project, status, permit, by=str(call.author), at=call.at, reason=reason)
    )
    document = documents.Standing(project=project, status=status, reason=reason or None)
    return Done(document, project if changed else None)


def _set(desk: Desk, call: Call, project: ProjectName, principal: Principal, role: Role | None, reason: str) -> Done:
    def look(standing: Standing) -> None:
        owners = {each for each, theirs in standing.roles.items() if theirs == "owner"}
        if role != "owner" and owners == {principal}:
            raise Declined(403, "last-owner", f"{project} {_LAST}")
        if standing.roles.get(principal) == role:
            raise Unchanged

    permit = permitted(desk, call, "roles", project, look)
    by, at = str(call.author), call.at
    changed = _unless_so(
        lambda: desk.projects.set_role(project, principal, role, permit, by=by, at=at, reason=reason.strip())
    )
    return Done(documents.Roles(roles=held(standing_of(desk, call))), project if changed else None)


def _unless_so(change: Callable[[], None]) -> bool:
    try:
        change()
    except Unchanged:
        return False
    return True


def _named(call: Call) -> Principal:
    return _principal(call.named["principal"], "the path")


def _principal(text: str, where: str) -> Principal:
    try:
        return Principal.read(text)
    except ValueError as error:
        raise Declined(400, "principal", f"{where}: {error}") from error
