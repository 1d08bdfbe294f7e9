"""What the organisation wants of its own files, by the rules of its configuration (`uploads.soundness`). Pure."""

from collections.abc import Collection, Iterator
from typing import Any, cast

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.metadata import RawMetadata

from addons.simple.distributions import version
from addons.store.stored import NewFile, Standing
from addons.upload.sound.words import clean, no_value
from proxyconf.soundness import SoundRule, url_label

_WORDS = ("AND", "OR", "(", ")")


def organisation_problems(raw: RawMetadata, rule: SoundRule) -> Iterator[str]:
    """Yield what core metadata lacks that the organisation wants, and what it has that it does not want."""
    for field in rule.required:
        if not _has(raw, field):
            yield f"Invalid value for {field}. Error: This project's files have to have one."
    if rule.licenses:
        yield from _license(raw, rule.licenses)
    for fault in rule.classifiers.faults(tuple(raw.get("classifiers", ()))):
        yield clean(
            f"Invalid value for Classifier. Error: The file {fault}, which this project's files {_must(fault)}.", 400
        )


def _must(fault: str) -> str:
    return "have to have" if fault.startswith("has no ") else "must not have"


def _has(raw: RawMetadata, field: str) -> bool:
    name, _, label = field.partition(".")
    found = cast(dict[str, Any], raw).get(name)
    if label:
        return any(url_label(each) == url_label(label) and url for each, url in (found or {}).items())
    return bool(found.strip() if isinstance(found, str) else found)


def _license(raw: RawMetadata, allowed: Collection[str]) -> Iterator[str]:
    said = raw.get("license_expression", "")
    one_of = clean(", ".join(allowed), 200)
    if not said:
        yield f"Invalid value for License-Expression. Error: This project's files have to have one, made of: {one_of}."
        return
    try:
        fits = is_allowed(str(canonicalize_license_expression(said)), allowed)
    except InvalidLicenseExpression:
        return  # which is a fault of the core metadata
    if not fits:
        yield no_value(said, "License-Expression", f"The licences for this project's files are: {one_of}.")


def is_allowed(expression: str, allowed: Collection[str]) -> bool:
    """Tell whether an SPDX expression, canonical, can be fulfilled with these licences: all of an AND, one of an OR.

    Without recursion, as parentheses can be nested at will (Dijkstra's two stacks).
    """
    values: list[bool] = []
    operators: list[str] = []

    def reduce(down_to: Collection[str]) -> None:
        while operators and operators[-1] not in down_to:
            right, left = values.pop(), values.pop()
            values.append((left and right) if operators.pop() == "AND" else (left or right))

    known = {each.lower() for each in allowed}
    for word in _terms(expression):
        if word == "(":
            operators.append(word)
        elif word == ")":
            reduce(("(",))
            operators.pop()
        elif word in _WORDS:
            reduce(("(", "OR") if word == "AND" else ("(",))
            operators.append(word)
        else:
            values.append(word.lower() in known)
    reduce(())
    return values.pop()


def _terms(expression: str) -> Iterator[str]:
    """Yield operators, parentheses, and licences with their exceptions ("A WITH B")."""
    licence: list[str] = []
    for word in expression.replace("(", " ( ").replace(")", " ) ").split():
        if word in _WORDS:
            if licence:
                yield " ".join(licence)
            licence = []
            yield word
        else:
            licence.append(word)
    if licence:
        yield " ".join(licence)


def sdist_owed(before: Standing | None, new: NewFile, rule: SoundRule) -> str | None:
    """Say that a file would begin a release while the project's last one has no sdist, where that is required.

    To be asked of the project as it stands in the transaction that adds the file. Clients send the files of a release one by
    one, in any order, so none of them can be refused for what may still come; the next release can. A release that is
    yanked owes nothing.
    """
    if rule.sdist != "required" or before is None or not before.files:
        return None
    begun = {version(each.file.version) for each in before.files}
    last = max(before.files, key=lambda each: each.uploaded)
    release = [each for each in before.files if version(each.file.version) == version(last.file.version)]
    if version(new.version) in begun or all(each.yanked is not None for each in release):
        return None
    if any(each.file.filetype == "sdist" for each in release):
        return None
    return clean(
        f"Release {last.file.version} of '{before.project}' has no sdist, and this project's releases have to have one:"
        f" upload it (or yank that release), and then {new.version} again.",
        400,
    )
