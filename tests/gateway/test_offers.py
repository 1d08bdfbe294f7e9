"""A file can be had exactly when its page offers it: page, file and metadata are one decision."""

from pathlib import Path

import pytest

from tests.fakepypi import FakeFile, FakePyPI
from tests.fakepypi.building import Recipe, wheel
from tests.gateway.conftest import Start
from tests.gateway.listing import PUBLIC, had, listed
from tests.gateway.running import RunningGateway


def refused(gateway: RunningGateway, url: str) -> str:
    """Give the reason of a 403, for the file and its metadata alike."""
    answers = [
        gateway.get(url),
        gateway.get(url, "HEAD"),
        gateway.get(f"{url}.metadata"),
        gateway.get(url, Range="bytes=0-9"),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert answers[0].headers["Content-Type"] == "application/problem+json"
    assert answers[0].headers["Cache-Control"] == "no-store"
    return answers[0].reason_phrase


def test_file__that_no_page_lists__is_refused(gateway: RunningGateway, pypi: FakePyPI) -> None:
    """Taken off the page, or never on it at this address: it is not to be had, though PyPI still has it."""
    gone = pypi.release("demo", "1.0", announce_metadata=True)
    kept = pypi.release("demo", "2.0")
    pypi.unlist(gone, keep_bytes=True)
    moved = kept.url.replace("/packages/", "/packages/ff/")
    for url in (gone.url, moved, kept.url.replace("demo-2.0", "demo-3.0"), kept.url.replace("demo-2.0", "nosuch-1.0")):
        assert "no page offers" in refused(gateway, url)
    assert gateway.get(kept.url).status_code == 200
    assert pypi.asked("/packages/", method="GET")[-1].path == kept.path
    assert len(pypi.asked("/packages/")) == 1


def test_public_file__of_a_project_that_is_the_organisations_own__is_refused(
    start: Start, pypi: FakePyPI, tmp_path: Path
) -> None:
    """A namesake on PyPI is neither listed nor to be had, under the very same filename; and PyPI is not even asked."""
    folder = tmp_path / "own"
    folder.mkdir()
    name, body = wheel(Recipe(name="acme", version="1.0"))
    (folder / name).write_bytes(body)
    public = pypi.release("acme", "1.0", announce_metadata=True)
    reserved = pypi.release("acme-secret", "1.0")
    gateway = start(sources=[{"name": "own", "folder": str(folder)}, PUBLIC], reserved=["acme-*"])
    assert had(gateway, "acme", body).url == f"https://files.pythonhosted.org/wheelgate/own/acme/{name}"
    assert "no page offers" in refused(gateway, public.url)
    assert "no page offers" in refused(gateway, reserved.url)
    assert gateway.page("acme-secret").status_code == 404
    assert pypi.asked() == []


@pytest.mark.parametrize(
    "path",
    ["own/acme/acme-9.9-py3-none-any.whl", "own/other/acme-1.0-py3-none-any.whl", "pypi/demo/demo-1.0-py3-none-any.whl",
     "nosuch/acme/acme-1.0-py3-none-any.whl"],
)  # fmt: skip
def test_own_file__at_another_address__is_refused(start: Start, pypi: FakePyPI, tmp_path: Path, path: str) -> None:
    """The address of own files opens nothing but what the project's page lists there."""
    folder = tmp_path / "own"
    folder.mkdir()
    name, body = wheel(Recipe(name="acme", version="1.0"))
    (folder / name).write_bytes(body)
    pypi.release("demo", "1.0")
    gateway = start(sources=[{"name": "own", "folder": str(folder)}, PUBLIC])
    assert "no page offers" in refused(gateway, f"https://files.pythonhosted.org/wheelgate/{path}")


DENY = {"deny": [{"project": "De.Mo", "versions": "==2.0", "reason": "steals tokens", "id": "MAL-1"},
                 {"project": "whole", "reason": "not wanted"}]}  # fmt: skip
YANK = {"yank": [{"project": "DE_MO", "versions": ">=3", "reason": "breaks panels"}]}
WORDS = "Blocked by wheelgate: deny MAL-1: steals tokens. Ask us"


def releases(pypi: FakePyPI) -> dict[str, FakeFile]:
    """Put some releases on PyPI and give their files by version."""
    pypi.release("whole", "1.0", announce_metadata=True)
    return {version: pypi.release("de-mo", version, announce_metadata=True) for version in ("1.0", "2.0", "3.0")}


def test_denied_release__is_refused_alike_on_page_file_and_metadata(start: Start, pypi: FakePyPI) -> None:
    """One decision, in the same words: JSON and HTML, file and metadata."""
    files = releases(pypi)
    gateway = start(policies=[DENY, YANK], contact="Ask us")
    yanked = {str(entry["filename"]): entry.get("yanked", False) for entry in listed(gateway, "de-mo")}
    assert yanked[files["1.0"].filename] is False
    assert yanked[files["2.0"].filename] == WORDS
    page = gateway.get("https://pypi.org/simple/de-mo/", Accept="text/html").text
    assert f'data-yanked="{WORDS}"' in page
    assert refused(gateway, files["2.0"].url) == WORDS
    problem = gateway.get(files["2.0"].url).json()
    assert (problem["status"], problem["code"]) == (403, "deny")
    assert WORDS in problem["detail"]
    assert gateway.get(files["1.0"].url).content == files["1.0"].content


def test_yanked_release__is_marked_and_can_be_had(start: Start, pypi: FakePyPI) -> None:
    """A yank warns and refuses nobody."""
    files = releases(pypi)
    gateway = start(policies=[DENY, YANK])
    words = "Yanked by wheelgate: yank: breaks panels"
    assert words in [entry.get("yanked") for entry in listed(gateway, "de-mo")]
    assert f'data-yanked="{words}"' in gateway.get("https://pypi.org/simple/de-mo/", Accept="text/html").text
    assert gateway.get(files["3.0"].url).content == files["3.0"].content
    assert gateway.get(f"{files['3.0'].url}.metadata").content == files["3.0"].metadata


def test_denied_project__stays_listed_and_its_files_say_why(start: Start, pypi: FakePyPI) -> None:
    """NAM-16, NAM-17: the page is 200, and clients find the file and are told there; nobody shows a refused page's text."""
    releases(pypi)
    gateway = start(policies=[DENY])
    (entry,) = listed(gateway, "whole")
    assert entry.get("yanked", False) is False
    assert refused(gateway, str(entry["url"])) == "Blocked by wheelgate: deny: not wanted"


def test_denied_release__under_hide__is_off_the_page_and_refused_in_words(start: Start, pypi: FakePyPI) -> None:
    """Lists no more, tells all the same whoever asks for the file."""
    files = releases(pypi)
    gateway = start(policies=[DENY], refusals="hide", contact="Ask us")
    assert {entry["filename"] for entry in listed(gateway, "de-mo")} == {files["1.0"].filename, files["3.0"].filename}
    assert files["2.0"].filename not in gateway.get("https://pypi.org/simple/de-mo/", Accept="text/html").text
    assert gateway.page("de-mo").json()["versions"] == ["1.0", "3.0"]
    assert refused(gateway, files["2.0"].url) == WORDS
    assert listed(gateway, "whole") == []


def test_reason__with_line_breaks_and_other_alphabets__arrives_clean(start: Start, pypi: FakePyPI) -> None:
    """No reason can end the head of an answer, or break it."""
    file = pypi.release("demo", "1.0")
    reason = "böse\u2028\U0001f4a3 " + "x" * 5_000
    gateway = start(policies=[{"deny": [{"project": "demo", "versions": "==1.0", "reason": reason}]}])
    phrase = refused(gateway, file.url)
    assert phrase.isascii()
    assert len(phrase) <= 200
    assert reason.split("\u2028")[0] in gateway.get(file.url).json()["detail"]
