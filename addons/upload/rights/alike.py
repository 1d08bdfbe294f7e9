"""Names that look alike, as PyPI compares them, and names that no project may have (UPL-27). Pure."""

import sys

from addons.simple.names import InvalidName, ProjectName, normalise
from addons.upload.refusal import UploadRefused
from proxyconf import values

_KEY = str.maketrans({"-": None, "_": None, ".": None, "l": "1", "i": "1", "o": "0"})


def look_alike_key(name: str) -> str:
    """Give what names that look alike have in common: PyPI's `ultranormalize_name` of a name in any spelling."""
    return name.lower().translate(_KEY)


def _standard() -> frozenset[str]:
    """Give the names of the standard library's modules, normalised as PyPI does it: without underscores at the ends."""
    stripped = (name.strip("-_.") for name in sys.stdlib_module_names)
    return frozenset(normalise(name) for name in stripped if name)


STANDARD_LIBRARY = _standard()


def named(name: str) -> ProjectName:
    """Give the project that a text names. Raises UploadRefused for a text that can be no project's name (NAM-02)."""
    try:
        return normalise(name)
    except InvalidName:
        line = (
            f"The name {_shown(name)} is invalid. A name has ASCII letters, digits, '.', '_' and '-' only, with a letter or digit"
            " first and last."
        )
        raise UploadRefused(400, "name", line) from None


def check_possible(project: ProjectName, prohibited: tuple[str, ...]) -> None:
    """Raise UploadRefused for a name that nobody gets: a module's of the standard library, or a prohibited one."""
    if project in STANDARD_LIBRARY:
        line = (
            f"The name '{project}' isn't allowed (conflict with Python Standard Library module name). Choose another."
        )
        raise UploadRefused(400, "name", line)
    if any(values.covers(each, project) for each in prohibited):
        raise UploadRefused(400, "name", f"The name '{project}' isn't allowed. It is prohibited here; choose another.")


def _shown(name: str) -> str:
    return ascii(name[:80])
