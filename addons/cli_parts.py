"""What the commands of `wheelgate` share: options, the configuration, errors in words, the log."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, override

import click

from addons import places
from addons.policies.kinds import KINDS
from addons.trust.authority import Authority, AuthorityError, open_authority
from proxyconf.addresses import Address, proxy_url
from proxyconf.reading import ConfigurationError, read
from proxyconf.settings import Settings
from proxyconf.values import user_name

FAILED = 1
BAD_CONFIGURATION = 2


def clock() -> datetime:
    """Give the time: of these commands, the one place that reads it. (`addons.install` would bring mitmproxy along.)"""
    return datetime.now(UTC)  # noqa: TID251 - this is the adapter


class Refused(click.ClickException):
    """What stops a command: said on standard error, exit code 2 for a bad configuration and 1 for the rest."""

    def __init__(self, words: str, code: int = FAILED) -> None:
        super().__init__(words)
        self.exit_code = code  # type: ignore[misc] # click reads it off the instance

    @override
    def show(self, file: object = None) -> None:
        click.echo(f"wheelgate: {self.message}", err=True)


@contextmanager
def in_words(*further: type[Exception]) -> Iterator[None]:
    """Turn what can go wrong at a command's outer edge, and `further` errors that are words, into Refused."""
    stopping: tuple[type[Exception], ...] = (AuthorityError, ValueError, *further)
    try:
        yield
    except ConfigurationError as error:
        raise Refused(str(error), BAD_CONFIGURATION) from error
    except OSError as error:
        words = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
        raise Refused(words) from error
    except stopping as error:
        raise Refused(str(error)) from error


class Written[T](click.ParamType[T]):
    """A value on a command line that a function reads, which raises ValueError in words."""

    def __init__(self, name: str, read: Callable[[str], T]) -> None:
        self.name = name
        self._read = read

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> T:
        """Give the value; fails as click does, naming the option."""
        try:
            return self._read(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _proxy(text: str) -> str:
    return proxy_url(text if "://" in text else f"http://{text}")


ListenAddress = Written[Address]("host:port", Address.read)
ProxyName = Written[str]("name", user_name)
ProxyUrl = Written[str]("url", _proxy)
AnyFile = click.Path(path_type=Path)
ExistingFile = click.Path(path_type=Path, exists=True, dir_okay=False)

configuration = click.option(
    "-c",
    "--config",
    "config",
    type=AnyFile,
    metavar="FILE",
    help="The configuration. Default: $WHEELGATE_CONFIG, ./wheelgate.yaml, the user's own (see `wheelgate defaults "
    "--help`), else the built-in one.",
)


def whose[F: Callable[..., object]](command: F) -> F:
    """Give a command the options by which it is told as whose client it looks: `group` and `profile`, "" for none."""
    group = click.option("--client", "group", default="", metavar="GROUP",
                         help="As clients of this group get it (`clients`). Default: as those of none.")  # fmt: skip
    profile = click.option("--profile", default="", metavar="NAME",
                           help="As those get it that choose this profile, such as as-of-2026-01-31 (`profiles`).")  # fmt: skip
    return group(profile(command))


profile_name = click.option(
    "--as",
    "name",
    type=ProxyName,
    metavar="NAME",
    help="The name to give to the gateway: a profile's, such as as-of-2026-01-31.",
)
verbose = click.option("-v", "--verbose", is_flag=True, help="Say more of what happens on standard error.")


def settings_of(config: Path | None) -> tuple[Settings, Path | None]:
    """Read the configuration that counts: the settings, and the file's whole path (None: built-in). Raises Refused."""
    path = places.configuration_file(config, os.environ)
    if path is None:
        return Settings(), None
    with in_words():
        return read(path, KINDS), path.absolute()


def authority_of(settings: Settings) -> Authority:
    """Open the CA, which is made if there is none yet. Raises Refused."""
    with in_words():
        return open_authority(places.certs_folder(settings), clock())


def log(level: int) -> None:
    """Send the log to standard error. mitmproxy's own talk of connections and flows is left to warnings."""
    logging.basicConfig(level=level, format="wheelgate: %(levelname)s: %(message)s", stream=sys.stderr, force=True)
    logging.getLogger().setLevel(level)
    for name in ("mitmproxy", "httpx", "httpcore", "hpack", "h2", "aiohttp", "asyncio", "watchfiles"):
        logging.getLogger(name).setLevel(logging.WARNING)
