"""Whether a call may: what it may read, and what is looked at inside the change that it makes."""

from collections.abc import Callable

from addons.interface.declined import Declined
from addons.interface.operation import Call, Desk, Doing
from addons.simple.names import InvalidName, ProjectName, normalise
from addons.store.projects import NotThere, Permit
from addons.store.stored import Role, Standing
from addons.upload.author import Author


class Unchanged(Exception):
    """All is as it is wanted already: the change is left, and not recorded."""


def project_of(call: Call) -> ProjectName:
    """Give the project that the path names. Raises NotThere, and Declined where the caller's proof is for others only."""
    text = call.named["name"]
    try:
        project = normalise(text)
    except InvalidName as error:
        raise NotThere(str(error)) from error
    only = call.author.projects
    if only is not None and project not in only:
        raise Declined(403, "scope", f"what says who you are is not for {project}; use a token that is")
    return project


def standing_of(desk: Desk, call: Call) -> Standing:
    """Give the project that the path names, as it stands. Raises as `project_of`, and NotThere."""
    project = project_of(call)
    return there(project, desk.projects.standing(project))


def there(project: ProjectName, standing: Standing | None) -> Standing:
    """Give what stands. Raises NotThere for what nobody has."""
    if standing is None:
        raise NotThere(f"{project} is no project of this store")
    return standing


def permitted(
    desk: Desk, call: Call, doing: Doing, project: ProjectName, look: Callable[[Standing], None] = lambda standing: None
) -> Permit:
    """Give what looks at a project inside a change: whether it is there, whether the author may, and then `look`."""
    right = desk.rights.permit(call.author, doing, project)

    def permit(before: Standing | None) -> None:
        standing = there(project, before)
        right(standing)
        look(standing)

    return permit


def role_in(standing: Standing, author: Author) -> Role | None:
    """Give the author's role in a project, the higher one of several."""
    return highest({role for principal, role in standing.roles.items() if principal in author.principals})


def highest(roles: set[Role] | frozenset[Role]) -> Role | None:
    """Give the role that may more."""
    return "owner" if "owner" in roles else next(iter(roles), None)
