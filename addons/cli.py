"""cli: the `wheelgate` command.

mitmproxy takes half a second to import, so only the two commands that need it do; `env` stands in start files of shells.
"""

import asyncio
import json
import logging
import sys
from pathlib import Path

import click

from addons import (
    cli_bundle,
    cli_ca,
    cli_cache,
    cli_clients,
    cli_decide,
    cli_decisions,
    cli_explain,
    cli_metadata,
    cli_owner,
    cli_project,
    cli_release,
    cli_simulate,
    cli_status,
    cli_store,
    cli_warm,
    reaching,
)
from addons.cli_parts import (
    BAD_CONFIGURATION,
    AnyFile,
    ExistingFile,
    ListenAddress,
    ProxyUrl,
    Refused,
    authority_of,
    clock,
    configuration,
    in_words,
    log,
    profile_name,
    settings_of,
    verbose,
)
from addons.edits import words
from addons.policies.kinds import KINDS
from addons.trust.environment import Shell, shell_lines
from proxyconf.addresses import Address
from proxyconf.client_checks import every_policy, idle
from proxyconf.clients import Group, Profile
from proxyconf.endings import DAY, endings
from proxyconf.instants import shown_instant
from proxyconf.reading import default_text, read
from proxyconf.settings import Settings

_WAIT_SECONDS = 30.0
_ENDS_SOON = 14 * DAY


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="wheelgate")
def main() -> None:
    """A gateway between Python clients and PyPI.

    pip, uv and the rest keep their default index; they are told a proxy and a CA, nothing else. The organisation's own
    projects come before the public ones, and what policy forbids is refused with the reason in the user's terminal.

    \b
    Examples:
      wheelgate exec -- pip download flask     run one command through a gateway
      wheelgate run                            start a gateway that stays
      eval "$(wheelgate env)"                  point this shell at it
      wheelgate defaults >wheelgate.yaml       a configuration to start from
      wheelgate warm -r requirements.txt       keep all that an install will need

    \b
    Exit codes:
      0  done
      1  failed; the reason is on standard error
      2  bad option, or bad configuration: FILE:LINE:COLUMN: words
    """
    log(logging.WARNING)


@main.command()
@configuration
@click.option("-l", "--listen", type=ListenAddress, metavar="HOST:PORT",
              help="Where to listen. Default: `listen` of the configuration, 127.0.0.1:8080 if it says nothing.")  # fmt: skip
@verbose
def run(config: Path | None, listen: Address | None, verbose: bool) -> None:
    """Start a gateway that stays, until SIGINT or SIGTERM.

    It says on standard output what a user has to do next, and logs on standard error. Edits of the configuration take
    effect while it runs; a bad one is reported and changes nothing.

    \b
    Examples:
      wheelgate run
      wheelgate run --config /etc/wheelgate.yaml --listen 0.0.0.0:8080

    \b
    Exit codes:
      0  stopped by a signal
      1  it cannot start; the reason is on standard error
      2  bad option or configuration
    """
    if verbose:
        log(logging.INFO)
    from addons import running

    settings, path = settings_of(config)
    plan = running.Plan(settings, path, authority_of(settings))
    with in_words(running.StartFailed):
        asyncio.run(running.stay(plan, listen or settings.listen, click.echo))


@main.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@configuration
@profile_name
@verbose
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec(config: Path | None, name: str | None, verbose: bool, command: tuple[str, ...]) -> None:  # noqa: A001 - the command's name
    """Run COMMAND through a gateway, and exit with its code.

    A gateway that runs already is used if it has this CA and, unless the built-in one counts, this configuration; else
    one is started for as long as COMMAND runs. Your own pip and uv configuration, roots and NO_PROXY entries stay in
    force, and this machine is reached without the gateway. Signals are passed on to COMMAND.

    \b
    Examples:
      wheelgate exec -- pip download flask
      wheelgate exec -- uv pip install jupyter
      wheelgate exec --as as-of-2026-01-31 -- pip install flask
      wheelgate exec -- sh -c 'python -m venv new && new/bin/pip install flask'

    \b
    Exit codes: COMMAND's own, but for
      1        no gateway can be started; the reason is on standard error
      2        bad option or configuration
      126      COMMAND cannot be executed
      127      there is no such command
      128 + n  signal n ended COMMAND
    """
    if verbose:
        log(logging.INFO)
    from addons import running

    settings, path = settings_of(config)
    plan = running.Plan(settings, path, authority_of(settings))
    with in_words(running.StartFailed):
        sys.exit(asyncio.run(running.once(plan, command, name)))


@main.command()
@configuration
@click.option("--proxy", type=ProxyUrl, metavar="URL",
              help="The gateway's address. Default: `listen` of the configuration, on this machine.")  # fmt: skip
@click.option("--ca", "certificate", type=ExistingFile, metavar="FILE",
              help="The CA's certificate, if the gateway is on another machine. Default: the CA of the configuration.")  # fmt: skip
@click.option("--shell", type=click.Choice(["sh", "fish", "csh"]), default="sh", show_default=True,
              help="Whose syntax to print; sh is also for bash and zsh.")  # fmt: skip
@profile_name
@click.option("--wait", is_flag=True, help="Wait until the gateway answers, at most 30 seconds.")
def env(
    config: Path | None, proxy: str | None, certificate: Path | None, shell: Shell, name: str | None, wait: bool
) -> None:
    """Print the lines that point a shell at a gateway.

    They set the proxy, exempt this machine, and name a bundle of the gateway's CA and all the roots that you trust
    already, in every variable that pip, uv, requests, curl and the like look for.

    \b
    Examples:
      eval "$(wheelgate env)"                              sh, bash, zsh
      wheelgate env --shell fish | source                  fish
      eval "`wheelgate env --shell csh`"                   csh
      wheelgate run & eval "$(wheelgate env --wait)"       both at once
      eval "$(wheelgate env --proxy http://gw.example.org:8080 --ca ca.pem)"
      eval "$(wheelgate env --as as-of-2026-01-31)"

    \b
    Exit codes:
      0  printed
      1  nothing is printed; the reason is on standard error
      2  bad option or configuration
    """
    settings = settings_of(config)[0]
    if proxy is None and settings.listen.port == 0:
        raise Refused("`listen` has port 0, so the gateway's port is not known: name it, as --proxy http://HOST:PORT")
    proxy = proxy or reaching.url(settings.listen)
    if wait and not asyncio.run(reaching.answers(proxy, _WAIT_SECONDS)):
        raise Refused(f"no gateway answered at {proxy} within {_WAIT_SECONDS:g} seconds")
    with in_words():
        pem = (certificate or authority_of(settings).ca_path).read_bytes()
        click.echo(shell_lines(reaching.variables(proxy, pem, name), shell), nl=False)


@main.command()
@click.argument("file", type=AnyFile)
def check(file: Path) -> None:
    """Say whether a configuration can be used.

    What it names (folders, certificates, passwords) has to be there, and it is built as a gateway would build it. Prints a
    summary, and the rules that have ended by themselves, end within 14 days or have no effect; or where it is wrong and
    what to do, as a running gateway would say it: FILE:LINE:COLUMN: words.

    \b
    Exit codes:
      0  it can
      2  it cannot
    """
    from addons.assembly import try_out

    with in_words():
        settings = read(file, KINDS)
        try:
            asyncio.run(try_out(settings))
        except (ValueError, OSError) as error:
            raise Refused(words(error, file), BAD_CONFIGURATION) from error
    for line in _summary(settings) + _noted(settings):
        click.echo(line)
    click.echo(f"{file}: good")


def _summary(settings: Settings) -> list[str]:
    own = {True: "own", False: "public"}
    rules = [f"{policy.name}, {_count(len(policy.rules), 'rule')}" for policy in settings.policies]
    return [
        f"listens on  {settings.listen}",
        *(
            f"source      {each.name}: {own[each.own]}, {each.folder or each.index or 'the store'}"
            for each in settings.sources
        ),
        f"reserved    {', '.join(settings.reserved) or 'nothing'}",
        *(f"policy      {rule}" for rule in rules or ["none"]),
        *(f"profile     {each.name}: {_narrowed(each)}" for each in settings.profiles),
        *(f"clients     {each.name}: {_narrowed(each)}" for each in settings.clients),
    ]


def _narrowed(part: Group | Profile) -> str:
    """Say what a group or a profile is made of, without what is left out."""
    fields = {"networks": "network", "users": "user", "sources": "source", "policies": "policy", "profiles": "profile"}
    counts = {noun: len(getattr(part, field, ())) for field, noun in fields.items()}
    words = [_count(number, noun) for noun, number in counts.items() if number]
    words += [f"as of {shown_instant(part.snapshot)}"] if part.snapshot is not None else []
    return ", ".join(words) or ("everybody else" if isinstance(part, Group) else "nothing else than without it")


def _noted(settings: Settings) -> list[str]:
    at = clock()
    parts = settings.policies, settings.clients, settings.profiles
    ends = endings(every_policy(*parts), at, _ENDS_SOON)
    return [
        *(f"{'ended' if each.until <= at else 'ends soon':<11} {each.said(at)}" for each in ends),
        *(f"no effect   {said}" for said in idle(*parts)),
    ]


def _count(number: int, noun: str) -> str:
    return (
        f"{number} {noun}" if number == 1 else f"{number} {noun.removesuffix('y')}{'ies' if noun[-1] == 'y' else 's'}"
    )


@main.command()
def defaults() -> None:
    """Print the built-in configuration, with comments.

    Every setting is there with its default value. Save it as wheelgate.yaml in the folder that you start wheelgate in, as
    wheelgate/wheelgate.yaml in your configuration folder (on Linux ~/.config), or anywhere and name it.

    \b
    Example:
      wheelgate defaults >wheelgate.yaml
    """
    click.echo(default_text(), nl=False)


@main.command()
@click.option("--own", type=AnyFile, metavar="FOLDER",
              help="Let it know the policies of your own in this folder, too (`own_policies`).")  # fmt: skip
def schema(own: Path | None) -> None:
    """Print the configuration's JSON Schema, for editors.

    With it an editor completes keys, shows what they mean, and marks mistakes while you
    write. It says less than `wheelgate check`, which also looks at what is named. Its place is
    said in the first line of the configuration, for editors with the YAML language server.

    \b
    Example:
      wheelgate schema >wheelgate.schema.json
      # yaml-language-server: $schema=wheelgate.schema.json

    \b
    Exit codes:
      0  printed
      2  bad option, or a policy of your own cannot be used
    """
    from proxyconf.schema import json_schema

    with in_words():
        kinds = {**KINDS, **(KINDS.find(own.absolute()) if own is not None else {})}
    click.echo(json.dumps(json_schema(kinds), indent=2))


main.add_command(cli_bundle.bundle)
main.add_command(cli_ca.ca)
main.add_command(cli_cache.cache)
main.add_command(cli_clients.password)
main.add_command(cli_clients.token)
for _command in (cli_decide.allow, cli_decide.deny, cli_decide.exempt, cli_decide.unyank, cli_decide.yank):
    main.add_command(_command)
main.add_command(cli_decisions.decisions)
main.add_command(cli_explain.explain)
main.add_command(cli_metadata.metadata)
main.add_command(cli_owner.owner)
main.add_command(cli_project.project)
main.add_command(cli_release.release)
main.add_command(cli_simulate.simulate)
main.add_command(cli_status.status)
main.add_command(cli_store.store)
main.add_command(cli_warm.warm)
