"""Where a database is that a server has; what speaks to it takes a tenth of a second to import, and is beside."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import make_url

_STATEMENT_SECONDS = 15.0  # what one statement may take beside waiting for a lock; none of ours takes a second


def no_password() -> None:
    """Give none: the server lets this user in without one, or libpq's own password file has it."""
    return


@dataclass(frozen=True)
class Server:
    """A database on a server: `url` (postgresql://USER@HOST:PORT/NAME, no password), and what gives its password.

    `password` is asked for each connection, so that one that was changed counts; it may raise ValueError, in words. `statement`
    is how many seconds a statement may take, beside waiting for a lock.
    """

    url: str
    password: Callable[[], str | None] = field(default=no_password, repr=False, compare=False)
    statement: float = _STATEMENT_SECONDS

    @property
    def where(self) -> str:
        """The URL without the user, and without what stands behind it."""
        url = make_url(self.url)
        return f"postgresql://{url.host or ''}{f':{url.port}' if url.port else ''}/{url.database or ''}"
