"""Whether a password or a token's secret is that of a hash: argon2id (RFC 9106) and bcrypt."""

from addons.clients.proofs import verify as verify_argon2

MOST_BCRYPT = 72
"""How many bytes of a password bcrypt looks at; a longer one is not taken, as what is behind them would not count."""


def is_bcrypt(encoded: str) -> bool:
    """Tell whether a hash is one of bcrypt's."""
    return encoded.startswith(("$2y$", "$2b$"))


def verify(encoded: str, password: str) -> bool | None:
    """Verify, in as much time as the hash takes; None if it could not be found out."""
    if not is_bcrypt(encoded):
        return verify_argon2(encoded, password)
    import bcrypt  # only who has such users pays for it

    raw = password.encode("utf-8", "surrogateescape")
    right = bcrypt.checkpw(raw[:MOST_BCRYPT], encoded.encode("ascii"))
    return right and len(raw) <= MOST_BCRYPT and b"\0" not in raw


def hashed(secret: str) -> str:
    """Give the argon2id hash of a token's secret, which nobody can guess: with OWASP's least cost, about 20 ms and 19 MiB."""
    import argon2

    return argon2.PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1).hash(secret)
