"""From names to addresses, and which addresses are this machine's own."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from app.outbound.addresses import Address, parse_address

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Takes a name and a port to the addresses, as text; raises where there is no answer."""

PATIENCE = 5.0
_THREADS = 8


class SystemResolver:
    """Asks the system's resolver, on threads of its own: a name server that hangs holds up nothing but other look-ups."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="resolver")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)

    def close(self) -> None:
        """Let the threads go; what they are asking is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True)
class NoAddress:
    """The name could not be looked up, or not all of the answer is addresses."""

    host: str


async def addresses_of(host: str, port: int, *, resolve: Resolve, patience: float = PATIENCE) -> tuple[Address, ...] | NoAddress:
    """Return every address of the host, once each and in the resolver's order, within `patience` seconds.

    A host that is an address is not looked up. Any failure of the resolver is NoAddress: what was not seen cannot be allowed.
    """
    literal = parse_address(host)
    if literal is not None:
        return (literal,)
    try:
        async with asyncio.timeout(patience):
            answers = await resolve(host, port)
    except Exception:  # noqa: BLE001 - whatever ails the resolver, there is nothing to check, so nothing to connect to
        return NoAddress(host)
    addresses = [parse_address(answer) for answer in answers]
    known = [address for address in addresses if address is not None]
    return tuple(dict.fromkeys(known)) if known and len(known) == len(addresses) else NoAddress(host)


def is_of_this_machine(address: Address) -> bool:
    """Whether one of this machine's interfaces has the address: only then can a socket be bound to it. Nothing is sent."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004 - the protocol's version
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


def _look_up(host: str, port: int) -> list[str]:
    return [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
