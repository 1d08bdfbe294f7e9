"""Policies of the operator's own: Python files in a folder beside the configuration, read and checked with it.

Each is code that runs with the gateway's rights; what it is confined to is what it is given and what it may give back: a
page for a page. How long it takes is not limited.
"""

import hashlib
import os
import re
import stat
import sys
import traceback
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from addons.policies.confined import Confined
from addons.policies.policy import Policy
from proxyconf.misfit import Misfit, shown
from proxyconf.reading import ConfigurationError
from proxyconf.rules import Kinds, Rule
from proxyconf.rules import Policy as PolicySettings

_MEMBERS = ("apply", "facts", "changes", "whole")
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH

_read: dict[tuple[Path, str], type[Rule]] = {}  # by file and sha256, so that what has not changed is not run again


def find(folder: Path, taken: Collection[str]) -> Kinds:
    """Give what the rules of each policy in the folder are; `taken` are the names that others have.

    Raises Misfit for the folder, and ConfigurationError, with file and line, for a policy that cannot be used.
    """
    try:
        paths = _files(folder)
        _only_ours(folder)
    except FileNotFoundError:
        raise Misfit(f"there is no folder {folder}; make it, or take the line out") from None
    except NotADirectoryError:
        raise Misfit(f"{folder} is a file; name the folder that your policies are in") from None
    except OSError as error:
        raise Misfit(f"the folder {folder} can't be read ({error.strerror}); allow it to this user") from None
    return {path.stem: _kind(path, taken) for path in paths}


def stamp(folder: Path) -> object:
    """Give what changes whenever a file in the folder does; equal as long as none does."""
    try:
        return tuple(_stand(path) for path in (folder, *_files(folder)))
    except OSError as error:
        return str(error)


def made(policy: PolicySettings, contact: str) -> Policy:
    """Make a policy of the operator's own, in its confines. Raises ConfigurationError if it cannot be made."""
    found: Policy = _confined(policy.own)(policy.rules, contact)
    return found


@cache
def _confined(rule: type[Rule]) -> Any:
    """Give a class of its own for each version of each policy: by its class the verdicts of one are known from another's."""
    module = sys.modules[rule.__module__]
    name = rule.__name__.removesuffix("Rule")
    inner = getattr(module, name)

    def make(self: Confined, rules: Sequence[Rule], contact: str) -> None:
        try:
            Confined.__init__(self, inner(rules, contact))
        except Exception as error:  # noqa: BLE001 - somebody else's code: whatever it raises is its author's to read
            raise _faulty(error, Path(str(module.__file__))) from None

    return type(name, (Confined,), {"__init__": make})


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix == ".py" and not path.name.startswith((".", "_")))


def _stand(path: Path) -> tuple[str, int, int, int, int]:
    found = path.stat()
    return path.name, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _only_ours(path: Path) -> None:
    """Raise Misfit if anybody but this user and root may change what stands there; on a read-only mount nobody may."""
    found = path.stat()
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return
    if found.st_uid not in (0, os.geteuid()):
        raise Misfit(
            f"{path} belongs to another user, who could run code in the gateway; make it root's or this user's"
        )
    if found.st_mode & _OTHERS_MAY_WRITE:
        raise Misfit(f"{path} may be written by others, who could run code in the gateway; chmod go-w it")


def _kind(path: Path, taken: Collection[str]) -> type[Rule]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", path.stem):
        raise _fault(
            f"{shown(path.stem)} is no name of a policy: small letters, digits and underscores; rename it", path
        )
    if path.stem in taken:
        raise _fault(f'"{path.stem}" is a policy that is there already; give yours another name', path)
    try:
        _only_ours(path)
        source = path.read_bytes()
    except Misfit as misfit:
        raise _fault(str(misfit).partition(f"{path} ")[2], path) from None
    except OSError as error:
        raise _fault(f"the file can't be read ({error.strerror}); make it readable", path) from None
    digest = hashlib.sha256(source).hexdigest()
    if (path, digest) not in _read:
        _read[path, digest] = _rule(_module(path, source, digest), path)
    return _read[path, digest]


def _module(path: Path, source: bytes, digest: str) -> ModuleType:
    module = ModuleType(f"wheelgate_own_{path.stem}_{digest[:16]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where its structs look for what their annotations name
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), vars(module))  # noqa: S102 - the operator's own code
    except (Exception, SystemExit) as error:  # noqa: BLE001 - somebody else's code: whatever it raises, the gateway goes on
        del sys.modules[module.__name__]
        raise _faulty(error, path) from None
    return module


def _rule(module: ModuleType, path: Path) -> type[Rule]:
    name = "".join(part.capitalize() for part in path.stem.split("_"))
    rule, policy = getattr(module, f"{name}Rule", None), getattr(module, name, None)
    if not (isinstance(rule, type) and issubclass(rule, Rule)) or rule.__module__ != module.__name__:
        raise _fault(f"has no class {name}Rule that comes of proxyconf.rules.Rule; write what its rules are", path)
    if not isinstance(policy, type):
        raise _fault(f"has no class {name}; write the policy", path)
    if missing := [member for member in _MEMBERS if not hasattr(policy, member)]:
        raise _fault(f"{name} lacks {' and '.join(missing)}; write them, or let it come of Ruled", path)
    try:
        msgspec.inspect.type_info(rule)
    except TypeError as error:
        raise _fault(
            f"{name}Rule has a field that no configuration can have: {ascii(str(error))[1:200]}", path
        ) from None
    return rule


def _faulty(error: BaseException, path: Path) -> ConfigurationError:
    """Say what somebody's code raised, and in which of its lines."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return _fault(f"is no Python: {error.msg}", path, error.lineno, error.offset)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return _fault(f"cannot be used: {ascii(said)[1:-1][:200]}", path, lines[-1] if lines else None)


def _fault(words: str, path: Path, line: int | None = None, column: int | None = None) -> ConfigurationError:
    return ConfigurationError(words, file=path, line=line, column=column if line else None, elsewhere=True)
