"""What the organisation wants of its own files beyond what every file has to be. Pure."""

import msgspec


class Soundness(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The organisation's own rules for uploads."""
