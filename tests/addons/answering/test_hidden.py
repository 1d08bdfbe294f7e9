"""Files that are of no use here, on every route: on no page, refused in words, whatever `refusals` says."""

import json

import pytest

from addons.answering.answering import Answering
from addons.origin.tickets import Delivery
from addons.policies.formats import Formats, FormatsRule
from addons.policies.policy import Policy
from addons.policies.requires_python import RequiresPython, RequiresPythonRule
from addons.policies.tags import Tags, TagsRule
from addons.sources.index import Index
from tests.addons.answering.asking import HTML, answer, answering, found, get, offer, page
from tests.addons.answering.legacy_asking import document, files, legacy, shown
from tests.fakepypi import FakePyPI

POLICIES: list[Policy] = [
    RequiresPython([RequiresPythonRule(pythons=("3.11",))]),
    Tags([TagsRule(interpreters=("cp311",))]),
    Formats([FormatsRule(files=("demo-1.5*",), refuse=("sdist",))]),
]
WORDS = "Blocked by wheelgate: requires_python: it is for Python >=4, and the machines here have 3.11. Ask #help"


def asked_under(public: Index, refusals: str) -> Answering:
    """Make the function that answers."""
    return answering(public, policies=POLICIES, refusals=refusals)


@pytest.mark.parametrize("refusals", ["explain", "hide"])
async def test_hidden_file__on_every_route__is_not_listed_and_refused_in_words(
    pypi: FakePyPI, public: Index, refusals: str
) -> None:
    """JSN-14, LEG-02: gone from both forms, the versions and the legacy documents; its addresses say why."""
    pypi.release("demo", "1.0", requires_python=">=3.8")
    gone = pypi.release("demo", "2.0", requires_python=">=4", announce_metadata=True)
    asked = asked_under(public, refusals)
    listed = json.loads((await page(asked, "demo")).body)
    assert ([file["filename"][:8] for file in listed["files"]], listed["versions"]) == (["demo-1.0"], ["1.0"])
    assert b"demo-2.0" not in (await page(asked, "demo", Accept=HTML)).body
    made = await document(asked)
    assert (files(made), list(made["releases"])) == (await shown(asked), ["1.0"])
    assert made["info"]["version"] == "1.0"
    assert (await legacy(asked, "demo/2.0")).status == 404
    predictable = f"/packages/py3/d/demo/{gone.filename}"
    for path in (gone.path, f"{gone.path}.metadata", predictable, f"{predictable}.metadata"):
        refusal = await answer(asked, f"https://files.pythonhosted.org{path}")
        assert (refusal.status, json.loads(refusal.body)["detail"]) == (403, f"demo 2.0: {WORDS}")


async def test_hidden_and_refused_files__under_explain__differ_in_being_listed(pypi: FakePyPI, public: Index) -> None:
    """What is refused otherwise stays listed as yanked; the page behind has the verdicts on all of them."""
    kept = pypi.release("demo", "1.0")
    pypi.release("demo", "1.5", kind="sdist")
    pypi.release("demo", "2.0", requires_python=">=4")
    offered = await found(offer(public, policies=POLICIES))
    assert [(file.filename[5:8], bool(file.yanked)) for file in offered.shown.files] == [("1.0", False), ("1.5", True)]
    assert [file.refused.policy if file.refused else None for file in offered.page.files] == [
        None,
        "formats",
        "requires_python",
    ]
    assert isinstance(await get(asked_under(public, "explain"), kept.url), Delivery)


async def test_project__all_of_whose_files_are_hidden__has_an_empty_page(pypi: FakePyPI, public: Index) -> None:
    """It is there, and has nothing: no client falls back to another index for it."""
    pypi.release("demo", "2.0", requires_python=">=4")
    asked = asked_under(public, "explain")
    listed = await page(asked, "demo")
    assert listed.status == 200
    assert (json.loads(listed.body)["files"], json.loads(listed.body)["versions"]) == ([], [])
    assert (await legacy(asked)).status == 404
