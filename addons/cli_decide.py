"""cli_decide: `wheelgate deny`, `allow`, `yank`, `unyank` and `exempt`, what people decide while gateways run."""

import getpass
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from addons.cli_parts import BAD_CONFIGURATION, Refused, clock, configuration, in_words, settings_of
from addons.policies.subjects import subject_of, written
from proxyconf.misfit import Misfit

if TYPE_CHECKING:  # SQLAlchemy takes a tenth of a second to import, and `wheelgate env` stands in start files of shells
    from addons.store.decision import Draft, Kind

_what = click.argument("what", metavar="[PROJECT[VERSIONS]|FILE]", required=False)
_sha256 = click.option("--sha256", multiple=True, metavar="HASH", help="Files by their sha256, whatever they are called. May be repeated.")  # fmt: skip
_id = click.option("--id", "ticket", metavar="ID", help="A ticket or an advisory, shown beside the reason.")
_reason = click.option("--reason", metavar="TEXT", required=True, help="Why, for the person whose install stops, and for who asks later.")  # fmt: skip
_why = click.option("--reason", metavar="TEXT", required=True, help="Why, for who asks later.")
_until = click.option("--until", metavar="WHEN", help="When it ends by itself: 2026-12-24 (midnight UTC), 2026-12-24T08:00Z, 12h, 30d or 2w from now.")  # fmt: skip
_client = click.option("--client", metavar="GROUP", help="Only for this client group. Default: for everybody.")
_author = click.option("--author", metavar="NAME", help="Who decides. Default: your login name.")
_json = click.option("--json", "as_json", is_flag=True, help="Print it as JSON: times in UTC.")


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_decides = _options(configuration, _sha256, _reason, _id, _until, _client, _author, _json, _what)
_ends = _options(configuration, _sha256, _why, _client, _author, _json, _what)


@click.command()
@_decides
def deny(what: str | None, **given: Any) -> None:
    """Let nobody have these files, at once.

    PROJECT is a name, a prefix as 'acme-*', or '*'; VERSIONS a specifier as in the configuration. FILE is a filename or a
    pattern of some. Every running gateway that has this store refuses them within a second, in the words of --reason.
    It counts above all of the configuration, exemptions too.

    \b
    Examples:
      wheelgate deny 'imaging<9.3.1' --reason "runs code in pictures" --id SEC-1
      wheelgate deny leftpad --reason "taken over" --until 30d
      wheelgate deny demo-1.0-py3-none-any.whl --reason "steals tokens"
      wheelgate deny --sha256 87428fc522803d31... --reason malware

    \b
    Exit codes:
      0  decided, or was decided already
      1  not decided: the database cannot be had; the reason is on standard error
      2  bad option or configuration
    """
    _decide("deny", what, given)


@click.command()
@_decides
def yank(what: str | None, **given: Any) -> None:
    """Let only those have these files who pin them.

    As a project's owner yanks a release (PEP 592): installers take another one, and who pins it gets it with the reason as
    a warning. What is named as for `wheelgate deny`.

    \b
    Examples:
      wheelgate yank acme-web==2.4.0 --reason "loses sessions, use 2.4.1"
      wheelgate yank 'demo>=3' --reason "not tested here yet" --until 2w

    \b
    Exit codes:
      0  decided, or was decided already
      1  not decided: the database cannot be had; the reason is on standard error
      2  bad option or configuration
    """
    _decide("yank", what, given)


@click.command()
@_options(configuration, _sha256, click.option("--reason", metavar="TEXT", required=True, help="Why."), _id, _until)
@click.option("--for-ever", is_flag=True, help="It does not end by itself. One of this and --until is wanted.")
@click.option("--past", multiple=True, metavar="POLICY", help="Let them past this policy, such as min_age. May be repeated. Default: past all.")  # fmt: skip
@click.option("--end", "number", type=click.IntRange(1), metavar="NUMBER", help="End the exemption of this number.")
@_options(_client, _author, _json, _what)
def exempt(what: str | None, number: int | None, for_ever: bool, **given: Any) -> None:
    """Let these files through though policies refuse them.

    Breaking the glass: with who, why and until when, which is kept for ever. It counts against all policies of the
    configuration, or those named by --past; not against what was denied by `wheelgate deny`, which `wheelgate allow` ends.

    \b
    Examples:
      wheelgate exempt flask==3.1.3 --past min_age --reason CVE-1 --until 7d
      wheelgate exempt demo-1.0-py3-none-any.whl --reason "read it" --for-ever
      wheelgate exempt --end 7 --reason "no longer needed"

    \b
    Exit codes:
      0  decided, or was decided already
      1  not decided: there is no such exemption to end, or the database cannot
         be had; the reason is on standard error
      2  bad option or configuration
    """
    if number is not None:
        _end_exemption(what, number, for_ever, given)
        return
    if for_ever == bool(given["until"]):
        raise click.UsageError("say when it ends by --until, such as --until 7d, or --for-ever: one of the two")
    _decide("allow", what, given)


@click.command()
@_ends
def allow(what: str | None, **given: Any) -> None:
    """End what `wheelgate deny` has denied.

    The denials about exactly that end, of which it says which; others that may be about the same files are named. What the
    configuration denies stays denied: see `wheelgate exempt`.

    \b
    Examples:
      wheelgate allow 'imaging<9.3.1' --reason "false alarm"
      wheelgate allow --sha256 87428fc522803d31... --reason "false alarm"

    \b
    Exit codes:
      0  ended
      1  nothing was there to end, or the database cannot be had; the reason is on
         standard error
      2  bad option or configuration
    """
    _end("deny", what, given)


@click.command()
@_ends
def unyank(what: str | None, **given: Any) -> None:
    """End what `wheelgate yank` has yanked.

    The yanks about exactly that end. What the configuration yanks, or a project's owner, stays so.

    \b
    Example:
      wheelgate unyank acme-web==2.4.0 --reason "was repaired"

    \b
    Exit codes:
      0  ended
      1  nothing was there to end, or the database cannot be had; the reason is on
         standard error
      2  bad option or configuration
    """
    _end("yank", what, given)


def _decide(kind: "Kind", what: str | None, given: dict[str, Any]) -> None:
    from addons import decider

    config, at = given["config"], clock()
    settings, path = settings_of(config)
    with _told():
        made, is_new = decider.make(settings, _draft(kind, what, given, at), at)
        above = decider.touching(decider.history(settings), "deny", made.draft.subject, at) if kind == "allow" else []
    if warning := decider.not_followed(settings, path):
        click.echo(f"wheelgate: decided, but {warning}", err=True)
    if given["as_json"]:
        click.echo(decider.as_json({"new": is_new, "decision": decider.flat(made, at)}))
        return
    if not is_new:
        click.echo("It was decided already:")
    for line in (*decider.lines(made, at), *decider.consequences(made, config)):
        click.echo(line)
    for each in above:
        click.echo(f"  but not past {decider.said(each)}; `wheelgate allow` ends that")


def _draft(kind: "Kind", what: str | None, given: dict[str, Any], at: datetime) -> "Draft":
    from addons.decider import until_of
    from addons.store.decision import Draft

    return Draft(
        kind=kind,
        subject=subject_of(what, given["sha256"], given["client"]),
        reason=given["reason"],
        author=_author_of(given),
        id=given["ticket"],
        until=until_of(given["until"], at) if given["until"] else None,
        past=tuple(sorted(set(given.get("past", ())))),
    )


def _end(kind: "Kind", what: str | None, given: dict[str, Any]) -> None:
    from addons import decider

    at = clock()
    settings, path = settings_of(given["config"])
    with _told():
        subject = subject_of(what, given["sha256"], given["client"])
        ended = decider.end(settings, kind, subject, _author_of(given), given["reason"], at)
        left = decider.touching(decider.history(settings), kind, subject, at)
    if warning := decider.not_followed(settings, path) if ended else "":
        click.echo(f"wheelgate: ended, but {warning}", err=True)
    still = [decider.said(each) for each in left]
    still += [f"{place}, in the configuration" for place in decider.configured(settings, path, kind, subject, at)]
    _tell(ended, still, given["as_json"], at)
    if not ended:
        name = "denial" if kind == "deny" else "yank"
        raise Refused(f"no {name} in force is about exactly {written(subject)}; `wheelgate decisions` lists them")


def _end_exemption(what: str | None, number: int, for_ever: bool, given: dict[str, Any]) -> None:
    from addons import decider

    more = [name for name in ("sha256", "ticket", "until", "past", "client") if given[name]]
    if what is not None or for_ever or more:
        raise click.UsageError("--end takes a number, and beside it --reason and --author only")
    at = clock()
    with _told():
        settings, _ = settings_of(given["config"])
        ended = decider.end(settings, "allow", number, _author_of(given), given["reason"], at)
    _tell(ended, [], given["as_json"], at)
    if not ended:
        raise Refused(f"decision {number} is no exemption in force; `wheelgate decisions` lists them")


def _tell(ended: Sequence[Any], still: Sequence[str], as_json: bool, at: datetime) -> None:
    from addons import decider

    if as_json:
        click.echo(decider.as_json({"ended": [decider.flat(each, at) for each in ended], "still": still}))
        return
    for each in ended:
        for line in decider.lines(each, at):
            click.echo(line)
    for line in still:
        click.echo(f"still in force, and may be about the same files: {line}")
    if any("in the configuration" in line for line in still):
        click.echo("edit the configuration to change that, or let files through in spite of it: wheelgate exempt")


def _author_of(given: dict[str, Any]) -> str:
    if given["author"] is not None:
        return str(given["author"])
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise Misfit("this user has no name here; say who decides with --author") from error


@contextmanager
def _told() -> Iterator[None]:
    """Tell a bad word on the command line from a database that cannot be had: by their exit codes."""
    with in_words():
        try:
            yield
        except Misfit as misfit:
            raise Refused(str(misfit), BAD_CONFIGURATION) from misfit
