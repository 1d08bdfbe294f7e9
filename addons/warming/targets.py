"""For whom a cache is warmed: a version of Python on a kind of machine; what markers say there, which wheels it takes.

Sources: PyPA specifications "Platform compatibility tags" and "Dependency specifiers" (environment markers).
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from packaging.markers import default_environment
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms, platform_tags
from packaging.version import Version

_PYTHON = re.compile(r"3\.[0-9]{1,2}(\.[0-9]{1,3})?")
_LATE = 99  # the patch level of a Python of which only 3.N is said: the newest one, whichever that is
_OLDEST = {"x86_64": 5, "i686": 5}  # glibc 2.N of manylinux1; other machines begin with manylinux2014
_MANYLINUX2014 = 17  # glibc 2.N
_NEWEST_GLIBC = 45
_LEGACY = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
_MACS = {"arm64": range(11, 27), "x86_64": range(11, 27)}
_WINDOWS = {"win32": "x86", "win_amd64": "AMD64", "win_arm64": "ARM64"}
_NAMES = {
    "windows_amd64": "win_amd64", "windows_x86_64": "win_amd64", "windows_arm64": "win_arm64", "windows_x86": "win32",
}  # fmt: skip
_GLIBC = re.compile(r"manylinux_2_([0-9]{1,2})_(\w+)")
_MUSL = re.compile(r"musllinux_1_([0-9]{1,2})_(\w+)")
_MAC = re.compile(r"macosx_([0-9]{1,2})_([0-9]{1,2})_(arm64|x86_64)")
_ANY = re.compile(r"(linux|macos)_(\w+)")


@dataclass(frozen=True)
class Target:
    """A Python on a kind of machine. `environment` is what markers are evaluated in, without `extra`.

    `machines`: for each machine that the platform may mean, the tags that it takes, with their rank: the lowest is best.
    """

    words: str
    python: Version
    environment: Mapping[str, str]
    machines: tuple[Mapping[Tag, int], ...]


def target(python: str | None = None, platform: str | None = None) -> Target:
    """Give the target of a Python ("3.12", "3.12.4"; None: the one that runs) on a platform (None: this machine).

    Platforms are named as pip takes them (manylinux_2_28_x86_64, manylinux2014_aarch64, musllinux_1_2_x86_64,
    macosx_14_0_arm64, win_amd64), or linux-ARCH and macos-ARCH for every glibc and every macOS. Raises ValueError, in words.
    """
    short, full = _python(python)
    kinds, machine = ([list(platform_tags())], _here()) if platform is None else _platform(platform)
    environment = {
        **machine,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "implementation_version": str(full),
        "python_full_version": str(full),
        "python_version": f"{short[0]}.{short[1]}",
        "platform_release": "",
        "platform_version": "",
    }
    if platform is None and full == _running():
        environment = cast(dict[str, str], dict(default_environment()))
    machines = tuple({tag: rank for rank, tag in reversed(list(enumerate(_tags(short, kind))))} for kind in kinds)
    said = python or f"{short[0]}.{short[1]}"
    return Target(f"Python {said} on {platform or 'this machine'}", full, environment, machines)


def _running() -> Version:
    return Version(".".join(map(str, sys.version_info[:3])))


def _python(text: str | None) -> tuple[tuple[int, int], Version]:
    running = _running()
    if text is None:
        return sys.version_info[:2], running
    if not _PYTHON.fullmatch(text):
        raise ValueError(f'{ascii(text)[:40]} is no Python; write it as "3.12" or "3.12.4"')
    version = Version(text)
    short = (version.major, version.minor)
    if len(version.release) == len(short):
        version = running if short == running.release[:2] else Version(f"{text}.{_LATE}")
    return short, version


def _here() -> dict[str, str]:
    here = default_environment()
    return {
        "os_name": here["os_name"],
        "sys_platform": here["sys_platform"],
        "platform_system": here["platform_system"],
        "platform_machine": here["platform_machine"],
    }


def _machine(os_name: str, sys_platform: str, system: str, machine: str) -> dict[str, str]:
    return {
        "os_name": os_name,
        "sys_platform": sys_platform,
        "platform_system": system,
        "platform_machine": machine,
    }


def _platform(text: str) -> tuple[list[list[str]], dict[str, str]]:
    """Give the platform tags of each machine that the name may mean, best first, and what markers say of them."""
    name = _spelled(text)
    if name in _WINDOWS:
        return [[name]], _machine("nt", "win32", "Windows", _WINDOWS[name])
    if found := _GLIBC.fullmatch(name):
        return [list(_manylinux(int(found[1]), found[2]))], _linux(found[2])
    if found := _MUSL.fullmatch(name):
        return [list(_musllinux(int(found[1]), found[2]))], _linux(found[2])
    if found := _MAC.fullmatch(name):
        return [list(mac_platforms((int(found[1]), int(found[2])), found[3]))], _mac(found[3])
    if (found := _ANY.fullmatch(name)) and found[1] == "linux":
        newest_first = range(_NEWEST_GLIBC, _MANYLINUX2014 - 1, -1)
        return [list(_manylinux(minor, found[2])) for minor in newest_first], _linux(found[2])
    if found and found[2] in _MACS:
        return [list(mac_platforms((major, 0), found[2])) for major in reversed(_MACS[found[2]])], _mac(found[2])
    raise ValueError(
        f"{ascii(text)[:60]} is no platform that is known here; write for example manylinux_2_28_x86_64, linux-x86_64, "
        "musllinux_1_2_x86_64, macosx_14_0_arm64, macos-arm64 or win_amd64"
    )


def _spelled(text: str) -> str:
    name = text.strip().lower().replace("-", "_").replace(".", "_")
    name = _NAMES.get(name, name)
    for minor, legacy in _LEGACY.items():
        if name.startswith(f"{legacy}_"):
            return f"manylinux_2_{minor}_{name.removeprefix(f'{legacy}_')}"
    return name


def _linux(machine: str) -> dict[str, str]:
    return _machine("posix", "linux", "Linux", machine)


def _mac(machine: str) -> dict[str, str]:
    return _machine("posix", "darwin", "Darwin", machine)


def _manylinux(minor: int, machine: str) -> Iterator[str]:
    """Give the platforms of a machine with glibc 2.`minor` (PEP 600), newest first."""
    yield f"linux_{machine}"
    for each in range(minor, _OLDEST.get(machine, _MANYLINUX2014) - 1, -1):
        yield f"manylinux_2_{each}_{machine}"
        if each in _LEGACY:
            yield f"{_LEGACY[each]}_{machine}"


def _musllinux(minor: int, machine: str) -> Iterator[str]:
    """Give the platforms of a machine with musl 1.`minor` (PEP 656), newest first."""
    yield f"linux_{machine}"
    for each in range(minor, -1, -1):
        yield f"musllinux_1_{each}_{machine}"


def _tags(python: tuple[int, int], platforms: Iterable[str]) -> Iterator[Tag]:
    names = list(platforms)
    interpreter = f"cp{python[0]}{python[1]}"
    abis = [f"{interpreter}m" if python < (3, 8) else interpreter]  # PEP 3149; the m went with Python 3.8
    yield from cpython_tags(python, abis, names)
    yield from compatible_tags(python, interpreter, names)
