"""GitLab's CI job tokens, verified at the configured GitLab: what job it is, whose, and what the rules make of it.

The API is `GET /api/v4/job` with the header JOB-TOKEN ("Get job token's job" in GitLab's documentation of its REST API).
"""

import re
from datetime import datetime

import msgspec

from addons.simple.names import ProjectName
from addons.store.principals import Principal
from addons.upload.author import Author
from addons.upload.identity.asking import Asking, Road
from addons.upload.identity.failing import Unfit, Wrong
from addons.upload.identity.patterns import fits, lies_below, path_fits
from proxyconf.addresses import host_of
from proxyconf.ci_services import GitLab, JobRule

_TOKEN = re.compile(r"[!-~]{8,8192}")
_PATH = re.compile(r"/([A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+)/-/jobs/([0-9]+)")
_MOST_NAME = 200


class _User(msgspec.Struct, frozen=True):
    username: str


class _Pipeline(msgspec.Struct, frozen=True):
    source: str | None = None


class _Job(msgspec.Struct, frozen=True):
    id: int
    status: str
    ref: str
    web_url: str
    user: _User
    tag: bool = False
    pipeline: _Pipeline = _Pipeline()


class GitLabJobs:
    """Jobs of one GitLab. Making one reads certificates; raises ValueError or OSError where they are not there."""

    def __init__(self, settings: GitLab, road: Road) -> None:
        self.service = f'GitLab "{settings.name}" ({host_of(settings.url)})'
        self._settings = settings
        self._asking = Asking(self.service, (host_of(settings.url),), road, settings.ca)

    async def who(self, token: str, at: datetime) -> Author:
        """Give who a job uploads as. Raises NotProven."""
        if not _TOKEN.fullmatch(token):
            raise Wrong(f"It is no job token of {self.service}")
        status, body = await self._asking.document(f"{self._settings.url}/api/v4/job", {"JOB-TOKEN": token})
        if status != 200:
            raise Wrong(f"{self.service} knows no running job with this token (it says {status})")
        job = self._asking.read(body, _Job)
        path = self._path(job)
        if job.status != "running":
            raise Unfit(f"{self.service} says that job {job.id} of {path} is not running, but {job.status[:30]}")
        return self._author(job, path, self._rule(job, path))

    def _path(self, job: _Job) -> str:
        """Give the path of the job's project, in small letters, as paths are the same in any (its own words: never trusted)."""
        url = f"{self._settings.url}/".lower()
        found = _PATH.fullmatch(job.web_url.lower()[len(url) - 1 :]) if job.web_url.lower().startswith(url) else None
        if found is None or int(found[2]) != job.id or len(found[1]) > _MOST_NAME or not _is_plain(found[1]):
            raise self._asking.failed("its answer is about a job somewhere else (web_url)")
        return found[1]

    def _rule(self, job: _Job, path: str) -> JobRule:
        near = [rule for rule in self._settings.rules if _is_about(rule, path)]
        if not near:
            raise Unfit(f"{self.service} says that this is {path}, for which no rule of this gateway's is")
        rule = next((rule for rule in near if _lets(rule, job)), None)
        if rule is None:
            source = job.pipeline.source or "nothing that it names"
            what = f"{'tag' if job.tag else 'branch'} {job.ref[:80]}, started by {source[:30]}"
            raise Unfit(f"{self.service} says that this is {path}, {what}: no rule of this gateway's lets that upload")
        return rule

    def _author(self, job: _Job, path: str, rule: JobRule) -> Author:
        realm, segments = self._settings.name, path.split("/")
        try:
            project = Principal.read(f"ci:{path}@{realm}")
            above = [Principal.read(f"ci:{'/'.join(segments[:n])}@{realm}") for n in range(1, len(segments))]
            user = job.user.username.lower()
            person = Principal.read(f"user:{user}" + ("" if self._settings.users_are_ours else f"@{realm}"))
        except ValueError:
            raise Unfit(f"{self.service} says that this is {path}, started by a name that can own nothing") from None
        principal = {"user": person, "project": project, "group": above[-1]}[rule.owner]
        return Author(
            principal=principal,
            groups=frozenset({project, *above}) - {principal},
            service="gitlab_jobs",
            shown=f"{project} (job {job.id} of {person})",
            projects=frozenset(map(ProjectName, rule.uploads_to)) if rule.uploads_to else None,
            may_claim=rule.may_claim,
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._asking.close()


def _is_plain(path: str) -> bool:
    return not any(segment.startswith(".") for segment in path.split("/"))


def _is_about(rule: JobRule, path: str) -> bool:
    return any(path_fits(each, path) for each in rule.projects) or any(lies_below(each, path) for each in rule.groups)


def _lets(rule: JobRule, job: _Job) -> bool:
    if rule.triggers and job.pipeline.source not in rule.triggers:
        return False
    if not rule.branches and not rule.tags:
        return True
    return any(fits(each, job.ref) for each in (rule.tags if job.tag else rule.branches))
