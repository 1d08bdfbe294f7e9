"""Filenames, and the fields of a form that say what they say (UPL-05, UPL-09 to UPL-11). Pure.

Sources: PyPA specifications "Binary distribution format", "Source distribution format" (PEP 625), "Platform compatibility tags".
"""

import re
from collections.abc import Iterator

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from addons.policies.tags import tags_of
from addons.simple.distributions import version
from addons.simple.names import ProjectName, spelled
from addons.store.stored import FileType
from addons.upload.formed import Form
from addons.upload.sound.words import clean, invalid, no_value
from proxyconf.soundness import SoundRule

_LONGEST = 255  # characters; no file system has longer names
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_EXTENSIONS: dict[str, FileType] = {".whl": "bdist_wheel", ".tar.gz": "sdist"}
_PLATFORM = re.compile(
    r"any|win32|win_(?:amd64|arm64|arm32|ia64)"
    r"|(?:manylinux(?:1|2010|2014|_\d+_\d+)|musllinux_\d+_\d+)_\w+"
    r"|macosx_\d+_\d+_\w+|ios_\d+_\d+_\w+_iphone(?:os|simulator)|android_\d+_\w+"
    r"|(?:pyodide|pyemscripten|emscripten)_\w+_wasm32|wasi_\w+",
    re.ASCII,
)
_PLAIN_LINUX = re.compile(r"linux_\w+", re.ASCII)
_PYTHON = re.compile(r"[A-Za-z0-9][A-Za-z0-9._]*", re.ASCII)


def filetype_of(filename: str) -> FileType | None:
    """Give what a filename's extension says it is; None for one that no file here has."""
    return next((kind for extension, kind in _EXTENSIONS.items() if filename.endswith(extension)), None)


def name_problems(filename: str, form: Form, project: ProjectName, rule: SoundRule) -> Iterator[str]:
    """Yield what is wrong with a filename, and with the form's fields of which it is made."""
    kind = filetype_of(filename)
    bad = list(_unsafe(filename))
    yield from bad
    if kind is None:
        yield "Invalid file extension: Use .tar.gz for an sdist or .whl for a wheel."
    yield from _fields(form, kind)
    yield from _version(form, rule)
    if spelled(form.one("name") or "") != project:
        yield no_value(form.one("name") or "", "Name", f"this upload is for project '{project}'.")
    if bad or kind is None:
        return
    said = version(form.one("version") or "")
    yield from _wheel(filename, project, said, rule) if kind == "bdist_wheel" else _sdist(filename, project, said)


def _unsafe(filename: str) -> Iterator[str]:
    """UPL-09: what can be taken for a path, or cannot be shown."""
    if _CONTROL.search(filename):
        yield "Cannot upload a file with control characters in its name."
    if "/" in filename or "\\" in filename:
        yield "Cannot upload a file with '/' or '\\' in its name."
    if len(filename) > _LONGEST:
        yield f"Cannot upload a file with a name of more than {_LONGEST} characters."
    if not filename.isascii():
        yield "Cannot upload a file with other characters than ASCII in its name."


def _fields(form: Form, kind: FileType | None) -> Iterator[str]:
    said, python = form.one("filetype"), form.one("pyversion")
    if said is None or said not in _EXTENSIONS.values():
        yield invalid("filetype", "Use 'sdist' or 'bdist_wheel'.")
    elif kind is not None and said != kind:
        yield f"Invalid file extension: a file of filetype '{said}' ends in {_extension(said)}, not in {_extension(kind)}."
    if said == "sdist" and python not in (None, "source"):
        yield invalid("pyversion", "Use 'source' as Python version for an sdist.")
    if said == "bdist_wheel" and python is None:
        yield invalid("pyversion", "Python version is required for binary distribution uploads.")
    if python is not None and not _PYTHON.fullmatch(python):
        yield no_value(python, "pyversion", "Use a Python tag, such as 'py3' or 'cp312'.")


def _extension(kind: str) -> str:
    return next(extension for extension, each in _EXTENSIONS.items() if each == kind)


def _version(form: Form, rule: SoundRule) -> Iterator[str]:
    said = form.one("version")
    found = version(said or "")
    if found is None:
        yield no_value(said or "", "Version", "Must be a version of PEP 440, such as '1.0' or '1.0rc1'.")
    elif found.local is not None and not rule.local_versions:
        yield no_value(
            str(said), "Version", f"Versions with a local part ('+{clean(found.local)}') are not taken here."
        )


def _wheel(filename: str, project: ProjectName, said: Version | None, rule: SoundRule) -> Iterator[str]:
    shown, expected = clean(filename, _LONGEST), project.replace("-", "_")
    try:
        found = parse_wheel_filename(filename)[1]
    except InvalidWheelFilename as error:
        yield clean(f"Filename '{shown}' is invalid: {error}", 600)
        return
    tags = tags_of(filename)
    if tags is None:
        yield f"Filename '{shown}' is invalid: its tags cannot be read."
        return
    name = filename.partition("-")[0]
    if name != expected:
        yield f"Filename '{shown}' should contain the normalized project name '{expected}', not '{name}'."
    if said is not None and found != said:
        yield f"Version in filename should be '{said}' not '{found}'."
    for platform in tags.rpartition("-")[2].split("."):
        if not _PLATFORM.fullmatch(platform) and not (rule.plain_linux and _PLAIN_LINUX.fullmatch(platform)):
            yield f"Binary wheel '{shown}' has an unsupported platform tag '{platform}'."


def _sdist(filename: str, project: ProjectName, said: Version | None) -> Iterator[str]:
    start = project.replace("-", "_") + "-"
    shown = clean(filename, _LONGEST)
    if not filename.startswith(start):
        yield f"Start filename for '{project}' with '{start}', not as '{shown}'."
    elif said is not None and filename != f"{start}{said}.tar.gz":
        yield f"Filename '{shown}' is invalid, should be '{start}{said}.tar.gz'."
