from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules import addresses
from app.rules.addresses import client_ip, ip_prefix

PROXIES = addresses.parse_networks("127.0.0.1, 10.0.0.0/8,fd00::/8")


@pytest.mark.parametrize(
    ("ip", "prefix"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::", "::/64"),
    ],
)
def test_the_same_place_is_an_ipv4_address_or_an_ipv6_network(ip: str, prefix: str) -> None:
    assert ip_prefix(ip) == prefix


@pytest.mark.parametrize("ip", ["", "example.com", "203.0.113", "203.0.113.7/32", "010.0.0.1"])
def test_what_is_no_address_has_no_prefix(ip: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        ip_prefix(ip)


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        # Nobody but a proxy of ours is believed.
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        # One proxy, and what the client put into the header itself.
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "127.0.0.1, 10.0.0.1, 203.0.113.7", "203.0.113.7"),
        # Two proxies of ours.
        ("127.0.0.1", "198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        # Nothing but proxies: a call from inside.
        ("127.0.0.1", "10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        # Nonsense ends the search at the last hop that is known.
        ("127.0.0.1", "203.0.113.7, unknown", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7, , 10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "203.0.113.7,", "127.0.0.1"),
        # Spellings that proxies and sockets produce.
        ("::ffff:127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "203.0.113.7:51234", "203.0.113.7"),
        ("127.0.0.1", "[2001:db8::7]:443", "2001:db8::7"),
        ("127.0.0.1", "[2001:db8::7]", "2001:db8::7"),
        ("fd00::1", "2001:DB8::7", "2001:db8::7"),
        ("127.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", None, "fe80::1"),
        # A Unix socket has no address, and what it says about others is not believed.
        ("", "203.0.113.7", addresses.UNKNOWN_IP),
        ("client", None, addresses.UNKNOWN_IP),
    ],
)
def test_the_client_is_the_rightmost_hop_that_is_no_proxy(
    peer: str, forwarded_for: str | None, expected: str
) -> None:
    assert client_ip(peer, forwarded_for, PROXIES) == expected


def test_without_trusted_proxies_the_header_counts_for_nothing() -> None:
    assert client_ip("127.0.0.1", "203.0.113.7", ()) == "127.0.0.1"


def test_networks_are_read_from_a_setting() -> None:
    assert addresses.parse_networks("") == ()
    assert addresses.parse_networks(" 10.0.0.0/8 ,, ::1 ") == (
        ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_network("::1"),
    )
    for wrong in ("proxy", "10.0.0.1/8"):
        with pytest.raises(ValueError, match=wrong):
            addresses.parse_networks(wrong)


@given(st.text(), st.ip_addresses().map(str))
def test_whatever_a_client_writes_the_proxys_word_stands(written: str, client: str) -> None:
    inside = any(ipaddress.ip_address(client) in network for network in PROXIES)
    if not inside and ipaddress.ip_address(client).version == 4:
        assert client_ip("127.0.0.1", f"{written}, {client}", PROXIES) == client


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_addresses_of_one_ipv6_network_are_the_same_place(
    address: ipaddress.IPv6Address, host: int
) -> None:
    neighbour = ipaddress.IPv6Address(int(address) >> 64 << 64 | host)
    if address.ipv4_mapped is None and neighbour.ipv4_mapped is None:
        assert ip_prefix(str(address)) == ip_prefix(str(neighbour))
