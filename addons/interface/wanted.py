"""What the bodies of requests say. Pure. Unknown keys are refused: a misspelt one must not change what is done."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from addons.store.stored import Role

# Nothing that a terminal takes for an order, or that turns a line around or breaks it: clients print such words as they are.
_UNSHOWN = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_END = r"$(?!\n)"  # a $ alone fits in front of a last line break, too
_WORDS = rf"^[^{_UNSHOWN}]*{_END}"
_SAID = rf"^[^{_UNSHOWN}]*[^\x20\xa0{_UNSHOWN}][^{_UNSHOWN}]*{_END}"

type Reason = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=500,
        pattern=_SAID,
        description="Why, for who asks later.",
        examples=["loses data, use 1.1"],
    ),
]
type MayBeReason = Annotated[str, Meta(max_length=500, pattern=_WORDS, description="Why, for who asks later.")]
type Files = Annotated[
    tuple[Annotated[str, Meta(min_length=1, max_length=300, pattern=_WORDS)], ...],
    Meta(min_length=1, max_length=200, description="Of the release's files only these. Without it: all of them."),
]
type Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=rf"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?{_END}",
        description="A project, in any spelling.",
        examples=["acme-pad"],
    ),
]
type Version = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=rf"^[A-Za-z0-9]([A-Za-z0-9!+._-]*[A-Za-z0-9])?{_END}",
        description="A version, in any spelling of PEP 440.",
        examples=["1.0"],
    ),
]
type Whom = Annotated[
    str,
    Meta(
        max_length=200,
        pattern=rf"^(user|group|ci):[A-Za-z0-9]([A-Za-z0-9._+/ -]*[A-Za-z0-9._+-])?(@[a-z0-9][a-z0-9._-]*)?{_END}",
        description='A principal: "user:alice", "group:controls", "ci:PATH@REALM". Its slashes are written as they are.',
        examples=["user:alice"],
    ),
]


class Wanted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One body."""


class Yank(Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yank a release, or some of its files."""

    reason: Reason
    files: Files | UnsetType = UNSET


class Unyank(Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Un-yank a release, or some of its files."""

    files: Files | UnsetType = UNSET


class Delete(Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Delete a release, or some of its files. `confirm` is the version once more."""

    reason: Reason
    confirm: Version
    files: Files | UnsetType = UNSET


class GiveRole(Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give a role."""

    role: Role
    reason: MayBeReason = ""


class Transfer(Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hand a project over."""

    to: Whom
    reason: Reason


class SetStatus(Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Put a project under another status (PEP 792). "quarantined" is for those who run the gateway."""

    status: Literal["active", "archived", "deprecated"]
    reason: MayBeReason = ""


class MakeToken(Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Make a token. What is left out is as the caller's own proof has it, but that it may claim no names."""

    note: Annotated[str, Meta(max_length=100, pattern=_WORDS, description="What it is for.")] = ""
    projects: (
        Annotated[tuple[Name, ...], Meta(min_length=1, max_length=100, description="Only for these projects.")]
        | UnsetType
    ) = UNSET
    may_claim: Annotated[bool, Meta(description="Whether it may claim names that nobody has.")] = False
    until: Annotated[datetime, Meta(tz=True, description="When it ends by itself.")] | UnsetType = UNSET
