"""What the organisation wants of its own files beyond what every file has to be. Pure."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Literal

import msgspec
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from proxyconf import values
from proxyconf.misfit import Misfit, settle, shown

FIELDS = (
    "summary", "description", "keywords", "author", "author_email", "maintainer", "maintainer_email", "home_page",
    "download_url", "license", "license_expression", "license_files", "classifiers", "requires_python", "requires_dist",
    "project_urls", "import_names",
)  # fmt: skip
"""The fields of core metadata that can be required; and one of `project_urls` by its label, as `project_urls.Source`."""


def url_label(label: str) -> str:
    """Give the label of a project URL as it is compared (well-known project URLs, packaging.python.org specification)."""
    return "".join(char for char in label if char.isalnum()).lower()


def _classifier(text: str) -> str:
    words = values.sentence(text)
    if " :: " not in words and "*" not in words:
        raise Misfit(
            f'{shown(text)} is no classifier; write one like "Private :: Do Not Upload", or a pattern like "Private :: *"'
        )
    return words


def _field(text: str) -> str:
    field, dot, label = text.partition(".")
    name = field.strip().lower().replace("-", "_")
    if name not in FIELDS or (dot and (name != "project_urls" or not url_label(label))):
        raise Misfit(
            f"{shown(text)} is no field of core metadata that can be required; write one of {', '.join(FIELDS)}, or one of the"
            ' project URLs by its label, like "project_urls.Source"'
        )
    return f"{name}.{label.strip()}" if dot else name


def _license(text: str) -> str:
    try:
        found = str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        found = ""
    if not found or {"AND", "OR"} & set(found.split()) or "(" in found:
        raise Misfit(
            f'{shown(text)} is no SPDX licence; write one a line, like "MIT", "Apache-2.0 WITH LLVM-exception" or'
            ' "LicenseRef-Acme"'
        )
    return found


class Classifiers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Classifiers, each whole or as a pattern with `*`: one of each `required` has to be there, none of the `forbidden`."""

    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        settle(self, required=_classifier, forbidden=_classifier)

    def faults(self, classifiers: tuple[str, ...]) -> Iterator[str]:
        """Yield what these lack, and what they must not have, in words that follow `it`."""
        for wanted in self.required:
            if not any(fnmatchcase(each, wanted) for each in classifiers):
                yield f"has no classifier '{wanted}'"
        for each in classifiers:
            if any(fnmatchcase(each, unwanted) for unwanted in self.forbidden):
                yield f"has the classifier '{each}'"


class SoundRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the files of some projects have to be: `project` is a name, a prefix as `acme-*`, or `*`. KB are 1000 bytes.

    `licenses`: what a License-Expression may be made of; empty for all. `sdist` "required": no release begins before the last
    one has its sdist.
    """

    project: str = "*"
    required: tuple[str, ...] = ()
    licenses: tuple[str, ...] = ()
    classifiers: Classifiers = Classifiers()
    sdist: Literal["required"] | None = None
    pyproject: Literal["required"] | None = None
    plain_linux: bool = True
    local_versions: bool = True
    max_description_kb: int = 1000

    def __post_init__(self) -> None:
        settle(
            self,
            project=values.scope,
            required=_field,
            licenses=_license,
            max_description_kb=values.between(1, 1000, "kilobytes"),
        )

    def covers(self, project: str) -> bool:
        """Whether the rule is about a project, whose name is normalised."""
        return self.project == "*" or values.covers(self.project, project)


class Soundness(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The organisation's own rules for uploads, of which the first that covers a project counts."""

    rules: tuple[SoundRule, ...] = ()

    def __post_init__(self) -> None:
        for number, rule in enumerate(self.rules):
            for earlier in self.rules[:number]:
                if earlier.covers(rule.project) or earlier.covers(rule.project.removesuffix("*")):
                    raise Misfit(
                        f"is never used: the rule for {shown(earlier.project)} stands before it, and the first one that"
                        " covers a project counts; write this one above that",
                        "rules",
                        number,
                    )

    def of(self, project: str) -> SoundRule:
        """Give the rule for a project, whose name is normalised: the one without any rules, if none covers it."""
        return next((rule for rule in self.rules if rule.covers(project)), _NONE)


_NONE = SoundRule()
