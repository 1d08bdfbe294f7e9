"""What the tests of this folder share: an entry that nothing is wrong with, bodies made of entries, drawn pages."""

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from addons.simple.names import ProjectName
from addons.simple.page import File, Page

PROJECT = ProjectName("foo-bar")
URL = "https://pypi.org/simple/foo-bar/"
SHA256 = "ab" * 32


def entry(filename: Any = "foo_bar-1.0-py3-none-any.whl", **changes: Any) -> dict[str, Any]:
    """Return a sound PEP 691 entry; `changes` with underscores for hyphens, `...` takes a key out."""
    sound: dict[str, Any] = {
        "filename": filename,
        "url": f"https://files.pythonhosted.org/packages/ab/cd/{filename}",
        "hashes": {"sha256": SHA256},
        "requires-python": ">=3.8",
        "size": 1234,
        "upload-time": "2024-01-02T03:04:05.678901Z",
        "yanked": False,
    }
    sound |= _hyphened(changes)
    return {key: value for key, value in sound.items() if value is not ...}


def listed(filename: Any = "foo_bar-1.0-py3-none-any.whl", **changes: Any) -> dict[str, Any]:
    """Return an entry with every key that PyPI writes, in its order; `changes` as for `entry`."""
    metadata = {"sha256": "cd" * 32} if str(filename).endswith(".whl") else False
    written = {
        "core-metadata": metadata,
        "data-dist-info-metadata": metadata,
        "filename": filename,
        "hashes": {"sha256": SHA256},
        "provenance": f"https://pypi.org/integrity/foo-bar/1.0/{filename}/provenance",
        "requires-python": ">=3.9",
        "size": 1234,
        "upload-time": "2024-01-02T03:04:05.678901Z",
        "url": f"https://files.pythonhosted.org/packages/ab/cd/{'ef' * 30}/{filename}",
        "yanked": False,
    }
    written |= _hyphened(changes)
    return {key: value for key, value in written.items() if value is not ...}


def body(*entries: Any, **top: Any) -> bytes:
    """Return the JSON of a page with these entries; `top` adds or replaces top level keys, `...` takes one out."""
    page: dict[str, Any] = {
        "meta": {"api-version": "1.1"},
        "name": PROJECT,
        "versions": ["1.0"],
        "files": list(entries),
    }
    page |= _hyphened(top)
    return json.dumps({key: value for key, value in page.items() if value is not ...}).encode()


def _hyphened(changes: dict[str, Any]) -> dict[str, Any]:
    return {key if key.startswith("_") else key.replace("_", "-"): value for key, value in changes.items()}


law = settings(deadline=None, max_examples=100)  # no deadline: other work may hold up one example
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
hostile = texts | st.sampled_from(
    [
        '"><a href="//example.org/evil-1.0.tar.gz">',
        "&amp;lt;",
        'it\'s "so" <b>',
        "false",
        "true",
        "0",
        "a\r\nb",
        "-->",
        "é\u202e",
    ]
)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
known_hashes = st.fixed_dictionaries({"sha256": digests}, optional={"blake2b_256": digests}) | st.builds(
    lambda digest: {"blake2b_256": digest}, digests
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
filenames = st.builds(
    lambda release, tail: f"foo_bar-{release}{tail}",
    st.sampled_from(["1.0", "2.0rc1", "3!1.0", "1.0+local.1"]),
    st.sampled_from(["-py3-none-any.whl", "-1-cp312-cp312-win32.whl", ".tar.gz", ".zip", "-py2.7.egg"]),
)


@st.composite
def files(draw: st.DrawFn, filename: str) -> File:
    """Draw a file with all its fields, as a source could have written it."""
    unknown = draw(st.dictionaries(texts.map(lambda text: f"x-{text}"), json_values, max_size=2))
    return File(
        filename=filename,
        url=f"https://files.pythonhosted.org/packages/{draw(st.sampled_from(['ab', 'a&b', 'a;b=c', '%C3%A9']))}/"
        + filename.replace("+", draw(st.sampled_from(["+", "%2B"]))),
        hashes=draw(st.just({}) | known_hashes),
        requires_python=draw(st.none() | hostile),
        size=draw(st.none() | st.integers(0, 2**63 - 1)),
        upload_time=draw(st.none() | st.datetimes().map(lambda time: time.isoformat() + "Z")),
        yanked=draw(st.booleans() | hostile.filter(bool)),
        core_metadata=draw(st.booleans() | known_hashes),
        provenance=draw(st.none() | st.just("https://pypi.org/integrity/x?a=1&b='2'")),
        gpg_sig=draw(st.none() | st.booleans()),
        unknown=unknown,
    )


@st.composite
def pages(draw: st.DrawFn) -> Page:
    """Draw a page with up to five files and everything a page can say of itself."""
    names = draw(st.lists(filenames, unique=True, max_size=5))
    status = draw(st.sampled_from([None, "active", "archived", "deprecated", "of-tomorrow"]))
    keys = texts.map(lambda text: f"_{text}")
    return Page(
        project=PROJECT,
        files=tuple(draw(files(name)) for name in names),
        versions=draw(st.none() | st.just(("1.0", "2.0rc1", "3!1.0", "1.0+local.1", "0.1"))),
        status=status,
        status_reason=draw(st.none() | hostile) if status else None,
        status_unknown=draw(st.dictionaries(keys, json_values, max_size=2)) if status else {},
        meta=draw(st.dictionaries(keys, json_values, max_size=2)),
        unknown=draw(st.dictionaries(keys, json_values, max_size=2)),
    )
