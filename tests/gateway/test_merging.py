"""merge: the files of several sources on one page, for the projects that the configuration names and for no others."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.fakepypi import FakePyPI, Status
from tests.fakepypi.building import Recipe, wheel
from tests.gateway.conftest import Start
from tests.gateway.listing import PUBLIC, listed
from tests.gateway.logs import IN_FORCE, Log
from tests.gateway.running import RunningGateway

MERGED = [{"project": "Lens", "sources": ["own", "pypi"]}]
FILES = "https://files.pythonhosted.org"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The organisation's folder, with its own build of a project that PyPI has too."""
    folder = tmp_path / "own"
    folder.mkdir()
    put(folder, "1.0+corp1")
    return folder


def put(folder: Path, version: str, project: str = "lens") -> bytes:
    """Put a wheel in the folder and give its bytes."""
    name, content = wheel(Recipe(name=project, version=version))
    (folder / f".{name}").write_bytes(content)
    (folder / f".{name}").rename(folder / name)
    return content


@pytest.fixture
def merging(start: Start, own: Path) -> RunningGateway:
    """A gateway that merges it."""
    return start(sources=[{"name": "own", "folder": str(own)}, PUBLIC], merge=MERGED)


def urls(gateway: RunningGateway, project: str = "lens") -> dict[str, str]:
    """Give where the files of a page are, by version."""
    return {str(entry["filename"]).split("-")[1]: str(entry["url"]) for entry in listed(gateway, project)}


def test_page__of_a_merged_project__has_the_files_of_all_its_sources(merging: RunningGateway, pypi: FakePyPI) -> None:
    """MRG-05, MRG-11, MRG-13: in both forms; each file, and its metadata, is had where the page says."""
    public = pypi.release("lens", "2.0", announce_metadata=True)
    found = urls(merging)
    assert found == {"1.0+corp1": f"{FILES}/wheelgate/own/lens/lens-1.0%2Bcorp1-py3-none-any.whl", "2.0": public.url}
    html = merging.page("lens", Accept="text/html").text
    assert all(url in html for url in found.values())
    assert merging.get(found["2.0"]).content == public.content
    assert merging.get(f"{found['2.0']}.metadata").content == public.metadata
    assert b"Version: 1.0+corp1" in merging.get(f"{found['1.0+corp1']}.metadata").content


def test_merged_project__on_every_route__is_the_same(merging: RunningGateway, pypi: FakePyPI) -> None:
    """MRG-02: the legacy JSON API tells of the files that the page has, and of no others."""
    pypi.release("lens", "2.0")
    document = merging.get("https://pypi.org/pypi/lens/json").json()
    assert set(document["releases"]) == {"1.0+corp1", "2.0"}
    assert {file["url"] for files in document["releases"].values() for file in files} == set(urls(merging).values())
    assert merging.get("https://pypi.org/pypi/lens/1.0+corp1/json").status_code == 200


def test_file__that_both_have_with_other_bytes__is_the_higher_sources(
    merging: RunningGateway, pypi: FakePyPI, own: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """MRG-05: one entry; the public one is neither listed nor to be had, and the log says so."""
    public = pypi.release("lens", "3.0", size_padding=100)
    mine = put(own, "3.0")
    assert mine != public.content
    assert merging.get(urls(merging)["3.0"]).content == mine
    assert [entry["filename"] for entry in listed(merging, "lens")].count(public.filename) == 1
    assert merging.get(public.url).status_code == 403
    assert public.filename in caplog.text


def test_file__that_both_have__is_one(merging: RunningGateway, pypi: FakePyPI, own: Path) -> None:
    """MRG-05: same name and same bytes: had from the own source, under its address."""
    public = pypi.release("lens", "3.0")
    (own / public.filename).write_bytes(public.content)
    assert urls(merging)["3.0"] == f"{FILES}/wheelgate/own/lens/{public.filename}"
    assert len(listed(merging, "lens")) == 2


def test_page__of_a_merged_project__claims_what_it_fulfils(merging: RunningGateway, pypi: FakePyPI) -> None:
    """MRG-07, MRG-08: the versions of all; without every size no version of the API that promises sizes."""
    pypi.release("lens", "2.0")
    page = merging.page("lens").json()
    assert set(page["versions"]) == {"1.0+corp1", "2.0"}
    assert page["meta"]["api-version"] > "1.0"


def test_page__merged_with_one_that_tells_no_sizes__claims_no_more_than_that(
    merging: RunningGateway, pypi: FakePyPI
) -> None:
    """MRG-07, VER-04: a source in HTML has no sizes, and no size is made up."""
    pypi.release("lens", "2.0")
    pypi.html_only("lens")
    page = merging.page("lens").json()
    assert page["meta"]["api-version"] == "1.0"
    assert ["size" in entry for entry in page["files"]] == [True, False]


def test_page__of_a_merged_project__has_upstreams_serial_and_our_tag(merging: RunningGateway, pypi: FakePyPI) -> None:
    """MRG-09, MRG-10: mirrors see how new PyPI's part is; the tag is of the bytes that are sent."""
    pypi.release("lens", "2.0")
    answer = merging.page("lens")
    assert answer.headers["X-PyPI-Last-Serial"] == str(pypi.projects["lens"].serial)
    theirs = pypi.asked("/simple/lens/")
    assert merging.page("lens", If_None_Match=answer.headers["ETag"]).status_code == 304
    assert len(pypi.asked("/simple/lens/")) == len(theirs) == 1


def test_own_part__of_a_merged_project__changes_the_tag_at_once(
    merging: RunningGateway, pypi: FakePyPI, own: Path
) -> None:
    """MRG-10: a new own file, a new answer; PyPI is not asked again for it."""
    pypi.release("lens", "2.0")
    before = merging.page("lens")
    put(own, "1.1")
    after = merging.page("lens", If_None_Match=before.headers["ETag"])
    assert after.status_code == 200
    assert {"1.0+corp1", "1.1", "2.0"} == set(urls(merging))
    assert len(pypi.asked("/simple/lens/")) == 1


def test_quarantined_part__of_a_merged_project__gives_no_files(merging: RunningGateway, pypi: FakePyPI) -> None:
    """MRG-08, YNK-09: what PyPI has withdrawn is withdrawn; the own files stay."""
    public = pypi.release("lens", "2.0")
    pypi.quarantine("lens")
    assert set(urls(merging)) == {"1.0+corp1"}
    assert merging.get(public.url).status_code == 403


def test_policy__on_a_merged_project__holds_for_the_files_of_all(start: Start, pypi: FakePyPI, own: Path) -> None:
    """MRG-05: a policy is written once, for the page, whichever source a file came from."""
    public = pypi.release("lens", "1.0")
    put(own, "1.0.0")
    deny = {"deny": [{"project": "lens", "versions": "==1.0", "reason": "steals tokens"}]}
    gateway = start(sources=[{"name": "own", "folder": str(own)}, PUBLIC], merge=MERGED, policies=[deny])
    for url in urls(gateway).values():
        assert gateway.get(url).reason_phrase == "Blocked by wheelgate: deny: steals tokens"
    assert public.url in urls(gateway).values()


def test_project__that_is_not_merged__is_of_one_source(merging: RunningGateway, pypi: FakePyPI, own: Path) -> None:
    """MRG-01, MRG-06, MRG-14: the default stays for all others: PyPI is not even asked about an own one."""
    put(own, "1.0", "mirror")
    pypi.release("mirror", "9.0")
    assert set(urls(merging, "mirror")) == {"1.0"}
    assert pypi.requests == []


def test_merged_project__that_one_source_lacks__has_the_others_files(
    merging: RunningGateway, pypi: FakePyPI, own: Path
) -> None:
    """MRG-03: absent from one is no fault; absent from all is 404."""
    assert set(urls(merging)) == {"1.0+corp1"}
    pypi.release("lens", "2.0")
    assert set(urls(merging)) == {"1.0+corp1", "2.0"}
    for path in own.iterdir():
        path.unlink()
    assert set(urls(merging)) == {"2.0"}


def test_merged_project__that_no_source_has__is_absent(merging: RunningGateway, pypi: FakePyPI, own: Path) -> None:
    """MRG-03: all of them have said so."""
    for path in own.iterdir():
        path.unlink()
    assert merging.page("lens").status_code == 404
    assert len(pypi.asked("/simple/lens/")) == 1


@pytest.mark.parametrize("down", ["own", "pypi"])
def test_merged_project__while_a_source_is_down__is_unavailable(
    merging: RunningGateway, pypi: FakePyPI, own: Path, down: str
) -> None:
    """MRG-03: half a page would look like all there is: 503, for its files too."""
    public = pypi.release("lens", "2.0")
    if down == "own":
        shutil.rmtree(own)
    else:
        pypi.fault("/simple/lens/", Status(500))
    for url in ("https://pypi.org/simple/lens/", public.url, "https://pypi.org/pypi/lens/json"):
        assert merging.get(url).status_code == 503
    assert pypi.asked("/packages/") == []


def test_edit__that_takes_merge_out__is_seen_at_once(
    merging: RunningGateway, pypi: FakePyPI, tmp_path: Path, log: Log
) -> None:
    """MRG-14: from then on the own source answers alone, and PyPI's file is not to be had any more."""
    public = pypi.release("lens", "2.0")
    before = merging.page("lens")
    assert merging.get(public.url).status_code == 200
    config = tmp_path / "wheelgate.yaml"
    config.write_text(yaml.safe_dump({**yaml.safe_load(config.read_text()), "merge": []}))
    log.wait_for(IN_FORCE)
    assert set(urls(merging)) == {"1.0+corp1"}
    assert merging.page("lens", If_None_Match=before.headers["ETag"]).status_code == 200
    assert merging.get(public.url).status_code == 403


def test_merged_project__yanked_by_upstream__keeps_its_mark(merging: RunningGateway, pypi: FakePyPI, own: Path) -> None:
    """MRG-05, YNK-01: also where the bytes are had from the own source."""
    public = pypi.release("lens", "3.0", yanked="broken")
    (own / public.filename).write_bytes(public.content)
    marks = {str(entry["filename"]): entry.get("yanked", False) for entry in listed(merging, "lens")}
    assert marks[public.filename] == "broken"
