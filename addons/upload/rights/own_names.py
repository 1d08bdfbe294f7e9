"""The names that the organisation's store has, and those that were claimed on purpose. All of this waits for the disk."""

from addons.simple.names import ProjectName
from addons.store.claims import Claims
from addons.store.projects import Projects
from addons.upload.rights.alike import look_alike_key


class OwnNames:
    """Looks at the store. Raises DatabaseUnavailable, as the store does."""

    def __init__(self, projects: Projects, claims: Claims) -> None:
        self._projects = projects
        self._claims = claims

    def has(self, project: ProjectName) -> bool:
        """Tell whether the store has the project."""
        return self._projects.standing(project) is not None

    def is_claimed(self, project: ProjectName) -> bool:
        """Tell whether the name was claimed on purpose."""
        return self._claims.find(project) is not None

    def alike(self, project: ProjectName) -> ProjectName | None:
        """Give another project of the store that a name looks like; None without, and for a name claimed on purpose.

        Inside a change of the store it sees what that one sees: nobody else writes meanwhile.
        """
        key = look_alike_key(project)
        _, names = self._projects.names()
        found = next((each for each in sorted(names) if each != project and look_alike_key(each) == key), None)
        return None if found is None or self.is_claimed(project) else found
