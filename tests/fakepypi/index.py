"""An index that tests fill: its projects and files, and all that may happen to them between two requests."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from tests.fakepypi.answer import Answer, text
from tests.fakepypi.bodies import Body, Held
from tests.fakepypi.building import Recipe, big_wheel, sdist, wheel
from tests.fakepypi.files import UPLOADED, FakeFile, make_file
from tests.fakepypi.pages import FakeProject


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an index and its files are."""

    simple_url: str  # of the project list: "https://host/simple/"
    files_url: str  # what its files' paths are put behind: "https://host", or with a prefix; no slash at the end
    credentials: tuple[str, str] | None = None  # user name and password, if it wants to know (Basic)


class FakeIndex:
    """Projects and files. May be used from any thread; every change bumps the serial.

    `cache_control` is sent with pages (None: not at all); `compress_pages`: gzip pages for clients that accept it;
    `legacy`: which documents of the legacy JSON API there are (a plain mirror has those of projects only).
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.cache_control: str | None = "max-age=600, public"
        self.compress_pages = False
        self.legacy: Literal["all", "projects", "none"] = "all"
        self.lock = threading.RLock()
        self.projects: dict[str, FakeProject] = {}  # by normalised name; hold the lock
        self.files: dict[str, FakeFile] = {}  # by decoded path: what can be downloaded; hold the lock
        self.documents: dict[tuple[str, str], Answer] = {}  # by host and path; hold the lock
        self.serial = 1000

    # What there is

    def release(
        self,
        project: str,
        version: str,
        *,
        kind: Literal["wheel", "sdist"] = "wheel",
        requires: Sequence[str] = (),
        requires_python: str | None = None,
        yanked: bool | str = False,
        size_padding: int = 0,
        announce_metadata: bool = False,
        upload_time: str | None = UPLOADED,
        extra: Mapping[str, Any] | None = None,
    ) -> FakeFile:
        """Build an installable wheel or sdist and list it; with `size_padding` it is so many bytes bigger.

        `announce_metadata` serves the metadata beside the file and says so on the page.
        """
        recipe = Recipe(name=project, version=version, requires=requires, requires_python=requires_python)
        filename, content = (wheel if kind == "wheel" else sdist)(recipe, size_padding)
        file = self._made(recipe, filename, Held(content), announce_metadata)
        listed = replace(
            file,
            yanked=yanked,
            upload_time=upload_time,
            requires_python=requires_python,
            requires=tuple(requires),
            extra=dict(extra or {}),
        )
        return self.add(listed)

    def big(self, project: str, version: str, size: int, *, announce_metadata: bool = False) -> FakeFile:
        """List an installable wheel of exactly `size` bytes whose body is made while it is sent."""
        recipe = Recipe(name=project, version=version)
        return self.add(self._made(recipe, *big_wheel(recipe, size), announce_metadata))

    def _made(self, recipe: Recipe, filename: str, body: Body, announce_metadata: bool) -> FakeFile:
        return make_file(
            recipe.name,
            recipe.version,
            filename,
            body,
            files_url=self.place.files_url,
            metadata=recipe.metadata,
            announce_metadata=announce_metadata,
        )

    def add_bytes(self, project: str, version: str, filename: str, content: bytes | Body) -> FakeFile:
        """List any bytes under any filename."""
        body = Held(content) if isinstance(content, bytes) else content
        return self.add(make_file(project, version, filename, body, files_url=self.place.files_url))

    def add(self, file: FakeFile) -> FakeFile:
        """List a file and serve it; one of the same filename gives way on the page, but its bytes stay."""
        with self._changing(file.project) as project:
            project.files[file.filename] = file
            self.files[unquote(file.path)] = file
        return file

    def document(self, host: str, path: str, body: bytes, content_type: str = "application/json") -> None:
        """Answer any further path, such as "/pypi/demo/json", on a host."""
        with self.lock:
            self.documents[host, path] = Answer(200, {"Content-Type": content_type}, Held(body))

    # What happens to it

    def create(self, project: str) -> None:
        """Make a project without files, if there is none of that name."""
        with self._changing(project):
            pass

    def remove(self, project: str) -> None:
        """Delete a project: its page and all its files are gone."""
        name = canonicalize_name(project)
        with self.lock:
            self.serial += 1
            self.projects.pop(name, None)
            self.files = {path: file for path, file in self.files.items() if file.project != name}

    def unlist(self, file: FakeFile, *, keep_bytes: bool = False) -> None:
        """Take a file off the page; with `keep_bytes` whoever knows its URL can still have it."""
        with self._changing(file.project) as project:
            project.files.pop(file.filename, None)
            if not keep_bytes:
                self.files.pop(unquote(file.path), None)

    def yank(self, project: str, version: str, reason: bool | str = True) -> None:
        """Yank a release's files; False takes that back."""
        with self._changing(project) as changed:
            for name, file in changed.files.items():
                if file.version == version:
                    changed.files[name] = replace(file, yanked=reason)

    def set_status(self, project: str, status: str | None, reason: str | None = None) -> None:
        """Set the project status (PEP 792); None takes the key off the page."""
        with self._changing(project) as changed:
            changed.status, changed.reason = status, reason

    def quarantine(self, project: str, version: str | None = None, reason: str | None = None) -> None:
        """What PyPI does with malware: the whole project gets the status and offers no files; or, with a version,
        that release's files vanish without a mark. The files can still be downloaded."""
        if version is None:
            self.set_status(project, "quarantined", reason)
        with self._changing(project) as changed:
            for name, file in list(changed.files.items()):
                if version in {None, file.version}:
                    del changed.files[name]

    def vulnerable(self, project: str, version: str, *identifiers: str) -> None:
        """Let the legacy JSON tell of a release's vulnerabilities; its page and serial stay as they are."""
        with self.lock:
            self.projects[canonicalize_name(project)].vulnerabilities[version] = identifiers

    def html_only(self, project: str, on: bool = True) -> None:
        """Answer text/html for this project's page whatever is asked for, as a plain mirror does."""
        with self._changing(project) as changed:
            changed.html_only = on

    def extra(self, project: str, page: Mapping[str, Any] | None = None, meta: Mapping[str, Any] | None = None) -> None:
        """Add keys to a project's page, and to its `meta`, in JSON; they win over the page's own."""
        with self._changing(project) as changed:
            changed.extra |= page or {}
            changed.extra_meta |= meta or {}

    @contextmanager
    def _changing(self, name: str) -> Iterator[FakeProject]:
        normalised = canonicalize_name(name)
        with self.lock:
            self.serial += 1
            project = self.projects.setdefault(normalised, FakeProject(name=normalised))
            project.serial = self.serial
            yield project

    def found_document(self, host: str, path: str) -> Answer:
        """What `document` put there, or 404."""
        with self.lock:
            return self.documents.get((host, path)) or text(404, "404 Not Found")
