"""Each policy on each route and in each spelling: what the page refuses, hides or yanks, all routes do."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from addons.answering.answering import Answering
from addons.answering.request import Request
from addons.answers import Answer
from addons.origin.tickets import Delivery, Receiving
from addons.policies.kinds import KINDS, made
from addons.policies.policy import Policy
from addons.route_table import TABLE, Row
from proxyconf.reading import read_text
from tests.addons.answering.asking import JSON, answering
from tests.addons.answering.file_paths import predictable, spellings
from tests.addons.policies.each import CASES, Case, Configured, Effect, attested, policy_of
from tests.addons.simple.strict_client import read_html
from tests.addons.sources.places import own_folder, public_index, put
from tests.fakepypi import FakeFile, FakePyPI

HTML = "application/vnd.pypi.simple.v1+html"
AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HOSTS = {"index": "pypi.org", "files": "files.pythonhosted.org", "upload": "upload.pypi.org"}
PROJECT = "de-mo"
NAMES = ("de-mo", "De_Mo", "DE.MO", "de--mo", "d%65-m%4F")
VERSIONS = {"1.0": ("1.0", "1", "v1.0.0"), "2.0": ("2.0", "2", "2.0.0")}
READS: Sequence[tuple[str, Mapping[str, str]]] = (
    ("GET", {}), ("HEAD", {}), ("GET", {"range": "bytes=0-9"}), ("GET", {"cache-control": "no-cache", "accept": "text/html"}),
)  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """What there is of a file: whether its page lists it, as yanked with which words, and why it is not to be had."""

    listed: bool
    yanked: bool | str = False
    refused: str | None = None


@dataclass(frozen=True)
class World:
    """A project under a policy, and what its page in JSON and its files' plain paths say, which all else has to say too."""

    asked: Answering
    files: Mapping[str, FakeFile]
    seen: Mapping[str, Seen]

    @property
    def shown(self) -> Mapping[str, bool | str]:
        """What is listed, and its yanks."""
        return {name: seen.yanked for name, seen in self.seen.items() if seen.listed}


async def get(asked: Answering, place: str, target: str, method: str = "GET", **headers: str) -> Answer | Delivery:
    """Ask for a target to the letter."""
    found = await asked.answer(Request(method, HOSTS[place], target, headers, AT))
    assert not isinstance(found, Receiving)
    return found


async def followed(asked: Answering, target: str, **headers: str) -> Answer:
    """Ask for a path of the index as clients do, who go where they are led."""
    found = await get(asked, "index", target, **headers)
    for _ in range(2):
        assert isinstance(found, Answer)
        if found.status not in (301, 302):
            break
        found = await get(asked, "index", found.headers["Location"], **headers)
    assert isinstance(found, Answer)
    return found


def policies(case: Case, file: FakeFile) -> list[Policy]:
    """Make the policies of a case, as they are read from a configuration."""
    return [made(item, "Ask #help") for item in read_text(written(case.policies(file)), Path("x.yaml"), KINDS).policies]


def written(configured: Configured) -> str:
    """Give the configuration's text."""
    return yaml.safe_dump({"policies": list(configured)})


async def world(asked: Answering, *files: FakeFile) -> World:
    """Look at the page in JSON, and at each file where it lies."""
    entries = await _json(asked, f"/simple/{PROJECT}/")
    seen = {}
    for file in files:
        found = await get(asked, "files", urlsplit(file.url).path)
        why = None if isinstance(found, Delivery) else f"{found.status} {found.reason}"
        seen[file.filename] = Seen(file.filename in entries, entries.get(file.filename, {}).get("yanked", False), why)
    return World(asked, {file.filename: file for file in files}, seen)


def is_own(file: FakeFile) -> bool:
    """Tell whether it lies in the organisation's own folder."""
    return "/wheelgate/" in file.url


async def _json(asked: Answering, target: str) -> dict[str, dict[str, Any]]:
    page = await followed(asked, target, accept=JSON)
    assert page.status == 200
    return {entry["filename"]: entry for entry in json.loads(page.body)["files"]}


# What each row of the table of routes has to say


async def pages(world: World, row: Row) -> None:
    """The page in both forms, in every spelling of the name, and where pages for people lead."""
    for name in NAMES:
        target = row.path.replace("{project}", name).replace("{version}", "2.0")
        for query in ("", "?x=1"):
            listed = {
                file: entry.get("yanked", False) for file, entry in (await _json(world.asked, target + query)).items()
            }
            assert listed == world.shown, target
            page = await followed(world.asked, target + query, accept=HTML)
            links = [(link["href"] or "", link.get("data-yanked", False)) for link in read_html(page.body)]
            assert {unquote(urlsplit(href).path.rpartition("/")[2]): yanked for href, yanked in links} == world.shown


async def legacy(world: World, row: Row) -> None:
    """The project's document, and each release's, has what the page lists, yanked in the same words."""
    for name in NAMES:
        for version, texts in VERSIONS.items() if "{version}" in row.path else {"": ("",)}.items():
            wanted = {
                file: seen for file, seen in world.shown.items() if world.files[file].version == version or not version
            }
            for text in texts:
                target = row.path.replace("{project}", name).replace("{version}", text)
                found = await followed(world.asked, target)
                assert found.status == (200 if wanted else 404), target
                document = json.loads(found.body) if wanted else {"urls": []}
                releases = document.get("releases")
                urls = (
                    document["urls"]
                    if version or not wanted
                    else [url for each in (releases or {}).values() for url in each]
                )
                assert {url["filename"]: url["yanked_reason"] or False for url in urls} == wanted, target


async def provenance(world: World, row: Row) -> None:
    """Had if the file is, refused in the same words if it is not."""
    for name in NAMES:
        for filename, file in world.files.items():
            target = row.path.replace("{project}", name).replace("{filename}", filename)
            for version in VERSIONS[file.version]:
                for method in ("GET", "HEAD"):
                    found = await get(world.asked, "index", target.replace("{version}", version), method)
                    assert isinstance(found, Answer)
                    if world.seen[filename].refused is not None:
                        assert f"{found.status} {found.reason}" == world.seen[filename].refused
                    else:
                        assert found.status == (404 if is_own(file) else 200)


async def files(world: World, row: Row) -> None:
    """Each file and its metadata, under its hash and by the paths that people make up, however they are asked for."""
    for filename, file in world.files.items():
        if is_own(file):
            continue
        for part in ("", ".metadata"):
            for path in spellings(file.path + part):
                await _agrees(world, row.place, path, file)
            for path in predictable(file, part):
                found = await get(world.asked, row.place, path)
                assert isinstance(found, Answer)
                why = world.seen[filename].refused
                told = found.headers["Location"] if why is None else f"{found.status} {found.reason}"
                assert told == (why or file.url + part), path


async def own_files(world: World, row: Row) -> None:
    """Each file of an own source, in every spelling of its project; never by another source's name."""
    for filename, file in world.files.items():
        for name in NAMES:
            path = row.path.replace("{project}", name).replace("{filename}", filename)
            for part in ("", ".metadata", "?x=1"):
                other = await get(world.asked, row.place, path.replace("{source}", "pypi") + part)
                assert isinstance(other, Answer)
                assert other.status == 403
                if is_own(file):
                    await _agrees(world, row.place, path.replace("{source}", "acme") + part, file)


async def _agrees(world: World, place: str, path: str, file: FakeFile) -> None:
    for method, headers in (*READS, ("GET", {"if-none-match": f'"{file.sha256}"'})):
        found = await get(world.asked, place, path, method, **headers)
        told = f"{found.status} {found.reason}" if isinstance(found, Answer) and found.status >= 400 else None
        why = world.seen[file.filename].refused
        if told is not None and ".metadata" in path and why is None and not file.filename.endswith(".whl"):
            continue  # an own sdist's, of which nothing is announced
        assert told == why, f"{method} {path} {headers}"


async def nothing(world: World, row: Row) -> None:
    """Refused whatever any policy says."""
    target = row.path.replace("{rest}", PROJECT)
    found = await get(world.asked, row.place, target, row.method)
    assert isinstance(found, Answer)
    assert found.status in (308, 403, 404, 422)


async def elsewhere(world: World, row: Row) -> None:
    """The project list is asked through a whole gateway: tests/gateway/test_policies_everywhere.py."""


PEOPLE = ("/project/{}/", "/project/{}", "/project/{}/{version}/", "/p/{}/", "/p/{}", "/pypi/{}/", "/pypi/{}", "/pypi/{}/{version}/",
          "/pypi/{}/{version}")  # fmt: skip
ROWS: Mapping[str, Callable[[World, Row], Awaitable[None]]] = {
    **{f"GET index {path.replace('{}', '{project}')}": pages for path in ("/simple/{}/", "/simple/{}", *PEOPLE)},
    **{f"GET index /pypi/{path}": legacy for below in ("{project}", "{project}/{version}") for path in (f"{below}/json", f"{below}/json/")},
    "GET index /integrity/{project}/{version}/{filename}/provenance": provenance,
    **{f"GET {place} /packages/{{rest}}": files for place in ("index", "files")},
    "GET files /wheelgate/{source}/{project}/{filename}": own_files,
    **{f"GET index {path}": elsewhere for path in ("/simple/", "/simple")},
    **dict.fromkeys(("GET index /pypi", "GET files /{rest}", "GET index /rss/{rest}", "GET index /search/"), nothing),
    **dict.fromkeys(("POST index /pypi", "POST index /pypi/", "POST index /RPC2", "POST upload /{rest}", "POST index /legacy/"), nothing),
    **dict.fromkeys((f"POST upload {path}" for path in ("/legacy/", "/legacy", "/_/oidc/mint-token", "/_/oidc/github/mint-token")), nothing),
    **dict.fromkeys(("GET upload /_/oidc/audience", "GET upload /.well-known/pytp", "ANY upload /wheelgate/api/{rest}"), nothing),
}  # fmt: skip


def name(row: Row) -> str:
    """Give what the row is called above."""
    return f"{row.method} {row.place} {row.path}"


def test_policies__all_of_them__are_in_the_table() -> None:
    """Whoever adds a policy writes down in each.py what it does to a release, and every route is held to it."""
    assert set(KINDS) <= {policy_of(case) for case in CASES}


def test_rows__all_of_them__are_held_to_the_policies() -> None:
    """LEG-12: whoever adds a route writes down what a policy means there."""
    assert set(ROWS) == {name(row) for row in TABLE}


def expected(effect: Effect, words: str, *, hide: bool) -> Seen:
    """Give what is seen of a file."""
    if effect == "left":
        return Seen(True)
    if effect == "yanked":
        return Seen(True, words)
    refused = f"403 {words}"
    if hide or effect == "unlisted":
        return Seen(False, refused=refused)
    return Seen(True, words if effect == "refused" else False, refused)


THERE = [case for case in CASES if policy_of(case) in KINDS]


@pytest.mark.parametrize("case", THERE)
async def test_policy__on_every_route_in_every_spelling__is_one_decision(pypi: FakePyPI, case: str) -> None:
    """FIL-06, FIL-09, MET-14, LEG-03, LEG-08, LEG-12, NAM-03, NAM-05: whether refusals are explained or hidden."""
    what = CASES[case]
    file = what.publish(pypi, PROJECT)
    other = attested(pypi, PROJECT, "1.0")
    async with public_index(pypi) as index:
        for hide in (False, True):
            there = await world(answering(index, policies=policies(what, file), hide=hide), file, other)
            for each, effect in ((file, what.effect), (other, what.others)):
                seen = there.seen[each.filename]
                words = (seen.refused or "").removeprefix("403 ") or str(seen.yanked)
                assert seen == expected(effect, words, hide=hide)
                assert effect == "left" or words.startswith(("Blocked by wheelgate: ", "Yanked by wheelgate: "))
            await _asked_everywhere(there)


@pytest.mark.parametrize("case", THERE)
async def test_policy__on_an_own_project__is_one_decision_too(pypi: FakePyPI, tmp_path: Path, case: str) -> None:
    """FIL-06, FIL-09, MET-14, LEG-03, LEG-12: also where a policy means something else for the organisation's own files."""
    what, base = CASES[case], f"https://files.pythonhosted.org/wheelgate/acme/{PROJECT}/"
    files = [
        replace(file, url=base + file.filename) for file in (what.publish(pypi, PROJECT), pypi.release(PROJECT, "1.0"))
    ]
    for file in files:
        put(tmp_path / "wheels", file.filename, file.content)
    for hide in (False, True):
        source = own_folder(tmp_path / "wheels")
        there = await world(answering(source, policies=policies(what, files[0]), hide=hide), *files)
        await _asked_everywhere(there)
        for seen in there.seen.values():
            assert seen.listed or seen.refused, "what is not to be seen is not to be had"
            assert not (hide and seen.listed and seen.refused)


async def _asked_everywhere(there: World) -> None:
    for row in TABLE:
        await ROWS[name(row)](there, row)
