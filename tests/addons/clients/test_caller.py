"""What is read of a client's connection."""

import base64
import ipaddress
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from addons.clients.caller import MOST_SAID, Caller, credentials
from tests.addons.clients.rolls import HERE, basic

PLAIN = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30)


@settings(max_examples=80, deadline=None)
@given(PLAIN.filter(lambda name: ":" not in name), PLAIN)
@example("", "")
@example("ci+testing", "a:b:c")
@example("mülle", "pässword")
def test_credentials__written_in_utf8__are_read(name: str, password: str) -> None:
    """Name and password as they were, with colons in the password (RFC 7617 section 2)."""
    assert credentials(basic(name, password)) == (name, password)


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(st.text(max_size=60), st.binary(max_size=40).map(lambda raw: f"basic {base64.b64encode(raw).decode()}"))
)
@example("Basic " + "A" * 2 * MOST_SAID)
@example("Basic ====")
@example("Basic \xe4")
@example("Bearer abc")
@example("Basic")
@example(basic("a\x00b", "c"))
def test_said__anything__makes_a_caller_that_is_readable_or_is_not(header: str) -> None:
    """Whatever is sent, nothing is raised, and there is a name exactly if it could be read."""
    caller = Caller.said(HERE, header)
    assert caller.unreadable is (caller.name is None) is (caller.password is None)
    assert not any(ord(char) < 32 for char in (caller.name or "") + (caller.password or ""))


def test_credentials__written_in_latin1__are_read() -> None:
    """As requests, and with it pip, writes them."""
    assert credentials(basic("müller", "pässword", "latin-1")) == ("müller", "pässword")


def test_said__in_any_case_and_spacing__is_read() -> None:
    """The scheme is one in any case (RFC 9110 section 11.1)."""
    found = Caller.said(HERE, basic("ci", "x").replace("Basic ", "  bASIC   ") + " ")
    assert (found.name, found.password, found.unreadable) == ("ci", "x", False)


def test_said__nothing__is_readable() -> None:
    """Who says nothing said nothing wrong."""
    assert Caller.said(HERE, None) == Caller(ipaddress.ip_address(HERE))


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::FFFF:a00:1", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::1", "::1"),
        ("", None),
        ("somewhere", None),
        ("/run/socket", None),
        ("10.0.0.1%x", "10.0.0.1"),
    ],
)
def test_said__by_a_peer__has_its_address(peer: str, address: str | None) -> None:
    """IPv4 within IPv6 is IPv4, zones say nothing here, and what is no address is none."""
    assert Caller.said(peer, None).address == (address and ipaddress.ip_address(address))


def test_caller__shown__has_no_password() -> None:
    """In whatever log it ends up."""
    assert "hunter2" not in repr(Caller.said(HERE, basic("ci", "hunter2")))
    assert quote("hunter2") not in f"{Caller.said(HERE, basic('ci', 'hunter2'))}"
