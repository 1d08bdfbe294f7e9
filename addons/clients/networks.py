"""In which of many networks an address lies, without looking at each. Pure."""

import ipaddress
from collections.abc import Iterable, Mapping

from addons.clients.caller import Address

_BITS = {4: 32, 6: 128}


class Networks:
    """Networks in CIDR form, each with a position: the lowest one counts."""

    def __init__(self, placed: Iterable[tuple[str, int]]) -> None:
        tables: dict[tuple[int, int], dict[int, int]] = {}  # of IP version and prefix length: prefix to position
        for text, position in placed:
            network = ipaddress.ip_network(text)
            table = tables.setdefault((network.version, network.prefixlen), {})
            prefix = int(network.network_address) >> (_BITS[network.version] - network.prefixlen)
            table[prefix] = min(position, table.get(prefix, position))
        self._tables: Mapping[tuple[int, int], Mapping[int, int]] = tables

    def first(self, address: Address | None) -> int | None:
        """Give the lowest position of those in which the address lies; None if there is none, or no address."""
        if address is None:
            return None
        whole, bits = int(address), _BITS[address.version]
        found = [
            position
            for (version, length), table in self._tables.items()
            if version == address.version and (position := table.get(whole >> (bits - length))) is not None
        ]
        return min(found, default=None)
