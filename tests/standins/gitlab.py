"""A stand-in GitLab: it gives out job tokens, and says at `GET /api/v4/job` whose job one is, as GitLab's REST API does."""

import json
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import override

from tests.standins.served import Reply, Served


@dataclass
class Job:
    """One job, with all that a test may want to be otherwise. `web_url` "": where this GitLab has it."""

    project: str = "acme/controls/demo"
    user: str = "alice"
    ref: str = "main"
    tag: bool = False
    source: str = "push"
    status: str = "running"
    id: int = 4711
    web_url: str = ""


class GitLab(Served):
    """The service. `with GitLab() as gitlab: token = gitlab.issue(Job())`; its moods are those of `Served`."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self._jobs: dict[str, Job] = {}

    def issue(self, job: Job | None = None) -> str:
        """Start a job; gives its token (CI_JOB_TOKEN)."""
        token = f"glcbt-64_{secrets.token_urlsafe(20)}"
        self._jobs[token] = job or Job()
        return token

    def end(self, token: str) -> None:
        """End a job: its token counts no more."""
        del self._jobs[token]

    @override
    def reply(self, path: str, headers: Mapping[str, str]) -> Reply:
        """Answer as GitLab does."""
        job = self._jobs.get(headers.get("job-token", ""))
        if path != "/api/v4/job":
            return _said(404, {"error": "404 Not Found"})
        return _said(401, {"message": "401 Unauthorized"}) if job is None else _said(200, self._shown(job))

    def _shown(self, job: Job) -> Mapping[str, object]:
        return {
            "id": job.id,
            "name": "publish",
            "stage": "deploy",
            "status": job.status,
            "ref": job.ref,
            "tag": job.tag,
            "web_url": job.web_url or f"{self.url}/{job.project}/-/jobs/{job.id}",
            "pipeline": {"id": 6, "ref": job.ref, "status": "running", "source": job.source},
            "project": {"ci_job_token_scope_enabled": False},
            "user": {"id": 1, "username": job.user, "name": "Somebody", "state": "active"},
        }


def _said(status: int, document: object) -> Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(document).encode()
