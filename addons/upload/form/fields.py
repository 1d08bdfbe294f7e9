"""The fields of an upload's form as they come: which there are, and what makes them wrong (UPL-05 to UPL-07). Pure."""

from addons.upload.form.bounds import Bounds
from addons.upload.formed import Form
from addons.upload.refusal import UploadRefused

CONTENT = "content"
SINGLE = frozenset(
    {
        *(":action", "protocol_version", "name", "version", "metadata_version", "filetype", "pyversion"),
        *("md5_digest", "sha256_digest", "blake2_256_digest", "attestations", "comment", "summary", "description"),
        *("description_content_type", "keywords", "home_page", "download_url", "author", "author_email", "maintainer"),
        *("maintainer_email", "license", "license_expression", "requires_python"),
    }
)
"""Fields of which there is one at most."""

MULTIPLE = frozenset(
    {
        *("classifiers", "requires_dist", "provides_dist", "obsoletes_dist", "requires_external", "project_urls"),
        *("provides_extra", "dynamic", "requires", "provides", "obsoletes", "platform", "supported_platform"),
        *("license_file", "import_name", "import_namespace"),
    }
)
"""Fields that are repeated, once for each value."""

_ALSO_WRITTEN = {
    "import_names": "import_name",
    "import_namespaces": "import_namespace",
    "provides_extras": "provides_extra",
    "license_files": "license_file",
    "platforms": "platform",
    "supported_platforms": "supported_platform",
}
_ABSENT = "UNKNOWN"


class Fields:
    """The fields that have come so far. What no client of PyPI's sends is let pass by (UPL-06)."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._total = 0
        self._found: dict[str, list[str]] = {}
        self._seen: set[str] = set()

    def begin(self, written: str, *, is_file: bool) -> str | None:
        """Give the name that the field counts under, None for one that nobody knows. Raises UploadRefused."""
        name = _ALSO_WRITTEN.get(written, written)
        if name not in SINGLE and name not in MULTIPLE:
            return None
        if is_file:
            raise UploadRefused(400, "form", f"{name}: Should not be a tuple.")
        if name in SINGLE and name in self._seen:
            raise UploadRefused(400, "form", f"Invalid value for {name}. Error: it is there more than once.")
        self._seen.add(name)
        return name

    def count(self, length: int, so_far: int) -> None:
        """Take so many bytes more into account, of a field that had `so_far`. Raises UploadRefused."""
        self._total += length
        if so_far + length > self._bounds.field or self._total > self._bounds.fields:
            most = self._bounds.field if so_far + length > self._bounds.field else self._bounds.fields
            what = "A field of the form" if most == self._bounds.field else "The fields of the form together"
            raise UploadRefused(400, "form", f"{what} may have {most} bytes, and this upload has more.")

    def end(self, name: str, value: bytes) -> None:
        """Take a field. Raises UploadRefused for what is no text."""
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            raise UploadRefused(400, "form", f"Invalid value for {name}. Error: it is no UTF-8.") from None
        if "\0" in text:
            raise UploadRefused(400, "form", f"Invalid value for {name}. Error: it has a NUL character.")
        if text.strip() not in ("", _ABSENT):
            self._found.setdefault(name, []).append(text)

    @property
    def form(self) -> Form:
        """What there is by now."""
        return Form({name: tuple(values) for name, values in self._found.items()})
