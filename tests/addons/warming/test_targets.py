"""For whom a cache is warmed: names of Pythons and platforms, what markers say there, which wheels are taken."""

import sys

import pytest
from packaging.markers import Marker, default_environment
from packaging.tags import parse_tag, sys_tags

from addons.warming.targets import Target, target


def takes(there: Target, tag: str) -> bool:
    """Tell whether some machine of the target takes a wheel of this tag."""
    return any(parse_tag(tag) & ranks.keys() for ranks in there.machines)


@pytest.mark.parametrize(
    ("platform", "taken", "refused"),
    [
        ("manylinux_2_28_x86_64", "cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-manylinux_2_29_x86_64"),
        ("manylinux_2_28_x86_64", "cp311-cp311-manylinux2014_x86_64", "cp311-cp311-manylinux2014_aarch64"),
        ("manylinux2014_x86_64", "cp311-cp311-manylinux1_x86_64", "cp311-cp311-manylinux_2_28_x86_64"),
        ("manylinux2014_aarch64", "cp311-cp311-manylinux_2_17_aarch64", "cp311-cp311-manylinux1_aarch64"),
        ("linux-x86_64", "cp311-cp311-manylinux_2_39_x86_64", "cp311-cp311-musllinux_1_2_x86_64"),
        ("musllinux_1_2_x86_64", "cp311-cp311-musllinux_1_1_x86_64", "cp311-cp311-musllinux_1_3_x86_64"),
        ("macosx_14_0_arm64", "cp39-abi3-macosx_11_0_universal2", "cp311-cp311-macosx_15_0_arm64"),
        ("macos-arm64", "cp311-cp311-macosx_15_0_arm64", "cp311-cp311-macosx_11_0_x86_64"),
        ("win_amd64", "cp311-cp311-win_amd64", "cp311-cp311-win32"),
        ("windows-amd64", "py3-none-any", "cp312-cp312-win_amd64"),
    ],
)
def test_target__of_a_platform__takes_its_wheels_only(platform: str, taken: str, refused: str) -> None:
    """The names are pip's, or friendly ones for every machine of a kind."""
    there = target("3.11", platform)
    assert (takes(there, taken), takes(there, refused)) == (True, False)


@pytest.mark.parametrize(
    ("platform", "marker"),
    [
        ("win_amd64", "sys_platform == 'win32' and os_name == 'nt' and platform_machine == 'AMD64'"),
        ("macos-arm64", "sys_platform == 'darwin' and platform_system == 'Darwin' and platform_machine == 'arm64'"),
        ("musllinux_1_2_aarch64", "sys_platform == 'linux' and platform_machine == 'aarch64'"),
        ("linux-x86_64", "python_version == '3.9' and implementation_name == 'cpython'"),
    ],
)
def test_target__of_another_machine__has_that_ones_markers(platform: str, marker: str) -> None:
    """They are never this machine's."""
    assert Marker(marker).evaluate({**target("3.9", platform).environment, "extra": ""})


def test_target__of_nothing__is_what_runs_here() -> None:
    """With the tags of this machine, in their order, and its markers."""
    there = target()
    tags = [tag for tag in sys_tags() if tag in there.machines[0]]
    assert (there.environment, str(there.python)) == (default_environment(), sys.version.split()[0])
    assert tags == sorted(there.machines[0], key=there.machines[0].__getitem__)


def test_target__python_without_its_last_number__is_the_newest_of_its_kind() -> None:
    """What asks for 3.9.2 gets it; who means an older one writes it."""
    assert target("3.9").python.micro > 20
    assert str(target("3.9.2").python) == "3.9.2"


@pytest.mark.parametrize(
    ("python", "platform"), [("4", None), ("three", None), ("3.12", "amiga-68k"), ("3.1.2.3", None)]
)
def test_target__of_no_known_name__says_how_to_write_it(python: str, platform: str | None) -> None:
    """An error with an example in it."""
    with pytest.raises(ValueError, match="write"):
        target(python, platform)
