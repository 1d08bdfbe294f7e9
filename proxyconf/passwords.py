"""Passwords, which are never in the configuration: only the name of a variable or a file that has one."""

import os
from pathlib import Path

from proxyconf.misfit import Misfit


def password_from(variable: str | None, file: Path | None, prefix: str = "") -> str | None:
    """The password in an environment variable or in a UTF-8 file of one line; None if neither is named.

    A line end at its end is not part of it. Raises Misfit, naming the variable or the file and nothing of what is in
    it, `at` the key that named it: password_env or password_file, with the prefix.
    """
    if variable is not None:
        return _in_environment(variable, f"{prefix}password_env")
    return None if file is None else _in_file(file, f"{prefix}password_file")


def _in_environment(variable: str, key: str) -> str:
    password = os.environ.get(variable, "").rstrip("\r\n")
    if not password:
        raise Misfit(f"the environment variable {variable} is not set or empty; set it before wheelgate starts", key)
    return password


def _in_file(file: Path, key: str) -> str:
    try:
        with file.open("rb") as stream:
            raw = stream.read(65_536)
        password = raw.decode("utf-8").rstrip("\r\n")
    except OSError as error:
        raise Misfit(
            f"the password file {file} can't be read ({error.strerror}); make it, or name another", key
        ) from None
    except UnicodeDecodeError:
        raise Misfit(f"the password file {file} is not UTF-8 text; write the password into it again", key) from None
    if not password or "\n" in password:
        raise Misfit(f"the password file {file} must have exactly one line, the password", key)
    return password
