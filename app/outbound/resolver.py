"""From names to addresses, and which addresses are this machine's own."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread

from app.outbound.addresses import Address, parse_address

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Takes a name and a port to the addresses, as text; raises where there is no answer."""

LookUp = Callable[[str, int], Sequence[str]]
"""The same, on a thread."""

PATIENCE = 5.0
_THREADS = 8


class SystemResolver:
    """Asks the system's resolver, on eight threads of its own: a name server that hangs holds up nothing but other look-ups.

    Neither does it keep a process from ending: an executor would wait at its end for every thread, as long as the system tries.
    """

    def __init__(self, look_up: LookUp | None = None) -> None:
        self._look_up = look_up or _look_up
        self._places = asyncio.Semaphore(_THREADS)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[str]] = loop.create_future()

        def settle(found: Sequence[str] | Exception) -> None:
            self._places.release()  # not before the thread has ended, whoever still waits for it
            if answer.done():
                return
            if isinstance(found, Exception):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def ask() -> None:
            found = _ask(self._look_up, host, port)
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, found)

        try:
            Thread(target=ask, name="resolver", daemon=True).start()
        except RuntimeError:  # the machine has no thread left
            self._places.release()
            raise
        return await answer


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


def _ask(look_up: LookUp, host: str, port: int) -> Sequence[str] | Exception:
    try:
        return look_up(host, port)
    except Exception as error:  # noqa: BLE001 - it is raised where the answer is waited for
        return error


def _look_up(host: str, port: int) -> list[str]:
    return [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
