"""The address of a client, as far as it can be known: what a client says of itself counts for nothing."""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

from starlette.requests import HTTPConnection

from app.outbound.addresses import Reachability, reachability_of

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_MOST_READ = 1_000
"""Addresses that were read last: most who ask have asked before."""

UNKNOWN = "unknown"
"""What stands for the address where there is none: a Unix socket, say."""

_HIGHEST_PORT = 65_535
_CUSTOMERS_OWN = 64
_WITH_PORT = re.compile(r"(?:\[(?P<six>[^\[\]]+)\]|(?P<four>[0-9.]+))(?::(?P<port>[0-9]{1,5}))?")


def client_address(connection: HTTPConnection, *, trusted: Sequence[Network]) -> str:
    """Return the address that the request comes from, written in one way only: IPv4, or IPv6 (RFC 5952) without a zone.

    That is whoever has the connection. Where that is one of the `trusted` proxies, it is whom this one names in X-Forwarded-For,
    and so on for as long as the one named is trusted itself: each proxy appends to the header, so it is read from the right. What
    stands further left anybody may have written. Where a trusted proxy names what is no address, the proxy itself counts.
    """
    found = _read(connection.client.host) if connection.client is not None else None
    if found is None:
        return UNKNOWN
    named = ",".join(connection.headers.getlist("x-forwarded-for")).split(",") if _is_trusted(found, trusted) else []
    while named and _is_trusted(found, trusted):
        before = _read(named.pop().strip(" \t"))
        if before is None:
            break
        found = before
    return _written(found)


def unnamed_proxy(connection: HTTPConnection, *, trusted: Sequence[Network]) -> str | None:
    """Return the private address that has handed the request on, though it is not among the `trusted`; None where none has."""
    found = _read(connection.client.host) if connection.client is not None else None
    if found is None or "x-forwarded-for" not in connection.headers or _is_trusted(found, trusted):
        return None
    return str(found) if reachability_of(found) is Reachability.SPECIAL else None


def client_network(connection: HTTPConnection, *, trusted: Sequence[Network]) -> str:
    """Return what stands for everybody at the request's address: that itself, or for IPv6 its /64, which is one customer's."""
    address = client_address(connection, trusted=trusted)
    return str(IPv6Network((address, _CUSTOMERS_OWN), strict=False)) if ":" in address else address


def is_proxy(host: str, *, trusted: Sequence[Network]) -> bool:
    """Whether who has the connection is one of the `trusted` proxies, and asks for others."""
    address = _read(host)
    return address is not None and _is_trusted(address, trusted)


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)


_written = lru_cache(_MOST_READ)(str)


@lru_cache(_MOST_READ)
def _read(text: str) -> Address | None:
    """Read "192.0.2.1", "192.0.2.1:443", "2001:db8::1", "[2001:db8::1]" and "[2001:db8::1]:443"; None for all else."""
    if (match := _WITH_PORT.fullmatch(text)) is not None:
        if int(match["port"] or 0) > _HIGHEST_PORT:
            return None
        text = match["six"] or match["four"]
        if match["six"] is not None and ":" not in text:
            return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # A socket that listens on IPv6 shows clients of IPv4 so; a zone means something on that machine alone.
        return address.ipv4_mapped or IPv6Address(int(address))
    return address
