import asyncio
import subprocess
import sys
import threading
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

import pytest

from app.outbound.resolver import NoAddress, SystemResolver, addresses_of, is_of_this_machine
from tests.wires import Names


async def test_the_system_knows_this_machine_and_no_invalid_name() -> None:
    resolver = SystemResolver()

    here = await addresses_of("localhost", 443, resolve=resolver)
    nowhere = await addresses_of("git.invalid", 443, resolve=resolver)

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


async def test_a_resolver_that_does_not_answer_is_not_waited_for() -> None:
    async def silence(host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("a.example", 443)
        await asyncio.Event().wait()
        return ["1.1.1.1"]

    async with asyncio.timeout(5):
        assert await addresses_of("a.example", 443, resolve=silence, patience=0.01) == NoAddress("a.example")


async def test_a_name_server_that_hangs_takes_eight_threads_and_no_more() -> None:
    hangs, asked = threading.Event(), list[str]()

    def look_up(host: str, port: int) -> list[str]:
        asked.append(host)
        hangs.wait()
        return [f"1.1.1.{port % 256}"]

    resolver = SystemResolver(look_up)
    names = [f"{number}.example" for number in range(10)]
    given_up = await asyncio.gather(*(addresses_of(name, 443, resolve=resolver, patience=0.05) for name in names))
    waiting = asyncio.create_task(addresses_of("late.example", 443, resolve=resolver))
    await asyncio.sleep(0)
    hung = sorted(asked)
    hangs.set()

    assert given_up == [NoAddress(name) for name in names]
    assert hung == names[:8]
    assert await waiting == (IPv4Address("1.1.1.187"),)


def test_a_name_server_that_hangs_keeps_no_process_from_ending() -> None:
    program = """
import asyncio, threading
from app.outbound.resolver import SystemResolver, addresses_of
resolver = SystemResolver(lambda host, port: threading.Event().wait())
print(asyncio.run(addresses_of("a.example", 443, resolve=resolver, patience=0.05)))
"""

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own

    assert (done.returncode, done.stdout, done.stderr) == (0, "NoAddress(host='a.example')\n", "")


@pytest.mark.parametrize(("text", "own"), [("127.0.0.1", True), ("127.8.8.8", True), ("192.0.2.1", False), ("8.8.8.8", False)])
def test_this_machine_knows_its_own_addresses(text: str, own: bool) -> None:
    assert is_of_this_machine(IPv4Address(text)) is own
