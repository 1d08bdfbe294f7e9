"""People of a directory (LDAP, RFC 4511): who can be bound with a password is who he says; and their groups.

All of it is a blocking library's, so it is done in threads of its own: a directory that hangs holds up nobody else.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Any, override
from urllib.parse import urlsplit

from addons.fetch.trust import tls_context
from addons.store.principals import Principal
from addons.upload.author import Author
from addons.upload.identity.asking import Road
from addons.upload.identity.failing import NotAsked, Unfit, Wrong
from addons.upload.identity.ldap_names import in_dn, in_filter, is_user, relative_value
from proxyconf.directories import Ldap as LdapSettings

if TYPE_CHECKING:
    from ldap3 import Connection, Tls

_SUCCESS, _WRONG = 0, (32, 34, 48, 49)  # no such object, no such DN, inappropriate authentication, invalid credentials
_MOST_GROUPS = 1000
_RUBBISH = (LookupError, ValueError, TypeError, AttributeError, RecursionError)  # of the library, for what is no LDAP
_POOL = ThreadPoolExecutor(max_workers=4, thread_name_prefix="wheelgate-ldap")

type Connect = Callable[[str, str, str], "Connection"]
"""Opens a connection to a server (its URL), to be bound as a DN with a password; TLS is verified by then."""


class Ldap:
    """The people of one directory. `connect` is another way to it, for tests. Making one reads the password of `bind_dn`.

    Raises ValueError where that is not there.
    """

    def __init__(self, settings: LdapSettings, road: Road, connect: Connect | None = None) -> None:
        hosts = [urlsplit(server).hostname or "" for server in settings.servers]
        self.service = f"LDAP ({hosts[0]})"
        self._settings = settings
        self._hosts = hosts
        self._road = road
        self._password = settings.password()
        self._context = tls_context(road.upstream, settings.ca)
        self._connect = connect or self._connected

    async def who(self, user: str, password: str, at: datetime) -> Author:
        """Give who it is. Raises NotProven."""
        if not password or not is_user(user):  # without a password anybody can be bound (RFC 4513 section 5.1.2)
            raise Wrong(f"{self.service} has no such user, or another password for it")
        for host in self._hosts:
            self._road.check(self.service, host)
        work = asyncio.get_running_loop().run_in_executor(_POOL, self._found, user, password)
        try:
            async with asyncio.timeout(self._road.seconds):
                return await work
        except TimeoutError:
            raise self._failed(f"it did not answer within {self._road.seconds:g} s") from None

    def _found(self, user: str, password: str) -> Author:
        from ldap3.core.exceptions import LDAPException
        from pyasn1.error import PyAsn1Error

        try:
            return self._looked(user, password)
        except (LDAPException, OSError) as error:  # whose words may have anything in them
            raise self._failed(f"it could not be reached ({type(error).__name__})") from None
        except (*_RUBBISH, PyAsn1Error):
            raise self._failed("its answer is not what a directory says") from None

    def _looked(self, user: str, password: str) -> Author:
        dn, name = self._who_it_is(user)
        with self._bound(
            dn, password, wrong=Wrong(f"{self.service} has no such user, or another password for it")
        ) as own:
            if self._settings.group_base is None:
                groups: set[Principal] = set()
            elif self._settings.bind_dn is None:
                groups = self._groups(own, dn, name)
            else:
                with self._as_service() as connection:
                    groups = self._groups(connection, dn, name)
        return Author(
            principal=Principal("user", name),
            groups=frozenset(groups),
            service="ldap",
            may_claim=self._settings.may_claim,
        )

    def _who_it_is(self, user: str) -> tuple[str, str]:
        settings = self._settings
        if settings.user_dn is not None:
            return settings.user_dn.replace("{user}", in_dn(user)), user.lower()
        with self._as_service() as connection:
            wanted = settings.filter.replace("{user}", in_filter(user))
            found = self._searched(connection, settings.base or "", wanted, [settings.user_attribute])
        if len(found) != 1:
            if found:
                raise Unfit(f"{self.service} has several users of this name; its administrator has to tell them apart")
            raise Wrong(f"{self.service} has no such user, or another password for it")
        dn, attributes = found[0]
        names = [
            each
            for key, values in attributes.items()
            if key.lower() == settings.user_attribute.lower()
            for each in values
        ]
        if len(names) != 1 or not is_user(names[0]):
            raise Unfit(
                f'{self.service} has no name for this user that can own anything (attribute "{settings.user_attribute}")'
            )
        return dn, names[0].lower()

    def _groups(self, connection: "Connection", dn: str, name: str) -> set[Principal]:
        settings = self._settings
        base = settings.group_base or ""
        if settings.group_filter is not None:
            wanted = settings.group_filter.replace("{dn}", in_filter(dn)).replace("{user}", in_filter(name))
            found = self._searched(connection, base, wanted, [settings.group_name])
            names = [value for _, attributes in found for values in attributes.values() for value in values]
        else:
            found = self._searched(connection, dn, "(objectClass=*)", ["memberOf"], itself=True)
            above = [value for _, attributes in found for values in attributes.values() for value in values]
            names = [value for each in above if (value := relative_value(each, settings.group_name, base))]
        return {group for group in map(_group, names[:_MOST_GROUPS]) if group is not None}

    def _searched(
        self, connection: "Connection", base: str, wanted: str, attributes: list[str], *, itself: bool = False
    ) -> list[tuple[str, dict[str, list[str]]]]:
        connection.search(
            base,
            wanted,
            search_scope="BASE" if itself else "SUBTREE",
            attributes=attributes,
            size_limit=0 if itself else _MOST_GROUPS,
            time_limit=max(1, int(self._road.seconds)),
        )
        result: dict[str, Any] = connection.result
        if result["result"] == 32:  # no such object
            return []
        if result["result"] != _SUCCESS:
            raise self._failed(f"it does not let itself be searched (result {int(result['result'])})")
        entries = [each for each in connection.response or () if each.get("type") == "searchResEntry"]  # no referrals
        return [
            (each["dn"], {key: _texts(values) for key, values in each["raw_attributes"].items()}) for each in entries
        ]

    @contextmanager
    def _as_service(self) -> Iterator["Connection"]:
        wrong = self._failed("it does not take the password of bind_dn")
        with self._bound(self._settings.bind_dn or "", self._password or "", wrong=wrong) as connection:
            yield connection

    @contextmanager
    def _bound(self, dn: str, password: str, wrong: Exception) -> Iterator["Connection"]:
        """Give a connection that is bound. Without a DN it is nobody's. Raises `wrong`, and NotAsked."""
        connection = self._opened(dn, password)
        try:
            connection.bind()
            result = connection.result["result"]
            if result in _WRONG:
                raise wrong
            if result != _SUCCESS:
                raise self._failed(f"it does not let anybody in (result {int(result)})")
            yield connection
        finally:
            _left(connection)

    def _opened(self, dn: str, password: str) -> "Connection":
        from ldap3.core.exceptions import LDAPException

        failure: Exception | None = None
        for server in self._settings.servers:
            try:
                return self._connect(server, dn, password)
            except (LDAPException, OSError) as error:
                failure = error
        raise self._failed(f"it could not be reached ({type(failure).__name__})")

    def _connected(self, url: str, dn: str, password: str) -> "Connection":
        import ldap3

        seconds = self._road.seconds
        parts = urlsplit(url)
        server = ldap3.Server(
            parts.hostname or "",
            port=parts.port or (636 if parts.scheme == "ldaps" else 389),
            use_ssl=parts.scheme == "ldaps",
            tls=_verifying(self._context),
            get_info=ldap3.NONE,
            connect_timeout=seconds / len(self._settings.servers),
        )
        connection = ldap3.Connection(
            server,
            user=dn or None,
            password=password or None,
            authentication=ldap3.SIMPLE if dn else ldap3.ANONYMOUS,
            receive_timeout=ceil(seconds),  # it fails for what is no whole number
            auto_referrals=False,
            check_names=False,
            raise_exceptions=False,
        )
        try:
            connection.open()
            if self._settings.start_tls and not connection.start_tls(read_server_info=False):
                raise self._failed("it does not go on in TLS")
        except BaseException:
            _dropped(connection)
            raise
        return connection

    def _failed(self, why: str) -> NotAsked:
        return NotAsked(self.service, why)


def _verifying(context: ssl.SSLContext) -> "Tls":
    """Give what the library makes TLS with: with a context of ours, as its own knows no addresses and reads names by hand."""
    import ldap3

    class Verifying(ldap3.Tls):
        @override
        def wrap_socket(self, connection: "Connection", do_handshake: bool = False) -> None:
            connection.socket = context.wrap_socket(connection.socket, server_hostname=connection.server.host)

    return Verifying()


def _left(connection: "Connection") -> None:
    """Say farewell, if anybody is there, and let go of the socket in any case."""
    from ldap3.core.exceptions import LDAPException

    try:
        connection.unbind()
    except (LDAPException, OSError):
        _dropped(connection)


def _dropped(connection: "Connection") -> None:
    if connection.socket is not None:
        connection.socket.close()


def _texts(values: list[bytes]) -> list[str]:
    return [raw.decode("utf-8", "replace") for raw in values]


def _group(name: str) -> Principal | None:
    try:
        group = Principal.read(f"group:{name}")
    except ValueError:
        return None
    return None if group.realm else group
