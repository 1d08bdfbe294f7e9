"""Who may claim a name, and what becomes of projects that nobody has any more. Pure."""

import msgspec


class Ownership(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules for claims of names, and for projects without an owner."""
