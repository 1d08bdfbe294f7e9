"""cli_tokens: `wheelgate token create`, `list` and `revoke`, the tokens with which authors upload."""

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from addons.cli_parts import Refused, Written, clock, configuration, in_words, settings_of
from addons.simple.names import ProjectName, normalise
from addons.store.principals import Principal
from proxyconf.misfit import Misfit
from proxyconf.values import sentence

if TYPE_CHECKING:
    from addons.store.tokens import KeptToken, NewToken, Tokens

_NEVER = "never"

_author = click.option("--author", metavar="NAME", help="Who does it. Default: the user who runs the command.")
_json = click.option("--json", "as_json", is_flag=True, help="Print it as JSON: times in UTC.")
_Principal = Written[Principal]("principal", Principal.read)


@click.command()
@configuration
@click.option("--for", "principal", type=_Principal, metavar="PRINCIPAL", required=True,
              help="In whose name it uploads: user:alice, group:controls, ci:acc/demo@gitlab.")  # fmt: skip
@click.option("--project", "projects", type=Written[ProjectName]("project", normalise), multiple=True, metavar="PROJECT",
              help="It is for this project only. May be repeated. Default: all that PRINCIPAL may.")  # fmt: skip
@click.option("--expires", default="365d", metavar="WHEN", show_default=True,
              help="When it ends: a date such as 2026-12-24, from now such as 90d, or never.")  # fmt: skip
@click.option("--no-claim", is_flag=True, help="It does not claim names that nobody has: for projects that are there.")
@click.option("--note", default="", metavar="TEXT", help="What it is for.")
@_author
@_json
def create(
    config: Path | None,
    principal: Principal,
    projects: tuple[ProjectName, ...],
    expires: str,
    no_claim: bool,
    note: str,
    author: str | None,
    as_json: bool,
) -> None:
    """Make a token with which an author uploads.

    It is shown this once, and kept as a hash only. The author gives it as the password, with the
    user name __token__; it counts at once, at every gateway of this store. (What clients give to the
    proxy is made by `wheelgate token new`.)

    \b
    Examples:
      wheelgate token create --for user:alice
      wheelgate token create --for user:alice --project acme-web --expires 90d
      wheelgate token create --for group:controls --expires never --no-claim

    \b
    Exit codes:
      0  made
      1  not made: the database cannot be had; the reason is on standard error
      2  bad option or configuration
    """
    from addons.upload.identity.tokens import made

    at = clock()
    until = _until(expires, at)
    words = sentence(note) if note.strip() else ""
    with _tokens(config) as tokens:
        scope = frozenset(projects) if projects else None
        text, new = made(
            principal, by=_by(author), at=at, until=until, projects=scope, may_claim=not no_claim, note=words
        )
        tokens.make(new)
    if as_json:
        click.echo(json.dumps({"token": text, **_flat(new)}))
        return
    click.echo(f"token    {text}")
    click.echo(f"id       {new.id}")
    click.echo(f"for      {_said(new)}")


@click.command("list")
@configuration
@click.option("--for", "principal", type=_Principal, metavar="PRINCIPAL", help="Those of this principal only.")
@click.option("--all", "every", is_flag=True, help="Also those that were revoked or have ended.")
@_json
def of_store(config: Path | None, principal: Principal | None, every: bool, as_json: bool) -> None:
    """List the tokens with which authors upload.

    Whose they are, for what, until when, and on which day they were last used.

    \b
    Examples:
      wheelgate token list
      wheelgate token list --for user:alice --all --json

    \b
    Exit codes:
      0  listed, or there are none
      1  the database cannot be read; the reason is on standard error
      2  bad option or configuration
    """
    at = clock()
    with _tokens(config) as tokens:
        found = [each for each in tokens.listed(principal) if every or each.counts(at)]
    if as_json:
        click.echo(json.dumps({"tokens": [{**_flat(each), **_later(each)} for each in found]}))
        return
    for each in found:
        click.echo(f"{each.id}  {_said(each)}{_told(each, at)}")
    if not found:
        click.echo("no token" if every else "no token counts")


@click.command()
@configuration
@_author
@_json
@click.argument("number", metavar="ID")
def revoke(config: Path | None, author: str | None, as_json: bool, number: str) -> None:
    """Revoke a token with which an author uploads, at once and for ever.

    ID is what `wheelgate token list` shows; the token itself is taken, too.

    \b
    Example:
      wheelgate token revoke 4f3a9c01b2d7

    \b
    Exit codes:
      0  revoked, or was revoked already
      1  there is no such token, or the database cannot be had; the reason is on
         standard error
      2  bad option or configuration
    """
    from addons.upload.identity.given import UPLOAD_PREFIX

    number = number.removeprefix(UPLOAD_PREFIX).partition("_")[0]
    with _tokens(config) as tokens:
        found = tokens.revoke(number, by=_by(author), at=clock())
    if found is None:
        raise Refused(f"there is no token {ascii(number)[1:-1][:32]}; `wheelgate token list --all` shows all")
    if as_json:
        click.echo(json.dumps({**_flat(found), **_later(found)}))
        return
    click.echo(f"{found.id}  {_said(found)}{_told(found, clock())}")


@contextmanager
def _tokens(config: Path | None) -> Iterator["Tokens"]:
    from addons.following import deciding
    from addons.store.tokens import Tokens

    settings, _ = settings_of(config)
    with in_words():
        database = deciding(settings).database
        try:
            yield Tokens(database)
        finally:
            database.close()


def _until(text: str, at: datetime) -> datetime | None:
    from addons.decider import until_of

    if text.strip().lower() == _NEVER:
        return None
    try:
        return until_of(text, at)
    except Misfit as misfit:
        raise click.BadParameter(f"{misfit}; or never", param_hint="--expires") from None


def _by(author: str | None) -> str:
    try:
        return sentence(author if author is not None else getpass.getuser())
    except (Misfit, KeyError, OSError):
        raise click.UsageError("say who does it with --author; this user has no name here") from None


def _said(token: "NewToken") -> str:
    scope = "any project" if token.projects is None else ", ".join(sorted(token.projects))
    claims = "" if token.may_claim else ", claims nothing"
    until = f"until {token.until:%Y-%m-%d}" if token.until else "for ever"
    return f"{token.principal}, {scope}{claims}, {until}" + (f", {token.note}" if token.note else "")


def _told(token: "KeptToken", at: datetime) -> str:
    used = f"; last used {token.used:%Y-%m-%d}" if token.used else "; never used"
    if token.revoked is not None:
        return f"{used}; revoked {token.revoked:%Y-%m-%d} by {token.revoked_by}"
    return used if token.counts(at) else f"{used}; ended"


def _flat(token: "NewToken") -> dict[str, Any]:
    return {
        "id": token.id,
        "for": str(token.principal),
        "projects": None if token.projects is None else sorted(token.projects),
        "may_claim": token.may_claim,
        "note": token.note,
        "made": token.made.isoformat(),
        "by": token.by,
        "until": token.until.isoformat() if token.until else None,
    }


def _later(token: "KeptToken") -> dict[str, Any]:
    return {
        "revoked": token.revoked.isoformat() if token.revoked else None,
        "revoked_by": token.revoked_by,
        "used": f"{token.used:%Y-%m-%d}" if token.used else None,
    }
