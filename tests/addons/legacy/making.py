"""What the tests of this folder share: files, pages and upstream's documents, sound or drawn at random."""

from typing import Any

from hypothesis import strategies as st

from addons.legacy.file_objects import file_object
from addons.legacy.shelf import key
from addons.simple.names import ProjectName
from addons.simple.page import File, Page
from tests.addons.simple.drawing import json_values, texts

PROJECT = ProjectName("foo-bar")
SHA256 = "ab" * 32
BLAKE2B = "cd" * 32
URL = "https://files.pythonhosted.org/packages/cd/cd/" + "cd" * 30 + "/"


def wheel(version: str, **changes: Any) -> File:
    """Return a wheel of a release; `changes` are fields."""
    return file(f"foo_bar-{version}-py3-none-any.whl", **changes)


def file(filename: str, **changes: Any) -> File:
    """Return a file with all that a page of PyPI says."""
    said: dict[str, Any] = {
        "filename": filename,
        "url": URL + filename,
        "hashes": {"sha256": SHA256},
        "requires_python": ">=3.8",
        "size": 1234,
        "upload_time": "2024-01-02T03:04:05.678901Z",
    }
    return File(**{**said, **changes})


def page(*files: File, versions: tuple[str, ...] | None = None, **changes: Any) -> Page:
    """Return a page of these files."""
    return Page(project=PROJECT, files=files, versions=versions, **changes)


def document(releases: dict[str, list[File]], about: str, **changes: Any) -> dict[str, Any]:
    """Return upstream's document of the project, which describes one of its releases."""
    listed = {version: [file_object(one) for one in files] for version, files in releases.items()}
    made = {
        "info": {
            "version": about,
            "summary": f"of {about}",
            "yanked": False,
            "yanked_reason": None,
            "new-key": [about],
        },
        "last_serial": 42,
        "ownership": {"organization": None},
        "releases": listed,
        "urls": listed.get(about, []),
        "vulnerabilities": [{"id": f"PYSEC-{about}"}],
    }
    return {**made, **changes}


versions = st.sampled_from(["1.0", "1.0.0", "2.0", "2.0rc1", "3!1", "1.0+local.1", "2004d", "0.9", "01.0"])
tails = st.sampled_from(
    ["-py3-none-any.whl", "-1-cp312-cp312-win32.whl", ".tar.gz", ".zip", "-py2.7.egg", ".win32.exe"]
)
filenames = st.builds(lambda version, tail: f"foo_bar-{version}{tail}", versions, tails) | st.just("foo-bar-x-y.tar.gz")
yanks = st.booleans() | st.sampled_from(["", "broken", "Blocked by wheelgate: deny: no"])


@st.composite
def pages(draw: st.DrawFn) -> Page:
    """Draw a page as policies may have left it."""
    names = draw(st.lists(filenames, unique=True, max_size=8))
    hashes = st.sampled_from([{"sha256": SHA256}, {"sha256": "ef" * 32}, {}])
    files = [file(name, hashes=draw(hashes), yanked=draw(yanks), size=draw(st.none() | st.just(7))) for name in names]
    listed = draw(st.none() | st.lists(versions, max_size=4, unique_by=key).map(tuple))
    return page(*files, versions=listed)


_objects = st.builds(
    lambda sound, more: {**sound, **more},
    filenames.map(lambda name: file_object(file(name, yanked="of old"))),
    st.dictionaries(
        st.sampled_from(["digests", "url", "size", "yanked", "packagetype", "new", "filename"]), json_values
    ),
)
_lists = st.lists(_objects | json_values, max_size=4) | json_values
_sound = st.fixed_dictionaries(
    {"info": st.dictionaries(texts, json_values, max_size=3) | st.builds(lambda text: {"version": text}, versions)},
    optional={
        "releases": st.dictionaries(versions | texts, _lists, max_size=4) | json_values,
        "urls": _lists,
        "vulnerabilities": st.lists(json_values, max_size=2) | json_values,
        "last_serial": json_values,
        "new-key": json_values,
    },
)
documents: st.SearchStrategy[dict[str, Any]] = st.just({}) | _sound | st.dictionaries(texts, json_values, max_size=3)
"""Documents as upstream may write them, from sound to nonsense; all are JSON objects."""
