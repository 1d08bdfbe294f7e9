"""What is not taken, and how its author reads why: in each tool's own output, after one attempt."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import override

import pytest

from tests.endtoend.authored import BROKEN_README, FLIT_CORE, HATCHLING, Authored, author, build
from tests.endtoend.clients import Outcome
from tests.endtoend.publishers import FLIT, PUBLISHERS, TWINE_7, UV, Publisher
from tests.endtoend.publishing import MOST, Press
from tests.fakepypi.building import Recipe, wheel

UNKNOWN_JOB = "glcbt-64_a-job-that-nobody-runs"


def _is_small(project: Authored, press: Press) -> None:
    """The least that is a wheel; nobody looks into it."""
    _put_wheel(project)


def _is_large(project: Authored, press: Press) -> None:
    """A little too large, as is what flit builds of the same sources."""
    _put_wheel(project, MOST)
    (project.folder / project.module / "table.bin").write_bytes(project.files[0].read_bytes())


def _put_wheel(project: Authored, padding: int = 0) -> None:
    name, content = wheel(Recipe(name=project.name, version=project.version), padding)
    (project.folder / "dist" / name).write_bytes(content)


def _is_built(project: Authored, press: Press) -> None:
    """A real wheel, and no sdist: one attempt is all that there is to make."""
    build(project, HATCHLING)  # flit looks into the description itself
    for file in project.folder.glob("dist/*.tar.gz"):
        file.unlink()


def _lacks_its_record(project: Authored, press: Press) -> None:
    """A wheel that somebody has packed again by hand."""
    _is_built(project, press)
    [file] = project.files
    with zipfile.ZipFile(file) as whole:
        members = {each: whole.read(each) for each in whole.namelist() if not each.endswith("/RECORD")}
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)


def _is_somebody_elses(project: Authored, press: Press) -> None:
    """Another project's job was here first."""
    _is_built(project, press)
    done = press.publish(UV, project, password=press.others_job)
    assert done.code == 0, done.output


def _is_public(project: Authored, press: Press) -> None:
    """The whole world has a project of that name."""
    _is_built(project, press)
    press.pypi.release(project.name.lower(), "0.1")


@dataclass(frozen=True)
class Refusal:
    """A cause: the project that shows it, how the reason line begins, and what brings it about in project and gateway.

    `everywhere`: whether every tool is tried, else two.
    """

    cause: str
    name: str
    words: str
    prepare: Callable[[Authored, Press], None] = _is_built
    readme: str = "Turns light into lines.\n"
    password: str | None = None
    everywhere: bool = False

    @override
    def __str__(self) -> str:
        return self.cause


REFUSALS = (
    Refusal(
        "no-such-token",
        "Fresnel-Lens",
        "Invalid or non-existent authentication information.",
        prepare=_is_small,
        password=UNKNOWN_JOB,
        everywhere=True,
    ),
    Refusal("too-large", "Heavy-Lens", "File too large. Limit for project", prepare=_is_large, everywhere=True),
    Refusal(
        "not-the-owner",
        "Borrowed-Lens",
        "The given token isn't allowed to upload to project 'borrowed-lens'.",
        prepare=_is_somebody_elses,
    ),
    Refusal("name-is-public", "Common-Lens", "The name 'common-lens' is that of a public project", prepare=_is_public),
    Refusal("description-is-broken", "Blurred-Lens", "The description failed to render", readme=BROKEN_README),
    Refusal(
        "record-is-missing",
        "Chipped-Lens",
        "Wheel 'chipped_lens-1.0-py3-none-any.whl' does not contain the required RECORD file",
        prepare=_lacks_its_record,
    ),
)
TRIED = [
    pytest.param(refusal, publisher, id=f"{refusal}-{publisher}")
    for refusal in REFUSALS
    for publisher in PUBLISHERS
    if refusal.everywhere or publisher in (TWINE_7, UV)
]


@pytest.fixture(scope="module")
def refused(press: Press, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Refusal], Authored]:
    """The project that shows a refusal, made the first time that a test asks for it: none of it ever gets in."""
    made: dict[str, Authored] = {}

    def find(refusal: Refusal) -> Authored:
        if refusal.cause not in made:
            folder = tmp_path_factory.mktemp(refusal.cause)
            made[refusal.cause] = author(folder, FLIT_CORE, refusal.name, readme=refusal.readme)
            refusal.prepare(made[refusal.cause], press)
        return made[refusal.cause]

    return find


def check_told(publisher: Publisher, done: Outcome, words: str) -> None:
    """The tool fails, and its author reads why, if that tool shows anything at all; the token never."""
    assert done.code != 0, done.output
    if publisher.shows_reason:
        assert words in done.output
    else:
        assert "40" in done.output  # the status


@pytest.mark.parametrize(("refusal", "publisher"), TRIED)
def test_publish__is_refused__tells_the_author_why_after_one_attempt(
    refusal: Refusal, publisher: Publisher, refused: Callable[[Refusal], Authored], press: Press
) -> None:
    """UPL-18, UPL-20, UPL-21, UPL-23: no tool tries again, and none takes it for a success; PyPI hears of nothing."""
    project = refused(refusal)
    before = press.uploads()
    done = press.publish(publisher, project, password=refusal.password or press.job)
    check_told(publisher, done, refusal.words)
    assert UNKNOWN_JOB not in done.output
    assert press.uploads() == before + 1
    assert press.pypi.asked(method="POST") == []


@pytest.mark.parametrize("publisher", [TWINE_7, UV, FLIT], ids=str)
def test_publish__gitlab_does_not_answer__says_which_service_after_one_attempt(
    publisher: Publisher, cut_off: Press, tmp_path: Path
) -> None:
    """UPL-18, UPL-20: what cannot be proven is refused, and the author reads whose fault it is."""
    project = author(tmp_path, FLIT_CORE, f"Lonely-{publisher}")
    _put_wheel(project)
    before = cut_off.uploads()
    done = cut_off.publish(publisher, project)
    check_told(publisher, done, 'GitLab "gitlab" (127.0.0.1) could not be asked who you are')
    assert cut_off.uploads() == before + 1
    assert cut_off.pypi.asked(method="POST") == []
