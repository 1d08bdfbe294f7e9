from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from addons.policies.tags import Tags, TagsRule, fits, tags_of
from proxyconf.misfit import Misfit
from tests.addons.policies.rules import AT, page
from tests.addons.policies.shapes import hidden, own

LINUX = TagsRule(platforms=("manylinux*x86_64", "WIN_amd64"), interpreters=("cp311", "cp312"))


def named(*tags: str) -> list[str]:
    """Give wheels of these tags."""
    return [f"foo_bar-1.0-{each}.whl" for each in tags]


FIT = named(
    "py3-none-any", "py2.py3-none-any", "py39-none-any", "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "cp312-cp312-win_amd64", "cp39-abi3-manylinux1_x86_64", "cp311-none-any", "CP311-CP311-WIN_AMD64", "1-py3-none-any",
    "py3-none-win_amd64", "cp310.cp311-cp310.cp311-win_amd64",
)  # fmt: skip
MISFIT = named(
    "cp313-cp313-win_amd64", "cp311-cp311-macosx_11_0_arm64", "py2-none-any", "py313-none-any", "cp313-abi3-win_amd64",
    "cp310-cp310-win_amd64", "cp310-none-any", "pp310-pypy310_pp73-win_amd64", "cp311-cp311-musllinux_1_1_x86_64",
    "cp27-abi3-win_amd64", "2-cp310-cp310-win_amd64",
)  # fmt: skip
NO_WHEELS = ["foo-bar-1.0.tar.gz", "foo_bar-1.0-cp39-win32.whl", "foo_bar.whl", "foo_bar-1.0-x-cp39-cp39-win32.whl",
             "foo_bar-1.0-cp39-cp39-win32.WHL", "foo_bar-x-cp39-cp39-win32.whl", f"foo_bar-1-{'a.' * 40}b-{'a.' * 40}b-c.whl", "foo_bar-1.0.win32-py2.7.exe", f"foo_bar-1.0-cp39-cp39-{'w' * 255}.whl"]  # fmt: skip


def test_tags__of_a_page__hide_exactly_the_wheels_that_no_machine_takes() -> None:
    """Sdists and names that cannot be read are left to other policies."""
    assert hidden(Tags([LINUX]), page(*FIT, *MISFIT, *NO_WHEELS)) == set(MISFIT)


def test_tags__of_a_hidden_wheel__say_what_it_is_for() -> None:
    """Who asks for it by its address can read why."""
    [file] = Tags([LINUX]).apply(page(*named("cp39-cp39-win32")), AT).files
    assert file.refused is not None
    assert file.refused.reason == "it is for cp39-cp39-win32, which no machine here is"


@pytest.mark.parametrize(
    ("rule", "fitting", "others"),
    [
        ({"platforms": ("linux_*",)}, ["cp27-cp27mu-linux_i686", "py3-none-any"], ["py3-none-win32"]),
        ({"platforms": ("*",), "any_platform": False}, ["py3-none-win32"], ["py3-none-any"]),
        ({"platforms": ("*",)}, ["py3-none-win32", "py3-none-any", "x-y-z"], []),
        ({"abis": ("cp3??",)}, ["cp313-cp313-win32", "py3-none-any", "cp39-abi3-win32"], ["cp313-cp313t-win32"]),
        ({"interpreters": ("cp31*",)}, ["cp310-cp310-any", "py2-none-any", "cp39-abi3-any"], ["cp39-cp39-any", "pp39-pypy39-any"]),
        ({"interpreters": ("[cp]p3*",)}, ["cp310-abi3-any", "pp39-pypy39-any"], ["cp27-cp27-any"]),
        ({"interpreters": ("pp310",)}, ["pp310-pypy310_pp73-any", "py3-none-any"], ["py311-none-any", "cp39-abi3-any"]),
        ({"interpreters": ("py3",)}, ["py3-none-any"], ["cp310-cp310-any", "py2-none-any"]),
    ],
)  # fmt: skip
def test_tags__by_patterns__fit_as_they_say(rule: dict[str, Any], fitting: list[str], others: list[str]) -> None:
    """What is left out narrows nothing; what might be meant by a pattern stays."""
    assert hidden(Tags([TagsRule(**rule)]), page(*named(*fitting, *others))) == set(named(*others))


def test_tags__with_an_exception_above__let_all_of_a_project_in() -> None:
    """The first rule that covers a file decides; own files are free."""
    before = page(*MISFIT)
    exception = TagsRule(project="foo-bar", platforms=("*",))
    assert Tags([exception, LINUX]).apply(before, AT) is before
    assert not hidden(Tags([LINUX]), own(before))


@pytest.mark.parametrize("minor", [8, 11, 13])
def test_tags__that_an_interpreter_takes__all_fit(minor: int) -> None:
    """Nothing that packaging would install on such a machine is hidden: every tag of its list fits."""
    platforms = ["manylinux_2_17_x86_64"]
    machines = ((f"cp3{minor}",), (), ("manylinux*x86_64",), True)
    taken = [
        *cpython_tags((3, minor), abis=[f"cp3{minor}"], platforms=platforms),
        *compatible_tags((3, minor), interpreter=f"cp3{minor}", platforms=platforms),
    ]
    assert [tag for tag in map(str, taken) if not fits(tag, machines)] == []


parts = st.sampled_from(
    ["cp39", "py3", "py2.py3", "none", "win32", "any", "1", "1a", "x", "", "manylinux1_x86_64.linux"]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(parts, min_size=2, max_size=5), st.sampled_from([".whl", ".tar.gz", ".WHL"]))
def test_tags__of_any_name__are_those_that_packaging_reads(tail: list[str], ending: str) -> None:
    """The compressed tags mean what packaging expands them to; where it reads no wheel's name, none is judged."""
    filename = "-".join(["foo_bar", "1.0", *tail]) + ending
    try:
        parsed = {str(tag) for tag in parse_wheel_filename(filename)[3]}
    except InvalidWheelFilename:
        assert tags_of(filename) is None
        return
    read = tags_of(filename)
    assert read is not None
    interpreters, abis, platforms = (part.split(".") for part in read.split("-"))
    assert {f"{i}-{a}-{p}" for i in interpreters for a in abis for p in platforms} == parsed


@pytest.mark.parametrize("rule", [{}, {"platforms": ("",)}, {"abis": ("a b",)}, {"interpreters": ("cp3",)}])
def test_tags__without_a_meaning__are_misfits(rule: dict[str, Any]) -> None:
    """`cp3` alone would hide what is meant by it."""
    with pytest.raises(Misfit):
        TagsRule(**rule)
