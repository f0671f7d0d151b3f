"""Whose IP address a request came from, and which addresses count as the same place."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

UNKNOWN_IP: Final = "::"
"""Stands for a peer without an address (a Unix socket); never one that can connect."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def parse_networks(text: str) -> tuple[Network, ...]:
    """Read networks or single addresses separated by commas; raises ``ValueError`` for a bad one."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def ip_prefix(ip: str) -> str:
    """Return what "the same address" means: IPv4 as ``/32``, IPv6 as its ``/64``.

    Raises ``ValueError`` for anything else than an address.
    """
    address = _address(ip)
    if address is None:
        raise ValueError(f"not an address: {ip!r}")
    length = 32 if isinstance(address, IPv4Address) else 64
    return str(ipaddress.ip_network((address, length), strict=False))


def client_ip(peer: str, forwarded_for: str | None, trusted_proxies: Collection[Network]) -> str:
    """Return the client's address: the rightmost hop that is no proxy of ours.

    ``peer`` is the socket's other end, ``forwarded_for`` all ``X-Forwarded-For`` headers joined by
    commas. The header is read from the right and only as long as trusted proxies wrote it; what a
    client put there itself lies further left and is never believed.
    """
    address = _address(peer)
    if address is None:
        return UNKNOWN_IP
    hops = (forwarded_for or "").split(",")
    while hops and _is_in(address, trusted_proxies):
        hop = _address(hops.pop())
        if hop is None:
            break
        address = hop
    return str(address)


def _address(text: str) -> Address | None:
    """Read an address as it appears in a header or a socket: with port, brackets or zone."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A dual-stack socket shows IPv4 clients as ::ffff:a.b.c.d: without this they all share one /64.
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _is_in(address: Address, networks: Collection[Network]) -> bool:
    return any(address in network for network in networks)
