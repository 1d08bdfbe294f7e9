"""What the interface shows of the organisation's own projects. Whoever is identified may read all of it."""

from collections.abc import Iterable, Mapping

from packaging.version import Version

from addons.interface import documents
from addons.interface.operation import Call, Desk, Done
from addons.interface.permitting import highest, project_of, role_in, standing_of, there
from addons.store.overview import Glance
from addons.store.stored import Standing, StoredFile


def start(desk: Desk, call: Call) -> Done:
    """Say where the rest is found."""
    return Done(documents.Start(version="1", openapi="openapi.json", projects="projects", whoami="whoami"))


def openapi(desk: Desk, call: Call) -> Done:
    """Give the OpenAPI document."""
    return Done(desk.document)


def whoami(desk: Desk, call: Call) -> Done:
    """Say whom the gateway takes the caller for."""
    author = call.author
    return Done(
        documents.Me(
            principal=str(author.principal),
            groups=tuple(sorted(map(str, author.groups))),
            shown=str(author),
            service=author.service,
            projects=None if author.projects is None else tuple(sorted(author.projects)),
            may_claim=author.may_claim,
            until=author.until,
        )
    )


def projects(desk: Desk, call: Call) -> Done:
    """Give a stretch of the list of projects."""
    most, author = call.query["limit"], call.author
    found = desk.overview.projects(
        call.query["after"], most + 1, author.principals, author.projects, having_role=call.query["mine"]
    )
    shown = tuple(map(_listed, found[:most]))
    return Done(documents.Listing(projects=shown, next=shown[-1].name if len(found) > most else None))


def _listed(glance: Glance) -> documents.Listed:
    return documents.Listed(
        name=glance.project,
        display=glance.display,
        status=glance.status,
        latest=latest(glance.versions),
        role=highest(glance.roles),
    )


def latest(versions: Mapping[str, bool]) -> str | None:
    """Give the version that an installer takes without being told one: yanked ones last, pre-releases before those.

    `versions` says of each whether it is yanked (PEP 440 "Handling of pre-releases", PEP 592).
    """

    def rank(text: str) -> tuple[bool, bool, Version]:
        version = Version(text)
        return not versions[text], not version.is_prerelease, version

    return max(versions, key=rank, default=None)


def project(desk: Desk, call: Call) -> Done:
    """Show a project as it stands."""
    found = standing_of(desk, call)
    return Done(
        documents.Project(
            name=found.project,
            display=found.display,
            status=found.status,
            status_reason=found.status_reason,
            made=found.made,
            by=found.by,
            size=found.size,
            role=role_in(found, call.author),
            roles=held(found),
            releases=tuple(_releases(found)),
        )
    )


def held(standing: Standing) -> tuple[documents.Held, ...]:
    """Give the roles of a project."""
    return tuple(
        documents.Held(principal=str(principal), role=role) for principal, role in sorted(standing.roles.items())
    )


def _releases(standing: Standing) -> Iterable[documents.Release]:
    by_version: dict[str, list[StoredFile]] = {}
    for each in standing.files:
        by_version.setdefault(each.file.version, []).append(each)
    for version in sorted(by_version, key=Version, reverse=True):
        files = by_version[version]
        yanked = all(each.yanked is not None for each in files)
        yield documents.Release(version=version, yanked=yanked, files=tuple(map(_file, files)))


def _file(stored: StoredFile) -> documents.File:
    file = stored.file
    return documents.File(
        filename=file.filename,
        filetype=file.filetype,
        size=file.size,
        hashes={"sha256": file.sha256, "blake2b_256": file.blake2b_256, "md5": file.md5},
        requires_python=file.requires_python,
        core_metadata=file.metadata_sha256,
        uploaded=stored.uploaded,
        by=stored.by,
        yanked=stored.yanked,
    )


def changes(desk: Desk, call: Call) -> Done:
    """Give a stretch of what happened to a project, the last change first; also of one whose files are all gone."""
    project, most = project_of(call), call.query["limit"]
    there(project, desk.projects.standing(project))
    found = desk.overview.changes(project, call.query["before"], most + 1)
    shown = tuple(
        documents.Change(
            number=each.number, at=each.at, by=each.by, what=each.what, subject=each.subject, reason=each.reason
        )
        for each in found[:most]
    )
    return Done(documents.Changes(changes=shown, next=shown[-1].number if len(found) > most else None))
