"""Everything an operator can set, as frozen structs: the YAML keys are the attribute names. Pure but for passwords.

Making a struct checks its values and raises `Misfit` (a ValueError) in words; whether folders and files are there is
asked by `checking`. Times are seconds, as the names say. No struct ever holds a password.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from proxyconf import addresses, hosts, values
from proxyconf.addresses import Address
from proxyconf.client_checks import check_clients
from proxyconf.clients import Group, Profile
from proxyconf.misfit import Misfit, settle
from proxyconf.passwords import password_from
from proxyconf.rules import Policy, Rule, one_of
from proxyconf.uploads import Uploads

MOST_FRESH_SECONDS = 600  # what PyPI tells its own clients; a page kept longer would hide a denial for too long
MOST_DAYS = 3650
INDEX_ONLY = ("username", "password_env", "password_file", "ca", "files_hosts", "public")


def _check_password(username: str | None, variable: str | None, file: Path | None, prefix: str = "") -> None:
    if variable is not None and file is not None:
        raise Misfit(f"stands beside {prefix}password_env; keep one of the two", f"{prefix}password_file")
    if username is None and (variable is not None or file is not None):
        key = f"{prefix}password_env" if file is None else f"{prefix}password_file"
        raise Misfit(f'needs {prefix}username beside it (for a token often "__token__")', key)


def _dialled(connect_to: Mapping[str, Address]) -> dict[str, Address]:
    dialled: dict[str, Address] = {}
    for written, address in connect_to.items():
        try:
            host = addresses.bare_host(written)
        except Misfit as misfit:
            raise Misfit(str(misfit), written) from None
        if address.port == 0:
            raise Misfit("has port 0; write the port to dial", written)
        if host in dialled:
            raise Misfit(f"{host} is there in another spelling too; keep one of them", written)
        dialled[host] = address
    return dialled


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place that has projects: a folder of wheels and sdists, a Simple index (PEP 503, PEP 691), or the gateway's own store.

    `index` ends in a slash. An index on PyPI's own hosts has PyPI's files host among its `files_hosts`.
    """

    name: str
    folder: Path | None = None
    index: str | None = None
    store: bool = False
    public: bool = False
    username: str | None = None
    password_env: str | None = None
    password_file: Path | None = None
    ca: Path | None = None
    files_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        settle(
            self,
            name=values.source_name,
            index=addresses.index_url,
            username=values.user_name,
            password_env=values.environment_name,
            files_hosts=addresses.bare_host,
        )
        kinds = (self.folder is not None) + (self.index is not None) + self.store
        if kinds != 1:
            both = "has both a folder and an index, or is the store besides; make several sources of it"
            raise Misfit(both if kinds else 'has neither a folder nor an index; write one of them, or "store: true"')
        if self.index is None:
            self._check_own()
        else:
            self._check_index(self.index)
        _check_password(self.username, self.password_env, self.password_file)

    def _check_own(self) -> None:
        what = "the store" if self.store else "a folder"
        for field in INDEX_ONLY:
            if getattr(self, field):
                raise Misfit(f"belongs to an index, and this source is {what}; take it out", field)

    def _check_index(self, index: str) -> None:
        host = addresses.host_of(index)
        if hosts.is_protected(host) and not self.public:
            raise Misfit(
                f'{host} is the public PyPI: write "public: true", or its projects would count as yours', "index"
            )
        if host in hosts.INDEX:
            if not index.endswith("/simple/") or index.count("/") != 4:
                raise Misfit(f'is not where {host} has its pages; write "https://{host}/simple/"', "index")
            more = tuple(sorted(hosts.FILES.difference(self.files_hosts)))
            msgspec.structs.force_setattr(self, "files_hosts", self.files_hosts + more)

    @property
    def own(self) -> bool:
        """Whether its projects are the organisation's own, which the public index is never asked about."""
        return not self.public

    def password(self) -> str | None:
        """The password for the index, read now. Raises Misfit (a ValueError) when the variable or file isn't there."""
        return password_from(self.password_env, self.password_file)


class Upstream(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the gateway reaches the indexes. `ca` replaces the system's trust; `connect_to` replaces DNS, not TLS."""

    proxy: str = "environment"
    proxy_username: str | None = None
    proxy_password_env: str | None = None
    proxy_password_file: Path | None = None
    ca: Path | None = None
    connect_seconds: float = 5.0
    read_seconds: float = 20.0
    page_seconds: float = 30.0
    max_page_mb: int = 64
    connect_to: dict[str, Address] = {}

    def __post_init__(self) -> None:
        seconds = values.between(0.1, 3600, "seconds")
        settle(
            self,
            proxy=addresses.proxy_url,
            proxy_username=values.user_name,
            proxy_password_env=values.environment_name,
            connect_seconds=seconds,
            read_seconds=seconds,
            page_seconds=seconds,
            max_page_mb=values.between(1, 4096, "megabytes"),
            connect_to=_dialled,
        )
        if self.proxy_username is not None and "://" not in self.proxy:
            raise Misfit('is only used when "proxy" is a URL; write that, or take this out', "proxy_username")
        _check_password(self.proxy_username, self.proxy_password_env, self.proxy_password_file, "proxy_")

    def proxy_password(self) -> str | None:
        """The password for the proxy, read now. Raises Misfit (a ValueError) when the variable or file isn't there."""
        return password_from(self.proxy_password_env, self.proxy_password_file, "proxy_")


class Cache(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept, and how long. `folder` None: one of the user's own.

    What is kept of an index is given where it has not answered in `patience_seconds`, if it is at most `stale_hours` old.
    Files may take `max_gb` together and leave `min_free_gb` free on their disk (GB of 10^9 bytes). That a public index has
    no such project is remembered for `absent_seconds`. `keep`: names and prefixes of projects that outlast their removal.
    """

    folder: Path | None = None
    max_gb: float = 20.0
    min_free_gb: float = 1.0
    stale_hours: float = 24.0
    patience_seconds: float = 3.0
    absent_seconds: float = 30.0
    keep: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        settle(
            self,
            max_gb=values.between(0, 1_000_000, "gigabytes"),
            min_free_gb=values.between(0, 1_000_000, "gigabytes"),
            stale_hours=values.between(0, 720, "hours"),
            patience_seconds=values.between(0, 60, "seconds"),
            absent_seconds=values.between(0, 60, "seconds"),
            keep=values.reserved_name,
        )


class Metadata(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is announced of files' core metadata: `ahead`, of wheels too before it is in hand; `sdists`, where it is final."""

    ahead: bool = True
    sdists: bool = False


class Bundles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is carried here from another gateway's cache: with `trusted_keys` (PEM, Ed25519) only what one has signed."""

    trusted_keys: tuple[Path, ...] = ()


class Store(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What lasts and cannot be fetched again: decisions, own projects and their files, and what was served.

    `folder` None: one of the user's own. `database`: a PostgreSQL server's instead of a file in the folder, as a URL without a
    password.
    """

    folder: Path | None = None
    database: str | None = None
    password_env: str | None = None
    password_file: Path | None = None

    def __post_init__(self) -> None:
        settle(self, database=addresses.database_url, password_env=values.environment_name)
        if self.database is None and (self.password_env is not None or self.password_file is not None):
            raise Misfit("belongs to a database; take it out", "password_env" if self.password_env else "password_file")
        if self.password_env is not None and self.password_file is not None:
            raise Misfit("stands beside password_env; keep one of the two", "password_file")

    def password(self) -> str | None:
        """The password for the database, read now. Raises Misfit (a ValueError) when the variable or file isn't there."""
        return password_from(self.password_env, self.password_file)


class Served(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is recorded of what clients got, for so many days, today counted in; 0: nothing."""

    days: int = 90

    def __post_init__(self) -> None:
        settle(self, days=values.between(0, MOST_DAYS, "days"))


class Merge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A project (normalised) whose page has the files of several sources, the highest first."""

    project: str
    sources: tuple[str, ...]

    def __post_init__(self) -> None:
        settle(self, project=values.normal_name)
        if len(self.sources) < 2:
            raise Misfit("names fewer than two sources; there is nothing to merge", "sources")
        if len(set(self.sources)) < len(self.sources):
            raise Misfit("names a source twice; keep one of them", "sources")


class OtherHosts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to connections that are not for PyPI's hosts. `allow`: normalised host names, IPs, networks."""

    mode: Literal["tunnel", "refuse"] = "tunnel"
    ports: tuple[int, ...] = (80, 443)
    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        settle(self, ports=values.between(1, 65535, "a port"), allow=addresses.host_or_network)


PYPI = Source(name="pypi", index="https://pypi.org/simple/", public=True, files_hosts=("files.pythonhosted.org",))


def _check_order(sources: tuple[Source, ...]) -> None:
    """Names are unique, and own sources stand before public ones: the first that has a project answers alone."""
    public: Source | None = None
    for number, source in enumerate(sources):
        if any(source.name == earlier.name for earlier in sources[:number]):
            raise Misfit(
                f'"{source.name}" is the name of two sources; give one of them another', "sources", number, "name"
            )
        if public is not None and source.own:
            raise Misfit(
                f'"{source.name}" is your own source and stands below "{public.name}", which is public and would'
                ' answer first; move it up (or write "public: true" if it is a public index)',
                *("sources", number),
            )
        if source.store and any(earlier.store for earlier in sources[:number]):
            raise Misfit("is the store a second time; there is one, so keep one of them", "sources", number, "store")
        public = source if source.public else public


def _check_merge(settings: "Settings") -> None:
    """Merged sources are there, each project once, and no reserved project is asked of a public source after all."""
    known = {source.name: source for source in settings.sources}
    for number, item in enumerate(settings.merge):
        for place, name in enumerate(item.sources):
            if name not in known:
                there = ", ".join(known)
                raise Misfit(f'"{name}" is no source; there are: {there}', "merge", number, "sources", place)
        if any(item.project == other.project for other in settings.merge[:number]):
            raise Misfit(f"{item.project} is merged twice; keep one of them", "merge", number, "project")
        public = [name for name in item.sources if known[name].public]
        if public and any(values.covers(pattern, item.project) for pattern in settings.reserved):
            raise Misfit(
                f'{item.project} is reserved, and "{public[0]}" is public: take it out here or out of "reserved"',
                *("merge", number, "project"),
            )


def _check_forward(settings: "Settings") -> None:
    """What is reserved is the organisation's: of a reserved prefix only names that are written out go elsewhere, on purpose."""
    for number, pattern in enumerate(settings.uploads.forward):
        for reserved in settings.reserved:
            is_meant = not pattern.endswith("-*") and pattern != reserved
            if not is_meant and values.overlap(pattern, reserved):
                raise Misfit(
                    f'{pattern} has what "{reserved}" reserves, and its uploads would go on to the public PyPI: write the names'
                    ' that are meant, or take it out of "reserved"',
                    *("uploads", "forward", number),
                )


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One whole configuration. `Settings()` is what an empty file means, and what `default.yaml` says."""

    listen: Address = Address("127.0.0.1", 8080)
    certs: Path | None = None
    sources: tuple[Source, ...] = (PYPI,)
    reserved: tuple[str, ...] = ()
    merge: tuple[Merge, ...] = ()
    own_policies: Path | None = None
    policies: tuple[Policy, ...] = ()
    profiles: tuple[Profile, ...] = ()
    clients: tuple[Group, ...] = ()
    refusals: Literal["explain", "hide"] = "explain"
    explanations: Literal["full", "brief"] = "full"
    contact: str = ""
    address: str = ""
    max_age_seconds: int = 0
    fresh_seconds: int = 60
    upstream: Upstream = Upstream()
    cache: Cache = Cache()
    metadata: Metadata = Metadata()
    bundles: Bundles = Bundles()
    store: Store = Store()
    uploads: Uploads = Uploads()
    served: Served = Served()
    offline: bool = False
    other_hosts: OtherHosts = OtherHosts()

    def __post_init__(self) -> None:
        settle(
            self,
            reserved=values.reserved_name,
            contact=lambda text: text and values.sentence(text),
            address=lambda text: text and addresses.own_url(text),
            max_age_seconds=values.between(0, MOST_FRESH_SECONDS, "seconds"),
            fresh_seconds=values.between(0, MOST_FRESH_SECONDS, "seconds"),
        )
        _check_order(self.sources)
        _check_merge(self)
        _check_forward(self)
        check_clients(self.clients, self.profiles, {source.name: source.own for source in self.sources})


_WITH_POLICIES: Mapping[str, type[msgspec.Struct]] = {"profiles": Profile, "clients": Group}


def _written(part: type[msgspec.Struct], policies: list[tuple[str, Any, Any]]) -> Any:
    """The type of a list of these parts as they are written."""
    made: Any = msgspec.defstruct(
        part.__name__, policies, bases=(part,), frozen=True, kw_only=True, forbid_unknown_fields=True
    )
    return tuple[made, ...]


@cache
def settings_type(kinds: tuple[tuple[str, type[Rule]], ...]) -> type[Settings]:
    """The type of a configuration as it is written, whose policies are of these kinds, by name."""
    items: Any = tuple[one_of(dict(kinds)), ...]  # type: ignore[misc]  # a type that is known at run time only
    policies = [("policies", items, ())]
    fields = [*policies, *((key, _written(part, policies), ()) for key, part in _WITH_POLICIES.items())]
    made = msgspec.defstruct(
        "Settings", fields, bases=(Settings,), frozen=True, kw_only=True, forbid_unknown_fields=True
    )
    return cast(type[Settings], made)
