"""A stand-in for a GitLab, as far as CI job tokens need one: `GET /api/v4/job`, over plain HTTP on the loopback.

https://docs.gitlab.com/api/jobs/#get-job-tokens-job: the token stands in the header JOB-TOKEN; 401 for one that no running
job has.
"""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, override

_UNKNOWN = {"message": "401 Unauthorized"}
_ABSENT = {"message": "404 Not Found"}


class GitLab:
    """It answers from `with` to its end; jobs run from `run_job` to `finish`. May be used from any thread."""

    def __init__(self) -> None:
        self._jobs: dict[str, Mapping[str, Any]] = {}
        self.asked: list[str] = []  # paths, in the order of their arrival
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where people would reach it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def run_job(self, username: str, project: str = "acme/optics", project_id: int = 7, ref: str = "v1.0") -> str:
        """Start a job of a user's, for a tag of a project; gives its token."""
        number = 1000 + len(self._jobs)
        token = f"glcbt-64_job{number}-{username}"
        pipeline = {"id": number // 2, "project_id": project_id, "ref": ref, "sha": "0" * 40, "status": "running"}
        self._jobs[token] = {
            "id": number,
            "status": "running",
            "name": "publish",
            "ref": ref,
            "tag": True,
            "user": {"id": len(username), "username": username, "name": username.title(), "state": "active"},
            "pipeline": pipeline,
            "web_url": f"{self.url}/{project}/-/jobs/{number}",
        }
        return token

    def finish(self, token: str) -> None:
        """End a job: its token is worth nothing from then on."""
        del self._jobs[token]

    def answer(self, path: str, token: str | None) -> tuple[int, Mapping[str, Any]]:
        """Status and document for one request."""
        self.asked.append(path)
        if path != "/api/v4/job":
            return 404, _ABSENT
        job = self._jobs.get(token or "")
        return (401, _UNKNOWN) if job is None else (200, job)


def _handler(gitlab: GitLab) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5

        def do_GET(self) -> None:
            status, document = gitlab.answer(self.path, self.headers["JOB-TOKEN"])
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
