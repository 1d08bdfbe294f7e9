"""The legacy JSON API where PyPI has no such document: own projects, merged ones, and plain mirrors."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from addons.sources.index import Index
from tests.addons.answering.asking import answering
from tests.addons.answering.legacy_asking import document, files, legacy, shown
from tests.addons.sources.places import DEMO, own_folder, private_index, put_sdist, put_wheel
from tests.fakepypi import FakePyPI, Status


async def test_own_project__is_described_out_of_its_metadata(pypi: FakePyPI, public: Index, tmp_path: Path) -> None:
    """LEG-01, LEG-04, LEG-06, MRG-02, MRG-06: with its dependencies, at our URLs, and PyPI hears nothing of it."""
    pypi.release("demo", "9.0")
    put_wheel(tmp_path / "own", "demo", "1.0", requires=["click>=8"], requires_python=">=3.9")
    put_wheel(tmp_path / "own", "demo", "2.0+acme", requires=["rich"])
    asked = answering(own_folder(tmp_path / "own"), public)
    made = await document(asked)
    assert (made["info"]["name"], made["info"]["version"]) == ("demo", "2.0+acme")
    assert made["info"]["requires_dist"] == ["rich"]
    assert made["vulnerabilities"] == []
    assert files(made) == await shown(asked)
    assert made["urls"][0]["url"].startswith("https://files.pythonhosted.org/wheelgate/acme/demo/")
    one = await document(asked, "demo/1.0.0")
    assert (one["info"]["requires_dist"], one["info"]["requires_python"]) == (["click>=8"], ">=3.9")
    assert pypi.asked() == []


async def test_own_project__with_an_sdist_only__is_described_out_of_it(tmp_path: Path) -> None:
    """LEG-01, LEG-04: PKG-INFO is core metadata as well; without dependencies the list is empty, not null."""
    put_sdist(tmp_path, "demo", "1.0", requires=["click>=8"])
    put_sdist(tmp_path, "demo", "2.0")
    asked = answering(own_folder(tmp_path))
    assert (await document(asked, "demo/1.0"))["info"]["requires_dist"] == ["click>=8"]
    assert (await document(asked))["info"]["requires_dist"] == []


async def test_own_project__that_gets_a_file__has_it_in_the_next_answer(tmp_path: Path) -> None:
    """CCH-02: a new own file changes the document and its ETag at once."""
    put_wheel(tmp_path, "demo", "1.0")
    asked = answering(own_folder(tmp_path))
    before = await legacy(asked)
    put_wheel(tmp_path, "demo", "2.0")
    after = await legacy(asked, if_none_match=before.headers["ETag"])
    assert (after.status, json.loads(after.body)["info"]["version"]) == (200, "2.0")


async def test_project_of_a_private_index__is_described_out_of_its_metadata(pypi: FakePyPI) -> None:
    """LEG-01: an index that is not PyPI is asked for pages and metadata, never for documents of PyPI's."""
    private = pypi.private()
    private.release("demo", "1.0", requires=["click"], announce_metadata=True)
    async with private_index(pypi, private) as index:
        made = await document(answering(index))
    assert made["info"]["requires_dist"] == ["click"]
    assert [seen.path for seen in pypi.asked() if "pypi/" in seen.path] == []


async def test_release__on_a_plain_mirror__is_composed_where_it_lacks_the_document(
    pypi: FakePyPI, public: Index, caplog: pytest.LogCaptureFixture
) -> None:
    """LEG-01, LEG-04: what the mirror's project document knows of the files stays; `info` is the metadata's."""
    one = pypi.release("demo", "1.0", requires=["click"], announce_metadata=True)
    pypi.add(replace(one, metadata_hashes=None))  # there, and not announced: so do plain mirrors
    pypi.release("demo", "2.0")
    pypi.legacy = "projects"
    asked = answering(public)
    made = await document(asked, "demo/1.0")
    assert (made["info"]["version"], made["info"]["requires_dist"]) == ("1.0", ["click"])
    assert (made["urls"][0]["md5_digest"], made["last_serial"]) == ("0" * 32, pypi.projects["demo"].serial)
    assert "releases" not in made
    assert "tells of no vulnerabilities" in caplog.text
    caplog.clear()
    assert (await document(asked, "demo/1.0.0"))["info"]["version"] == "1.0"
    assert caplog.text == ""


async def test_release__that_the_mirror_s_project_document_describes__is_told_by_it(
    pypi: FakePyPI, public: Index
) -> None:
    """LEG-06: its vulnerabilities are known, and told."""
    pypi.release("demo", "2.0", requires=["click"])
    pypi.vulnerable("demo", "2.0", "PYSEC-20")
    pypi.legacy = "projects"
    made = await document(answering(public), "demo/2.0")
    assert (made["info"]["summary"], made["info"]["requires_dist"]) == ("demo 2.0 in a line", ["click"])
    assert [found["id"] for found in made["vulnerabilities"]] == ["PYSEC-20"]


async def test_release__without_metadata_anywhere__says_that_dependencies_are_not_known(
    pypi: FakePyPI, public: Index
) -> None:
    """LEG-04: null, so that poetry looks into the file itself."""
    pypi.release("demo", "1.0", requires=["click"], requires_python=">=3.9")
    pypi.legacy = "none"
    made = await document(answering(public))
    assert (made["info"]["requires_dist"], made["info"]["requires_python"]) == (None, ">=3.9")
    assert made["last_serial"] == pypi.projects["demo"].serial
    assert made["info"]["name"] == "demo"


async def test_metadata__announced_and_not_to_be_had_now__make_no_document_without_them(
    pypi: FakePyPI, public: Index
) -> None:
    """LEG-04: a fault that may pass is no reason to say for long that dependencies are not known."""
    file = pypi.release("demo", "1.0", requires=["click"], announce_metadata=True)
    pypi.legacy = "none"
    fault = pypi.fault(f"{file.path}.metadata", Status(503))
    asked = answering(public)
    assert (await legacy(asked)).status == 503
    pypi.lift()
    assert (await document(asked))["info"]["requires_dist"] == ["click"]
    assert fault is not None


async def test_documents__that_are_missing__are_not_asked_for_each_time(pypi: FakePyPI, public: Index) -> None:
    """CCH-09: that PyPI has no document of a release is remembered for a moment."""
    pypi.release("demo", "1.0")
    pypi.legacy = "none"
    asked = answering(public)
    for _ in range(3):
        assert (await legacy(asked, "demo/1.0")).status == 200
    assert len(pypi.asked("/pypi/demo/1.0/json")) == 1
    assert len(pypi.asked("/pypi/demo/json")) == 1


async def test_merged_project__has_both_sources_files_and_the_highest_release(
    pypi: FakePyPI, public: Index, tmp_path: Path
) -> None:
    """MRG-02, MRG-05, MRG-06: the page's union; an own release is described out of its metadata, unknown to PyPI."""
    pypi.release("demo", "1.0", requires=["public"])
    pypi.release("demo", "2.0", requires=["public"])
    pypi.vulnerable("demo", "2.0", "PYSEC-20")
    put_wheel(tmp_path / "own", "demo", "2.0", requires=["own"])
    put_wheel(tmp_path / "own", "demo", "3.0+acme", requires=["own"])
    folder = own_folder(tmp_path / "own")
    asked = answering(folder, public, merge={DEMO: [folder, public]})
    made = await document(asked)
    assert files(made) == await shown(asked)
    assert list(made["releases"]) == ["1.0", "2.0", "3.0+acme"]
    assert (made["info"]["version"], made["info"]["requires_dist"]) == ("3.0+acme", ["own"])
    two = await document(asked, "demo/2.0")
    assert two["info"]["requires_dist"] == ["own"]
    assert "wheelgate/acme" in two["urls"][0]["url"]
    assert two["urls"][0]["md5_digest"] is None
    assert (await document(asked, "demo/1.0"))["info"]["requires_dist"] == ["public"]
    assert all("acme" not in seen.path for seen in pypi.asked())
