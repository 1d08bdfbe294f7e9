"""The recordings are what the rules for recording make of them, and name nobody but PyPI."""

import json

import pytest

from tests.recorded import PAGES, recorded, recorded_json
from tests.recorded.record import PROJECTS, Recorded
from tests.recorded.thinning import OtherHost, check_hosts, is_odd, kept_files, thin_html, thin_json, thin_legacy

NAMES = sorted(path.name.removesuffix(".xz") for path in PAGES.iterdir())
MOST_BYTES = 1_500_000


@pytest.mark.parametrize("name", NAMES)
def test_recording__name_no_host_but_pypis(name: str) -> None:
    """A recording made through a mirror must not lead anybody to it."""
    check_hosts(name, recorded(name))


@pytest.mark.parametrize("recording", PROJECTS, ids=lambda recording: recording.project)
def test_recording__thinned_again__is_the_same(recording: Recorded) -> None:
    """The rules depend on the page alone, so recording the same page again changes no byte."""
    page = recorded(f"{recording.project}.json")
    kept = kept_files(page, recording.share)
    assert len(kept) == len(json.loads(page)["files"])
    assert thin_json(page, kept) == page
    if recording.html:
        assert thin_html(recorded(f"{recording.project}.html"), kept) == recorded(f"{recording.project}.html")
    if recording.legacy:
        legacy = recorded(f"{recording.project}.legacy.json")
        assert thin_legacy(legacy) == legacy


def test_recordings__together__are_small_and_all_of_them_are_wanted() -> None:
    """They are kept with the source, so they stay small, and none is left over from another list of projects."""
    assert sum(path.stat().st_size for path in PAGES.iterdir()) < MOST_BYTES
    wanted = {f"{recording.project}.json" for recording in PROJECTS}
    wanted |= {f"{recording.project}.html" for recording in PROJECTS if recording.html}
    wanted |= {f"{recording.project}.legacy.json" for recording in PROJECTS if recording.legacy}
    assert set(NAMES) == wanted


@pytest.mark.parametrize(
    ("project", "ending", "least"),
    [
        ("numpy", ".exe", 30),
        ("lxml", ".egg", 100),
        ("setuptools", ".rpm", 8),
        ("pytz", ".bz2", 50),
        ("boto3", ".whl", 500),
        ("tensorflow", ".whl", 500),
    ],
)
def test_recording__thinned__has_every_odd_kind_that_it_is_there_for(project: str, ending: str, least: int) -> None:
    """Thinning must never thin out what the project was recorded for."""
    names = [entry["filename"] for entry in recorded_json(f"{project}.json")["files"]]
    assert sum(name.endswith(ending) for name in names) >= least


def test_is_odd__by_yank_name_version_and_kind() -> None:
    """Odd is whatever no installer of today takes as it stands."""
    usual = {"filename": "a-1.0.tar.gz", "url": "https://files.pythonhosted.org/p/a-1.0.tar.gz", "yanked": False}
    assert not is_odd(usual)
    assert not is_odd(usual | {"filename": "a-1.0-py3-none-any.whl", "url": "https://x.example/a-1.0-py3-none-any.whl"})
    for other in ({"yanked": ""}, {"url": "https://files.pythonhosted.org/p/b-1.0.tar.gz"}):
        assert is_odd(usual | other) is (other != {"yanked": ""})
    for filename in ("a-2004d.tar.gz", "a-1.0.zip", "a-1.0.win32.exe", "a-x-py3-none-any.whl", "a-1.0-py2.7.egg"):
        assert is_odd({"filename": filename, "url": f"https://files.pythonhosted.org/p/{filename}", "yanked": False})


@pytest.mark.parametrize(
    "content",
    [
        b'{"url": "https://mirror.example/packages/a-1.0.tar.gz"}',
        b'{"url": "../../packages/a-1.0.tar.gz"}',
        b'<a href="/packages/a-1.0.tar.gz">a-1.0.tar.gz</a>',
        b'{"x": "see http://mirror.example"}',
    ],
)
def test_check_hosts__another_host_or_a_relative_url__is_refused(content: bytes) -> None:
    """What a mirror wrote of itself ends the recording."""
    with pytest.raises(OtherHost):
        check_hosts("a.json", content)


def test_thin_legacy__relative_file_urls_and_peoples_own_words__are_pypis_urls_and_none() -> None:
    """A mirror's relative URL says where the file lies on PyPI; descriptions link anywhere."""
    path = f"packages/ab/cd/{'e' * 60}/a-1.0.tar.gz"
    entry = {"url": f"../../packages/{path}"}
    document = {"info": {"name": "a", "description": "long"}, "urls": [entry], "releases": {"1.0": [entry], "2": []}}
    thinned = json.loads(thin_legacy(json.dumps(document).encode()))
    here = {"url": f"https://files.pythonhosted.org/{path}"}
    assert thinned == {"info": {"name": "a", "description": None}, "urls": [here], "releases": {"1.0": [here], "2": []}}
