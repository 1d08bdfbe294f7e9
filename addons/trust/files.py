"""The files of the trust folder: read with their permissions checked, written whole or not at all, one writer at a time."""

import contextlib
import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

PRIVATE = 0o600
PUBLIC = 0o644
OTHERS = 0o077
LOCK = ".lock"
READ_ONLY = {errno.EACCES, errno.EPERM, errno.EROFS}


class AuthorityError(Exception):
    """The CA cannot be used or made. The words say what is wrong, with which file, and what to do."""


@contextlib.contextmanager
def in_words(folder: Path) -> Iterator[None]:
    """Turns the system's errors about the files in `folder` into AuthorityError."""
    try:
        yield
    except OSError as error:
        path = error.filename or folder
        raise AuthorityError(
            f"{path}: {error.strerror or error}; the gateway's user needs to read and write the folder {folder}, "
            "or configure another one as `certs`"
        ) from error


def read_private(path: Path) -> bytes:
    """The content of a file that holds a key.

    Raises AuthorityError if its group or others have any access, OSError if it cannot be read.
    """
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & OTHERS:
            raise AuthorityError(
                f"{path}: holds a private key and others than its owner may use it (mode {mode:04o}); "
                f"run `chmod 600 {path}`, and renew what it holds if somebody may have read it"
            )
        return file.read()


def make_folder(folder: Path) -> None:
    """Makes `folder` for its owner alone (0700) unless it is there. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def create_file(path: Path, content: bytes, mode: int) -> None:
    """Writes a file that was not there, durable on return. Raises FileExistsError, OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)  # whatever the umask took away
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        path.unlink()
        raise
    sync_folder(path.parent)


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """Puts `content` at `path` in one step: a reader sees the old file or the new one. Raises OSError."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    create_file(temporary, content, mode)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise
    sync_folder(path.parent)


def remove_file(path: Path) -> None:
    """Removes a file, durable on return. Raises OSError."""
    path.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes what was created, renamed or removed in `folder` survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Waits until no other process or thread is inside for the same folder. Raises OSError."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    except OSError as error:
        if error.errno not in READ_ONLY:
            raise
        yield  # a mounted secret: nothing is written here, so nobody has to be waited for
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
