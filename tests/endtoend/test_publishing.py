"""Real tools publish real built projects to where they publish by themselves: it lands in the store, and nowhere else.

`hatch publish` honours no proxy variable. The file tunnelled/sitecustomize.py leads its connections through the gateway with a
CONNECT, as a transparent network would; all else in it is as hatch has it.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.endtoend.authored import SETUPTOOLS, Authored, author, build
from tests.endtoend.clients import Outcome
from tests.endtoend.publishers import (
    CI_JOB,
    FLIT,
    HATCH,
    PDM,
    POETRY,
    TOKEN,
    TWINE_6,
    TWINE_7,
    UV,
    UV_OLD,
    Publisher,
    every_publisher,
)
from tests.endtoend.publishing import UPLOAD_HOST, Press

FIRST_AS_TOKEN = (TWINE_6, UV, HATCH)
"""Tools that publish first as `__token__` and then as a CI job. All others do it the other way round."""

CHECK_URL = "--check-url=https://pypi.org/simple/"
SKIP = "--skip-existing"


@dataclass(frozen=True)
class First:
    """A project, what the tool said as it published that for the first time, and how many uploads came of it."""

    project: Authored
    outcome: Outcome
    uploads: int


class Published:
    """One project for each tool, built by that tool's own backend; published the first time that a test asks for it."""

    def __init__(self, press: Press, place: Path) -> None:
        self._press = press
        self._place = place
        self._done: dict[str, First] = {}

    def by(self, publisher: Publisher) -> First:
        """What came of it."""
        if publisher.name not in self._done:
            name = f"Grating-{publisher.name.title().replace('.', '-')}"
            project = author(self._place / publisher.name, publisher.backend, name)
            if publisher is not FLIT:  # which builds as it publishes
                build(project, publisher.backend)
            before, user = self._press.uploads(), TOKEN if publisher in FIRST_AS_TOKEN else CI_JOB
            done = self._press.publish(publisher, project, user=user)
            self._done[publisher.name] = First(project, done, self._press.uploads() - before)
        return self._done[publisher.name]


@pytest.fixture(scope="module")
def published(press: Press, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """What each tool has published."""
    return Published(press, tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def changed(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Authored:
    """The release that twine 7 has published, built once more from other sources."""
    first = published.by(TWINE_7).project
    project = author(tmp_path_factory.mktemp("changed"), SETUPTOOLS, first.name, readme="Other words.\n")
    return build(project, SETUPTOOLS)


@every_publisher
def test_publish__default_url_and_a_job_s_token__is_installed_from_the_default_index(
    publisher: Publisher, published: Published, press: Press, tmp_path: Path
) -> None:
    """UPL-01, UPL-04, UPL-16, UPL-17, UPL-24: pip and uv have the release at once, and PyPI has heard nothing of it."""
    first = published.by(publisher)
    project = first.project
    assert first.outcome.code == 0, first.outcome.output
    assert first.uploads == 2
    expected = {project.module: project.version}
    assert press.install(project, tmp_path) == {"pip": expected, "uv": expected}
    assert press.pypi.asked(host=UPLOAD_HOST) == []
    assert press.pypi.asked(method="POST") == []


@every_publisher
def test_publish__same_bytes_again__succeeds(publisher: Publisher, published: Published, press: Press) -> None:
    """UPL-13, UPL-24: a job that runs a second time is no failure; this time with the other of the two user names."""
    project = published.by(publisher).project
    before = press.uploads()
    done = press.publish(publisher, project, user=CI_JOB if publisher in FIRST_AS_TOKEN else TOKEN)
    assert done.code == 0, done.output
    assert press.uploads() == before + (0 if publisher.asks_first else 2)


@pytest.mark.parametrize("publisher", [TWINE_6, TWINE_7], ids=str)
def test_skip_existing__file_is_in_the_store__sends_nothing(
    publisher: Publisher, published: Published, press: Press
) -> None:
    """UPL-30, LEG-01: twine asks the legacy JSON API first, which knows the store's files."""
    project = published.by(publisher).project
    before = press.uploads()
    done = press.publish(publisher, project, SKIP)
    assert done.code == 0, done.output
    for file in project.files:
        assert f"Skipping {file.name} because it appears to already exist" in done.output
    assert press.uploads() == before


@pytest.mark.parametrize("publisher", [UV_OLD, UV], ids=str)
def test_check_url__file_is_in_the_store__sends_nothing(
    publisher: Publisher, published: Published, press: Press
) -> None:
    """UPL-30: uv asks the page for the file and its hash."""
    project = published.by(publisher).project
    before = press.uploads()
    done = press.publish(publisher, project, CHECK_URL)
    assert done.code == 0, done.output
    for file in project.files:
        assert f"File {file.name} already exists, skipping" in done.output
    assert press.uploads() == before


@pytest.mark.parametrize("publisher", [TWINE_6, TWINE_7, UV_OLD, UV, POETRY], ids=str)
def test_publish__other_bytes_under_a_name_that_is_there__fails_and_says_so(
    publisher: Publisher, changed: Authored, press: Press, tmp_path: Path
) -> None:
    """UPL-13, UPL-18: what people have installed stays what it is."""
    before = press.uploads()
    done = press.publish(publisher, changed)
    assert done.code != 0
    assert "File already exists" in done.output
    assert press.uploads() == before + 1


@pytest.mark.parametrize("publisher", [POETRY, PDM], ids=str)
def test_skip_existing__other_bytes_under_a_name_that_is_there__is_taken_for_skipped(
    publisher: Publisher, changed: Authored, press: Press
) -> None:
    """UPL-13, UPL-21: poetry and pdm know by the words "already exists" that a file is there, and ask nothing before."""
    before = press.uploads()
    done = press.publish(publisher, changed, SKIP)
    assert done.code == 0, done.output
    assert press.uploads() == before + 2


def test_check_url__other_bytes_are_in_the_store__fails_before_anything_is_sent(
    changed: Authored, press: Press
) -> None:
    """UPL-30: uv compares the hash on the page with its own file's."""
    before = press.uploads()
    done = press.publish(UV, changed, CHECK_URL)
    assert done.code != 0
    assert "Local file and index file do not match" in done.output
    assert press.uploads() == before
