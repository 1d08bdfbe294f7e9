"""By whom uploads may come: the services that prove who an author is. Pure."""

import msgspec


class Identities(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The services that are asked who an author is. Tokens of the store's own always are."""
