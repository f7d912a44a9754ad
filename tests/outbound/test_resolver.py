from ipaddress import IPv4Address, IPv6Address

import pytest

from app.outbound.resolver import NoAddress, SystemResolver, addresses_of, is_of_this_machine
from tests.wires import Names


async def test_the_system_knows_this_machine_and_no_invalid_name() -> None:
    resolver = SystemResolver()
    try:
        here = await addresses_of("localhost", 443, resolve=resolver)
        nowhere = await addresses_of("git.invalid", 443, resolve=resolver)
    finally:
        resolver.close()

    assert not isinstance(here, NoAddress)
    assert set(here) <= {IPv4Address("127.0.0.1"), IPv6Address("::1")}
    assert nowhere == NoAddress("git.invalid")


async def test_an_address_is_not_looked_up() -> None:
    names = Names(["10.0.0.1"])

    assert await addresses_of("::ffff:1.1.1.1", 443, resolve=names) == (IPv4Address("1.1.1.1"),)
    assert names.questions == []


async def test_addresses_come_once_each_and_in_order() -> None:
    answers = Names(["2606:4700::1", "1.1.1.1", "2606:4700::1", "::ffff:1.1.1.1"])

    assert await addresses_of("a.example", 443, resolve=answers) == (IPv6Address("2606:4700::1"), IPv4Address("1.1.1.1"))


@pytest.mark.parametrize(("text", "own"), [("127.0.0.1", True), ("127.8.8.8", True), ("192.0.2.1", False), ("8.8.8.8", False)])
def test_this_machine_knows_its_own_addresses(text: str, own: bool) -> None:
    assert is_of_this_machine(IPv4Address(text)) is own
