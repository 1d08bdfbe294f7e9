"""cli_bundle: `wheelgate bundle`, what a gateway keeps carried to a network with no way out."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from addons import places
from addons.cli_parts import AnyFile, ExistingFile, Refused, clock, configuration, in_words, settings_of
from addons.simple.names import normalise
from proxyconf.settings import Settings

if TYPE_CHECKING:  # the room takes a tenth of a second to import, and `wheelgate env` stands in start files of shells
    from addons.bundle.container import Bundle, Told
    from addons.bundle.gathering import Gathered, Gathering, Origin
    from addons.cache.carried import Carried

sources = click.option(
    "--source", "named", multiple=True, metavar="NAME",
    help="A source of the configuration, also one of your own; may be repeated. Default: all public indexes.",
)  # fmt: skip


@click.group()
def bundle() -> None:
    """Carry what is kept to a network with no way out.

    A bundle is one file: pages, documents and files of the cache, and a manifest with the hash of each. It is an
    ordinary tar archive. Run these commands as the gateway's user; the gateway may be running.

    \b
    Examples:
      wheelgate warm -r requirements.txt                    on the open side
      wheelgate bundle export -o set.wheelgate --sign key   on a medium
      wheelgate bundle show set.wheelgate
      wheelgate bundle import set.wheelgate --trust key.pub on the closed side
    """


@bundle.command()
@configuration
@click.argument("projects", nargs=-1, metavar="[PROJECT]...")
@click.option("-r", "--requirement", "requirements", multiple=True, type=ExistingFile, metavar="FILE",
              help="The projects that a requirements file names. May be repeated.")  # fmt: skip
@click.option("-o", "--output", "to", type=AnyFile, required=True, metavar="FILE",
              help="The bundle. An earlier bundle of that name is replaced when the new one is whole.")  # fmt: skip
@click.option("--no-deps", is_flag=True, help="Only these projects, without what their kept files require.")
@click.option("--since", type=ExistingFile, metavar="FILE",
              help="A bundle that the other side has, or its manifest.json: files that it has are left out.")  # fmt: skip
@click.option("--sign", "key", type=ExistingFile, metavar="KEY", help="Sign with this key (`wheelgate bundle keygen`).")
@sources
@click.option("--dry-run", is_flag=True, help="Say what would go in, and write nothing.")
def export(
    config: Path | None,
    projects: tuple[str, ...],
    requirements: tuple[Path, ...],
    to: Path,
    no_deps: bool,
    since: Path | None,
    key: Path | None,
    named: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Write what is kept of the projects into one file.

    Without projects it is all that is kept. With projects also what their kept files require, as far as that is kept.
    A version in a requirement does not count: of a project all kept files go in.

    Prints the sha256 of the manifest: who compares it on the other side (--expect) knows that it is this bundle.

    \b
    Examples:
      wheelgate bundle export -o set.wheelgate
      wheelgate bundle export -r requirements.txt -o set.wheelgate --sign key
      wheelgate bundle export -o new.wheelgate --since old.wheelgate

    \b
    Exit codes:
      0  written
      1  not written; the reason is on standard error
      2  bad option or configuration
    """
    from addons.bundle import exporting, gathering, signing, telling
    from addons.cache.brought import place_of

    settings = settings_of(config)[0]
    folder = _own_folder(settings)
    if not (folder / "documents").is_dir():
        raise Refused(f"{folder}: nothing is kept there: install through the gateway first, or warm its cache")
    with _told_in_words(), _documents(folder) as carried, exporting.spool(to) as spool:
        before = exporting.manifest_of(since) if since is not None else None
        gatherer = gathering.Gathering(
            carried, lambda sha256: place_of(folder, sha256), _origins(settings, named), spool
        )
        gathered = _gathered(gatherer, projects, requirements, not no_deps)
        plan = exporting.plan_of(gathered, clock(), before, signed=key is not None)
        signature = signing.signature_of(plan.sha256, key) if key is not None else None
        if not dry_run:
            with _progress("writing", sum(each.size for each in plan.members)) as told:
                exporting.export(to, plan, signature, exporting.Taken(gathered, spool, folder), told)
    for line in telling.exported(to, plan, gathered.missing, signature is not None, dry_run):
        click.echo(line)


@bundle.command("import")
@configuration
@click.argument("file", type=ExistingFile)
@click.option("--expect", metavar="SHA256", help="The sha256 of the manifest, as `export` printed it.")
@click.option("--trust", multiple=True, type=ExistingFile, metavar="PUBKEY",
              help="Take only what this key has signed, or one of `bundles.trusted_keys`. May be repeated.")  # fmt: skip
@sources
@click.option("--incomplete", is_flag=True, help="Import although files of an earlier bundle are missing here.")
@click.option("--dry-run", is_flag=True, help="Verify all of it, say what is in it, and write nothing.")
def take(
    config: Path | None,
    file: Path,
    expect: str | None,
    trust: tuple[Path, ...],
    named: tuple[str, ...],
    incomplete: bool,
    dry_run: bool,
) -> None:
    """Bring a bundle into the cache here.

    Every file is proven by its sha256 before it has its name; pages and documents follow when all else is there. What is
    there already is not written again, so an import that was broken off goes on. What is newer here stays, and what
    was taken down here later stays down.

    \b
    Examples:
      wheelgate bundle import set.wheelgate --trust key.pub
      wheelgate bundle import set.wheelgate --expect 9f86d08...

    \b
    Exit codes:
      0  all of it is here
      1  refused, or broken off; the reason is on standard error
      2  bad option or configuration
    """
    from addons.assembly import limits
    from addons.bundle import importing, telling
    from addons.bundle.container import Bundle
    from addons.cache.brought import Brought

    settings = settings_of(config)[0]
    keys = (*settings.bundles.trusted_keys, *trust)
    with _told_in_words(file), Bundle(file) as opened:
        _authentic(opened, expect, keys)
        named_ones = _origins(settings, named) if named else []
        targets = importing.targets_of(opened, _origins(settings, ()), named_ones)
        for index, origin in targets.items():
            click.echo(f"source    {origin.name} ({index})")
        folder = _own_folder(settings)
        brought = Brought(folder, limits(settings))
        with _progress("verifying" if dry_run else "importing", opened.layout.size) as told:
            work = importing.Importing(opened, targets, brought, limits(settings), clock(), told)
            work.check(incomplete)
            if dry_run:
                opened.verify(told)
            else:
                work.files()
                with _documents(folder) as carried:
                    work.documents(carried)
    for line in telling.held(opened) if dry_run else telling.imported(work.outcome):
        click.echo(line)
    if expect is None and not keys:
        click.echo(
            "wheelgate: nobody vouches for this bundle: its hashes rule out damage, not forgery; compare the manifest's "
            "sha256 (--expect), or have it signed (--trust)",
            err=True,
        )


@bundle.command()
@click.argument("file", type=ExistingFile)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest, which names every entry.")
def show(file: Path, as_json: bool) -> None:
    """List what is in a bundle, and verify all of it.

    \b
    Exit codes:
      0  it is whole: every entry is what the manifest says
      1  it is not; the reason is on standard error
      2  bad option
    """
    from addons.bundle import telling
    from addons.bundle.container import Bundle
    from addons.bundle.signing import signer_of

    with _told_in_words(file), Bundle(file) as opened:
        signer = signer_of(opened.sha256, opened.signature)
        with _progress("verifying", opened.layout.size) as told:
            opened.verify(told)
    if as_json:
        click.echo(opened.written, nl=False)
        return
    for line in (*telling.head(opened, signer), *telling.held(opened)):
        click.echo(line)


@bundle.command()
@click.argument("key", type=AnyFile)
def keygen(key: Path) -> None:
    """Make a key that signs bundles: KEY, and KEY.pub.

    KEY stays on the open side, readable by its owner only. KEY.pub goes to the closed side once, on a way that you
    trust: name it there as --trust, or in `bundles.trusted_keys` of the configuration.

    \b
    Exit codes:
      0  made
      1  one of them is there already, or cannot be written
      2  bad option
    """
    from addons.bundle.signing import make_keys

    public = key.with_name(f"{key.name}.pub")
    with in_words():
        if public.exists():
            raise Refused(f"{public}: File exists")
        click.echo(f"key       {key}\npublic    {public}\nis        ed25519 {make_keys(key, public)}")


# What the commands share


@contextmanager
def _told_in_words(file: Path | None = None) -> Iterator[None]:
    from addons.bundle.exporting import CannotWrite
    from addons.bundle.importing import CannotImport
    from addons.bundle.manifest import BadBundle
    from addons.cache.carried import Unusable

    with in_words(CannotWrite, Unusable):
        try:
            yield
        except (BadBundle, CannotImport) as error:
            raise Refused(f"{file}: {error}" if file is not None else str(error)) from error


@contextmanager
def _progress(label: str, length: int) -> "Iterator[Told]":
    with click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield bar.update


def _origins(settings: Settings, named: Sequence[str]) -> "list[Origin]":
    """Give the named sources, all of them indexes; without names the public indexes. Raises Refused."""
    from addons.bundle.gathering import Origin

    known = {each.name: each for each in settings.sources if each.index is not None}
    for name in named:
        if name not in known:
            raise Refused(f"{name!a} is no index among the sources; there are: {', '.join(known) or 'none'}")
    chosen = [known[name] for name in named] or [each for each in known.values() if each.public]
    return [Origin(each.name, each.index or "", each.username or "") for each in chosen]


def _own_folder(settings: Settings) -> Path:
    """Give the cache's folder. Raises Refused where it is another user's, who could not read what is put there."""
    folder = places.cache_folder(settings)
    try:
        owner = folder.stat().st_uid
    except FileNotFoundError:
        return folder
    if owner != os.geteuid():
        raise Refused(
            f"{folder}: belongs to user {owner}: run this as the gateway's user, `sudo -u '#{owner}' wheelgate …`"
        )
    return folder


@contextmanager
def _documents(folder: Path) -> "Iterator[Carried]":
    from addons.cache.carried import Carried

    with closing(Carried(folder / "documents")) as carried:
        yield carried


def _gathered(
    gatherer: "Gathering", projects: tuple[str, ...], requirements: tuple[Path, ...], further: bool
) -> "Gathered":
    from addons.bundle.wanted import Named, named_in

    if not projects and not requirements:
        return gatherer.all()
    wanted = [Named(normalise(text)) for text in projects]
    for path in requirements:
        wanted += named_in(path)
    return gatherer.projects(wanted, further)


def _authentic(opened: "Bundle", expect: str | None, keys: Sequence[Path]) -> None:
    """Raise Refused or BadBundle unless the manifest is the expected one, and signed by one of the keys if there are."""
    from addons.bundle.signing import public_key, signer_of

    if expect is not None and expect.strip().lower() != opened.sha256:
        raise Refused(
            f"its manifest has the sha256 {opened.sha256}, which is not the expected one: it is another bundle"
        )
    signer, trusted = signer_of(opened.sha256, opened.signature), {public_key(key) for key in keys}
    if trusted and signer is None:
        raise Refused("it is not signed, and only signed bundles are taken here (--trust, `bundles.trusted_keys`)")
    if trusted and signer not in trusted:
        raise Refused(f"it is signed by a key that is not trusted here: ed25519 {signer}")
