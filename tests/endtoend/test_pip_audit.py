"""pip-audit with its default service, which is PyPI's legacy JSON API: what is known of PyPI's projects arrives."""

import json
from pathlib import Path

import pytest

from tests.endtoend.clients import Outcome, home_of_its_own, kept_apart, outcome
from tests.endtoend.conftest import House

AUDIT = (
    *(kept_apart("tools", "pip-audit"), "--progress-spinner=off", "--cache-dir=cache"),
    *("--requirement=lock.txt", "--no-deps", "--disable-pip"),
)


def audit(house: House, folder: Path, *pinned: str, options: tuple[str, ...] = ()) -> Outcome:
    """Audit requirements that name every release, as a lock does."""
    (folder / "lock.txt").write_text("\n".join(pinned))
    return outcome((*AUDIT, *options), folder, {**house.variables, **home_of_its_own(folder)})


def report(house: House, folder: Path, *pinned: str) -> tuple[Outcome, dict[str, list[str]]]:
    """Audit, and give what is known of each distribution. Raises KeyError for one that was not audited."""
    done = audit(house, folder, *pinned, options=("--format=json", "--output=report.json"))
    audited = json.loads((folder / "report.json").read_text())["dependencies"]
    return done, {each["name"]: [known["id"] for known in each["vulns"]] for each in audited}


def test_audit__release_has_known_vulnerabilities__shows_them(house: House, tmp_path: Path) -> None:
    """LEG-06: what PyPI says of a release arrives, with the release that mends it, and the exit code says so to CI."""
    house.pypi.release("rusty", "1.0")
    house.pypi.vulnerable("rusty", "1.0", "PYSEC-2026-1", "PYSEC-2026-2")
    done = audit(house, tmp_path, "rusty==1.0")
    assert done.code == 1
    assert "Found 2 known vulnerabilities in 1 package" in done.output
    assert ["rusty", "1.0", "PYSEC-2026-1", "9.9"] in [line.split()[:4] for line in done.output.splitlines()]
    assert house.pypi.asked("/pypi/rusty/1.0/json")


def test_audit__nothing_is_known__says_so(house: House, tmp_path: Path) -> None:
    """A release without any is audited, not left out, and what is known of another one does not count."""
    house.pypi.release("shiny", "1.0")
    house.pypi.release("shiny", "2.0")
    house.pypi.vulnerable("shiny", "1.0", "PYSEC-2026-3")
    done, known = report(house, tmp_path, "shiny==2.0")
    assert (done.code, known) == (0, {"shiny": []}), done.output


def test_audit__own_project_is_public_too__knows_nothing_of_the_stranger(house: House, tmp_path: Path) -> None:
    """LEG-01, LEG-06: an own release is audited without an error, and what PyPI knows of another project of the name is not about it."""
    house.pypi.release("beamline", "1.0")
    house.pypi.vulnerable("beamline", "1.0", "PYSEC-2026-4")
    house.pypi.release("shiny", "2.0")
    done, known = report(house, tmp_path, "beamline==1.0", "magnets==2.1", "shiny==2.0")
    assert (done.code, known) == (0, {"beamline": [], "magnets": [], "shiny": []}), done.output
    assert [seen.path for seen in house.pypi.requests if "beamline" in seen.path] == []


@pytest.mark.parametrize("pinned", ["shiny==7.0", "beamline==99.0", "acme-secrets==1.0"])
def test_audit__release_is_nowhere__is_left_out_with_a_word(pinned: str, house: House, tmp_path: Path) -> None:
    """What no source has, and what only a stranger has, is not on PyPI as far as pip-audit is concerned: no error."""
    house.pypi.release("shiny", "2.0")
    house.pypi.release("beamline", "99.0")
    house.pypi.release("acme-secrets", "1.0")
    done = audit(house, tmp_path, pinned)
    name, _, version = pinned.partition("==")
    assert done.code == 0, done.output
    assert f"Dependency not found on PyPI and could not be audited: {name} ({version})" in done.output


def test_audit__release_is_denied__shows_what_is_known_all_the_same(house: House, tmp_path: Path) -> None:
    """LEG-06: a denied release stays listed, with the reason; who audits an old lock learns what PyPI knows of it as well."""
    house.pypi.release("leaky", "1.0")
    house.pypi.vulnerable("leaky", "1.0", "PYSEC-2026-5")
    done, known = report(house, tmp_path, "leaky==1.0")
    assert (done.code, known) == (1, {"leaky": ["PYSEC-2026-5"]}), done.output
