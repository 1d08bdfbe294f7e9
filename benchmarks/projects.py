"""A set of projects like real ones: how large their wheels are, how many files their pages list, what they require.

Names and figures are those of projects that many install; what is in the wheels is noise in files of 24 KB.
"""

import base64
import hashlib
import io
import random
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmarks.bulk import entry
from benchmarks.documents import PYPI_FILES, Entry, json_page, releases

VERSION = "9999.1"  # newer than anything that the pages list besides
_EPOCH = (2024, 1, 2, 3, 4, 4)
_MEMBER = 24_000  # bytes of each file in a wheel

# name, files on its page, kilobytes of its wheel, what it requires
_TABLE = """\
numpy 4400 16600
boto3 2000 140 botocore jmespath s3transfer
requests 244 65 charset-normalizer idna urllib3 certifi
flask 130 103 werkzeug jinja2 itsdangerous click blinker markupsafe
rich 400 243 markdown-it-py pygments
pydantic 400 440 pydantic-core typing-extensions annotated-types
pytest 350 365 iniconfig packaging pluggy pygments
attrs 80 64
python-dateutil 60 230 six
pyyaml 900 760
tqdm 250 79
click 140 98
jinja2 120 135 markupsafe
packaging 110 66
urllib3 200 130
certifi 160 160
typing-extensions 110 45
platformdirs 90 19
tabulate 40 36
wrapt 2500 120
botocore 3600 13900 jmespath python-dateutil urllib3
jmespath 60 20
s3transfer 100 85 botocore
charset-normalizer 2400 150
idna 60 70
werkzeug 200 224 markupsafe
itsdangerous 50 16
blinker 40 9
markupsafe 1800 23
markdown-it-py 60 87 mdurl
pygments 130 1200
mdurl 10 10
pydantic-core 4400 2000 typing-extensions
annotated-types 20 14
iniconfig 20 6
pluggy 50 20
six 80 11
"""
_LIBRARIES = 63  # further ones, which make it a hundred


@dataclass(frozen=True)
class Project:
    """One project, whose newest release can be had; the older ones are only listed."""

    name: str
    listed: int
    size: int  # bytes of its wheel, about
    requires: Sequence[str] = ()

    @property
    def stem(self) -> str:
        """Name and version as filenames have them."""
        return f"{self.name.replace('-', '_')}-{VERSION}"

    @cached_property
    def metadata(self) -> bytes:
        """Its core metadata, with a long description."""
        lines = ["Metadata-Version: 2.4", f"Name: {self.name}", f"Version: {VERSION}", "License-Expression: MIT"]
        lines += [f"Requires-Dist: {other}>=1" for other in self.requires]
        return "\n".join([*lines, "", "It says at length what it is for. \n" * (100 + self.listed % 300)]).encode()

    @cached_property
    def wheel(self) -> bytes:
        """The wheel that its newest release has: it can be installed."""
        module, info = self.name.replace("-", "_"), f"{self.stem}.dist-info"
        noise = random.Random(self.name)
        parts = [noise.randbytes(min(_MEMBER, self.size - at)) for at in range(0, self.size, _MEMBER)]
        members = {f"{module}/part{number}.py": part for number, part in enumerate(parts)} | {
            f"{info}/METADATA": self.metadata,
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: benchmark\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(_recorded(name, content) for name, content in members.items()) + f"{info}/RECORD,,\n"
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for name, content in {**members, f"{info}/RECORD": record.encode()}.items():
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
        return stream.getvalue()

    @cached_property
    def entry(self) -> Entry:
        """That wheel's entry on the page."""
        sha256, blake2b = hashlib.sha256(self.wheel), hashlib.blake2b(self.wheel, digest_size=32)
        described = hashlib.sha256(self.metadata).hexdigest()
        filename = f"{self.stem}-py3-none-any.whl"
        return entry(filename, len(self.wheel), sha256.hexdigest(), blake2b.hexdigest(), described)

    @property
    def path(self) -> str:
        """Where the wheel is on the files host; its metadata is at that and `.metadata` (PEP 658)."""
        return str(self.entry["url"]).removeprefix(PYPI_FILES)

    def page(self, scale: float) -> bytes:
        """Its page, `scale` times as long as it is."""
        return json_page(self.name, [*releases(self.name, max(1, round(self.listed * scale))), self.entry])


def _recorded(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


@dataclass(frozen=True)
class Group:
    """Projects: those that a user asks for, and all that come with them."""

    asked: Sequence[str]
    all: Sequence[Project]


def _read(line: str) -> Project:
    name, listed, size, *requires = line.split()
    return Project(name, int(listed), int(size) * 1000, requires)


def _library(number: int) -> Project:
    requires = [f"library-{number // 2}", "typing-extensions"] if number else ["packaging"]
    return Project(f"library-{number}", 20 + number * 7 % 230, int(20_000 * 1.08**number), requires)


def groups() -> dict[str, Group]:
    """Give the groups by name: `few` (three, four wheels), `twenty` (37 wheels, 38 MB), `hundred` (71 MB)."""
    real = [_read(line) for line in _TABLE.splitlines()]
    twenty = [project.name for project in real[:20]]
    few = ["tqdm", "jinja2", "tabulate"]
    libraries = [_library(number) for number in range(_LIBRARIES)]
    asked = [project.name for project in libraries[_LIBRARIES // 2 :]]
    return {
        "few": Group(few, [project for project in real if project.name in {*few, "markupsafe"}]),
        "twenty": Group(twenty, real),
        "hundred": Group([*twenty, *asked], [*real, *libraries]),
    }
