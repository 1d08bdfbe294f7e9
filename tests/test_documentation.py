"""The documents tell the truth: what they show is run, what they name is there."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from addons.policies.kinds import KINDS
from addons.route_table import TABLE
from proxyconf.reading import default_text, read_text
from proxyconf.settings import Settings, settings_type
from proxyconf.shape import Shape
from tests.deploying import ROOT, prepared_environment
from tests.documents import DOCUMENTS, GUIDES, Block, blocks, headings, links
from tests.fakepypi import FakePyPI
from tests.fakepypi.building import Recipe, wheel
from tests.gateway.running import configuration
from tests.test_cli import commands
from tests.wheelgate_process import clean_environment, free_port, run

SHAPE = Shape(settings_type(tuple(KINDS.items())))
OPERATOR = ROOT / "docs" / "operator.md"
ROUTES = ROOT / "docs" / "routes.md"
TEST_COMMAND = "sh deploy/run --dev pytest --cov\n"
SH = [block for document in GUIDES for block in blocks(document, "sh") if block.text != TEST_COMMAND]
YAML = [block for document in GUIDES for block in blocks(document, "yaml")]
CODE = "".join(path.read_text() for folder in ("addons", "proxyconf") for path in sorted((ROOT / folder).rglob("*.py")))


# What is shown is run


def furnish(folder: Path, configured: Any, ca: bytes) -> Iterator[str]:
    """Make what a configuration names in `folder`; gives the variables that are to hold a password."""
    if isinstance(configured, list):
        for item in configured:
            yield from furnish(folder, item, ca)
    if not isinstance(configured, dict):
        return
    for key, value in configured.items():
        if key == "folder":
            (folder / value).mkdir(exist_ok=True)
        elif key == "own_policies":
            (folder / value).mkdir(exist_ok=True, mode=0o755)
            for block in blocks(OPERATOR, "python"):
                (folder / value / f"{block.text[3:].partition(':')[0]}.py").write_text(block.text)
        elif key in ("ca", "password_file", "proxy_password_file"):
            (folder / value).write_bytes(ca if key == "ca" else b"a password\n")
        elif key.endswith("password_env"):
            yield value
        else:
            yield from furnish(folder, value, ca)


@pytest.mark.parametrize("block", YAML, ids=str)
def test_yaml__in_a_document__is_a_good_configuration(
    block: Block, tmp_path: Path, pypi: FakePyPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever copies it has a configuration, not a riddle."""
    for variable in furnish(tmp_path, yaml.safe_load(block.text), pypi.ca_path.read_bytes()):
        monkeypatch.setenv(variable, "a password")
    assert read_text(block.text, tmp_path / "wheelgate.yaml", KINDS) != Settings()


def publish(pypi: FakePyPI) -> None:
    """What the documents download from PyPI."""
    pypi.release("flask", "3.1.3", requires=["jinja2"], announce_metadata=True)
    pypi.release("jinja2", "3.1.6", announce_metadata=True)


def prepare(block: Block, pypi: FakePyPI, folder: Path, port: int) -> Path:
    """Write the configuration that a block of commands runs under: that of its own section, if there is one."""
    shown = [each.text for each in blocks(block.document, "yaml") if each.section == block.section]
    settings: Mapping[str, object] = yaml.safe_load(shown[0]) if shown else {}
    list(furnish(folder, settings, b""))
    (folder / "wheels").mkdir(exist_ok=True)
    name, content = wheel(Recipe(name="acme-pad", version="1.0"))
    (folder / "wheels" / name).write_bytes(content)
    return configuration(pypi, folder, **{"listen": f"127.0.0.1:{port}", **settings})


def script(block: Block, port: int) -> str:
    """The commands as they are written, with this checkout's `deploy/run` and a port that is free.

    What runs in the background in the end is stopped, and has to end well.
    """
    commands = block.text.replace("sh deploy/run", f"sh {ROOT}/deploy/run").replace("8080", str(port))
    if "mitmdump" in commands:
        commands = commands.replace("mitmdump", f"mitmdump --listen-port {port}").replace("addons/", f"{ROOT}/addons/")
    return commands + '\njobs -p >jobs.txt\nwhile read -r job; do kill "$job"; wait "$job"; done <jobs.txt\n'


@pytest.mark.parametrize("block", SH, ids=str)
def test_commands__in_a_document__work_as_they_are_written(block: Block, pypi: FakePyPI, tmp_path: Path) -> None:
    """In a folder and a home of their own, under the configuration that their section shows."""
    publish(pypi)
    port = free_port()
    config = prepare(block, pypi, tmp_path, port)
    environment = clean_environment(
        tmp_path / "home",
        WHEELGATE_CONFIG=str(config),
        WHEELGATE_VENV=str(prepared_environment(tmp_path)),
        PIP_DISABLE_PIP_VERSION_CHECK="1",
    )
    (tmp_path / "home").mkdir()
    done = run(("/bin/sh", "-euc", script(block, port)), tmp_path, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ERROR" not in done.stderr
    for project, what in {"flask": "flask-3.1.3", "acme-pad": "acme_pad-1.0"}.items():
        assert (f"download {project}" in block.text) is any(tmp_path.glob(f"{what}*")), done.stdout


def test_test_command__of_the_readme__is_what_ci_runs() -> None:
    """The one command that cannot be run here: it would run itself."""
    assert TEST_COMMAND in [block.text for block in blocks(ROOT / "README.md", "sh")]
    assert TEST_COMMAND in (ROOT / ".ci" / "run").read_text().splitlines(keepends=True)


# What is named is there


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links__of_a_document__lead_somewhere(document: Path) -> None:
    """To files of this checkout, and to headings that they have."""
    for link in links(document):
        path, _, anchor = link.partition("#")
        target = (document.parent / path) if path else document
        assert target.exists(), link
        slugs = [re.sub(r"[^\w -]", "", heading.lstrip("# ").lower()).replace(" ", "-") for heading in headings(target)]
        assert not anchor or anchor in slugs, link


def test_settings__every_one__is_in_the_commented_defaults() -> None:
    """As a line of its own, live or as an example."""
    missing = [
        key for key, place in SHAPE.every_key() if not re.search(rf"^[ #-]*{key}:", default_text(), re.MULTILINE)
    ]
    assert missing == []


def test_settings__every_section__is_in_the_operators_page() -> None:
    """All keys of the top level are explained there, by their names."""
    text = OPERATOR.read_text()
    assert [
        key for key, place in SHAPE.every_key() if not place and f"`{key}`" not in text and f"\n{key}:" not in text
    ] == []


def test_routes__of_the_table_in_the_code__are_the_rows_of_their_page() -> None:
    """One table: where, which path, and with what it is answered, row for row."""
    shown = re.findall(r"^\| (\w+) \| `(?:([A-Z]+) )?(/[^`]*)` \| (.+) \|$", ROUTES.read_text(), re.MULTILINE)
    there = [(place, method or "GET", path, words) for place, method, path, words in shown]
    assert there == [(row.place, row.method, row.path, row.words) for row in TABLE]


def test_policies__every_one__has_a_heading_in_the_operators_page() -> None:
    """One name everywhere: the key, the module, the heading."""
    after = headings(OPERATOR)[headings(OPERATOR).index("## Policies") + 1 :]
    below = after[: next(number for number, heading in enumerate(after) if heading.startswith("## "))]
    assert sorted(below) == [f"### {name}" for name in KINDS]


def logged() -> list[str]:
    """The messages in the operator's table."""
    table = OPERATOR.read_text().partition("## What is logged")[2].partition("\n## ")[0]
    return [
        span for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for span in re.findall(r"`(.*?)`(?:,|$)", row)
    ]


@pytest.mark.parametrize("message", logged())
def test_message__of_the_operators_table__is_one_that_the_code_says(message: str) -> None:
    """Word for word, between what changes."""
    pieces = [piece for piece in map(str.strip, re.split(r"[A-Z]{2,}|…", message)) if len(piece) > 3]
    assert pieces
    assert [piece for piece in pieces if piece not in CODE] == []


def test_commands__that_documents_name__exist() -> None:
    """`wheelgate` and what stands behind it, wherever in the text."""
    known = {" ".join(command) for command in commands()}
    for document in DOCUMENTS:
        named = re.findall(r"`wheelgate ((?:ca |cache |store |token )?[a-z][a-z-]*)", document.read_text())
        assert [each for each in named if each not in known] == [], document


@pytest.mark.parametrize(
    "way", ["--extra-index-url", "--find-links", "mirror", "version control", "domain fronting", "QUIC", "own cache"]
)
def test_security__of_what_does_not_hold__names_it(way: str) -> None:
    """LEG-15, LEG-16: nobody is led to think that the gateway alone closes what only the network can."""
    assert way in (ROOT / "docs" / "security.md").read_text().partition("## What does not hold")[2]
