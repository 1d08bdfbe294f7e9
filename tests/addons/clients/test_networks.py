"""In which of many networks an address lies."""

import ipaddress
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from addons.clients.caller import Address
from addons.clients.networks import Networks

NEAR = st.one_of(  # addresses close to each other, so that they meet
    st.integers(0, 255).map(lambda low: ipaddress.IPv4Address(0x0A000000 + low)),
    st.integers(0, 255).map(lambda low: ipaddress.IPv6Address((0xFD << 120) + low)),
    st.ip_addresses(),
)


def network_of(address: Address, length: int) -> str:
    """The network of so many bits that the address lies in."""
    return str(ipaddress.ip_network(f"{address}/{min(length, address.max_prefixlen)}", strict=False))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.builds(network_of, NEAR, st.integers(0, 128)), max_size=8), NEAR)
def test_first__of_any_networks__is_the_first_that_has_the_address(written: Sequence[str], address: Address) -> None:
    """As looking at each in turn finds it."""
    expected = next((place for place, text in enumerate(written) if address in ipaddress.ip_network(text)), None)
    assert Networks((text, place) for place, text in enumerate(written)).first(address) == expected


def test_first__of_no_address__is_none() -> None:
    """A client whose address cannot be read lies in no network, not in that of all addresses either."""
    assert Networks([("0.0.0.0/0", 0), ("::/0", 1)]).first(None) is None
