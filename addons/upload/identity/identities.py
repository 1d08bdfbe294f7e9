"""Who uploads: what is said chooses the one service that is asked, and no other is asked for the same."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from addons.clients.proofs import Proofs
from addons.clients.slowing import whereabouts
from addons.store.tokens import Tokens
from addons.upload.author import Author, Said
from addons.upload.identity.asking import Road
from addons.upload.identity.failing import NotProven, TooMany, Unsaid, Wrong, printable
from addons.upload.identity.gitlab_jobs import GitLabJobs
from addons.upload.identity.given import JOB_PREFIX, Given, given
from addons.upload.identity.htpasswd import Htpasswd
from addons.upload.identity.lately import Lately
from addons.upload.identity.ldap import Connect, Ldap
from addons.upload.identity.oidc import Oidc
from addons.upload.identity.tokens import TokenIdentity
from addons.upload.refusal import UploadRefused
from proxyconf.identities import Identities as IdentitiesSettings

logger = logging.getLogger(__name__)


class Identities:
    """Says who somebody is. `proofs` has to verify as `passwords.verify` does, and may outlive this; `clock` gives seconds.

    `oidc` is the exchange of identity tokens. Making one reads certificates and passwords: raises ValueError or OSError where
    they are not there. Belongs to one event loop.
    """

    def __init__(
        self,
        settings: IdentitiesSettings,
        road: Road,
        tokens: Tokens,
        proofs: Proofs,
        *,
        clock: Callable[[], float] = time.monotonic,
        connect: Connect | None = None,
    ) -> None:
        self._proofs = proofs
        self._lately = Lately(proofs, clock)
        self.tokens = TokenIdentity(tokens, proofs, settings.seconds)
        self.oidc = Oidc(settings, road, tokens, proofs, clock)
        self._gitlabs = [GitLabJobs(each, road) for each in settings.gitlab_jobs]
        self._by_user = {
            user: ours
            for each, ours in zip(settings.gitlab_jobs, self._gitlabs, strict=True)
            for user in each.usernames
        }
        self._htpasswd = Htpasswd(settings.htpasswd, proofs) if settings.htpasswd is not None else None
        self._ldap = Ldap(settings.ldap, road, connect) if settings.ldap is not None else None

    async def who(self, said: Said) -> Author:
        """Give who says this. Raises UploadRefused (403, "identity") in words that name who says no; never 401 (UPL-24)."""
        name = "nobody"
        try:
            credentials = given(said.authorization)
            name = credentials.shown
            return await self._who(credentials, whereabouts(said.address), said.at)
        except NotProven as failure:
            if self._proofs.is_due(whereabouts(said.address), name):
                words = printable(str(failure))[:200]
                logger.warning("an upload from %s, as %s, is nobody's: %s", said.address, name, words)
            raise UploadRefused(403, "identity", failure.line) from None

    async def _who(self, said: Given, where: str, at: datetime) -> Author:
        job = self._by_user.get(said.user) if said.user else None
        if job is None and said.secret.startswith(JOB_PREFIX):
            job = self._only_gitlab()
        if job is not None:
            ask = partial(job.who, said.secret, at)
            return await self._lately.author(job.service, "", said.secret, where, ask)
        if said.user:
            return await self._person(said, where, at)
        return await self.tokens.who(said.secret, where, at)

    def _only_gitlab(self) -> GitLabJobs:
        """Give the GitLab that a job token is of which nobody says: where there are several, it is shown to none."""
        if len(self._gitlabs) == 1:
            return self._gitlabs[0]
        names = ", ".join(self._by_user)
        why = f"say by the user name of which GitLab it is ({names})" if names else "this gateway asks no GitLab"
        raise Unsaid(f"This is a GitLab job token; {why}")

    async def _person(self, said: Given, where: str, at: datetime) -> Author:
        if self._htpasswd is not None and (self._ldap is None or await self._htpasswd.knows(said.user)):
            return await self._htpasswd.who(said.user, said.secret, where, at)
        if self._ldap is not None:
            ask = partial(self._ldap.who, said.user, said.secret, at)
            return await self._lately.author(self._ldap.service, said.user.lower(), said.secret, where, ask)
        if self._proofs.are_too_many(where):
            raise TooMany
        self._proofs.note(self._proofs.key("nobody", said.user, said.secret), where, right=False)
        raise Wrong("This gateway takes no user names with passwords; give a token with the user name __token__")

    async def close(self) -> None:
        """Let go of connections, and wait for what is still to be written."""
        await self.tokens.settled()
        await self.oidc.close()
        for each in self._gitlabs:
            await each.close()
