"""A rule of each policy that there is, about release 2.0 of a project and not its 1.0: what the tests of all policies go by.

Whoever adds a policy adds here what it does: `test_policies__all_of_them__are_in_the_table` fails until then.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tests.fakepypi import FakeFile, FakePyPI

type Effect = Literal["refused", "withheld", "unlisted", "yanked", "left"]
"""What becomes of a file. Refused: it is not to be had, and listed as yanked or, under `hide`, not at all. Withheld: the same, but
listed as it is. Unlisted: it is not to be had, and never listed. Yanked: it is to be had. Left: as if there were no policy."""

type Configured = Sequence[Mapping[str, Sequence[Mapping[str, Any]]]]
"""Policies as they are written in the configuration."""


def attested(pypi: FakePyPI, project: str, version: str = "2.0", **more: Any) -> FakeFile:
    """Release a wheel, or what else `more` says, that has everything beside it: metadata, legacy JSON and provenance."""
    file = pypi.release(project, version, announce_metadata=True, **more)
    path = f"/integrity/{file.project}/{file.version}/{file.filename}/provenance"
    pypi.document("pypi.org", path, b'{"version": 1}', "application/vnd.pypi.integrity.v1+json")
    return pypi.add(replace(file, extra={"provenance": f"https://pypi.org{path}"}))


@dataclass(frozen=True)
class Case:
    """Policies about the project of a file, its release 2.0 of `publish`; what they do to that, and to release 1.0.

    `listed`: the project stays on the project list under `hide`.
    """

    policies: Callable[[FakeFile], Configured]
    effect: Effect = "refused"
    others: Effect = "left"
    publish: Callable[[FakePyPI, str], FakeFile] = attested
    listed: bool = True


def _rule(policy: str, **rule: Any) -> Callable[[FakeFile], Configured]:
    """Give one policy with one rule about release 2.0, unless the rule says something else."""
    usual = {"versions": "==2.0", "reason": "it is not wanted"}
    return lambda file: [{policy: [{"project": file.project.title().replace("-", "_"), **usual, **rule}]}]


def _whole(policy: str, **rule: Any) -> Callable[[FakeFile], Configured]:
    return lambda file: [{policy: [{"project": file.project, "reason": "it is not wanted", **rule}]}]


def _allow(file: FakeFile) -> Configured:
    return [*_rule("allow", files=["*-2.0-*"])(file), *_whole("deny")(file)]


def _deny_by_sha256(file: FakeFile) -> Configured:
    return [{"deny": [{"sha256": [file.sha256], "reason": "it is not wanted"}]}]


def _sdist(pypi: FakePyPI, project: str) -> FakeFile:
    return attested(pypi, project, kind="sdist")


def _large(pypi: FakePyPI, project: str) -> FakeFile:
    return attested(pypi, project, size_padding=50_000)


def _for_old_pythons(pypi: FakePyPI, project: str) -> FakeFile:
    return attested(pypi, project, requires_python="<3.0")


def _archived(pypi: FakePyPI, project: str) -> FakeFile:
    pypi.create(project)
    pypi.set_status(project, "archived")
    return attested(pypi, project)


CASES: Mapping[str, Case] = {
    "allow": Case(_allow, "left", others="refused"),
    "deny": Case(_rule("deny")),
    "deny, by a pattern of filenames": Case(_rule("deny", files=["*-2.0-py3-none-any.WHL", "*-2.0-*.whl"])),
    "deny, by a sha256": Case(_deny_by_sha256),
    "deny, of the project": Case(_whole("deny"), "withheld", others="withheld", listed=False),
    "deny, until it ends": Case(_rule("deny", until="9999-01-01")),
    "yank": Case(_rule("yank"), "yanked"),
    "snapshot": Case(_rule("snapshot", at="2023-01-01"), "unlisted"),
    "min_age": Case(_rule("min_age", days=3650)),
    "formats": Case(_rule("formats", only=["wheel"]), publish=_sdist),
    "size": Case(_rule("size", max_mb=0.02), publish=_large),
    "requires_python": Case(_rule("requires_python", pythons=["3.12"]), "unlisted", publish=_for_old_pythons),
    "tags": Case(_rule("tags", platforms=["win_amd64"], any_platform=False), "unlisted"),
    "status": Case(_whole("status", archived="refuse"), "withheld", others="withheld", publish=_archived),
    "status, that yanks": Case(_whole("status", archived="yank"), "yanked", others="yanked", publish=_archived),
}
"""By the policy's name, and where there are several what sets them apart behind a comma."""


def policy_of(name: str) -> str:
    """Give the policy that a case is about."""
    return name.partition(",")[0]
