"""What pip's own configuration files say, as far as trust and proxies go.

Source: https://pip.pypa.io/en/stable/topics/configuration/ ("Location", "Precedence within a section").
"""

import configparser
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import override

log = logging.getLogger(__name__)

SITE = Path("/etc/pip.conf")


def values(option: str, environment: Mapping[str, str], home: Path, site: Path = SITE) -> list[str]:
    """Every value that pip's configuration files give `option` ("cert", "proxy"), [global] before other sections.

    A file that cannot be read or parsed is skipped with a warning.
    """
    found: list[str] = []
    for path in paths(environment, home, site):
        parser = _read(path)
        sections = sorted(parser.sections(), key=lambda section: section != "global")
        found += [parser[section][option] for section in sections if parser[section].get(option)]
    return found


def paths(environment: Mapping[str, str], home: Path, site: Path = SITE) -> Iterator[Path]:
    """The configuration files that pip may read, whether they exist or not; none if PIP_CONFIG_FILE is the null device."""
    named = environment.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    if named:
        yield Path(named)
    if prefix := environment.get("VIRTUAL_ENV"):
        yield Path(prefix) / "pip.conf"
    yield Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    yield home / "Library" / "Application Support" / "pip" / "pip.conf"
    yield home / ".pip" / "pip.conf"
    yield site


class _Parser(configparser.RawConfigParser):
    @override
    def optionxform(self, optionstr: str) -> str:
        return optionstr.lower().replace("_", "-").removeprefix("--")


def _read(path: Path) -> configparser.RawConfigParser:
    parser = _Parser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        log.warning("%s: pip's configuration is left out, for it cannot be read (%s)", path, error)
        return _Parser()
    return parser
