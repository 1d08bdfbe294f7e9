"""What may be uploaded, by whom, and how large it may be. Pure."""

import msgspec

from proxyconf import values
from proxyconf.identities import Identities
from proxyconf.misfit import settle
from proxyconf.ownership import Ownership
from proxyconf.soundness import Soundness


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other limits for a project (normalised), or those of a prefix ("acme-*"); None: the general one."""

    project: str
    max_file_mb: int | None = None
    max_project_gb: float | None = None

    def __post_init__(self) -> None:
        settle(
            self,
            project=values.reserved_name,
            max_file_mb=values.between(1, 1_000_000, "megabytes"),
            max_project_gb=values.between(0.001, 1_000_000, "gigabytes"),
        )


class Uploads(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits (MB of 10^6 bytes, GB of 10^9), the first of `limits` that covers a project counts.

    `forward`: projects whose uploads go on to the public index, with their author's own credentials.
    """

    max_file_mb: int = 1000
    max_project_gb: float = 10.0
    limits: tuple[Limit, ...] = ()
    forward: tuple[str, ...] = ()
    identities: Identities = Identities()
    ownership: Ownership = Ownership()
    soundness: Soundness = Soundness()

    def __post_init__(self) -> None:
        settle(
            self,
            max_file_mb=values.between(1, 1_000_000, "megabytes"),
            max_project_gb=values.between(0.001, 1_000_000, "gigabytes"),
            forward=values.reserved_name,
        )
