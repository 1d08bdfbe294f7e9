"""Who may claim a name that nobody has, and whose it is then: the first rule that covers the name counts. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from addons.simple.names import ProjectName
from addons.sources.priority import Reserved
from addons.store.principals import Principal
from addons.upload.author import Author
from addons.upload.rights.words import refusing
from proxyconf import values, whom
from proxyconf.ownership import AUTHOR, Claim, Ownership

_ANYBODY = Claim(names=("*",), by=(whom.EVERYBODY,))


@dataclass(frozen=True)
class Founders:
    """Whose a new project is."""

    owner: Principal
    maintainers: tuple[Principal, ...]


class Claiming:
    """The rules of a configuration. Reserved names are the organisation's: only a rule that names them covers one."""

    def __init__(self, ownership: Ownership, reserved: Reserved) -> None:
        self._rules = ownership.claims or (_ANYBODY,)
        self._reserved = reserved

    def check(self, author: Author, project: ProjectName) -> None:
        """Raise UploadRefused (403) for an author who may not claim the name."""
        if not author.may_claim:
            raise refusing(author, "upload", project, "claim", "Nobody has the name, and this identity may claim none")
        rule = self._rule(project)
        if rule is None:
            why = "It is reserved" if self._reserved.covers(project) else "Nobody has the name"
            raise refusing(
                author, "upload", project, "claim", f"{why}, and no rule of this gateway lets anybody claim it"
            )
        if not any(whom.fits(pattern, str(each)) for pattern in rule.by for each in author.principals):
            who = ", ".join(rule.by)
            raise refusing(author, "upload", project, "claim", f"Nobody has the name, and only {who} may claim it")

    def founders(self, author: Author, project: ProjectName) -> Founders:
        """Give whose a project is that this author claims. Who claims it for others is among its maintainers."""
        rule = self._rule(project) or _ANYBODY
        owner = _principal(rule.owner, author)
        maintainers = [_principal(each, author) for each in rule.maintainers]
        if not author.principals & {owner, *maintainers}:  # else its second file would be refused
            maintainers.append(author.principal)
        return Founders(owner, tuple(dict.fromkeys(each for each in maintainers if each != owner)))

    def _rule(self, project: ProjectName) -> Claim | None:
        return next((each for each in self._rules if any(self._covering(each, project))), None)

    def _covering(self, rule: Claim, project: ProjectName) -> Iterator[bool]:
        for scope in rule.names:
            yield not self._reserved.covers(project) if scope == "*" else values.covers(scope, project)


def _principal(text: str, author: Author) -> Principal:
    return author.principal if text == AUTHOR else Principal.read(text)
