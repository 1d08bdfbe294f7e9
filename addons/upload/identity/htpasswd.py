"""People in a file of lines `name:hash`, with bcrypt's or argon2id's hashes; and their groups, in another."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from addons.clients.proofs import Proofs
from addons.store.principals import Principal
from addons.upload.author import Author
from addons.upload.identity.failing import NotAsked, TooMany, Wrong
from addons.upload.identity.passwords import is_bcrypt
from proxyconf.clients import argon2id_hash
from proxyconf.directories import Htpasswd as HtpasswdSettings
from proxyconf.misfit import Misfit

SERVICE = "the password file"
MOST_BYTES = 1_000_000
_BCRYPT = re.compile(r"\$2[by]\$(0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}")
_USER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,98}[A-Za-z0-9_+-])?")
_KINDS = {
    "$apr1$": "MD5",
    "$1$": "MD5",
    "{SHA}": "SHA-1",
    "$5$": "SHA-256 crypt",
    "$6$": "SHA-512 crypt",
    "$2a$": "bcrypt's old kind",
    "$2x$": "bcrypt's faulty kind",
}


@dataclass(frozen=True)
class People:
    """Names with their hashes, and with their groups. Its repr has neither."""

    hashes: Mapping[str, str] = field(repr=False)
    groups: Mapping[str, frozenset[Principal]] = field(default_factory=dict, repr=False)


def read_hashes(text: str) -> dict[str, str]:
    """Read lines `name:hash`. Raises ValueError, with the line's number and nothing that stands in it but the kind of hash."""
    found: dict[str, str] = {}
    for number, line in _lines(text):
        name, colon, encoded = line.partition(":")
        if not colon or not _USER.fullmatch(name):
            raise ValueError(f"line {number} is no name:hash, with a name of letters, digits and . _ + -")
        if name.lower() in found:
            raise ValueError(f"line {number} has a name that an earlier one has, too")
        if why := _unfit(encoded):
            words = 'make it with "htpasswd -B" or "wheelgate password"'
            raise ValueError(f"line {number} has {why}; {words}")
        found[name.lower()] = encoded
    return found


def _unfit(encoded: str) -> str:
    if is_bcrypt(encoded):
        return "" if _BCRYPT.fullmatch(encoded) else "a bcrypt hash that cannot be read, or of a cost above 15"
    for start, kind in _KINDS.items():
        if encoded.startswith(start):
            return f"a hash of another kind ({kind}), which can be guessed"
    try:
        argon2id_hash(encoded)
    except Misfit:
        return "neither a bcrypt nor an argon2id hash"
    return ""


def read_groups(text: str) -> dict[str, frozenset[Principal]]:
    """Read lines `group: name name`; gives names with their groups. Raises ValueError, with the line's number."""
    found: dict[str, frozenset[Principal]] = {}
    for number, line in _lines(text):
        group, colon, names = line.partition(":")
        try:
            principal = Principal.read(f"group:{group.strip()}")
        except ValueError:
            principal = None
        if not colon or principal is None or principal.realm:
            raise ValueError(f'line {number} is no "group: name name"')
        for name in names.split():
            found[name.lower()] = found.get(name.lower(), frozenset()) | {principal}
    return found


def _lines(text: str) -> list[tuple[int, str]]:
    lines = ((number, line.strip()) for number, line in enumerate(text.split("\n"), 1))
    return [(number, line) for number, line in lines if line and not line.startswith("#")]


class Htpasswd:
    """The people of a file. It is read again when it has changed; one that cannot be read lets nobody in."""

    def __init__(self, settings: HtpasswdSettings, proofs: Proofs) -> None:
        self._settings = settings
        self._proofs = proofs
        self._stamp: object = None
        self._people: People | ValueError = People({})

    def people(self) -> People:
        """Read the files, if they have changed. Waits for the disk. Raises ValueError, in words."""
        files = [self._settings.file, *([self._settings.groups] if self._settings.groups else [])]
        try:
            stamp = tuple((each.st_ino, each.st_size, each.st_mtime_ns) for each in (file.stat() for file in files))
            if stamp != self._stamp:
                self._people = self._read()
                self._stamp = stamp
        except OSError as error:
            raise ValueError(f"{error.filename}: {error.strerror}") from None
        if isinstance(self._people, ValueError):
            raise self._people.with_traceback(None)
        return self._people

    def _read(self) -> People | ValueError:
        settings = self._settings
        path = settings.file
        try:
            hashes = read_hashes(_text(path))
            if settings.groups is None:
                return People(hashes)
            path = settings.groups
            return People(hashes, read_groups(_text(path)))
        except UnicodeDecodeError:
            return ValueError(f"{path}: it is no UTF-8 text")
        except ValueError as error:
            return ValueError(f"{path}: {error}")

    async def knows(self, user: str) -> bool:
        """Tell whether the file has this name. Raises NotAsked."""
        return user.lower() in (await self._now()).hashes

    async def _now(self) -> People:
        try:
            return await asyncio.to_thread(self.people)
        except ValueError as error:
            raise NotAsked(SERVICE, str(error)) from None

    async def who(self, user: str, password: str, where: str, at: datetime) -> Author:
        """Give who it is. A name that is not there takes as long as one that is. Raises NotProven."""
        people = await self._now()
        name = user.lower()
        encoded = people.hashes.get(name)
        key = self._proofs.key(SERVICE, name, encoded or "", password)
        right = self._proofs.remembered(key)
        if right is None:
            if self._proofs.are_too_many(where):
                raise TooMany
            decoy = next(iter(people.hashes.values()), None)
            if encoded is None and decoy is None:
                self._proofs.note(key, where, right=False)
                raise Wrong(f"{SERVICE} has no such user, or another password for it")
            right = await self._proofs.found_out(key, where, encoded or decoy or "", password, decoy=encoded is None)
        if right is None:
            raise TooMany if self._proofs.are_too_many(where) else NotAsked(SERVICE, "too many wait for an answer")
        if not right:
            raise Wrong(f"{SERVICE} has no such user, or another password for it")
        return Author(
            principal=Principal("user", name),
            groups=people.groups.get(name, frozenset()),
            service="htpasswd",
            may_claim=self._settings.may_claim,
        )


def _text(path: Path) -> str:
    with path.open("rb") as stream:
        raw = stream.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES // 1000} kB")
    return raw.decode("utf-8-sig")
