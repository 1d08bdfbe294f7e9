"""Rules of policies as an operator writes them: which files one is about, why, and until when. Pure.

Every policy's rules are structs that come of `Rule`; which policies there are is said by whoever reads a configuration.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import msgspec
from packaging.specifiers import SpecifierSet

from proxyconf import values
from proxyconf.instants import Instant
from proxyconf.misfit import Misfit, settle

EVERY = "*"
"""As a project: every one."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a rule is about; what is left out narrows nothing. `until`: the instant at which it ends by itself.

    `project` is a name in any spelling, a prefix as `acme-*`, or `*`. `files` are globs of filenames, of which one must match;
    `sha256` are those of files, of which one must be the file's. `id` is a ticket or an advisory, `author` who decided.
    `refuses` is whether its policy refuses files at all, so that they can be let past it.
    """

    refuses: ClassVar[bool] = True

    project: str | None = None
    versions: SpecifierSet | None = None
    files: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()
    reason: str | None = None
    id: str | None = None
    author: str | None = None
    until: Instant | None = None

    def __post_init__(self) -> None:
        settle(
            self,
            project=values.scope,
            files=values.filename_glob,
            sha256=values.sha256,
            reason=values.sentence,
            id=values.sentence,
            author=values.sentence,
        )

    @property
    def lets_past(self) -> tuple[str, ...] | None:
        """The names of the policies that the rule lets files past, none for all of them; None: it lets nothing past any."""
        return None

    def must_name_files(self) -> None:
        """Raise Misfit for a rule that would be about everything only because nothing is written in it."""
        if self.project is None and not self.sha256:
            raise Misfit(f'names neither a project nor a sha256; write project: "{EVERY}" if it is about every project')


type Kinds = Mapping[str, type[Rule]]
"""The policies that there are, by name, with what their rules are."""

NO_KINDS: Kinds = {}
"""No policy at all."""


class Extensible(dict[str, type[Rule]]):
    """Kinds to which those of an operator come, out of a folder.

    `find` gives them by name; it raises Misfit for a folder that cannot be used, and ConfigurationError for a file in it.
    `stamp` gives what changes whenever a file in the folder does.
    """

    def __init__(self, kinds: Kinds, find: Callable[[Path], Kinds], stamp: Callable[[Path], object]) -> None:
        super().__init__(kinds)
        self.find = find
        self.stamp = stamp


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One step of what is done to a page: the policy's one name, which is its YAML key, its module and its word in refusals.

    `lines` says where in the configuration each rule begins, from 1; empty where it was not read from one. `places` says in
    words where each rule comes from that was not read from a configuration: of which decision. `own` is what the rules of a policy of the operator's own are, None for one of ours: another version of its file is another policy.
    """

    name: str
    rules: tuple[Rule, ...] = ()
    lines: tuple[int, ...] = ()
    places: tuple[str, ...] = ()
    own: Any = None


class OneOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy as it is written: an item with one key. The attributes are those of the kinds there are."""

    def __post_init__(self) -> None:
        written = self.written()
        if len(written) > 1:
            raise Misfit(f'has {" and ".join(written)}; each policy is a list item of its own, with a "-" before it')
        if not written:
            raise Misfit(f"names no policy; write one of: {', '.join(self.__struct_fields__)}")

    def written(self) -> Mapping[str, tuple[Rule, ...]]:
        """Give the rules by the policies' names."""
        return {name: rules for name in self.__struct_fields__ if (rules := getattr(self, name)) is not None}


def one_of(kinds: Kinds) -> type[OneOf]:
    """Give the type of an item of `policies`."""
    fields: list[tuple[str, Any, Any]] = [
        (name, tuple[kind, ...] | None, None)  # type: ignore[valid-type]  # a type that is known at run time only
        for name, kind in kinds.items()
    ]
    made = msgspec.defstruct("Policy", fields, bases=(OneOf,), frozen=True, kw_only=True, forbid_unknown_fields=True)
    return cast(type[OneOf], made)
