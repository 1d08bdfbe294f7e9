"""What an author reads who may not do something, as PyPI begins it (UPL-23). Pure."""

from collections.abc import Iterable
from typing import Literal

from addons.simple.names import ProjectName
from addons.upload.author import Author
from addons.upload.refusal import UploadRefused

type Doing = Literal["upload", "yank", "unyank", "delete", "roles", "status"]
"""What somebody wants to do to a project, or its files."""

_DOING = {
    "upload": "upload to",
    "yank": "yank files of",
    "unyank": "un-yank files of",
    "delete": "delete files of",
    "roles": "change the roles of",
    "status": "change the status of",
}
_MOST = 3  # of the owners and projects that are named


def refusing(author: Author, doing: Doing, project: ProjectName, code: str, why: str) -> UploadRefused:
    """Give a refusal (403), with the reason why as a second sentence. People are named, what is no person is a token."""
    who = f"The user '{author.principal.name}'" if author.principal.kind == "user" else "The given token"
    return UploadRefused(403, code, f"{who} isn't allowed to {_DOING[doing]} project '{project}'. {why}.")


def out_of_scope(author: Author, project: ProjectName) -> UploadRefused:
    """Give the refusal of what an author's token is not for."""
    line = f"Invalid API Token: it is for {some(author.projects or ())}, and not for project '{project}'."
    return UploadRefused(403, "owner", line)


def some(things: Iterable[object]) -> str:
    """Name the first few of some things: "a, b, c and 4 more"."""
    named = sorted(map(str, things))
    more = f" and {len(named) - _MOST} more" if len(named) > _MOST else ""
    return ", ".join(named[:_MOST]) + more if named else "nothing"
