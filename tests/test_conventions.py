"""What the layout promises, and what mitmproxy makes of names: slips that no other test would see."""

import ast
import importlib.util
import inspect
import re
import sys
from pathlib import Path

import pytest
from mitmproxy import hooks
from mitmproxy.addons import next_layer  # imports the layers, and with them every hook there is

import addons
import addons.gateway
import addons.policies
from addons.flow_road import FlowRoad
from addons.guard import Guard
from addons.handshake import Handshake
from addons.intercept import Intercept
from addons.lane import Lane
from addons.layering import Layering
from addons.lifetime import Lifetime
from addons.policies.kinds import KINDS

ROOT = Path(__file__).parent.parent
ADDONS = ROOT / "addons"
POLICIES = sorted(KINDS)
SCRIPTS = sorted(path.stem for path in ADDONS.glob("*.py") if path.stem != "__init__")
FOLDERS = sorted(path.parent.name for path in ADDONS.glob("*/__init__.py"))
OURS = (Guard, Handshake, Intercept, FlowRoad, Lane, Layering, Lifetime)
NO_HOOKS = {"refusal", "begun"}  # what addons say to each other
LOOKED_UP_BY_NAME = hooks.all_hooks


def test_hooks__are_known_here() -> None:
    """The list of hooks that the tests below go by is mitmproxy's whole list."""
    assert inspect.ismodule(next_layer)
    assert {"load", "running", "http_connect", "requestheaders", "server_connect"} <= set(LOOKED_UP_BY_NAME)
    assert len(LOOKED_UP_BY_NAME) >= 46


@pytest.mark.parametrize("name", POLICIES)
def test_policy__has_a_module_a_class_a_test_and_a_heading(name: str) -> None:
    """YAML key, module, class, test and heading are one name."""
    module = importlib.import_module(f"addons.policies.{name}")
    assert hasattr(module, name.title().replace("_", ""))
    assert (ROOT / f"tests/addons/policies/test_{name}.py").is_file()
    headings = re.findall(r"^### (.+)$", (ROOT / "docs/operator.md").read_text(), re.MULTILINE)
    assert name in headings


def test_policies__in_their_folder__can_all_be_configured() -> None:
    """A module with a class that has `apply` is one of the configuration's keys: none lies there unused."""
    written = {
        path.stem
        for path in (ADDONS / "policies").glob("*.py")
        if path.stem not in ("policy", "confined") and "def apply(self" in path.read_text()
    }
    assert written == set(POLICIES)


@pytest.mark.parametrize("name", SCRIPTS + FOLDERS)
def test_name_in_addons__shadows_no_module(name: str) -> None:
    """mitmproxy puts a script's folder first on the path while it loads: `import <name>` must not find ours instead."""
    assert name not in sys.stdlib_module_names
    assert importlib.util.find_spec(name) is None


def test_script__has_no_name_that_mitmproxy_takes_for_a_hook() -> None:
    """Whatever callable a script has under a hook's name is called; `load` is the one that is meant."""
    found = {name for name in vars(addons.gateway) if name in LOOKED_UP_BY_NAME}
    assert found == {"load"}


@pytest.mark.parametrize("ours", OURS, ids=lambda ours: ours.__name__)
def test_addon__has_no_public_method_but_hooks_of_mitmproxys(ours: type) -> None:
    """A hook that is misspelt is never called, and nothing says so."""
    methods = {name for name, _ in inspect.getmembers(ours, inspect.isroutine) if not name.startswith("_")}
    assert methods - NO_HOOKS - set(LOOKED_UP_BY_NAME) == set()
    assert methods & set(LOOKED_UP_BY_NAME)


@pytest.mark.parametrize("ours", OURS, ids=lambda ours: ours.__name__)
def test_addon__has_a_name_of_its_own(ours: type) -> None:
    """mitmproxy refuses a second addon of one name; ours start with `wheelgate-`, so that no other has it."""
    assert vars(ours)["name"].startswith("wheelgate-")
    assert len({vars(one)["name"] for one in OURS}) == len(OURS)


def test_addons__are_all_looked_at_here() -> None:
    """A new addon class at the top of addons/ belongs into OURS."""
    classes = [
        node.name
        for name in SCRIPTS
        for node in ast.parse((ADDONS / f"{name}.py").read_text()).body
        if isinstance(node, ast.ClassDef) and {f.name for f in node.body if isinstance(f, _DEFINED)} & _OF_CONNECTIONS
    ]
    assert sorted(classes) == sorted(ours.__name__ for ours in OURS)


_DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef)
_OF_CONNECTIONS = {name for name in LOOKED_UP_BY_NAME if name not in ("add_log", "update", "load", "configure")}


@pytest.mark.parametrize("path", sorted(ADDONS.rglob("*.py")), ids=lambda path: str(path.relative_to(ADDONS)))
def test_file__has_a_size_that_can_be_read_at_once(path: Path) -> None:
    """No file over 400 lines, no function over 60."""
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    long = [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, _DEFINED) and (node.end_lineno or 0) - node.lineno >= 60
    ]
    assert long == []
