"""cli_release: `wheelgate release`, what authors do with their own releases, with the token that they upload with."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from addons import places
from addons.cli_parts import ExistingFile, ProxyUrl, Refused, configuration, in_words, settings_of

if TYPE_CHECKING:  # what asks is imported when it is needed: other commands stand in start files of shells
    from addons.interface.documents import Changed, Me, Project
    from addons.releasing import Asking, Credentials

_MOST = 8192  # characters of a token; those of CI services are long
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # RFC 7617 section 2: not in a password
TOKEN_USER = "__token__"  # noqa: S105 - whom a token's user is called by


def _asks(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say who asks, and which gateway."""
    options = (
        click.option("--token-file", type=ExistingFile, metavar="FILE",
                     help="The token is in this file. Default: $WHEELGATE_TOKEN, $TWINE_PASSWORD, else it is asked for."),
        click.option("--user", metavar="NAME", help="A person's name, whose password is given in the token's place."),
        click.option("--proxy", type=ProxyUrl, metavar="URL",
                     help="The gateway's address. Default: $HTTPS_PROXY, else `listen` of the configuration."),
        click.option("--ca", type=ExistingFile, metavar="FILE",
                     help="The CA's certificate. Default: whichever is trusted here, as by `wheelgate env`."),
        click.option("--json", "as_json", is_flag=True, help="Print it as JSON: times in UTC, sizes in bytes."),
        configuration,
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


_project = click.argument("project", metavar="PROJECT")
_version = click.argument("version", metavar="VERSION")
_files = click.option("--file", "files", multiple=True, metavar="NAME", help="Of the release's files only this one. May be repeated.")  # fmt: skip
_reason = click.option("--reason", metavar="TEXT", required=True, help="Why, for who asks later.")


@click.group()
def release() -> None:
    """Yank and delete releases of your own projects.

    For authors, from anywhere behind the gateway, with the token that they upload with. (`wheelgate yank` and `deny` are
    for those who run the gateway: what nobody shall have, whoever's project it is.)

    \b
    Examples:
      export WHEELGATE_TOKEN="$(cat token.txt)"
      wheelgate release list acme-pad
      wheelgate release yank acme-pad 1.0 --reason "loses data, use 1.1"
    """


@release.command("list")
@_asks
@_project
def list_(project: str, **given: Any) -> None:
    """Print a project's releases.

    Its status and who may what; and of each release, the latest first, how many files it has, since when, and whether they
    are yanked, and why.

    \b
    Examples:
      wheelgate release list acme-pad
      wheelgate release list acme-pad --json

    \b
    Exit codes:
      0  printed
      1  there is no such project, or the gateway refuses or cannot be asked; the
         reason is on standard error
      2  bad option or configuration
    """
    _print(given, lambda asking: asking.project(project), _project_lines)


@release.command()
@_files
@_reason
@_asks
@_project
@_version
def yank(project: str, version: str, files: tuple[str, ...], reason: str, **given: Any) -> None:
    """Yank a release of yours (PEP 592).

    Installers take another one from now on; who pins it gets it, with the reason as a warning. For owners and maintainers.

    \b
    Examples:
      wheelgate release yank acme-pad 1.0 --reason "loses data, use 1.1"
      wheelgate release yank acme-pad 1.0 --reason "bad build" \\
        --file acme_pad-1.0-cp313-cp313-win_amd64.whl

    \b
    Exit codes:
      0  yanked, or was yanked for this reason already
      1  not yanked; the reason is on standard error
      2  bad option or configuration
    """
    _print(given, lambda asking: asking.change("yank", project, version, reason=reason, files=files), _told("yanked"))


@release.command()
@_files
@_asks
@_project
@_version
def unyank(project: str, version: str, files: tuple[str, ...], **given: Any) -> None:
    """Un-yank a release of yours.

    \b
    Example:
      wheelgate release unyank acme-pad 1.0

    \b
    Exit codes:
      0  un-yanked, or was not yanked
      1  nothing was done; the reason is on standard error
      2  bad option or configuration
    """
    _print(given, lambda asking: asking.change("unyank", project, version, files=files), _told("un-yanked"))


@release.command()
@_files
@_reason
@click.option("--yes", is_flag=True, help="You mean it: nothing is deleted without this.")
@_asks
@_project
@_version
def delete(project: str, version: str, files: tuple[str, ...], reason: str, yes: bool, **given: Any) -> None:
    """Delete a release of yours, for ever.

    Every lock file that pins it fails from now on; to yank it is nearly always better. Its filenames never come back with
    other bytes: upload another version. For owners.

    \b
    Example:
      wheelgate release delete acme-pad 1.0 --reason "has a secret in it" --yes

    \b
    Exit codes:
      0  deleted
      1  not deleted; the reason is on standard error
      2  bad option or configuration, or --yes is missing
    """
    if not yes:
        raise click.UsageError(f"this deletes {project} {version} for ever; if you mean it, say so with --yes")
    body = {"reason": reason, "confirm": version, "files": files}
    _print(given, lambda asking: asking.change("delete", project, version, **body), _told("deleted"))


@release.command()
@_asks
def whoami(**given: Any) -> None:
    """Print whom the gateway takes you for.

    Your principal and the groups that it counts as, what your token is limited to, and when it ends.

    \b
    Example:
      wheelgate release whoami --token-file token.txt

    \b
    Exit codes:
      0  printed
      1  the gateway does not know you, or cannot be asked; the reason is on
         standard error
      2  bad option or configuration
    """
    _print(given, lambda asking: asking.whoami(), _me_lines)


def _print[T](given: dict[str, Any], ask: "Callable[[Asking], T]", lines: Callable[[T], Iterator[str]]) -> None:
    import msgspec

    with _in_words():
        found = ask(_asking(given))
    if given["as_json"]:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
        return
    for line in lines(found):
        click.echo(line)


@contextmanager
def _in_words() -> Iterator[None]:
    from addons.releasing import NotDone

    with in_words(NotDone):
        yield


def _asking(given: dict[str, Any]) -> "Asking":
    from addons import reaching, releasing

    settings = settings_of(given["config"])[0]
    proxy = releasing.proxy_of(given["proxy"], os.environ, reaching.url(settings.listen))
    credentials = _credentials(given["token_file"], given["user"])
    trusted = releasing.trusted(proxy, given["ca"], places.certs_folder(settings) / "ca.pem")
    return releasing.Asking(proxy, trusted, credentials)


def _credentials(file: Path | None, user: str | None) -> "Credentials":
    from addons.releasing import Credentials

    if file is not None:
        return Credentials(user or TOKEN_USER, _checked(_line_of(file)))
    if os.environ.get("WHEELGATE_TOKEN") and user is None:
        return Credentials(TOKEN_USER, _checked(os.environ["WHEELGATE_TOKEN"]))
    if os.environ.get("TWINE_PASSWORD"):
        named = user or os.environ.get("TWINE_USERNAME") or TOKEN_USER
        return Credentials(named, _checked(os.environ["TWINE_PASSWORD"]))
    if not sys.stdin.isatty():
        raise Refused("nothing says who you are: set WHEELGATE_TOKEN, or name the token's file with --token-file")
    prompt = "Token" if user is None else f"Password of {user}"
    return Credentials(user or TOKEN_USER, _checked(click.prompt(prompt, hide_input=True, err=True)))


def _line_of(file: Path) -> str:
    with file.open("rb") as opened:
        raw = opened.read(_MOST * 4)
    try:
        return raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Refused(f"{file}: is no UTF-8 text; write the token into it, in one line") from None


def _checked(secret: str) -> str:
    """Give a secret that can be sent. Raises Refused, in words that don't repeat it."""
    if not secret or len(secret) > _MOST or _CONTROL.search(secret):
        raise Refused(f"the token is empty, longer than {_MOST} characters, or not one line without control characters")
    return secret


def _told(done: str) -> "Callable[[Changed], Iterator[str]]":
    def lines(changed: "Changed") -> Iterator[str]:
        if not changed.files:
            yield f"{changed.project} {changed.version}: nothing to do, it was so already"
        for filename in changed.files:
            yield f"{done}  {filename}"

    return lines


def _project_lines(found: "Project") -> Iterator[str]:
    yield f"{found.name}  {found.status}{f': {found.status_reason}' if found.status_reason else ''}"
    for held in found.roles:
        yield f"  {held.role:<11} {held.principal}"
    for release in found.releases:
        count = len(release.files)
        since = min(each.uploaded for each in release.files)
        yield f"  {release.version:<11} {count} file{'s' if count > 1 else ''}, {since:%Y-%m-%d}{_yanks(release.files)}"


def _yanks(files: Sequence[Any]) -> str:
    reasons = [each.yanked for each in files if each.yanked is not None]
    if not reasons:
        return ""
    how_many = "" if len(reasons) == len(files) else f"{len(reasons)} of them "
    words = "; ".join(dict.fromkeys(reason for reason in reasons if reason))
    return f", {how_many}yanked{f': {words}' if words else ''}"


def _me_lines(me: "Me") -> Iterator[str]:
    yield f"principal  {me.principal}"
    for group in me.groups:
        yield f"group      {group}"
    yield f"proven by  {me.service}: {me.shown}"
    yield f"projects   {'any' if me.projects is None else ', '.join(me.projects)}"
    yield f"may claim  {'names that nobody has' if me.may_claim else 'no names'}"
    yield f"ends       {'not by itself' if me.until is None else f'{me.until:%Y-%m-%d %H:%M} UTC'}"
