import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from packaging.specifiers import SpecifierSet

from addons.answering.request import Request
from addons.answers import Answer
from addons.assembly import Assembly, Present, assemble
from addons.origin.tickets import Delivery, Receiving
from addons.policies.deny import DenyRule
from addons.policies.yank import YankRule
from addons.store.decision import Decision, Draft, Subject
from proxyconf.addresses import Address
from proxyconf.rules import Policy
from proxyconf.settings import PYPI, Settings, Source
from tests.addons.fetch.upstreams import upstream_settings
from tests.addons.sources.places import put_sdist, put_wheel
from tests.fakepypi import FakePyPI

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
DENY = Policy(name="deny", rules=(DenyRule(project="demo", versions=SpecifierSet("==2.0"), reason="x"),))

type Make = Callable[..., Settings]


@pytest.fixture
def made(pypi: FakePyPI) -> Make:
    """Make settings whose PyPI is the fake."""
    return lambda **changes: Settings(**{"upstream": upstream_settings(pypi), **changes})


async def ask(assembly: Assembly, target: str, host: str = "pypi.org") -> Answer | Delivery:
    accept = {"accept": "application/vnd.pypi.simple.v1+json"}
    found = await assembly.view.answering.answer(Request("GET", host, target, accept, AT))
    assert not isinstance(found, Receiving)
    return found


async def page(assembly: Assembly, project: str) -> dict[str, Any]:
    """Give the page as a client reads it."""
    answer = await ask(assembly, f"/simple/{project}/")
    assert isinstance(answer, Answer)
    assert answer.status == 200, answer
    read: dict[str, Any] = msgspec.json.decode(answer.body)
    return read


async def test_assemble__of_a_whole_configuration__answers_by_all_of_it(
    pypi: FakePyPI, made: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sources in order with their credentials, reserved names, policies in order, refusals and whom to ask."""
    monkeypatch.setenv("REGISTRY_SECRET", "secret")
    put_wheel(tmp_path / "own", "mine", "1.0")
    put_sdist(tmp_path / "own", "mine", "0.9")
    private = pypi.private()
    private.release("theirs", "1.0")
    for project in ("mine", "theirs", "acme-web", "demo"):
        pypi.release(project, "9.0")
    bad = pypi.release("demo", "2.0")
    settings = made(
        sources=(
            Source(name="own", folder=tmp_path / "own"),
            Source(
                name="registry",
                index=private.place.simple_url,
                username="reader",
                password_env="REGISTRY_SECRET",
            ),
            PYPI,
        ),
        reserved=("acme-*",),
        policies=(DENY, Policy(name="yank", rules=(YankRule(project="demo", reason="y"),))),
        refusals="hide",
        contact="Ask us",
        max_age_seconds=9,
    )
    present = Present(settings)
    try:
        now = present.assembly
        assert [file["filename"] for file in (await page(now, "mine"))["files"]] == [
            "mine-0.9.tar.gz",
            "mine-1.0-py3-none-any.whl",
        ]
        assert [file["filename"] for file in (await page(now, "theirs"))["files"]] == ["theirs-1.0-py3-none-any.whl"]
        [demo] = (await page(now, "demo"))["files"]
        assert (demo["filename"], demo["yanked"]) == (
            "demo-9.0-py3-none-any.whl",
            "Yanked by wheelgate: yank: y. Ask us",
        )
        refused = await ask(now, bad.path, "files.pythonhosted.org")
        assert isinstance(refused, Answer)
        assert refused.reason == "Blocked by wheelgate: deny: x. Ask us"
        absent = await ask(now, "/simple/acme-web/")
        assert isinstance(absent, Answer)
        assert absent.status == 404
        answer = await ask(now, "/simple/demo/")
        assert isinstance(answer, Answer)
        assert answer.headers["Cache-Control"] == "max-age=9"
    finally:
        await present.close()
    assert {seen.path for seen in pypi.asked(host="pypi.org")} == {"/simple/demo/"}


async def test_swap__of_the_policies__counts_at_once_and_keeps_what_is_remembered(pypi: FakePyPI, made: Make) -> None:
    """The next request sees the new rules, on the page that is already there; upstream is not asked again."""
    file = pypi.release("demo", "2.0")
    present = Present(made())
    try:
        before = present.assembly
        assert [entry.get("yanked") for entry in (await page(before, "demo"))["files"]] == [None]
        await present.swap(made(policies=(DENY,)))
        assert [entry["yanked"] for entry in (await page(present.assembly, "demo"))["files"]] == [
            "Blocked by wheelgate: deny: x"
        ]
        assert isinstance(await ask(present.assembly, file.path, "files.pythonhosted.org"), Answer)
        assert isinstance(await ask(before, file.path, "files.pythonhosted.org"), Delivery)
    finally:
        await present.close()
    assert len(pypi.asked("/simple/demo/")) == 1


async def test_swap_and_decide__at_the_same_time__lose_neither(pypi: FakePyPI, made: Make) -> None:
    """The configuration that was saved and what was decided that moment are both in force, whichever began first."""
    pypi.release("demo", "2.0")
    decision = Decision(
        number=1, draft=Draft(kind="yank", subject=Subject(project="demo"), reason="now", author="j.doe"), made=AT
    )
    for decides_first in (True, False):
        present = Present(made())
        try:
            works = [present.decide((decision,)), present.swap(made(contact="Ask us"))]
            await asyncio.gather(*(works if decides_first else works[::-1]))
            [entry] = (await page(present.assembly, "demo"))["files"]
            assert entry["yanked"] == "Yanked by wheelgate: yank: now. Ask us"
        finally:
            await present.close()


async def test_decide__where_a_password_has_gone_or_is_another__is_in_force_all_the_same(
    made: Make, tmp_path: Path
) -> None:
    """A denial waits for nothing that has nothing to do with it; the sources stay, with what they remember."""
    secret = tmp_path / "secret"
    registry = Source(
        name="registry", index="https://registry.example.org/simple/", username="reader", password_file=secret
    )
    decision = Decision(
        number=1, draft=Draft(kind="deny", subject=Subject(project="demo"), reason="now", author="j.doe"), made=AT
    )
    for change in (secret.unlink, lambda: secret.write_text("another")):
        secret.write_text("open-sesame")
        present = Present(made(sources=(registry, PYPI)))
        try:
            before = present.assembly
            change()
            await present.decide((decision,))
            assert [each.name for each in present.assembly.view.policies] == ["deny"]
            assert present.assembly.sources is before.sources
            assert present.assembly.roll is before.roll
        finally:
            await present.close()


async def test_decide__on_what_is_no_rule__changes_nothing(made: Make) -> None:
    """A row that somebody wrote by hand is an error in words, and what was decided before stays."""
    good = Decision(number=1, draft=Draft(kind="deny", subject=Subject(project="a"), reason="x", author="me"), made=AT)
    bad = msgspec.structs.replace(good, draft=msgspec.structs.replace(good.draft, subject=Subject()))
    present = Present(made(), decisions=(good,))
    try:
        with pytest.raises(ValueError, match="decision 1 of "):
            await present.decide((bad,))
        assert present.assembly.decisions == (good,)
    finally:
        await present.close()


@pytest.mark.parametrize(
    "change",
    [
        {"fresh_seconds": 5},
        {"sources": (msgspec.structs.replace(PYPI, name="other"),)},
        {"sources": (msgspec.structs.replace(PYPI, files_hosts=("example.org",)),)},
        {"upstream": {"read_seconds": 7}},
    ],
)
async def test_swap__of_how_a_source_is_reached__makes_it_anew(
    pypi: FakePyPI, made: Make, change: dict[str, Any]
) -> None:
    """What was remembered under another configuration of the source does not count under this one."""
    if "upstream" in change:
        change = {"upstream": upstream_settings(pypi, **change["upstream"])}
    pypi.release("demo", "1.0")
    present = Present(made())
    try:
        await page(present.assembly, "demo")
        await present.swap(made(**change))
        await page(present.assembly, "demo")
    finally:
        await present.close()
    assert len(pypi.asked("/simple/demo/")) == 2


async def test_swap__of_a_password__makes_the_source_anew(pypi: FakePyPI, made: Make, tmp_path: Path) -> None:
    """A token that was renewed in its file is used after the next change of the configuration."""
    private = pypi.private()
    private.release("theirs", "1.0")
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    registry = Source(name="registry", index=private.place.simple_url, username="reader", password_file=secret)
    present = Present(made(sources=(registry,)))
    try:
        answer = await ask(present.assembly, "/simple/theirs/")
        assert isinstance(answer, Answer)
        assert answer.status == 503
        secret.write_text("secret\n")
        await present.swap(made(sources=(registry,), max_age_seconds=1))
        assert len((await page(present.assembly, "theirs"))["files"]) == 1
    finally:
        await present.close()


async def test_swap__to_what_cannot_be_built__changes_nothing(pypi: FakePyPI, made: Make, tmp_path: Path) -> None:
    """A password that is not there is an error in words, and the old configuration stays in force."""
    pypi.release("demo", "1.0")
    secret = tmp_path / "secret"
    secret.write_text("x")
    present = Present(made())
    before = present.assembly
    registry = Source(name="registry", index="https://example.org/simple/", username="a", password_file=secret)
    secret.unlink()
    try:
        with pytest.raises(ValueError, match="secret"):
            await present.swap(made(sources=(registry, PYPI)))
        assert present.assembly is before
        assert len((await page(present.assembly, "demo"))["files"]) == 1
    finally:
        await present.close()


@pytest.mark.parametrize("change", [{"listen": Address("127.0.0.1", 9)}, {"certs": Path("/elsewhere")}])
async def test_swap__of_what_is_read_at_start_only__is_said(
    made: Make, caplog: pytest.LogCaptureFixture, change: dict[str, Any]
) -> None:
    """An operator who changes these is told that a restart is needed; otherwise nothing is said."""
    present = Present(made())
    try:
        await present.swap(made(max_age_seconds=3))
        assert caplog.records == []
        await present.swap(made(max_age_seconds=3, **change))
        assert "restart wheelgate" in caplog.text
    finally:
        await present.close()
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


async def test_source__that_is_configured_no_more__is_closed_after_its_grace(pypi: FakePyPI, made: Make) -> None:
    """Requests that began under the old configuration end under it; then its connections go."""
    pypi.release("demo", "1.0")
    present = Present(made(), grace_seconds=0)
    before = present.assembly
    try:
        await page(before, "demo")
        await present.swap(made(sources=(msgspec.structs.replace(PYPI, name="other"),)))
        await page(before, "demo")
        await asyncio.gather(*(task for task in asyncio.all_tasks() if task is not asyncio.current_task()))
        with pytest.raises(RuntimeError, match="closed"):
            await ask(before, "/simple/another/")
        await page(present.assembly, "demo")
    finally:
        await present.close()


async def test_close__within_the_grace__closes_old_and_new_sources(pypi: FakePyPI, made: Make) -> None:
    """The end of the gateway waits for no grace, and leaves no connection behind."""
    pypi.release("demo", "1.0")
    present = Present(made())
    before = present.assembly
    await page(before, "demo")
    await present.swap(made(sources=(msgspec.structs.replace(PYPI, name="other"),)))
    await present.close()
    for assembly in (before, present.assembly):
        with pytest.raises(RuntimeError, match="closed"):
            await ask(assembly, "/simple/another/")


async def test_assemble__after_one_with_the_same_sources__keeps_these(made: Make) -> None:
    """Equal settings give the very same sources, in the order that is configured now."""
    other = msgspec.structs.replace(PYPI, name="other")
    first = assemble(made(sources=(PYPI, other)))
    second = assemble(made(sources=(other, PYPI)), first)
    assert list(second.sources.values()) == list(first.sources.values())[::-1]
    for source in first.sources.values():
        await source.close()
