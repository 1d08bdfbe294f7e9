"""cli_ca: `wheelgate ca`, the care of the gateway's CA."""

from datetime import timedelta
from pathlib import Path

import click

from addons import places
from addons.cli_parts import AnyFile, ExistingFile, authority_of, clock, configuration, in_words, settings_of
from addons.trust.authority import Authority, renew_authority, renew_leaf, take_key


@click.group()
def ca() -> None:
    """Show, renew or export the CA; take its key away.

    The CA can speak for PyPI's hosts and no others, by its name constraints. It is made when it is first needed, for ten
    years, and issues a leaf for 90 days, which is all that a gateway has to have: keep the CA's key elsewhere, and bring
    it when the leaf has fewer than 30 days left.

    \b
    Examples:
      wheelgate ca show
      wheelgate ca export ca.pem                            for clients to trust
      wheelgate ca take-key /media/stick/ca-key.pem         off the gateway
      wheelgate ca renew --key /media/stick/ca-key.pem      once in 60 days
    """


@ca.command()
@configuration
def show(config: Path | None) -> None:
    """Print where the CA is, and until when it is valid.

    Also the certificate's sha256 fingerprint, the leaf's days left, and whether the CA's key lies here.

    \b
    Exit codes:
      0  the CA can be used
      1  it cannot; the reason is on standard error
      2  bad option or configuration
    """
    _show(authority_of(settings_of(config)[0]))


@ca.command()
@configuration
@click.option("--key", type=ExistingFile, metavar="FILE", help="The CA's key, if taken away; it stays where it is.")
@click.option("--authority", "whole", is_flag=True, help="Make a new CA too: every client then has to trust that one.")
def renew(config: Path | None, key: Path | None, whole: bool) -> None:
    """Issue a new leaf; with --authority, make a new CA.

    While the CA's key lies in its place, leaves are renewed without this command. A running gateway takes up a new leaf
    within six hours; after making a new CA, start it again.

    \b
    Exit codes:
      0  done
      1  no key, another CA's key, or a file that cannot be written
      2  bad option or configuration
    """
    if whole and key is not None:
        raise click.UsageError("a new CA has a new key: give --authority or --key, not both")
    folder = places.certs_folder(settings_of(config)[0])
    with in_words():
        _show(renew_authority(folder, clock()) if whole else renew_leaf(folder, clock(), key))


@ca.command()
@configuration
@click.argument("to", type=AnyFile, required=False)
def export(config: Path | None, to: Path | None) -> None:
    """Write the CA's certificate: what clients have to trust.

    It goes to the file TO, or to standard output. It holds no secret.

    \b
    Exit codes:
      0  done
      1  the CA cannot be used, or TO not be written
      2  bad option or configuration
    """
    pem = authority_of(settings_of(config)[0]).ca_path.read_text()
    if to is None:
        click.echo(pem, nl=False)
        return
    with in_words():
        to.write_text(pem)


@ca.command("take-key")
@configuration
@click.argument("to", type=AnyFile)
def take_key_away(config: Path | None, to: Path) -> None:
    """Move the CA's key off the gateway, to the file TO.

    TO must not exist yet; only its owner will be able to read it. The gateway goes on with the leaf that it has, and says
    from 30 days before its end on that a new one is due (`wheelgate ca renew --key TO`).

    \b
    Exit codes:
      0  done
      1  there is no key here, or TO cannot be written
      2  bad option or configuration
    """
    with in_words():
        click.echo(f"the CA's key is now at {take_key(places.certs_folder(settings_of(config)[0]), to)}")


def _show(authority: Authority) -> None:
    key = "here" if authority.has_key else "not here (bring it with `wheelgate ca renew --key FILE`)"
    left = (authority.leaf_expires - clock()) // timedelta(days=1)
    click.echo(f"certificate  {authority.ca_path}")
    click.echo(f"sha256       {authority.fingerprint}")
    click.echo(f"valid until  {authority.expires:%Y-%m-%d}, for PyPI's hosts only")
    click.echo(f"leaf         until {authority.leaf_expires:%Y-%m-%d} ({left} days left), {authority.leaf_path}")
    click.echo(f"CA's key     {key}")
