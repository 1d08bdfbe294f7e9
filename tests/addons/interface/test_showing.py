"""What the interface shows: whom it takes the caller for, projects in stretches, one project, what happened to it."""

import pytest

from addons.interface.showing import latest
from tests.addons.interface.asking import (
    ALICE,
    AT,
    BOB,
    DEMO,
    NEXT,
    OTHER,
    SDIST,
    TEAM,
    WHEEL,
    Asker,
    anything,
    new_file,
)


async def test_whoami__token_with_limits__tells_them(api: Asker) -> None:
    """An author reads why something is refused."""
    assert await api.look("/whoami", token="of-alice-demo") == {
        "principal": "user:alice",
        "groups": [],
        "shown": "user:alice",
        "service": "tokens",
        "projects": ["demo"],
        "may_claim": False,
        "until": "2027-11-23T10:00:00Z",
    }


async def test_projects__of_everybody__are_listed_with_the_callers_role(api: Asker) -> None:
    """Whoever is identified may read; the latest version is what an installer takes."""
    found = await api.look("/projects")
    assert found == {
        "projects": [
            {"name": "demo", "display": "demo", "status": "active", "latest": "2.0", "role": "owner"},
            {"name": "other", "display": "Other", "status": "active", "latest": "1.0", "role": None},
        ],
        "next": None,
    }


async def test_projects__more_than_the_limit__come_in_stretches(api: Asker) -> None:
    """Each once, and an end that is told."""
    first = await api.look("/projects", query="limit=1")
    assert ([each["name"] for each in first["projects"]], first["next"]) == (["demo"], "demo")
    second = await api.look("/projects", query="limit=1&after=demo")
    assert ([each["name"] for each in second["projects"]], second["next"]) == (["other"], None)


async def test_projects__mine__are_those_in_which_one_or_ones_group_has_a_role(api: Asker) -> None:
    """The higher role counts where there are several."""
    api.projects.set_role(OTHER, TEAM, "maintainer", anything, by="x", at=AT)
    api.projects.set_role(DEMO, TEAM, "maintainer", anything, by="x", at=AT)
    mine = (await api.look("/projects", query="mine=true"))["projects"]
    assert [(each["name"], each["role"]) for each in mine] == [("demo", "owner"), ("other", "maintainer")]
    assert [each["name"] for each in (await api.look("/projects", query="mine=true", token="of-bob"))["projects"]] == [
        "other"
    ]


async def test_projects__for_a_token_of_one_project__are_that_one(api: Asker) -> None:
    """What a job's token is for is all that it sees."""
    assert [each["name"] for each in (await api.look("/projects", token="of-a-job"))["projects"]] == ["demo"]
    assert (await api.refusal("/projects/other", "GET", token="of-a-job"))[0] == 403
    assert (await api.refusal("/projects/none", "GET", token="of-a-job"))[0] == 403  # not told whether it is there


async def test_project__in_any_spelling__is_shown_with_all_its_files(api: Asker) -> None:
    """Releases by version, the latest first; sizes, hashes, who and when."""
    api.projects.yank(DEMO, [WHEEL], "broken", anything, by="x", at=AT)
    found = await api.look("/projects/DEMO", token="of-bob")
    assert (found["name"], found["role"], found["size"]) == ("demo", None, 3000)
    assert found["roles"] == [{"principal": "user:alice", "role": "owner"}]
    assert [(each["version"], each["yanked"]) for each in found["releases"]] == [("2.0", False), ("1.0", False)]
    files = {each["filename"]: each for each in found["releases"][1]["files"]}
    new = new_file(WHEEL, "1.0")
    assert files[WHEEL] == {
        "filename": WHEEL,
        "filetype": "bdist_wheel",
        "size": 1000,
        "hashes": {"sha256": new.sha256, "blake2b_256": new.blake2b_256, "md5": new.md5},
        "requires_python": None,
        "core_metadata": None,
        "uploaded": "2026-11-23T10:00:00Z",
        "by": "user:alice",
        "yanked": "broken",
    }
    assert files[SDIST]["yanked"] is None


@pytest.mark.parametrize("path", ["/projects/none", "/projects/none/changes", "/projects/none/roles", "/projects/-x-"])
async def test_project__that_nobody_has__is_404(path: str, api: Asker) -> None:
    """Also one whose name can be no project's."""
    assert (await api.refusal(path, "GET"))[0] == 404


async def test_changes__of_a_project__are_told_in_stretches_the_last_one_first(api: Asker) -> None:
    """Who, what, when and why."""
    await api.look("/projects/demo/releases/2.0/yank", "POST", {"reason": "broken"})
    found = await api.look("/projects/demo/changes", query="limit=1")
    [change] = found["changes"]
    assert (change["what"], change["subject"], change["reason"]) == ("yank", NEXT, "broken")
    assert (change["by"], change["at"]) == ("user:alice (token 4f3a9c)", "2026-11-23T10:00:00Z")
    rest = await api.look("/projects/demo/changes", query=f"before={found['next']}")
    assert [each["what"] for each in rest["changes"]] == ["upload", "upload", "upload", "claim"]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("versions", "version"),
    [
        ({}, None),
        ({"1.9": False, "1.10": False}, "1.10"),
        ({"1.0": False, "2.0rc1": False}, "1.0"),
        ({"1.0": False, "2.0": True}, "1.0"),
        ({"1.0": True, "2.0rc1": False}, "2.0rc1"),
        ({"1.0": True, "2.0": True}, "2.0"),
    ],
)
def test_latest__is_what_an_installer_takes(versions: dict[str, bool], version: str | None) -> None:
    """By PEP 440, not by letters; yanked ones and pre-releases only where there is nothing else."""
    assert latest(versions) == version


async def test_role__of_one_principal__is_told(api: Asker) -> None:
    """And 404 where there is none."""
    assert await api.look(f"/projects/demo/roles/{ALICE}") == {"principal": "user:alice", "role": "owner"}
    assert (await api.refusal(f"/projects/demo/roles/{BOB}", "GET"))[0] == 404
