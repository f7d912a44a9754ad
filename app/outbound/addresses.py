"""Which addresses of the Internet Protocol an outgoing call may go to: never, by the operator's leave, or freely.

The tables are our own. `ipaddress.is_global` and its kin are wrong in Python 3.11.7 (multicast, site-local, 192.0.0.192,
168.63.129.16 and 6to4 of a loopback count as global there) and change with the interpreter.

Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries, IANA IPv6 Address Space, Microsoft's recommended deny list,
the metadata addresses that AWS, Azure, Google, Oracle, Alibaba and Scaleway document.
"""

from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NEVER_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # "this network"; connecting to 0.0.0.0 reaches the machine itself
        "100.100.100.200/32",  # metadata: Alibaba
        "168.63.129.16/32",  # metadata: Azure's wire server
        "169.254.0.0/16",  # link-local, and the metadata of nearly every cloud
        "192.0.0.192/32",  # metadata: Oracle
        "224.0.0.0/4",  # multicast
        "255.255.255.255/32",  # limited broadcast
    )
)
_NEVER_6 = tuple(
    IPv6Network(text)
    for text in (
        "::/128",  # unspecified
        "fd00:42::42/128",  # metadata: Scaleway
        "fd00:c1::a9fe:a9fe/128",  # metadata: Oracle
        "fd00:ec2::/32",  # metadata and other link services: AWS
        "fd20:ce::/32",  # metadata: Google
        "fe80::/10",  # link-local
        "ff00::/8",  # multicast
    )
)
_SPECIAL_4 = tuple(
    IPv4Network(text)
    for text in (
        "10.0.0.0/8",  # private use
        "100.64.0.0/10",  # shared by carriers
        "127.0.0.0/8",  # loopback
        "172.16.0.0/12",  # private use
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays, deprecated
        "192.168.0.0/16",  # private use
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "240.0.0.0/4",  # reserved
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # all else is loopback, private, multicast or not given out
_SPECIAL_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # IETF protocol assignments: Teredo, benchmarking, AMT, AS112, ORCHID, drone identifiers
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise, by relays of strangers
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # 6bone, given back
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_MAPPED = IPv6Network("::ffff:0:0/96")
_ISATAP_INTERFACES = (0x00005EFE, 0x02005EFE)


class Reachability(Enum):
    """How far an address can be reached."""

    NEVER = "never, whatever the operator allows"
    SPECIAL = "only where the operator allows it"
    PUBLIC = "freely"


def parse_address(text: str) -> Address | None:
    """Return the address that the text spells, an IPv4-mapped one as IPv4 and without zone; None where it spells none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def reachability_of(address: Address) -> Reachability:
    """Say how far the address, and every IPv4 address that it may carry to, can be reached."""
    if any(_lies_in(reading, _NEVER_4, _NEVER_6) for reading in readings_of(address)):
        return Reachability.NEVER
    if isinstance(address, IPv4Address):
        return Reachability.SPECIAL if _lies_in(address, _SPECIAL_4, ()) else Reachability.PUBLIC
    return _standing_of_6(address)


def readings_of(address: Address) -> frozenset[Address]:
    """Return the address and every IPv4 address that a translator, relay or tunnel could read in it."""
    if isinstance(address, IPv4Address):
        return frozenset({address})
    return frozenset({address, *(IPv4Address(number) for number in _embedded(int(address)))})


def _standing_of_6(address: IPv6Address) -> Reachability:
    if address in _NAT64 or address in _MAPPED:
        # On networks that speak IPv6 only, the whole IPv4 internet is reached through this prefix (RFC 6052, section 2.1).
        return reachability_of(IPv4Address(int(address) & 0xFFFFFFFF))
    if address not in _GLOBAL_UNICAST or _lies_in(address, (), _SPECIAL_6):
        return Reachability.SPECIAL
    carried = readings_of(address) - {address}
    return Reachability.SPECIAL if any(_lies_in(inner, _SPECIAL_4, ()) for inner in carried) else Reachability.PUBLIC


def _embedded(number: int) -> tuple[int, ...]:
    low = number & 0xFFFFFFFF
    match number >> 96:
        case 0:  # compatible and mapped (RFC 4291), translated (RFC 2765); ::1 is none of them
            return () if number == 1 else (low,)
        case 0x0064FF9B if (number >> 80) & 0xFFFF == 1:  # NAT64 of local use (RFC 8215), in one of two forms
            return tuple(form for form in (low, _around_octet_u(number)) if form >> 24)
        case 0x0064FF9B:  # NAT64 (RFC 6052)
            return (low,)
        case 0x20010000:  # Teredo (RFC 4380): the server, and the client with every bit turned
            return ((number >> 64) & 0xFFFFFFFF, ~number & 0xFFFFFFFF)
        case top if top >> 16 == 0x2002:  # noqa: PLR2004 - 6to4 (RFC 3056)
            return ((number >> 80) & 0xFFFFFFFF,)
        case _:
            return (low,) if (number >> 32) & 0xFFFFFFFF in _ISATAP_INTERFACES else ()


def _around_octet_u(number: int) -> int:
    return ((number >> 64) & 0xFFFF) << 16 | (number >> 40) & 0xFFFF


def _lies_in(address: Address, networks_4: tuple[IPv4Network, ...], networks_6: tuple[IPv6Network, ...]) -> bool:
    if isinstance(address, IPv4Address):
        return any(address in network for network in networks_4)
    return any(address in network for network in networks_6)
