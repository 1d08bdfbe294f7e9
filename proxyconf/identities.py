"""By whom uploads may come: the services that prove who an author is. Pure."""

import msgspec

from proxyconf import values
from proxyconf.ci_services import GitLab, Issuer, audience, check_names
from proxyconf.directories import Htpasswd, Ldap
from proxyconf.misfit import settle


class Identities(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The services that are asked who an author is. Tokens of the store's own always are.

    `seconds`: how long one may take. `audience`: for whom identity tokens of the issuers have to be made out.
    """

    seconds: float = 5.0
    audience: str = "wheelgate"
    gitlab_jobs: tuple[GitLab, ...] = ()
    oidc: tuple[Issuer, ...] = ()
    htpasswd: Htpasswd | None = None
    ldap: Ldap | None = None

    def __post_init__(self) -> None:
        settle(self, seconds=values.between(0.1, 60, "seconds"), audience=audience)
        check_names(self.gitlab_jobs, self.oidc)
