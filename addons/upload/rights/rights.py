"""Who may do what to a project, as a function that looks at it inside the change itself. Pure but for what is handed in."""

from collections.abc import Callable, Sequence

from addons.simple.names import ProjectName
from addons.sources.priority import Reserved
from addons.store.principals import Principal
from addons.store.projects import Permit
from addons.store.roles import check_owner_left
from addons.store.stored import Role, Standing
from addons.upload.author import Author
from addons.upload.refusal import UploadRefused
from addons.upload.rights.alike import check_possible
from addons.upload.rights.claiming import Claiming, Founders
from addons.upload.rights.words import Doing, out_of_scope, refusing, some
from proxyconf.ownership import Ownership

type Alike = Callable[[ProjectName], ProjectName | None]
"""Gives the own project that a new name looks like, None if there is none."""

_MAINTAINERS_MAY = frozenset({"upload", "yank", "unyank"})
_NO_UPLOADS = frozenset({"archived", "quarantined"})


class Rights:
    """The rules of a configuration; `reserved` as it is configured. Roles are those that the project has in that moment.

    `alike` is asked inside the change that claims a name, so that of two that look alike one is claimed; None: nobody is asked.
    """

    def __init__(self, ownership: Ownership, reserved: Sequence[str], alike: Alike | None = None) -> None:
        self._prohibited = ownership.prohibited
        self._claiming = Claiming(ownership, Reserved(reserved))
        self._alike = alike

    def permit(self, author: Author, doing: Doing, project: ProjectName) -> Permit:
        """Give what raises UploadRefused (403, code "owner" or "claim"; 400, "name") unless the author may do that (UPL-23, 26)."""

        def permit(standing: Standing | None) -> None:
            if author.projects is not None and project not in author.projects:
                raise out_of_scope(author, project)
            if standing is not None:
                _check_role(author, doing, standing)
                _check_status(author, doing, standing)
            elif doing == "upload":
                self._check_claim(author, project)

        return permit

    def role_permit(self, author: Author, project: ProjectName, principal: Principal, role: Role | None) -> Permit:
        """Give `permit` for a change of roles, after which an owner is left. Raises LastOwner, too."""
        allowed = self.permit(author, "roles", project)

        def permit(standing: Standing | None) -> None:
            allowed(standing)
            if standing is not None:
                check_owner_left(standing, principal, role)

        return permit

    def founders(self, author: Author, project: ProjectName) -> Founders:
        """Give whose a project is that this author claims: for `Projects.add`."""
        return self._claiming.founders(author, project)

    def _check_claim(self, author: Author, project: ProjectName) -> None:
        check_possible(project, self._prohibited)
        self._claiming.check(author, project)
        if self._alike is not None and (other := self._alike(project)) is not None:
            raise too_similar(project, f"It looks like {other}, of this organisation")


def too_similar(project: ProjectName, why: str) -> UploadRefused:
    """Give the refusal of a name that looks like another."""
    line = f"The name '{project}' is too similar to an existing project. {why}; choose another."
    return UploadRefused(400, "name", line)


def _check_role(author: Author, doing: Doing, standing: Standing) -> None:
    roles = {role for principal, role in standing.roles.items() if principal in author.principals}
    if "owner" in roles or ("maintainer" in roles and doing in _MAINTAINERS_MAY):
        return
    owners = [principal for principal, role in standing.roles.items() if role == "owner"]
    whose = f"It is owned by {some(owners)}: ask there to be added" if owners else "It has no owner: ask an operator"
    why = f"Only its owners may. {whose}" if roles else whose
    raise refusing(author, doing, standing.project, "owner", why)


def _check_status(author: Author, doing: Doing, standing: Standing) -> None:
    quarantined = standing.status == "quarantined" and doing in ("delete", "status")
    if quarantined or (doing == "upload" and standing.status in _NO_UPLOADS):
        reason = f" ({standing.status_reason})" if standing.status_reason else ""
        raise refusing(author, doing, standing.project, "status", f"It is {standing.status}{reason}")
