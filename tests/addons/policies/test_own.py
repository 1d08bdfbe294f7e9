"""Policies of the operator's own: found beside the configuration, checked with it, and confined to pages."""

import os
import re
from pathlib import Path

import msgspec
import pytest

from addons.policies.confined import OutOfBounds, check
from addons.policies.kinds import KINDS, made
from addons.policies.policy import apply_all
from addons.simple.names import normalise
from addons.simple.page import Page, Refusal
from proxyconf.reading import ConfigurationError, read
from tests.addons.policies.rules import AT, page, wheel
from tests.calling import call
from tests.deploying import ROOT
from tests.documents import blocks

[EXAMPLE] = blocks(ROOT / "docs" / "operator.md", "python")
SHOWN = next(
    each.text for each in blocks(ROOT / "docs" / "operator.md", "yaml") if each.text.startswith("own_policies")
)
RULE = "from proxyconf.rules import Rule\nclass MineRule(Rule, frozen=True, kw_only=True): pass\n"
IMPORTS = "import msgspec\nfrom addons.policies.rules import Ruled\n" + RULE
MINE = IMPORTS + "class Mine(Ruled):\n    def apply(self, page, at):\n        {}\n"
CONFIGURED = "own_policies: policies\npolicies: [{mine: [{project: demo}]}]\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a policy of the operator's own, which is not there yet."""
    (tmp_path / "policies").mkdir(mode=0o755)
    path = tmp_path / "wheelgate.yaml"
    path.write_text(CONFIGURED)
    return path


def own(config: Path, source: str, name: str = "mine") -> Path:
    """Write a policy."""
    path = config.parent / "policies" / f"{name}.py"
    path.write_text(source)
    path.chmod(0o644)
    return path


def after(config: Path, before: Page) -> Page:
    """Give a page under the configuration's policies."""
    return apply_all([made(each, "Ask us") for each in read(config, KINDS).policies], before, AT)


def test_example__in_the_operators_page__refuses_what_is_not_attested(config: Path) -> None:
    """As it is written there, under the configuration that is shown with it."""
    own(config, EXAMPLE.text, "signed")
    config.write_text(SHOWN)
    attested, other = page(wheel("1.0"), wheel("2.0"), project=normalise("example-x")).files
    attested = msgspec.structs.replace(attested, provenance="https://example.org/1")
    judged = after(config, Page(project=normalise("example-x"), files=(attested, other)))
    assert [file.refused and file.refused.reason for file in judged.files] == [
        None,
        "its publisher has not attested it",
    ]
    assert judged.files[1].yanked == "Blocked by wheelgate: signed: its publisher has not attested it. Ask us"
    assert after(config, page(wheel("1.0"))).files[0].refused is None


BAD: list[tuple[str, str, str, str]] = [
    ("syntax", "def f(:\n", ":1:7: ", "is no Python: "),
    ("import", "\nimport nothing_of_that_name\n", ":2: ", "cannot be used: ModuleNotFoundError: No module named"),
    ("raises", "x = 1\ny = x / 0\n", ":2: ", "cannot be used: ZeroDivisionError: division by zero"),
    ("exits", "raise SystemExit(3)\n", ":1: ", "cannot be used: SystemExit: 3"),
    ("escapes", "raise ValueError('a\\x1b[2Kb')\n", ":1: ", "a\\x1b[2Kb"),
    ("NUL", "x = '\0'\n", ": ", "cannot be used: SyntaxError"),
    ("no rule", "class Mine: pass\n", ": ", "has no class MineRule that comes of proxyconf.rules.Rule"),
    ("rule of another kind", "class MineRule: pass\n", ": ", "has no class MineRule that comes of"),
    ("no policy", RULE, ": ", "has no class Mine; write the policy"),
    ("no members", RULE + "class Mine:\n    facts = 1\n", ": ", "Mine lacks apply and changes and whole"),
    (
        "not made",
        IMPORTS
        + "class Mine(Ruled):\n    apply = 1\n    def __init__(self, rules, contact):\n        raise KeyError(1)\n",
        ":8: ",
        "cannot be used: KeyError: 1",
    ),
]


@pytest.mark.parametrize(("source", "place", "words"), [pytest.param(*row[1:], id=row[0]) for row in BAD])
def test_policy__that_cannot_be_used__is_an_error_of_the_configuration(
    config: Path, source: str, place: str, words: str
) -> None:
    """With the file, its line, and words; nothing of it is in force."""
    path = own(config, source)
    with pytest.raises(ConfigurationError) as raised:
        after(config, page(wheel("1.0")))
    assert str(raised.value).startswith(f"{path}{place}")
    assert words in str(raised.value)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    ("name", "words"), [("deny", "is a policy that is there already"), ("Mine-2", "is no name of a policy")]
)
def test_policy__by_a_name_that_it_cannot_have__is_refused(config: Path, name: str, words: str) -> None:
    """Ours are never replaced in silence."""
    path = own(config, MINE.format("return page"), name)
    with pytest.raises(ConfigurationError, match=f"^{re.escape(str(path))}: .*{words}"):
        read(config, KINDS)


@pytest.mark.parametrize(
    ("target", "mode"),
    [("policies", 0o777), ("policies", 0o775), ("policies/mine.py", 0o666), ("policies/mine.py", 0o664)],
)
def test_policy__that_others_may_write__is_refused_and_not_run(config: Path, target: str, mode: int) -> None:
    """It would run with the gateway's rights; the words say what to do."""
    own(config, f"open({str(config.parent / 'ran')!r}, 'w')\n")
    (config.parent / target).chmod(mode)
    with pytest.raises(ConfigurationError, match=r"may be written by others, .*chmod go-w"):
        read(config, KINDS)
    assert not (config.parent / "ran").exists()


def test_policy__of_another_user__is_refused(config: Path) -> None:
    """Whoever owns it may change it, whatever its mode."""
    path = own(config, MINE.format("return page"))
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)
    else:
        path.unlink()
        path.symlink_to("/proc/1/environ")
    with pytest.raises(ConfigurationError, match=r"belongs to another user|can't be read"):
        read(config, KINDS)


@pytest.mark.parametrize(("make", "words"), [(None, "there is no folder"), ("file", "is a file; name the folder")])
def test_folder__that_is_none__is_said_at_its_place_in_the_configuration(
    config: Path, make: str | None, words: str
) -> None:
    """File, line and column of the setting."""
    (config.parent / "policies").rmdir()
    if make:
        (config.parent / "policies").touch()
    with pytest.raises(ConfigurationError, match=rf"^{re.escape(str(config))}:1:15: own_policies: .*{words}"):
        read(config, KINDS)


def test_rule__of_an_own_policy__is_read_as_strictly_as_ours(config: Path) -> None:
    """A key that it does not have, with its place; and a policy that is not there."""
    own(config, MINE.format("return page"))
    config.write_text("own_policies: policies\npolicies:\n  - mine:\n      - projcet: demo\n")
    with pytest.raises(ConfigurationError, match=r':4:9: policies\[0\]\.mine\[0\]: .*did you mean "project"'):
        read(config, KINDS)
    config.write_text("own_policies: policies\npolicies: [{mien: []}]\n")
    with pytest.raises(ConfigurationError, match='unknown policy "mien"; did you mean "mine"'):
        read(config, KINDS)


BOUNDS: dict[str, str] = {
    "nothing": "return None",
    "raises": "raise RuntimeError('no')",
    "another project": "return msgspec.structs.replace(page, project='other')",
    "another source": "return msgspec.structs.replace(page, source='pypi', sources={})",
    "a file more": "f = page.files[0]\n        return msgspec.structs.replace(page, files=(*page.files, "
    "msgspec.structs.replace(f, filename='demo-9.0-py3-none-any.whl')))",
    "a file twice": "return msgspec.structs.replace(page, files=page.files * 2)",
    "no file": "return msgspec.structs.replace(page, files=(1,))",
    "another address": "return msgspec.structs.replace(page, files=tuple(msgspec.structs.replace(f, "
    "url='https://example.org/x') for f in page.files))",
    "other hashes": "return msgspec.structs.replace(page, files=tuple(msgspec.structs.replace(f, hashes={}) "
    "for f in page.files))",
}


@pytest.mark.parametrize("body", BOUNDS.values(), ids=BOUNDS.keys())
def test_policy__out_of_its_bounds__refuses_the_page(config: Path, body: str) -> None:
    """Whatever is wrong with it, nobody gets what it has not judged."""
    own(config, MINE.format(body))
    before = page(wheel("1.0"))
    judged = after(config, msgspec.structs.replace(before, source="acme"))
    assert [file.refused and file.refused.policy for file in judged.files] == ["mine"]
    assert [file.url for file in judged.files] == [file.url for file in before.files]


def test_policy__that_takes_back_a_refusal__is_out_of_its_bounds() -> None:
    """What a policy above has refused stays so."""
    after = page(wheel("1.0"))
    refused = msgspec.structs.replace(after.files[0], refused=Refusal(policy="deny", reason="no"))
    with pytest.raises(OutOfBounds, match="took back a refusal"):
        check(msgspec.structs.replace(after, files=(refused,)), after)


def test_policy__that_only_takes_away__counts(config: Path) -> None:
    """Fewer files, in another order, are a page that this one may become."""
    own(config, MINE.format("return msgspec.structs.replace(page, files=page.files[:0:-1])"))
    assert [file.filename for file in after(config, page(*map(wheel, ("1.0", "2.0", "3.0")))).files] == [
        wheel(version) for version in ("3.0", "2.0")
    ]


def test_policy__read_again__is_the_same_until_its_file_is_another(config: Path) -> None:
    """So that an edit of something else judges no page anew, and an edit of it all of them."""
    own(config, MINE.format("return page"))
    first, again = read(config, KINDS), read(config, KINDS)
    assert first == again
    one, two = (made(each.policies[0], "") for each in (first, again))
    assert type(one) is type(two)
    own(config, MINE.format("return page  # another"))
    other = read(config, KINDS)
    assert other != first
    assert type(made(other.policies[0], "")) is not type(one)


def test_files__that_are_no_policies__are_left_alone(config: Path) -> None:
    """Notes, caches, what an editor leaves behind."""
    own(config, MINE.format("return page"))
    for name in ("_parts.py", ".mine.py", "README.md", "mine.py.swp"):
        (config.parent / "policies" / name).write_text("1 / 0")
    assert [each.name for each in read(config, KINDS).policies] == ["mine"]


def test_check__of_an_own_policy__says_what_a_gateway_would(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only shows when it is made, too."""
    monkeypatch.chdir(tmp_path)
    path = own(config, BAD[-1][1])
    said = call("check", "wheelgate.yaml")
    assert (said.exit_code, said.stderr) == (2, f"wheelgate: {path}:8: cannot be used: KeyError: 1\n")
    own(config, MINE.format("return page"))
    assert "policy      mine, 1 rule" in call("check", "wheelgate.yaml").stdout
