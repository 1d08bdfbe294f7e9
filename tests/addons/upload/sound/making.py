"""What the tests of this folder share: sound wheels and sdists as bytes, their forms, and a way to have them examined."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from addons.simple.names import ProjectName
from addons.upload.formed import Form, Spooled
from addons.upload.sound.examined import Examined, examine
from proxyconf.soundness import Soundness, SoundRule
from tests.addons.metadata.archives import tarred, zipped

PROJECT = ProjectName("foo-bar")
INFO = "foo_bar-1.0.dist-info"
WHEEL_NAME, SDIST_NAME = "foo_bar-1.0-py3-none-any.whl", "foo_bar-1.0.tar.gz"
METADATA = b"Metadata-Version: 2.4\nName: foo-bar\nVersion: 1.0\n"
WHEEL = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

type Members = Mapping[str, bytes | None]


def record_line(name: str, content: bytes, kind: str = "sha256") -> str:
    """A line of RECORD."""
    digest = base64.urlsafe_b64encode(hashlib.new(kind, content).digest()).rstrip(b"=").decode()
    return f"{name},{kind}={digest},{len(content)}\n"


def files(more: Members | None = None, metadata: bytes = METADATA, info: str = INFO) -> dict[str, bytes]:
    """The members of a wheel but RECORD; None in `more` takes one away."""
    wanted = {"foo_bar.py": b"x = 1\n", f"{info}/METADATA": metadata, f"{info}/WHEEL": WHEEL, **(more or {})}
    return {name: content for name, content in wanted.items() if content is not None}


def recorded(members: Mapping[str, bytes], info: str = INFO) -> dict[str, bytes]:
    """The members, with a RECORD of them."""
    lines = [record_line(name, content) for name, content in members.items() if not name.endswith("/")]
    return {**members, f"{info}/RECORD": "".join([*lines, f"{info}/RECORD,,\n"]).encode()}


def wheel(more: Members | None = None, metadata: bytes = METADATA, info: str = INFO) -> bytes:
    """A wheel, sound but for what is said."""
    return zipped(recorded(files(more, metadata, info), info))


def sdist(more: Members | None = None, metadata: bytes = METADATA, top: str = "foo_bar-1.0") -> bytes:
    """An sdist, sound but for what is said."""
    wanted = {"PKG-INFO": metadata, "pyproject.toml": b"[project]\n", "foo_bar.py": b"x = 1\n", **(more or {})}
    return tarred(*((f"{top}/{name}", content) for name, content in wanted.items() if content is not None))


def form(filename: str, **fields: str | tuple[str, ...] | None) -> Form:
    """The form of a file of foo-bar 1.0; None takes a field away."""
    kind = ("bdist_wheel", "py3") if filename.endswith(".whl") else ("sdist", "source")
    usual = {"name": "foo-bar", "version": "1.0", "filetype": kind[0], "pyversion": kind[1], "metadata_version": "2.4"}
    said = {**usual, **fields}
    return Form({name: (each,) if isinstance(each, str) else each for name, each in said.items() if each is not None})


type Examine = Callable[..., Examined]


def examining(folder: Path) -> Examine:
    """Give what examines bytes under a filename, with fields of the form, and the rule for the project."""

    def run(
        content: bytes,
        filename: str = WHEEL_NAME,
        *,
        rule: SoundRule | None = None,
        project: ProjectName = PROJECT,
        **fields: str | tuple[str, ...] | None,
    ) -> Examined:
        path = folder / "spooled"
        path.write_bytes(content)
        hashes = (
            hashlib.md5(content, usedforsecurity=False),
            hashlib.sha256(content),
            hashlib.blake2b(content, digest_size=32),
        )
        md5, sha256, blake2b = (each.hexdigest() for each in hashes)
        spooled = Spooled(path, filename, len(content), md5, sha256, blake2b)
        found = examine(form(filename, **fields), spooled, project, Soundness(rules=(rule,) if rule else ()))
        for line in found.problems:
            assert line.isascii(), line
            assert line.isprintable(), line
            assert "already exist" not in line.lower()
        assert (found.new is None) is bool(found.problems)
        return found

    return run
