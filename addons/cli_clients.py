"""cli_clients: `wheelgate password` and `wheelgate token`, what the configuration has of clients' passwords and tokens.

The tokens of authors, which the store has, are made in `cli_tokens`.
"""

import hashlib
import re
import secrets
import sys

import click

from addons import cli_tokens
from addons.cli_parts import Refused
from proxyconf.clients import TOKEN_PREFIX

_BYTES = 32  # of a token: as many as its sha256 has
_MOST = 1024  # characters of what is read
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # RFC 7617 section 2: not in a password


@click.command()
def password() -> None:
    """Print the argon2id hash of a password, for the configuration.

    The password is asked for twice in the terminal, without being shown; from a pipe or a file its
    one line is read. The hash goes, in quotes, into `password_hash` of a user in `clients`.

    \b
    Examples:
      wheelgate password
      wheelgate password <password.txt

    \b
    Exit codes:
      0  printed
      1  nothing is printed; the reason is on standard error
      2  bad option
    """
    import argon2

    click.echo(argon2.PasswordHasher().hash(_read("password", twice=True)))


@click.group()
def token() -> None:
    """Make tokens, for clients and for authors who upload.

    For clients there are `new` and `hash`, for authors `create`, `list` and `revoke`.

    A client gives a token in the place of its password: http://__token__:TOKEN@gateway:8080. The
    configuration has its sha256 only, as `token_sha256` of a user in `clients`.

    An author gives one to twine, uv and the like, as the password of __token__. The store has its
    hash, with whose it is and for what.

    \b
    Examples:
      wheelgate token new                            for a client
      wheelgate token hash <token.txt
      wheelgate token create --for user:alice        for an author
      wheelgate token list
      wheelgate token revoke 4f3a9c01b2d7
    """


@token.command()
def new() -> None:
    """Print a new token and its sha256.

    The token is shown this once and kept nowhere: give it to the client, and the sha256 to the
    configuration. Whoever has the token is the client.

    \b
    Exit codes:
      0  printed
      2  bad option
    """
    made = f"{TOKEN_PREFIX}{secrets.token_urlsafe(_BYTES)}"
    click.echo(f"token         {made}")
    click.echo(f"token_sha256  {_sha256(made)}")


@token.command("hash")
def of() -> None:
    """Print the sha256 of a token.

    It is asked for in the terminal, without being shown; from a pipe or a file its one line is read.
    Only for tokens that nobody can guess, as `wheelgate token new` makes them: a sha256 is no
    protection for a password.

    \b
    Exit codes:
      0  printed
      1  nothing is printed; the reason is on standard error
      2  bad option
    """
    click.echo(f"token_sha256  {_sha256(_read('token', twice=False))}")


for _command in (cli_tokens.create, cli_tokens.of_store, cli_tokens.revoke):
    token.add_command(_command)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _read(noun: str, *, twice: bool) -> str:
    """Read it without showing it. Raises Refused, in words that don't repeat it."""
    if sys.stdin.isatty():
        text = click.prompt(noun.capitalize(), hide_input=True, confirmation_prompt=twice, err=True)
    else:
        text = _line(noun)
    if not text:
        raise Refused(f"there is no {noun}; write it into one line")
    if len(text) > _MOST or _CONTROL.search(text):
        raise Refused(
            f"the {noun} is longer than {_MOST} characters, or not one line of text without control characters"
        )
    return str(text)


def _line(noun: str) -> str:
    try:
        return sys.stdin.buffer.read(8 * _MOST).decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Refused(f"the {noun} is no UTF-8 text; write it into a file of one line") from None
