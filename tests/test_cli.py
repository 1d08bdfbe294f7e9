"""The `wheelgate` command, called in this process: what it prints, and its exit codes."""

import re
from datetime import timedelta
from pathlib import Path

import click
import pytest
import yaml

from addons.cli import main
from addons.cli_parts import clock
from proxyconf.reading import default_text
from tests.calling import call
from tests.wheelgate_process import free_port

BAD = "listen: 127.0.0.1:0\nreserved:\n  - acme\n  - 'acme*'\n"
PLACE = ":4:5: "


pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of the test's own, which is the home too."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a folder, a reserved name, two policies, and a CA of its own."""
    (tmp_path / "wheels").mkdir()
    path = tmp_path / "wheelgate.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "listen": f"127.0.0.1:{free_port()}",
                "certs": "certs",
                "sources": [
                    {"name": "acme", "folder": "wheels"},
                    {"name": "pypi", "index": "https://pypi.org/simple/", "public": True},
                ],
                "reserved": ["acme", "acme-*"],
                "policies": [{"deny": [{"project": "demo", "reason": "no"}, {"project": "other", "reason": "no"}]}],
            }
        )
    )
    return path


def commands(group: click.Group = main, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command and sub-command, as one writes it."""
    found = [path]
    for name, command in group.commands.items():
        found += commands(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_help__of_each_command__says_what_it_is_for_in_full_lines(command: tuple[str, ...]) -> None:
    """A first line that its group's help lists whole, examples or exit codes, 80 columns."""
    said = call(*command, "--help")
    assert said.exit_code == 0
    assert said.output == call(*command, "-h").output
    lines = said.output.splitlines()
    assert lines[0].startswith(" ".join(("Usage: wheelgate", *command)))
    listed = rf"^  {''.join(command[-1:])} +{re.escape(lines[2].strip())}$"
    assert not command or re.search(listed, call(*command[:-1], "-h").output, re.MULTILINE)
    assert "Exit codes" in said.output or "Example" in said.output
    assert max(map(len, lines)) <= 80


def test_help__of_the_whole__lists_every_command() -> None:
    """What is not listed, nobody finds."""
    said = call("--help").output
    commands = [
        "allow",
        "bundle",
        "ca",
        "cache",
        "check",
        "decisions",
        "defaults",
        "deny",
        "env",
        "exec",
        "exempt",
        "explain",
        "metadata",
        "owner",
        "password",
        "project",
        "release",
        "run",
        "schema",
        "simulate",
        "status",
        "store",
        "token",
        "unyank",
        "warm",
        "yank",
    ]
    assert re.findall(r"^  (\w+)  ", said, re.MULTILINE) == commands


def test_version__is_the_distributions_own() -> None:
    """For a bug report."""
    assert re.fullmatch(r"wheelgate, version \d+\.\d+\.\d+\n", call("--version").output)


@pytest.mark.parametrize(
    "command",
    [
        ("run", "-c"),
        ("env", "-c"),
        ("warm", "demo", "-c"),
        ("metadata", "demo", "-c"),
        ("check",),
        ("ca", "show", "-c"),
        ("ca", "renew", "-c"),
        ("ca", "export", "-c"),
        ("ca", "take-key", "key.pem", "-c"),
        ("cache", "show", "-c"),
        ("cache", "verify", "-c"),
        ("cache", "purge", "demo", "-c"),
        ("cache", "prune", "-c"),
        ("store", "check", "-c"),
        ("store", "export", "backup.tar", "-c"),
        ("store", "import", "bad.yaml", "-c"),
        ("bundle", "export", "-o", "set.wheelgate", "-c"),
        ("bundle", "import", "bad.yaml", "-c"),
    ],
    ids=" ".join,
)
def test_bad_configuration__any_command__says_where_and_exits_with_2(command: tuple[str, ...], tmp_path: Path) -> None:
    """File, line and column, what is wrong and what to do; and nothing else is done."""
    (tmp_path / "bad.yaml").write_text(BAD)
    said = call(*command, "bad.yaml")
    assert said.exit_code == 2
    assert said.stderr.startswith(f"wheelgate: bad.yaml{PLACE}")
    assert "acme-*" in said.stderr
    assert said.stdout == ""
    assert not (tmp_path / "certs").exists()


def test_bad_configuration__exec__does_not_run_the_command(tmp_path: Path) -> None:
    """Nothing of the user's is started without the protection that was configured."""
    (tmp_path / "bad.yaml").write_text(BAD)
    said = call("exec", "--config", "bad.yaml", "--", "touch", "ran")
    assert said.exit_code == 2
    assert said.stderr.startswith(f"wheelgate: bad.yaml{PLACE}")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("where", ["named by the variable", "in the working folder", "in the user's own folder"])
def test_configuration__is_found__where_the_help_says(where: str, tmp_path: Path) -> None:
    """Told by a mistake in it."""
    own = tmp_path / ".config" / "wheelgate" / "wheelgate.yaml"
    path = {"named by the variable": tmp_path / "any.yaml", "in the user's own folder": own}.get(
        where, tmp_path / "wheelgate.yaml"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(BAD)
    further = {"WHEELGATE_CONFIG": str(path)} if where == "named by the variable" else {}
    assert f"{path}{PLACE}" in call("env", **further).stderr


def test_configuration__named_but_not_there__says_so() -> None:
    """A slip in the name is no reason to go on with the defaults."""
    said = call("env", WHEELGATE_CONFIG="/nowhere/wheelgate.yaml")
    assert said.exit_code == 2
    assert "/nowhere/wheelgate.yaml: there is no such file" in said.stderr


def test_check__good_file__summarises_it(config: Path, tmp_path: Path) -> None:
    """Sources in their order, reserved names and policies, at a glance."""
    said = call("check", "wheelgate.yaml")
    assert said.exit_code == 0
    assert said.stdout.splitlines()[1:] == [
        f"source      acme: own, {tmp_path / 'wheels'}",
        "source      pypi: public, https://pypi.org/simple/",
        "reserved    acme, acme-*",
        "policy      deny, 2 rules",
        "wheelgate.yaml: good",
    ]


def test_check__rules_that_end_or_do_nothing__are_listed(tmp_path: Path) -> None:
    """Those that have ended, those that end within two weeks, and an exemption from nothing; it is good all the same."""
    soon = clock() + timedelta(days=13, hours=1)
    later = soon + timedelta(days=2)
    rules = [
        {"project": name, "reason": "x", "until": f"{end:%Y-%m-%dT%H:%MZ}"} for name, end in (("b", soon), ("c", later))
    ]
    rules += [{"project": "a", "reason": "x", "until": "2020-01-01"}]
    settings = {"policies": [{"deny": rules}, {"allow": [{"project": "a", "reason": "x"}]}]}
    (tmp_path / "wheelgate.yaml").write_text(yaml.safe_dump(settings))
    said = call("check", "wheelgate.yaml")
    assert said.exit_code == 0
    assert said.stdout.splitlines()[-4:] == [
        "ended       line 9: deny, a: ended 2020-01-01 00:00 UTC; take it out, or give it a later end",
        f"ends soon   line 3: deny, b: ends {soon:%Y-%m-%d %H:%M} UTC, in 13 days",
        "no effect   line 13: allow, a: lets files past no policy below it; move it up",
        "wheelgate.yaml: good",
    ]


def test_check__folder_is_missing__names_it(config: Path, tmp_path: Path) -> None:
    """What the file names has to be there."""
    (tmp_path / "wheels").rmdir()
    said = call("check", "wheelgate.yaml")
    assert said.exit_code == 2
    assert re.match(rf"wheelgate: wheelgate\.yaml:\d+:\d+: .*there is no folder {tmp_path}/wheels", said.stderr)


def test_defaults__printed__are_accepted_by_check(tmp_path: Path) -> None:
    """A file to start from, as it stands."""
    said = call("defaults")
    assert said.stdout == default_text()
    (tmp_path / "new.yaml").write_text(said.stdout)
    assert call("check", "new.yaml").stdout.endswith("new.yaml: good\n")


def test_env__without_a_gateway__prints_the_lines_and_warns(config: Path) -> None:
    """A shell's start file may come before the gateway does."""
    said = call("env")
    assert said.exit_code == 0
    assert re.search(r"^export HTTPS_PROXY=http://127.0.0.1:\d+;$", said.stdout, re.MULTILINE)
    assert "no gateway answers at" in said.stderr


@pytest.mark.parametrize(
    ("shell", "start"),
    [("sh", "export HTTPS_PROXY="), ("fish", "set -gx HTTPS_PROXY "), ("csh", "setenv HTTPS_PROXY ")],
)
def test_env__other_shell__speaks_its_language(shell: str, start: str, config: Path) -> None:
    """Each line is a statement of that shell."""
    assert call("env", "--shell", shell).stdout.startswith(start)


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("'[::]:8080'", "http://[::1]:8080"),
        ("'[::1]:81'", "http://[::1]:81"),
    ],
)
def test_env__gateway_listens_everywhere__names_an_address_that_can_be_dialled(
    listen: str, url: str, tmp_path: Path
) -> None:
    """Nobody can connect to "everywhere" on every system."""
    (tmp_path / "wheelgate.yaml").write_text(f"listen: {listen}\ncerts: certs\n")
    proxies = [line for line in call("env").stdout.splitlines() if line.startswith("export HTTPS_PROXY=")]
    assert [line.rstrip(";").partition("=")[2].strip("'") for line in proxies] == [url]


def test_env__port_is_not_known__asks_for_it(tmp_path: Path) -> None:
    """With `listen` at port 0 only the running gateway knows."""
    (tmp_path / "wheelgate.yaml").write_text("listen: 127.0.0.1:0\n")
    said = call("env")
    assert (said.exit_code, said.stdout) == (1, "")
    assert "--proxy http://HOST:PORT" in said.stderr


@pytest.mark.parametrize(
    "proxy", ["http://user:word@gw.example.org:1", "ftp://gw.example.org:1", "gw.example.org", "x y:1"]
)
def test_env__proxy_is_no_such_url__is_refused(proxy: str, config: Path) -> None:
    """What would only fail later, in every client, is said now; a password is not repeated."""
    said = call("env", "--proxy", proxy)
    assert (said.exit_code, said.stdout) == (2, "")
    assert "--proxy" in said.stderr
    assert "word" not in said.stderr.replace("password", "")


def test_env__proxy_without_a_scheme__gets_one(config: Path) -> None:
    """As people write proxies."""
    assert "HTTPS_PROXY=http://127.0.0.1:9;" in call("env", "--proxy", "127.0.0.1:9").stdout


def test_env__as_a_profile__gives_its_name_with_a_colon(config: Path) -> None:
    """Without the colon pip would give no name, and be served another world."""
    said = call("env", "--as", "as-of-2026-01-31T1200+0100", "--proxy", "127.0.0.1:9").stdout
    assert re.findall("HTTPS_PROXY=(.*);", said) == ["http://as-of-2026-01-31T1200+0100:@127.0.0.1:9"]
    assert "http://a%20b%40c:@127.0.0.1:9" in call("env", "--as", "a b@c", "--proxy", "127.0.0.1:9").stdout
    assert call("env", "--as", "as-of-2026-01-31T12:00Z").exit_code == 2


def test_env__ca_is_no_certificate__says_so(config: Path, tmp_path: Path) -> None:
    """Nothing is printed that would cut a shell off from every site."""
    (tmp_path / "no.pem").write_text("-----BEGIN NOTHING-----\n")
    said = call("env", "--ca", "no.pem")
    assert (said.exit_code, said.stdout) == (1, "")
    assert "no certificate" in said.stderr


def test_env__cache_folder_cannot_be_made__says_which(config: Path, tmp_path: Path) -> None:
    """A machine user without a home reads what is missing."""
    (tmp_path / "file").touch()
    said = call("env", XDG_CACHE_HOME=str(tmp_path / "file"))
    assert (said.exit_code, said.stdout) == (1, "")
    assert said.stderr.splitlines()[-1].startswith(f"wheelgate: {tmp_path / 'file'}")


def test_env__two_gateways_cas__keep_a_bundle_each(config: Path, tmp_path: Path) -> None:
    """Pointing a second shell at another gateway does not take the first one's trust away."""
    (tmp_path / "other.yaml").write_text("certs: other\n")
    bundles = {
        re.findall(r"SSL_CERT_FILE=(\S+);", call("env", "--config", name).stdout)[0]
        for name in (config.name, "other.yaml")
    }
    assert len(bundles) == 2
    assert all(Path(bundle).is_file() for bundle in bundles)


def test_env__evaluated_again__names_the_same_bundle(config: Path) -> None:
    """A bundle that already holds the CA and the roots does not grow."""
    first = re.findall(r"SSL_CERT_FILE=(\S+);", call("env").stdout)[0]
    assert re.findall(r"SSL_CERT_FILE=(\S+);", call("env", SSL_CERT_FILE=first).stdout) == [first]
