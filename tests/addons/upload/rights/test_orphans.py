"""Projects that nobody has any more: who has gone, who gets them, and what is never believed."""

import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from addons.simple.names import normalise
from addons.store.principals import Principal
from addons.store.projects import Projects
from addons.store.roles import NotHeld, Roles
from addons.upload.rights.orphan_watch import OrphanWatch
from addons.upload.rights.orphans import NobodyKnown, Orphan, Orphanage
from addons.upload.rights.programs import ProgramFailed, output_of
from proxyconf.ownership import Orphans
from tests.addons.upload.rights.making import ALICE, AT, BOB, CONTROLS, DEMO, anything, filled

type Program = Callable[[str], tuple[str, ...]]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Write programs of the shell's."""

    def write(body: str) -> tuple[str, ...]:
        path = tmp_path / f"program-{len(list(tmp_path.glob('program-*')))}"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return (str(path),)

    return write


@pytest.fixture
def store(tmp_path: Path) -> Projects:
    """A store with demo, of alice, and tools, of bob and alice."""
    store = filled(tmp_path, "demo")
    filled(tmp_path, "demo", "tools")
    store.set_role(normalise("tools"), BOB, "owner", anything, by="x", at=AT)
    return store


def found(store: Projects, **settings: object) -> Sequence[Orphan]:
    """Give the orphans under these settings."""
    return Orphanage(Roles(store.database), Orphans(**settings)).find()  # type: ignore[arg-type]  # as the test has it


def roles_of(store: Projects, name: str) -> dict[str, str]:
    """Give who has which role."""
    standing = store.standing(normalise(name))
    assert standing is not None
    return {str(each): role for each, role in standing.roles.items()}


def test_orphan__without_any_owner__is_found_without_asking_anybody(store: Projects) -> None:
    """With those who could have it."""
    assert found(store) == ()
    store.set_role(DEMO, ALICE, None, anything, by="x", at=AT)
    store.set_role(DEMO, CONTROLS, "maintainer", anything, by="x", at=AT)
    assert found(store) == (Orphan(project=DEMO, owners=(), left=("group:controls",)),)


def test_orphan__by_a_program__is_one_whose_owners_have_all_gone(store: Projects, program: Program) -> None:
    """It reads each owner once, a line each, and prints those that have gone."""
    check = program('while read -r each; do [ "$each" = user:alice ] && echo "$each"; done; exit 0')
    assert found(store, check=check) == (Orphan(project=DEMO, owners=("user:alice",), left=()),)
    assert found(store, check=program("cat >/dev/null")) == ()


def test_orphan__by_a_file_of_users__is_one_whose_owners_are_not_in_it(store: Projects, tmp_path: Path) -> None:
    """Groups, CI projects and users of other realms are nothing that it knows of."""
    path = tmp_path / "users"
    path.write_text("# all of us\nuser:carol\nbob  # of controls\n")
    assert [each.project for each in found(store, known_users=path)] == ["demo"]
    for principal in (CONTROLS, Principal.read("user:alice@gitlab"), Principal.read("ci:a/b@gitlab")):
        store.set_role(DEMO, principal, "owner", anything, by="x", at=AT)
        assert found(store, known_users=path) == ()
        store.set_role(DEMO, principal, None, anything, by="x", at=AT)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("echo oops >&2; exit 3", r"ended with 3: oops"),
        ("cat >/dev/null; echo user:mallory", "printed 'user:mallory', which it was not asked about"),
        ("exec sleep 60", "took more than 1 s"),
        ("cat >/dev/null; printf '\\377'", "printed what is not UTF-8"),
    ],
)
def test_program__that_fails__says_nothing_of_anybody(store: Projects, program: Program, body: str, words: str) -> None:
    """A directory that is down must not make orphans of all projects."""
    with pytest.raises((ProgramFailed, NobodyKnown), match=words):
        found(store, check=program(body), seconds=1)


def test_program__that_is_not_there__is_named() -> None:
    """In words, for who reads the log."""
    with pytest.raises(ProgramFailed, match="/nowhere/at/all cannot be run: No such file"):
        output_of(["/nowhere/at/all"], "", 5)


def test_program__gets_its_arguments_as_they_are(program: Program) -> None:
    """No shell reads them."""
    [path] = program('printf "%s|" "$@"')
    assert output_of([path, "a b", "$(id)", ";"], "", 5) == "a b|$(id)|;|"


def test_everybody__gone__is_not_believed(store: Projects, program: Program, tmp_path: Path) -> None:
    """What says that of more than two owners is broken, as is an empty or missing file."""
    store.set_role(DEMO, CONTROLS, "owner", anything, by="x", at=AT)
    with pytest.raises(NobodyKnown, match="all 3 owners are said to have gone"):
        found(store, check=program("cat"))
    (tmp_path / "users").write_text("# nobody yet\n")
    with pytest.raises(NobodyKnown, match="it has nobody in it"):
        found(store, known_users=tmp_path / "users")
    with pytest.raises(NobodyKnown, match="cannot be read: No such file"):
        found(store, known_users=tmp_path / "none")


def test_hand_over__to_somebody__puts_them_in_the_place_of_the_owners(store: Projects, tmp_path: Path) -> None:
    """Recorded with who, when and why."""
    (tmp_path / "users").write_text("carol\n")
    orphanage = Orphanage(Roles(store.database), Orphans(known_users=tmp_path / "users", to="group:controls"))
    handed = orphanage.hand_over(orphanage.find(), "j.doe", AT)
    assert [(each.project, each.to) for each in handed] == [("demo", "group:controls"), ("tools", "group:controls")]
    assert roles_of(store, "tools") == roles_of(store, "demo") == {"group:controls": "owner"}
    last = store.changes(DEMO)[-1]
    assert (last.what, last.subject, last.by, last.reason) == (
        *("role owner", "group:controls", "j.doe", "orphaned: user:alice gone"),
    )
    assert orphanage.find() == ()


def test_hand_over__by_a_program__gives_each_project_to_whom_it_prints(store: Projects, program: Program) -> None:
    """What it cannot say is a fault of that project only, and leaves it as it was."""
    heirs = program('case "$1" in demo) echo user:carol;; *) echo nonsense;; esac')
    orphanage = Orphanage(Roles(store.database), Orphans(check=program("cat"), to_command=heirs))
    demo, tools = orphanage.hand_over(orphanage.find(), "j.doe", AT)
    assert (demo.to, tools.to) == ("user:carol", None)
    assert "'nonsense' is no principal" in (tools.fault or "")
    assert roles_of(store, "demo") == {"user:carol": "owner"}
    assert roles_of(store, "tools") == {"user:alice": "owner", "user:bob": "owner"}


def test_hand_over__to_who_has_gone__or_of_what_has_changed__does_nothing(store: Projects, program: Program) -> None:
    """Somebody who took it up meanwhile keeps it."""
    gone = program("grep alice")
    orphanage = Orphanage(Roles(store.database), Orphans(check=gone, to="user:alice"))
    orphans = orphanage.find()
    assert "user:alice is to have it, and has gone" in (orphanage.hand_over(orphans, "x", AT)[0].fault or "")
    store.set_role(DEMO, BOB, "owner", anything, by="x", at=AT)
    late = Orphanage(Roles(store.database), Orphans(check=gone, to="group:controls"))
    assert "nothing was done" in (late.hand_over(orphans, "x", AT)[0].fault or "")
    assert roles_of(store, "demo") == {"user:alice": "owner", "user:bob": "owner"}
    with pytest.raises(ValueError, match="nobody is to have orphans"):
        Orphanage(Roles(store.database), Orphans()).hand_over(orphans, "x", AT)


def test_hand_over__of_one_place__leaves_the_other_owners(store: Projects) -> None:
    """A transfer is of who gives it; who has no such role cannot give it."""
    roles = Roles(store.database)
    tools = normalise("tools")
    roles.hand_over(tools, CONTROLS, [ALICE], by="x", at=AT, reason="y")
    assert roles_of(store, "tools") == {"group:controls": "owner", "user:bob": "owner"}
    with pytest.raises(NotHeld, match="is owned by group:controls, user:bob: nothing was done"):
        roles.hand_over(tools, CONTROLS, [ALICE], by="x", at=AT, reason="y")
    roles.hand_over(tools, BOB, [CONTROLS], by="x", at=AT, reason="y")
    assert roles_of(store, "tools") == {"user:bob": "owner"}
    assert [(each.what, each.subject) for each in store.changes(tools)][-1] == ("role none", "group:controls")


async def test_watch__hands_over_when_the_hours_are_over(
    store: Projects, program: Program, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """At the start, and then every so many hours; a fault is in the log and ends nothing."""
    now, marks = [AT], tmp_path / "marks"
    check = program(f"echo x >> {marks}; cat >/dev/null; [ $(wc -l < {marks}) = 1 ] && exit 1; echo user:alice")
    settings = Orphans(check=check, to="group:controls", every_hours=24)
    watch = OrphanWatch(Roles(store.database), lambda: settings, lambda: now[0])
    await watch.look()
    assert "orphans are not handed over: " in caplog.text
    now[0] += timedelta(hours=23)
    await watch.look()
    assert roles_of(store, "demo") == {"user:alice": "owner"}
    now[0] += timedelta(hours=1)
    await watch.look()
    assert roles_of(store, "demo") == {"group:controls": "owner"}
    assert "project demo is orphaned, and is handed over to group:controls" in caplog.text
    assert store.changes(DEMO)[-1].by == "wheelgate"
    settings = Orphans()
    now[0] += timedelta(hours=100)
    await watch.look()
    assert len(marks.read_text().splitlines()) == 2
    assert os.access(check[0], os.X_OK)
