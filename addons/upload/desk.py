"""The desk that takes uploads: who is it, may they, is it sound; then it is in the store, whole, and seen at once."""

import asyncio
import errno
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from addons.answers import Answer
from addons.simple.names import ProjectName
from addons.store.database import DatabaseUnavailable
from addons.store.projects import NotAdded, Permit
from addons.store.shelf import Shelf
from addons.store.stored import NewFile, Standing
from addons.upload.answers import EXISTS, accepted, told
from addons.upload.asking import (
    Arrived,
    Elsewhere,
    Examine,
    Examined,
    Identities,
    Kept,
    Owed,
    PublicNames,
    Rights,
    Upload,
)
from addons.upload.author import Author
from addons.upload.form.bounds import Bounds
from addons.upload.form.reader import read_form, too_large
from addons.upload.form.spool import Written, remove
from addons.upload.formed import Form, Spooled
from addons.upload.forwarding import Forwarding
from addons.upload.limits import Limits
from addons.upload.patience import Patience, Places, in_time
from addons.upload.refusal import UploadRefused
from addons.upload.said_in_form import check_digests, check_protocol, check_query, project_of, warnings_of

logger = logging.getLogger(__name__)

# Of their own: a large archive takes long to look at, and pages, files and proofs wait for the threads of all others.
# Each may have a process of some 25 MB that renders a description.
_EXAMINING = ThreadPoolExecutor(max_workers=4, thread_name_prefix="wheelgate-examining")
_FROM_NOBODY = 16 << 20  # bytes that are kept of an upload before it is known whose it is

_FULL = "The store's disk is full, so nothing was stored; whoever runs this gateway has to make room. Then try again."
_NO_DISK = "The store cannot be written now, so nothing was stored; try again. The reason is in the gateway's log."
_NO_DATABASE = (
    "The store's database cannot be used now, so nothing was stored; try again. The reason is in the gateway's log."
)
_IN_THE_WAY: Mapping[str, tuple[str, str]] = {
    "other-bytes": (
        EXISTS,
        "File already exists ({filename!a}, with blake2_256 hash {hash!a}). What it holds never changes: upload a new version.",
    ),
    "other-name": ("other-name", "These very bytes are in the store, as {filename!a}. A file has one name."),
    "deleted": (
        "deleted",
        "This filename was previously used by a file that has since been deleted. Upload a new version.",
    ),
    "second-sdist": ("second-sdist", "Only one sdist may be uploaded per release. There is {filename!a}."),
}


@dataclass(frozen=True)
class Parts:
    """Who decides, and what is written to."""

    identities: Identities
    rights: Rights
    names: PublicNames
    examine: Examine
    owed: Owed
    shelf: Shelf
    projects: Kept
    arrived: Arrived
    elsewhere: Elsewhere
    limits: Limits
    forwarding: Forwarding
    patience: Patience = field(default_factory=Patience)
    places: Places = field(default_factory=Places)


class Uploads:
    """Takes uploads under one configuration."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def take(self, asked: Upload, chunks: AsyncIterator[bytes]) -> Answer:
        """Take one: 200, and it is in the store and seen, or a refusal, and nothing is left of it.

        Raises BrokenOff where the body ends too early, and what nobody foresaw; then nothing is left of it either.
        """
        try:
            return await _Taking(self._parts, asked).take(chunks)
        except UploadRefused as refusal:
            logger.info("an upload is refused: %s", ascii("; ".join(refusal.lines))[1:-1][:200])
            return told(refusal, asked.accept)
        except DatabaseUnavailable as error:
            logger.error("an upload cannot be taken: %s", error)
            return told(UploadRefused(503, "database", _NO_DATABASE), asked.accept)
        except OSError as error:
            logger.error("an upload cannot be taken: %s", error)
            words = _FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else _NO_DISK
            return told(UploadRefused(503, "disk", words), asked.accept)


class _Taking:
    """One upload on its way."""

    def __init__(self, parts: Parts, asked: Upload) -> None:
        self._parts = parts
        self._asked = asked
        self._author: Author | None = None
        self._goes_on = False
        self._raw: Written | None = None

    async def take(self, chunks: AsyncIterator[bytes]) -> Answer:
        if not self._parts.forwarding.of_any:
            self._author = await self._who()
        self._look_at_head()
        whose = str(self._author.principal if self._author is not None else self._asked.said.address)
        async with self._parts.places.place(whose, self._parts.patience):
            return await self._taken(in_time(chunks, self._parts.patience))

    async def _who(self) -> Author:
        return await self._parts.identities.who(self._asked.said)

    async def _taken(self, chunks: AsyncIterator[bytes]) -> Answer:
        try:
            if self._parts.forwarding.of_any:  # whose credentials these are shows when the project is known
                self._raw = await asyncio.to_thread(Written, self._parts.shelf.incoming, "whole")
                chunks = self._copied(chunks)
            return await self._read(chunks)
        finally:
            await self._drop_copy()

    def _look_at_head(self) -> None:
        check_query(self._asked)
        bounds = Bounds(self._parts.limits.largest)
        if (self._asked.length or 0) > bounds.content + 2 * bounds.fields:
            raise too_large(bounds.content)

    async def _copied(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Keep what goes by, as long as it may have to go on."""
        async for chunk in chunks:
            if self._raw is not None:
                await asyncio.to_thread(self._raw.write, chunk)
                if self._author is None and not self._goes_on and self._raw.size > _FROM_NOBODY:
                    self._author = await self._who()  # whose project it is comes late: it has to be one of ours
                    await self._drop_copy()
            yield chunk

    async def _drop_copy(self) -> None:
        raw, self._raw = self._raw, None
        if raw is not None:
            await asyncio.to_thread(raw.remove)

    async def _read(self, chunks: AsyncIterator[bytes]) -> Answer:
        bounds, incoming = Bounds(self._parts.limits.largest), self._parts.shelf.incoming
        form, spooled = await read_form(self._asked.content_type, chunks, incoming, bounds, self._early)
        try:
            check_protocol(form, self._asked)
            display, project = project_of(form)
            if spooled is None:
                raise UploadRefused(400, "no-file", "Upload payload does not have a file.")
            check_digests(form, spooled)
            warnings = warnings_of(form)
            if self._goes_on and self._raw is not None:
                self._raw.close()
                return await self._parts.forwarding.send(self._asked, self._raw.path, project, spooled.filename)
            await self._keep(form, spooled, display, project)
            logger.info("an upload is taken: %s, of %s", ascii(spooled.filename)[:200], self._author)
            return accepted(warnings)
        finally:
            if spooled is not None:
                await asyncio.to_thread(remove, spooled.path)

    async def _early(self, form: Form) -> int:
        """Refuse what may not be, before the file is read; give how large it may be."""
        _, project = project_of(form)
        forwarding = self._parts.forwarding
        if forwarding.covers(project):
            forwarding.check_credentials(self._asked)
            if self._raw is None:  # it was too large for anybody's, before its project was known
                raise UploadRefused(
                    400, "forward", "An upload that goes on to the public PyPI has its name before its file."
                )
            await self._is_nobodys(project)
            self._goes_on = True
        else:
            await self._drop_copy()
            if self._author is None:
                self._author = await self._who()
            self._may(self._author, project)(await self._standing(project))
            await self._is_not_elsewhere(project)
        return self._parts.limits.of(project).file

    async def _standing(self, project: ProjectName) -> Standing | None:
        return await asyncio.to_thread(self._parts.projects.standing, project)

    def _may(self, author: Author, project: ProjectName) -> Permit:
        return self._parts.rights.permit(author, "upload", project)

    async def _is_nobodys(self, project: ProjectName) -> None:
        """Refuse to send on what is the organisation's own."""
        if await self._standing(project) is not None or await self._parts.elsewhere(project) is not None:
            words = f"The project {project!a} is one of your organisation's own, so its files go nowhere else."
            raise UploadRefused(403, "own", words, "It is in `uploads.forward` as well: one of the two is wrong.")

    async def _is_not_elsewhere(self, project: ProjectName) -> None:
        source = await self._parts.elsewhere(project)
        if source is not None:
            words = (
                f"The project {project!a} comes from the source {source!a} of your organisation, not from the store."
            )
            raise UploadRefused(403, "other-source", words, "Publish it there, or have it moved into the store.")

    async def _keep(self, form: Form, spooled: Spooled, display: str, project: ProjectName) -> None:
        if self._author is None:  # `early` is asked for every name
            raise RuntimeError("nobody has found out who this is")
        author, parts = await self._who(), self._parts  # once more: what proves it may have ended while the body came
        standing = await self._standing(project)
        permit = _within(parts.limits.of(project).project, spooled, self._may(author, project), standing)
        permit(standing)
        if _has(standing, spooled):
            return
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(_EXAMINING, parts.examine, form, spooled, project)
        if found.problems or found.new is None:
            raise UploadRefused(400, "unsound", *(found.problems or ("Invalid distribution file.",)))
        if standing is None:
            await parts.names.check(display, project, self._asked.said.at)
        permit = _owing(permit, found.new, lambda now, new: parts.owed(now, new, project))
        await asyncio.to_thread(self._write, author, spooled, found, (display, project), permit)
        await parts.arrived(project)

    def _write(
        self, author: Author, spooled: Spooled, found: Examined, named: tuple[str, ProjectName], permit: Permit
    ) -> None:
        """Write the file, its metadata, and last of all that they are there."""
        parts, (display, project), new = self._parts, named, found.new
        if new is None:
            raise RuntimeError("an unsound file is never written")
        parts.shelf.put(spooled.path, spooled.sha256)
        if found.metadata is not None and new.metadata_sha256 is not None:
            parts.shelf.put_bytes(found.metadata, new.metadata_sha256)
        at = self._asked.said.at
        try:
            founders = parts.rights.founders(author, project)
            parts.projects.add(
                *(project, display, new, permit),
                owner=founders.owner,
                maintainers=founders.maintainers,
                by=str(author),
                at=at,
            )
        except NotAdded as error:
            code, words = _IN_THE_WAY[error.why]
            raise UploadRefused(400, code, words.format(filename=error.filename, hash=error.blake2b_256)) from None


def _has(standing: Standing | None, spooled: Spooled) -> bool:
    """Tell whether the very file is there, which makes a repeat harmless (UPL-13, UPL-20)."""
    files = () if standing is None else standing.files
    return any(each.file.filename == spooled.filename and each.file.sha256 == spooled.sha256 for each in files)


def _owing(permit: Permit, new: NewFile, owed: Callable[[Standing | None, NewFile], str | None]) -> Permit:
    """Give a permit that also looks at what the project owes."""

    def look(standing: Standing | None) -> None:
        permit(standing)
        if (words := owed(standing, new)) is not None:
            raise UploadRefused(400, "unsound", words)

    return look


def _within(most: int, spooled: Spooled, permit: Permit, seen: Standing | None) -> Permit:
    """Give a permit that also looks at the project's size, and at what was looked up outside of the change."""

    def look(standing: Standing | None) -> None:
        permit(standing)
        if standing is None and seen is not None:
            raise UploadRefused(403, "changed", "The project was deleted while this upload came; try again.")
        size = 0 if standing is None else standing.size
        if size + spooled.size > most and not _has(standing, spooled):
            words = f"Project size too large. Limit for all files of the project is {most / 1_000_000_000:g} GB."
            raise UploadRefused(400, "size", words, f"It has {size} bytes, and this file {spooled.size}.")

    return look
