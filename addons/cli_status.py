"""cli_status: `wheelgate status`, how a running gateway is."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import msgspec

from addons import places
from addons.cli_parts import FAILED, ProxyUrl, Refused, configuration
from addons.policies.kinds import KINDS
from proxyconf.addresses import Address
from proxyconf.misfit import Misfit
from proxyconf.reading import ConfigurationError, file_text, read_text
from proxyconf.settings import Settings

NOT_RUNNING = 2

_LISTEN = re.compile(r"""^listen:\s*["']?([^"'#\s]+)""", re.MULTILINE)


@click.command()
@configuration
@click.option("--proxy", type=ProxyUrl, metavar="URL",
              help="The gateway's address. Default: `listen` of the configuration, on this machine.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON: times in UTC.")
def status(config: Path | None, proxy: str | None, as_json: bool) -> None:
    """Print how the running gateway is.

    Which configuration is in force, and since when; and what is wrong: an edit with a mistake in it (where, and what to
    do), a setting that waits for a restart, a policy that failed, a source that does not answer. The configuration may be
    a bad one: of that, only `listen` is looked for.

    \b
    Examples:
      wheelgate status
      wheelgate status --proxy http://gw.example.org:8080
      wheelgate status --json | jq .wrong

    \b
    Exit codes:
      0  it runs, and all is well
      1  it runs, and something is wrong
      2  it does not run, or cannot be reached; or bad option
    """
    from addons import reaching

    path = places.configuration_file(config, os.environ)
    asked = proxy or reaching.url(_listen(path))
    found = reaching.status(asked)
    ours = proxy is not None or found.get("configuration") == (str(path.absolute()) if path else None)
    if not found or not ours:
        _not_running(asked, found, as_json)
    wrong = _texts(found.get("wrong"))
    if as_json:
        click.echo(_json({"proxy": asked, "running": True, "well": not wrong, **found}))
    else:
        for line in _lines(asked, found, wrong):
            click.echo(line)
    sys.exit(FAILED if wrong else 0)


def _listen(path: Path | None) -> Address:
    """Where the gateway of this configuration is; the file may be one that it refuses, or gone. Raises Refused."""
    listen = _listen_of(path) if path is not None else Settings().listen
    if listen.port == 0:
        words = "`listen` has port 0, so the gateway's port is not known: name it, as --proxy http://HOST:PORT"
        raise Refused(words, NOT_RUNNING)
    return listen


def _listen_of(path: Path) -> Address:
    try:
        text = file_text(path)
    except ConfigurationError:
        return Settings().listen
    try:
        return read_text(text, path, KINDS).listen
    except ConfigurationError:
        written = _LISTEN.search(text)
    try:
        return Address.read(written[1]) if written else Settings().listen
    except Misfit:
        return Settings().listen


def _not_running(proxy: str, found: Mapping[str, object], as_json: bool) -> None:
    other = (
        f"the gateway at {proxy} has another configuration, {_shown(found.get('configuration') or 'the built-in one')}"
    )
    words = other if found else f"no gateway answers at {proxy}"
    if as_json:
        click.echo(_json({"proxy": proxy, "running": False, "well": False, "wrong": [words]}))
        sys.exit(NOT_RUNNING)
    raise Refused(f"{words}; if `listen` was changed since its start, name where it listens with --proxy", NOT_RUNNING)


def _lines(proxy: str, found: Mapping[str, object], wrong: list[str]) -> Iterator[str]:
    force = found.get("in_force")
    in_force = force if isinstance(force, dict) else {}
    digest = f", sha256 {_shown(in_force['sha256'])}" if in_force.get("sha256") else ""
    yield f"gateway        {proxy}, process {_shown(found.get('pid'))}, wheelgate {_shown(found.get('wheelgate'))}"
    yield f"configuration  {_shown(found.get('configuration') or 'built-in')}"
    yield f"in force       since {_shown(in_force.get('since'))}{digest}"
    sources = found.get("sources")
    for name, condition in sources.items() if isinstance(sources, dict) else ():
        yield f"source         {_shown(name)}: {_shown(condition)}"
    for each in wrong:
        yield f"wrong          {_shown(each)}"
    if not wrong:
        yield "well"


def _texts(found: object) -> list[str]:
    """Give a list of texts; whoever answers there may have sent anything."""
    return [str(each) for each in found] if isinstance(found, list) else []


def _shown(value: object) -> str:
    """Give a text from outside as a terminal may have it."""
    text = str(value)
    return text if text.isprintable() else ascii(text)


def _json(facts: object) -> str:
    return msgspec.json.format(msgspec.json.encode(facts), indent=2).decode()
