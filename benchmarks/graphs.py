"""Sets of projects that require each other, shaped as real ones are: what many ask for is deep down, and not all want the newest.

Names are made up. `jupyter` is one project and the hundred that come of it, pure Python and small; `scientific` is thirty
whose wheels are for one interpreter and machine, of 10 to 60 MB.
"""

import hashlib
import platform
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.bulk import entry
from benchmarks.documents import Entry, json_page
from benchmarks.made_wheels import MadeWheel

RELEASES = ("9999.1", "9999.2", "9999.3")
"""Those that can be had; all older ones are only listed."""

_CAPPED = 9  # of so many projects, one must not be the newest
_NOT_OF_MIRRORS = ("core-metadata", "data-dist-info-metadata", "provenance")
_ANY = ("py3-none-any",)
_HERE = f"cp{sys.version_info.major}{sys.version_info.minor}"
_MACHINES = tuple(
    f"{python}-{python}-{machine}"
    for python in dict.fromkeys(("cp311", _HERE, "cp313"))
    for machine in (f"manylinux_2_17_{platform.machine()}", "macosx_11_0_arm64", "win_amd64")
)
_MEGABYTES = (10, 16, 24, 36, 48, 60)
_LAYERS = {"small": (1, 3, 4), "jupyter": (1, 9, 20, 30, 26, 14), "scientific": (5, 8, 10, 7)}


@dataclass(frozen=True)
class Member:
    """One project of a set."""

    name: str
    requires: Sequence[str]
    listed: int
    tags: Sequence[str]
    size: int  # bytes of each wheel's payload
    described: int  # bytes of the description in its metadata

    @property
    def wheels(self) -> Sequence[MadeWheel]:
        """All that can be had, the oldest release first."""
        return [
            MadeWheel(self.name, version, tag, self.requires, self.size, described=self.described)
            for version in RELEASES
            for tag in self.tags
        ]

    def page(self, wheels: Sequence[MadeWheel]) -> bytes:
        """Its page as a plain mirror writes it: hashes and sizes, and not a word of core metadata."""
        old = [f"{self.name.replace('-', '_')}-1.{number}-py3-none-any.whl" for number in range(self.listed)]
        entries = [_old(filename, self.size) for filename in old]
        entries += [entry(wheel.filename, wheel.body.size, *wheel.digests) for wheel in wheels]
        return json_page(self.name, [_unannounced(each) for each in entries])


@dataclass(frozen=True)
class Graph:
    """A set: what a user asks for, and all that comes with it."""

    asked: Sequence[str]
    members: Mapping[str, Member]


def _old(filename: str, size: int) -> Entry:
    sha256, blake2b = hashlib.sha256(filename.encode()), hashlib.blake2b(filename.encode(), digest_size=32)
    found = entry(filename, size, sha256.hexdigest(), blake2b.hexdigest())
    return found | {"requires-python": ">=4"}  # nobody takes one, so that none has to be there


def _unannounced(found: Entry) -> Entry:
    return {key: value for key, value in found.items() if key not in _NOT_OF_MIRRORS}


def graph(kind: str) -> Graph:
    """Give one of `small`, `jupyter` and `scientific`: the same each time."""
    layers = [[f"{kind}-{depth}-{number}" for number in range(width)] for depth, width in enumerate(_LAYERS[kind])]
    chosen = random.Random(kind)
    wanted: dict[str, list[str]] = {name: [] for layer in layers for name in layer}
    for depth, layer in enumerate(layers[1:], 1):
        for number, name in enumerate(layer):
            first = layers[depth - 1][number % len(layers[depth - 1])]
            wanted[first].append(f"{name}<9999.3" if number % _CAPPED == _CAPPED - 1 else f"{name}>=1.2")
    for depth, layer in enumerate(layers[:-1]):
        deeper = [name for below in layers[depth + 1 :] for name in below]
        for name in layer:
            wanted[name] += [f"{other}>=1" for other in chosen.sample(deeper, min(chosen.randrange(4), len(deeper)))]
    return Graph(layers[0], {name: _member(name, kind, requires) for name, requires in wanted.items()})


def _member(name: str, kind: str, requires: Sequence[str]) -> Member:
    chosen = random.Random(name)
    large = kind == "scientific"
    size = chosen.choice(_MEGABYTES) * 1_000_000 if large else chosen.choice((15, 40, 90, 200, 700)) * 1000
    described = round(min(60_000, chosen.lognormvariate(9, 0.8)))  # half of them have more than 8 KB
    return Member(name, requires, chosen.randrange(10, 150), _MACHINES if large else _ANY, size, described)
