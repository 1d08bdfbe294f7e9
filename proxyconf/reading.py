"""From a YAML file to Settings; whatever is wrong comes out as a ConfigurationError with file, line and column."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, override

import msgspec
import yaml

from proxyconf.addresses import Address
from proxyconf.checking import check
from proxyconf.instants import Instant
from proxyconf.misfit import Misfit
from proxyconf.nodes import find, plain, tree
from proxyconf.rule_checks import check_every_rule
from proxyconf.rules import NO_KINDS, Extensible, Kinds, Policy
from proxyconf.settings import Settings, settings_type
from proxyconf.shape import Shape
from proxyconf.syntax import Fault
from proxyconf.values import specifiers
from proxyconf.wording import Complaint, complaint, misfitting, type_error

MAX_BYTES = 16 * 1024 * 1024


class ConfigurationError(Exception):
    """A configuration that can't be used. `str()` is `file:line:column: words`, as compilers write it.

    Line and column count from 1 and are None where the fault has no place in the text. The words name the value at
    fault, what is wrong with it and what to do; they never hold a secret. `elsewhere` is whether the text itself is
    right, and something that it names (a folder, a file, a password) is not.
    """

    def __init__(
        self,
        words: str,
        *,
        file: Path | None = None,
        line: int | None = None,
        column: int | None = None,
        elsewhere: bool = False,
    ) -> None:
        super().__init__(words)
        self.words = words
        self.file = file
        self.line = line
        self.column = column
        self.elsewhere = elsewhere

    @override
    def __str__(self) -> str:
        place = [str(part) for part in (self.file, self.line, self.column) if part is not None]
        return f"{':'.join(place)}: {self.words}" if place else self.words


def read(path: Path, kinds: Kinds = NO_KINDS) -> Settings:
    """The settings in a file; `kinds` are the policies that there are. Raises ConfigurationError; blocks on the file system."""
    return read_text(file_text(path), path, kinds)


def read_text(text: str, path: Path, kinds: Kinds = NO_KINDS) -> Settings:
    """The settings in a text that stands, or would stand, at this path. Raises ConfigurationError and nothing else.

    Relative paths in it are relative to the path's folder. Folders, certificates and passwords that it names must be
    there: it asks the file system for them.
    """
    try:
        root = tree(text.removeprefix("\ufeff"))
        return Settings() if root is None else _settings(root, path, kinds)
    except Fault as fault:
        raise ConfigurationError(str(fault), file=path, line=fault.line, column=fault.column) from None


def default_text() -> str:
    """The commented default configuration. Reading it gives `Settings()`."""
    return resources.files("proxyconf").joinpath("default.yaml").read_text(encoding="utf-8")


def file_text(path: Path) -> str:
    """A configuration file's text. Raises ConfigurationError if it can't be had."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigurationError("there is no such file; correct the path, or make the file", file=path) from None
    except IsADirectoryError:
        raise ConfigurationError("this is a folder; name the YAML file in it", file=path) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else "no path can have that name"
        raise ConfigurationError(f"the file can't be read ({reason}); make it readable", file=path) from None
    if len(raw) > MAX_BYTES:
        raise ConfigurationError(f"the file is larger than {MAX_BYTES} bytes; name a configuration", file=path)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        raise ConfigurationError(
            f"the byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8",
            file=path,
            line=before.count(b"\n") + 1,
            column=len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1,
        ) from None


def _settings(root: yaml.Node, path: Path, kinds: Kinds) -> Settings:
    hook = _Hook(path.absolute().parent)
    data = plain(root)
    try:
        own = _own(data, kinds, hook)
    except Misfit as misfit:
        raise _located(misfitting(misfit, root, ("own_policies",)), path, elsewhere=True) from None
    kind = settings_type(tuple({**kinds, **own}.items()))
    try:
        written = msgspec.convert({} if data is None else data, kind, dec_hook=hook)
    except msgspec.ValidationError as error:
        raise _located(complaint(error, root, hook.rejected, Shape(kind)), path, elsewhere=False) from None
    fields = {name: getattr(written, name) for name in Settings.__struct_fields__}
    parts = {key: _parts(getattr(written, key), root, own, key) for key in ("profiles", "clients")}
    settings = Settings(**{**fields, **parts, "policies": _policies(written.policies, root, own)})
    try:
        check_every_rule(settings, {**kinds, **own}, root)
    except Misfit as misfit:
        raise _located(misfitting(misfit, root), path, elsewhere=False) from None
    try:
        check(settings)
    except Misfit as misfit:
        raise _located(misfitting(misfit, root), path, elsewhere=True) from None
    return settings


def _own(data: Any, kinds: Kinds, hook: "_Hook") -> Kinds:
    """The policies of the operator's own. Raises Misfit and ConfigurationError; what is no path is said by others."""
    folder = data.get("own_policies") if isinstance(data, dict) else None
    if not isinstance(folder, str) or not folder.strip() or not isinstance(kinds, Extensible):
        return {}
    return kinds.find(hook.path(folder))


def _parts(written: Sequence[msgspec.Struct], root: yaml.Node, own: Kinds, key: str) -> tuple[msgspec.Struct, ...]:
    """Groups, or profiles, of what was written as such."""
    found = []
    for number, part in enumerate(written):
        kind: Any = type(part).__base__
        fields = {name: getattr(part, name) for name in kind.__struct_fields__}
        there = _policies(fields["policies"], find(root, (key, number)), own)
        found.append(kind(**{**fields, "policies": there}))
    return tuple(found)


def _policies(items: Sequence[Any], root: yaml.Node, own: Kinds) -> tuple[Policy, ...]:
    found = []
    for number, item in enumerate(items):
        [(name, rules)] = item.written().items()
        nodes = [find(root, ("policies", number, name, place)) for place in range(len(rules))]
        lines = tuple(node.start_mark.line + 1 for node in nodes)
        found.append(Policy(name=name, rules=rules, lines=lines, own=own.get(name)))
    return tuple(found)


def _located(found: Complaint, path: Path, elsewhere: bool) -> ConfigurationError:
    line, column = found.node.start_mark.line + 1, found.node.start_mark.column + 1
    return ConfigurationError(found.words, file=path, line=line, column=column, elsewhere=elsewhere)


class _Hook:
    """Makes what msgspec doesn't know out of text, and remembers what it could not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rejected: object = None

    def __call__(self, wanted: type, value: Any) -> Any:
        self.rejected = value
        if wanted is Address and not isinstance(value, str):
            raise Misfit('must be host:port, like "127.0.0.1:8080"')
        if not isinstance(value, str):
            raise ValueError(type_error("str", value))
        if wanted is Path:
            return self.path(value)
        if wanted is Instant:
            return Instant.read(value)
        return Address.read(value) if wanted is Address else specifiers(value)

    def path(self, text: str) -> Path:
        """A path, relative to the configuration's folder. Raises Misfit."""
        if not text.strip():
            raise Misfit("is empty; write a path, or take the line out")
        try:
            return self.folder / Path(text).expanduser()
        except RuntimeError:
            raise Misfit('begins with "~" and a user who has no home here; write the whole path') from None
