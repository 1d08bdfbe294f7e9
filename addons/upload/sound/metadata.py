"""Core metadata as it lies in the archive, which is the truth (UPL-05, UPL-08). Pure.

Source: PyPA specification "Core metadata"; what PyPI wants besides is marked.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import cast

from packaging.metadata import InvalidMetadata, Metadata, RawMetadata, parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from addons.simple.distributions import version
from addons.simple.names import ProjectName, spelled
from addons.upload.formed import Form
from addons.upload.sound.words import clean, few, invalid, no_value, unsound

_MOST_HEAD = 1024 * 1024  # bytes of it before the description
_MOST_LINES, _MOST_FIELDS = 20_000, 200  # of it; reading needs time by their product
_MOST_SUMMARY = 512  # characters, as PyPI has it
_MOST_LABEL = 32  # characters of a project URL's label, as PyPI has it
_FIRST_WITH_LICENSES = Version("2.4")
_URL = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)
_LINE = re.compile(rb"\r\n|\r|\n")
_SAYS_NOTHING = re.compile(rb"\n\r?\n|\r\r")
_FIELDS = {"project_urls": "Project-URL", "requires_dist": "Requires-Dist", "classifiers": "Classifier"}
# What packaging and the email parser of the standard library were seen to raise for texts of an attacker's making.
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, SyntaxError)


@dataclass(frozen=True)
class Told:
    """What core metadata says, and what is wrong with it. `raw` has its fields as they stand, by the names of packaging."""

    problems: tuple[str, ...]
    raw: RawMetadata = field(default_factory=RawMetadata)
    version: Version | None = None
    requires_python: str | None = None

    @property
    def license_files(self) -> tuple[str, ...]:
        """The files that have to be in the archive: those that are named since metadata version 2.4 (PEP 639)."""
        return tuple(self.raw.get("license_files", ())) if _has_licenses(self.raw) else ()


def read_metadata(content: bytes, form: Form, project: ProjectName) -> Told:
    """Read core metadata out of an archive, and compare it with the form. Raises nothing."""
    if fault := _too_much(content):
        return Told((unsound(fault),))
    try:
        raw, unparsed = parse_email(content)
        raw = _said(raw)
        problems = [*_unparsed(unparsed), *_disagreements(raw, form, project)]
        problems += [*few(_faults(raw)), *few(_own_faults(raw))]
    except _UNREADABLE as error:
        return Told((unsound(f"has core metadata that cannot be read ({type(error).__name__})"),))
    return Told(tuple(problems), raw, version(raw.get("version", "")), _python(raw))


def _said(raw: RawMetadata) -> RawMetadata:
    """Leave out what says that it says nothing, as setuptools once wrote it."""
    return cast(RawMetadata, {name: value for name, value in raw.items() if value != "UNKNOWN"})


def _too_much(content: bytes) -> str | None:
    blank = _SAYS_NOTHING.search(content)
    head = content[: blank.start() if blank else len(content)]
    if len(head) > _MOST_HEAD:
        return f"has core metadata with more than {_MOST_HEAD >> 20} MiB of headers"
    lines = _LINE.split(head)
    fields = {line.partition(b":")[0].lower() for line in lines if line[:1] not in (b" ", b"\t")}
    if len(lines) > _MOST_LINES or len(fields) > _MOST_FIELDS:
        return f"has core metadata with more than {_MOST_LINES} lines of headers, or more than {_MOST_FIELDS} fields"
    return None


def _unparsed(unparsed: Mapping[str, list[str]]) -> Iterator[str]:
    """Fields that nobody knows are left to come (MET-15); of those that are known, one value has to be readable."""
    for name in sorted(unparsed):
        if name in _KNOWN:
            yield invalid(_written(name), "It stands there more than once, or cannot be read.")


_KNOWN = frozenset({
    "author", "author-email", "classifier", "description", "description-content-type", "download-url", "dynamic", "home-page",
    "import-name", "import-namespace", "keywords", "license", "license-expression", "license-file", "maintainer",
    "maintainer-email", "metadata-version", "name", "obsoletes", "obsoletes-dist", "platform", "project-url", "provides",
    "provides-dist", "provides-extra", "requires", "requires-dist", "requires-external", "requires-python", "summary",
    "supported-platform", "version",
})  # fmt: skip


def _written(name: str) -> str:
    """Give a field's name as METADATA has it."""
    return _FIELDS.get(name) or "-".join(part.capitalize() for part in re.split("[-_]", name)).replace("Url", "URL")


def _disagreements(raw: RawMetadata, form: Form, project: ProjectName) -> Iterator[str]:
    """UPL-08: only name and version have to be the form's; of all else the archive's word counts."""
    name, said, known = raw.get("name", ""), raw.get("version", ""), form.one("metadata_version")
    if name and spelled(name) != project:
        yield no_value(name, "Name", f"The core metadata in the file is that of another project than '{project}'.")
    told, wanted = version(said), version(form.one("version") or "")
    if told is not None and wanted is not None and told != wanted:
        yield no_value(said, "Version", f"The core metadata in the file is that of another version than '{wanted}'.")
    if known is not None and known not in _versions():
        yield no_value(known, "Metadata-Version", f"Must be one of {', '.join(_versions())}.")


@cache
def _versions() -> tuple[str, ...]:
    """The metadata versions that are known, as packaging says."""
    wanted = ("1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6")
    return tuple(each for each in wanted if not list(_faults({"metadata_version": each, "name": "a", "version": "1"})))


def _has_licenses(raw: RawMetadata) -> bool:
    found = version(raw.get("metadata_version", ""))
    return found is not None and found >= _FIRST_WITH_LICENSES


def _faults(raw: RawMetadata) -> Iterator[str]:
    """What packaging has against it; License-File is let pass before 2.4, where setuptools wrote it for years."""
    checked = raw.copy()
    if not _has_licenses(raw):
        checked.pop("license_files", None)
    try:
        Metadata.from_raw(checked)
    except ExceptionGroup as group:
        found = [error for error in group.exceptions if isinstance(error, InvalidMetadata)]
        for error in sorted(found, key=lambda each: (each.field, str(each))):
            yield invalid(_written(error.field), clean(str(error), 250))


def _own_faults(raw: RawMetadata) -> Iterator[str]:
    """What PyPI wants beyond that."""
    if len(raw.get("summary", "")) > _MOST_SUMMARY:
        yield invalid("Summary", f"It has more than {_MOST_SUMMARY} characters.")
    for text in raw.get("requires_dist", ()):
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue  # which packaging has told
        if requirement.url is not None:
            yield no_value(text, "Requires-Dist", "Can't have direct dependency: name a version, not a place.")
    for text in raw.get("classifiers", ()):
        yield from _classifier_faults(text)
    if raw.get("license") and raw.get("license_expression"):
        yield invalid("License", "It is deprecated where there is a License-Expression: leave it out.")
    yield from _url_faults(raw)


def _url_faults(raw: RawMetadata) -> Iterator[str]:
    """Pages show these as links: what is no address of the web has no place there."""
    for key in ("home_page", "download_url"):
        url = str(raw.get(key, ""))
        if url and not _URL.fullmatch(url):
            yield no_value(url, _written(key), "Must be a URL of http or https.")
    for label, url in raw.get("project_urls", {}).items():
        if not _URL.fullmatch(url):
            yield no_value(url, "Project-URL", "Must be a URL of http or https.")
        if not label or len(label) > _MOST_LABEL:
            yield no_value(label, "Project-URL", f"Must have a label of 1 to {_MOST_LABEL} characters.")


def _classifier_faults(text: str) -> Iterator[str]:
    from trove_classifiers import classifiers, deprecated_classifiers  # 900 of them, which only uploads need

    if text in deprecated_classifiers:
        instead = ", ".join(f"'{each}'" for each in deprecated_classifiers[text])
        words = f"use {instead} instead" if instead else "it was taken away without another instead"
        yield no_value(text, "Classifier", f"It is deprecated: {words}.")
    elif text not in classifiers and not text.startswith("Private :: "):
        yield no_value(text, "Classifier", "It is no classifier of PyPI, nor one of your own ('Private :: ...').")


def _python(raw: RawMetadata) -> str | None:
    """Give Requires-Python as it is written, but on one line; None for one that cannot be read, or is empty."""
    return " ".join(raw.get("requires_python", "").split()) or None
