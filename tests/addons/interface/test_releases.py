"""Yanking, un-yanking and deleting, by who may, as a whole, and told to who shows pages."""

import pytest

from addons.store.projects import NotAdded
from tests.addons.interface.asking import ALICE, AT, DEMO, NEXT, SDIST, WHEEL, Asker, anything, new_file, publish

ONE, YANK = "/projects/demo/releases/1.0", "/projects/demo/releases/1.0/yank"


def yanks(api: Asker) -> dict[str, str | None]:
    """Give the files of demo, with why they are yanked."""
    standing = api.projects.standing(DEMO)
    return {each.file.filename: each.yanked for each in standing.files} if standing else {}


@pytest.mark.parametrize("version", ["1.0", "1", "v1.0.0", "1.0.0"])
async def test_yank__release_in_any_spelling__yanks_its_files(version: str, api: Asker) -> None:
    """Versions are compared as PEP 440 has it, and given as the store has them; others stay as they are."""
    found = await api.look(f"/projects/Demo/releases/{version}/yank", "POST", {"reason": " loses data "})
    assert found == {"project": "demo", "version": "1.0", "files": [WHEEL, SDIST]}
    assert yanks(api) == {SDIST: "loses data", WHEEL: "loses data", NEXT: None}
    assert api.heard == ["demo"]


async def test_yank__some_files__leaves_the_rest(api: Asker) -> None:
    """And again, in other words, is a change; in the same words is none, and nobody hears of it."""
    for reason, files, heard in (("a", [WHEEL], 1), ("a", [], 1), ("b", [WHEEL], 2)):
        found = await api.look(YANK, "POST", {"reason": reason, "files": [WHEEL, WHEEL]})
        assert (found["files"], len(api.heard)) == (files, heard)
    assert yanks(api) == {SDIST: None, WHEEL: "b", NEXT: None}


async def test_unyank__without_a_body__takes_the_whole_release(api: Asker) -> None:
    """What was not yanked stays as it is."""
    await api.look(YANK, "POST", {"reason": "x", "files": [WHEEL]})
    assert (await api.look(f"{ONE}/unyank", "POST"))["files"] == [WHEEL]
    assert (await api.look(f"{ONE}/unyank", "POST", {}))["files"] == []
    assert set(yanks(api).values()) == {None}


async def test_delete__release__leaves_tombstones(api: Asker) -> None:
    """UPL-14: a filename that was deleted never comes back with other bytes."""
    found = await api.look(f"{ONE}/delete", "POST", {"reason": "a secret", "confirm": "1.0.0"})
    assert found["files"] == [WHEEL, SDIST]
    assert set(yanks(api)) == {NEXT}
    gone = api.projects.deleted(WHEEL)
    assert gone is not None
    assert (gone.by, gone.reason) == ("user:alice (token 4f3a9c)", "a secret")
    with pytest.raises(NotAdded, match="deleted"):
        api.projects.add(DEMO, "demo", new_file(WHEEL, "1.0"), anything, owner=ALICE, by="x", at=AT)
    assert (await api.refusal(f"{ONE}/delete", body={"reason": "x", "confirm": "1.0"}))[0] == 404


async def test_delete__with_another_version_to_confirm__deletes_nothing(api: Asker) -> None:
    """A slip in a path costs nobody a release."""
    status, words = await api.refusal(f"{ONE}/delete", body={"reason": "x", "confirm": "2.0"})
    assert (status, words) == (
        400,
        "wheelgate: $.confirm is not the version that is to be deleted; write 1.0 there, too",
    )
    assert len(yanks(api)) == 3


@pytest.mark.parametrize(
    ("path", "files", "words"),
    [
        ("/projects/none/releases/1.0/yank", None, "none is no project of this store"),
        ("/projects/demo/releases/3.0/yank", None, "demo has no release 3.0 in this store"),
        ("/projects/demo/releases/other/yank", None, "other is no version (PEP 440)"),
        (YANK, [NEXT], f"demo 1.0 has no file {NEXT}"),
        (YANK, [WHEEL, "demo-\u00e4.whl"], r"demo 1.0 has no file demo-\xe4.whl"),
    ],
)
async def test_release__that_is_not_there__is_404_and_nothing_is_done(
    path: str, files: list[str] | None, words: str, api: Asker
) -> None:
    """All files that are named have to be the release's own, else none is touched."""
    body = {"reason": "x"} | ({} if files is None else {"files": files})
    assert await api.refusal(path, body=body) == (404, f"wheelgate: {words}")
    assert set(yanks(api).values()) == {None}
    assert api.heard == []


@pytest.mark.parametrize("doing", ["yank", "unyank", "delete"])
async def test_release__of_somebody_else__is_refused_in_the_words_of_the_rights(doing: str, api: Asker) -> None:
    """UPL-26: whether one may is asked inside the change."""
    body = {"yank": {"reason": "x"}, "unyank": {}, "delete": {"reason": "x", "confirm": "1.0"}}[doing]
    status, words = await api.refusal(f"{ONE}/{doing}", body=body, token="of-bob")
    assert (status, words) == (403, f"The user 'user:bob' isn't allowed to {doing} 'demo'.")
    assert set(yanks(api).values()) == {None}


async def test_release__of_another_project_than_the_tokens__is_refused(api: Asker) -> None:
    """UPL-24: a token of one project changes no other, though its owner might."""
    publish(api.projects, "side-1.0.tar.gz", "1.0", ALICE)
    status, words = await api.refusal("/projects/side/releases/1.0/yank", body={"reason": "x"}, token="of-alice-demo")
    assert (status, words) == (403, "wheelgate: what says who you are is not for side; use a token that is")


@pytest.mark.parametrize("char", ["\n", "\x1b", "\x9b", "\u202e", "\u2028"])
async def test_reason__with_what_a_terminal_obeys__is_refused(char: str, api: Asker) -> None:
    """Installers print why a release is yanked as it is, on whatever terminal it is read: also at its very end."""
    for reason in (f"a{char}b", f"a{char}"):
        status, _ = await api.refusal(YANK, body={"reason": reason})
        assert status == 400
    assert set(yanks(api).values()) == {None}


async def test_name__that_ends_in_a_line_break__is_refused(api: Asker) -> None:
    """It is no name, and no fault of the gateway's either."""
    assert (await api.refusal("/tokens", body={"projects": ["demo\n"]}))[0] == 400
