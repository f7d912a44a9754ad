from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import example, given, strategies as st

from app.outbound import NotAllowed, Outbound, Request
from app.outbound.addresses import Reachability, parse_address, reachability_of, readings_of
from tests.wires import CountedDial


def listed(text: str) -> list[str]:
    return text.split()


# The IANA special-purpose registries as they stand, written out once more: a slip in the table of the code is not repeated here.
SPECIAL_4 = listed("""
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.0.0/29 192.0.0.8/32
192.0.0.9/32 192.0.0.10/32 192.0.0.170/31 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16
192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 255.255.255.255/32
""")
SPECIAL_6 = listed("""
::/128 ::1/128 ::ffff:0:0/104 64:ff9b::/104 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32 2001:1::1/128
2001:1::2/128 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28 2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16
2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8 ::/96 0:0:0:0:ffff::/96 4000::/3 e000::/4
""")
METADATA_4 = listed("""
169.254.169.254 169.254.170.2 169.254.170.23 169.254.169.253 169.254.0.23 100.100.100.200 192.0.0.192 168.63.129.16 0.0.0.0
""")
METADATA_6 = listed("fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fd00:c1::a9fe:a9fe fd00:42::42 fe80::1 fe80::a9fe:a9fe ff02::1 ::")
PUBLIC = listed("""
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 52.216.0.1 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15
172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
2001:200::1 2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450:4001::1
2620:4f:8001::1 3fff:1000::1 64:ff9b::808:808 2a00::5efe:808:808
""")


def embeddings(inner: IPv4Address) -> dict[str, IPv4Address | IPv6Address]:
    number = int(inner)
    return {
        "literal": inner,
        "mapped": IPv6Address((0xFFFF << 32) | number),
        "compatible": IPv6Address(number),
        "translated": IPv6Address((0xFFFF << 48) | number),
        "6to4": IPv6Address((0x2002 << 112) | (number << 80) | 1),
        "NAT64": IPv6Address((0x64FF9B << 96) | number),
        "NAT64 of local use": IPv6Address((0x64FF9B0001 << 80) | number),
        "Teredo": IPv6Address((0x20010000 << 96) | (0x01010101 << 64) | (~number & 0xFFFFFFFF)),
        "ISATAP": IPv6Address((0x2A00 << 112) | (0x5EFE << 32) | number),
    }


def three_of(network: IPv4Network) -> set[IPv4Address]:
    return {network[0], network[network.num_addresses // 2], network[-1]}


def special_addresses() -> Iterator[IPv4Address | IPv6Address]:
    inner = {address for text in SPECIAL_4 for address in three_of(IPv4Network(text))} | {
        IPv4Address(text) for text in METADATA_4
    }
    for address in sorted(inner):
        yield from embeddings(address).values()
    for network in map(IPv6Network, SPECIAL_6):
        yield from {network[0], network[network.num_addresses // 2], network[-1]}
    yield from map(IPv6Address, METADATA_6)


def test_no_special_address_is_public_in_any_embedding() -> None:
    addresses = set(special_addresses())

    public = [address for address in addresses if reachability_of(address) is Reachability.PUBLIC]

    assert public == []
    assert len(addresses) >= 600


async def test_no_special_address_is_connected_to() -> None:
    dial = CountedDial()
    outbound = Outbound(dial=dial)
    hosts = [str(address) if address.version == 4 else f"[{address}]" for address in set(special_addresses())]

    outcomes = [await outbound.send(Request("GET", f"https://{host}/"), origin="https://a.example") for host in hosts]

    await outbound.aclose()
    assert [host for host, outcome in zip(hosts, outcomes, strict=True) if not isinstance(outcome, NotAllowed)] == []
    assert dial.connects == []
    assert len(hosts) >= 600


@pytest.mark.parametrize("text", METADATA_4)
def test_a_metadata_address_is_never_reachable_in_any_embedding(text: str) -> None:
    reachable = {
        name for name, address in embeddings(IPv4Address(text)).items() if reachability_of(address) is not Reachability.NEVER
    }

    # In a prefix of local use zeros may be the rest of the other form.
    assert reachable == ({"NAT64 of local use"} if text == "0.0.0.0" else set())  # noqa: S104 - the address


@pytest.mark.parametrize("text", METADATA_6)
def test_a_metadata_address_of_ipv6_is_never_reachable(text: str) -> None:
    assert reachability_of(IPv6Address(text)) is Reachability.NEVER


@pytest.mark.parametrize("text", PUBLIC)
def test_the_neighbours_of_special_networks_are_public(text: str) -> None:
    address = parse_address(text)

    assert address is not None
    assert reachability_of(address) is Reachability.PUBLIC


@pytest.mark.parametrize("text", ["10.1.2.3", "127.0.0.1", "192.168.0.1", "::1", "fd12:3456::1", "100.64.0.1"])
def test_a_private_address_is_the_operators_to_allow(text: str) -> None:
    address = parse_address(text)

    assert address is not None
    assert reachability_of(address) is Reachability.SPECIAL


def test_a_mapped_address_is_read_as_ipv4_and_a_zone_is_dropped() -> None:
    assert parse_address("::ffff:10.0.0.1") == IPv4Address("10.0.0.1")
    assert parse_address("fe80::1%eth0") == IPv6Address("fe80::1")


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "127.0.0.1.", "1.2.3.256", "[::1]"]
)
def test_other_spellings_are_no_address(text: str) -> None:
    assert parse_address(text) is None


@given(st.integers(min_value=1 << 24, max_value=(1 << 32) - 1))
def test_every_embedding_reads_back(number: int) -> None:
    inner = IPv4Address(number)

    assert all(inner in readings_of(address) for address in embeddings(inner).values())


@example(IPv4Address("0.0.0.1"))
@given(st.ip_addresses(v=4))
def test_an_embedding_reaches_no_further_than_what_is_in_it(inner: IPv4Address) -> None:
    order = [Reachability.NEVER, Reachability.SPECIAL, Reachability.PUBLIC]

    reach = {
        name: order.index(reachability_of(address))
        for name, address in embeddings(inner).items()
        if name not in {"ISATAP", "NAT64 of local use"} and address != IPv6Address("::1")  # it embeds nothing
    }

    assert max(reach.values()) == reach["literal"]
