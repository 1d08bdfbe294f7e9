from collections.abc import Iterator
from pathlib import Path

import pytest

from addons.deciders import MakesDeciders
from addons.listing.store import ListStore
from addons.simple.names import ProjectName
from addons.store.database import Database
from addons.upload.author import Said
from proxyconf.settings import Settings, Upstream
from proxyconf.uploads import Uploads
from tests.addons.upload.identity.making import AT, HERE, basic, gitlab
from tests.standins.gitlab import GitLab

GIVEN = "gitlab-ci-token"


@pytest.fixture
def service() -> Iterator[GitLab]:
    """Give a GitLab."""
    with GitLab() as gitlab:
        yield gitlab


async def unheard(project: ProjectName) -> None:
    """Hear of an upload, and do nothing."""


def settings(service: GitLab, seconds: float) -> Settings:
    """Give a configuration whose jobs are this GitLab's; another number of seconds is another service."""
    uploads = Uploads(identities=gitlab(service.url, seconds=seconds))
    return Settings(uploads=uploads, upstream=Upstream(proxy="none"))


async def test_service__of_a_configuration_that_was_replaced__serves_the_uploads_that_have_begun_with_it(
    service: GitLab, tmp_path: Path
) -> None:
    """An upload of an hour asks who it is once more at its end: only after that its service is let go of, and no other is."""
    deciders = MakesDeciders(Database(tmp_path), ListStore(), unheard)
    before = deciders(settings(service, 4.0), []).identities
    now = deciders(settings(service, 5.0), []).identities
    await deciders.retire()
    said = Said(basic(GIVEN, service.issue()), HERE, AT)
    assert (await before.who(said)).service == "gitlab_jobs"
    await deciders.retire()
    other = Said(basic(GIVEN, service.issue()), HERE, AT)
    with pytest.raises(RuntimeError, match="closed"):
        await before.who(other)
    assert (await now.who(other)).service == "gitlab_jobs"
    await deciders.close()
