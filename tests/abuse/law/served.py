"""A service under inputs: what each costs its processes, and how long others wait meanwhile."""

import asyncio
import base64
import contextlib
import math
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

import httpx2

from app.clock import SystemClock
from app.sandbox import create_sandbox
from app.teams.sessions import SESSION_COOKIE
from tests import databases
from tests.abuse.law.inputs import Exchange, Input, Sender
from tests.journeys.soaking import UNLIMITED, telling
from tests.processes import Service
from tests.servers import run_server

AT_ONCE = 4
"""How many connections send an input at the same time."""

ALLOWED_SECONDS = 0.2
"""How long anybody else may wait for /healthz."""

_TRIES = 6
_KEPT = 4
"""Connections over which /healthz is asked, beside fresh ones: of several processes each has some, all but surely."""

_PIECE = 64 * 1024
_HEAD_ENDS = b"\r\n\r\n"
_ACKNOWLEDGED = b"connection_ack"
_PATIENCE_SECONDS = 30.0
_IDLE_SECONDS = 0.1
_PAUSE_SECONDS = 0.002
_ASK = b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"


class Wait(NamedTuple):
    """How many seconds an answer to /healthz took, and how many of CPU the busiest of the service's processes spent meanwhile."""

    seconds: float
    work: float


@dataclass(frozen=True)
class Waits:
    """The longest waits for /healthz while an input was sent, and just before; and the input's answers."""

    busy: Wait
    idle: Wait
    answers: Sequence[bytes]

    @property
    def made(self) -> float:
        """How many seconds the service made anybody wait: what the machine does beside it, an idle one waits for as well."""
        return max(min(self.busy.seconds - self.idle.seconds, self.busy.work), 0.0)


@dataclass
class Served:
    """A service that runs, with a team, a Slack app of its, and its admin signed in. `stranger` is nobody."""

    service: Service
    pids: Sequence[int]
    stranger: Sender
    admin: Sender
    sandbox: httpx2.Client

    def sender(self, *, signed_in: bool) -> Sender:
        return self.admin if signed_in else self.stranger

    def cost_of(self, one: Input, size: int, *, signed_in: bool) -> float:
        """Return the seconds of CPU that the service's processes spend on the input, from its first byte to the answer's last."""
        exchange = one.make(size, self.sender(signed_in=signed_in))
        self._order(exchange, times=1)
        before = self._cpu()
        self._send(exchange)
        return self._cpu() - before

    def waits_of(self, one: Input, *, signed_in: bool, tries: int = _TRIES) -> Waits:
        """Return how long others wait while the largest input that is allowed is sent over several connections at once.

        That is the best of a few tries: what else the machine does only adds to it.
        """
        found: list[Waits] = []
        while not found or (found[-1].made > ALLOWED_SECONDS and len(found) < tries):
            sender = self.sender(signed_in=signed_in)
            exchanges = [one.make(one.largest, sender) for _ in range(AT_ONCE)]
            self._order(exchanges[0], times=AT_ONCE)
            with self._asking() as idle:
                time.sleep(_IDLE_SECONDS)  # so long an idle service is asked
            with self._asking() as busy, ThreadPoolExecutor(AT_ONCE) as threads:
                answers = list(threads.map(self._send, exchanges))
            found.append(Waits(busy=max(busy), idle=max(idle), answers=answers))
        return min(found, key=lambda waits: waits.made)

    def note_processes(self) -> None:
        """Begin anew with those that there are now: of one that was killed, only the input that did it is told."""
        self.pids = _pids_of(self.service)

    def has_its_processes(self) -> bool:
        """Whether each of them is the one that it was when they were noted."""
        return list(self.pids) == _pids_of(self.service)

    def _cpu(self) -> float:
        return sum(map(_cpu_of, self.pids))

    def _order(self, exchange: Exchange, *, times: int) -> None:
        """Have Slack answer so."""
        if exchange.provider is None:
            return
        self.sandbox.delete("/control/faults")
        body = base64.b64encode(exchange.provider).decode()
        fault = {"provider": "slack", "fault": "malformed", "endpoint": "conversations.list", "times": times, "body_base64": body}
        answer = self.sandbox.post("/control/faults", json=fault)
        assert answer.status_code == httpx2.codes.OK, answer.text

    def _send(self, exchange: Exchange) -> bytes:
        with _connect(self.service.port, source=_any_address()) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            received = bytearray()
            try:
                connection.sendall(exchange.opening)
                if exchange.frames:
                    _read_until(_HEAD_ENDS, connection, received)
                    if exchange.greeting:
                        connection.sendall(exchange.greeting)
                        _read_until(_ACKNOWLEDGED, connection, received)
                    _send_and_read(connection, exchange.frames, received)
                _read_until(exchange.enough, connection, received)
            except ConnectionError:  # refused before all of it was sent
                pass
            return bytes(received)

    @contextmanager
    def _asking(self) -> Iterator[list[Wait]]:
        """Ask for /healthz again and again; yield how long each answer took."""
        took, over = [Wait(0.0, 0.0)], threading.Event()
        thread = threading.Thread(target=_ask_until, args=(self.service.port, self.pids, over, took))
        thread.start()
        try:
            yield took
        finally:
            over.set()
            thread.join()


@contextmanager
def served(template: str, folder: Path, *, workers: int) -> Iterator[Served]:
    """Yield a service of so many processes, which refuses nobody for their rate."""
    with asyncio.Runner() as runner, ExitStack() as stack:
        copied = databases.copy(template, folder)
        url = runner.run(copied.__aenter__())
        stack.callback(lambda: runner.run(copied.__aexit__(None, None, None)))
        place = _place(folder, url)
        sandbox = create_sandbox(clock=SystemClock(), events_url=None)
        stack.enter_context(run_server(sandbox, port=place.sandbox_port))
        stack.callback(place.kill)
        runner.run(place.start("--sandbox", "--workers", str(workers)))
        client = stack.enter_context(httpx2.Client(base_url=place.sandbox_url, trust_env=False, timeout=_PATIENCE_SECONDS))
        yield runner.run(_people(place, sandbox=client))


def _place(folder: Path, url: str) -> Service:
    proxies = {"INSTALLED_APPS_TRUSTED_PROXIES": "127.0.0.0/8,10.0.0.0/8"}  # or nobody would read whom they name
    service = Service(folder=folder, database_url=url, environment=UNLIMITED | proxies)
    if not url.startswith("sqlite:"):
        from app.sealing.keyring import make_keyring  # noqa: PLC0415 - only where the service makes none itself

        make_keyring(folder / "keyring.json")
    return service


async def _people(service: Service, *, sandbox: httpx2.Client) -> Served:
    async with telling(service) as story:
        _, app = await story.add_sharing(name="Checkout", monitor="checkout")
        cookie = story.browser.client.cookies[SESSION_COOKIE]
        admin = Sender(service.port, token=story.admin.token, cookie=cookie, installed_app=app)
    return Served(service, _pids_of(service), stranger=Sender(service.port), admin=admin, sandbox=sandbox)


def _pids_of(service: Service) -> list[int]:
    assert service.process is not None
    return service.workers() or [service.process.pid]


def _read(connection: socket.socket, received: bytearray) -> bool:
    try:
        piece = connection.recv(_PIECE)
    except ConnectionError:
        return False
    received += piece
    return bool(piece)


def _read_until(enough: bytes | None, connection: socket.socket, received: bytearray) -> None:
    while (enough is None or enough not in received) and _read(connection, received):
        pass


def _send_and_read(connection: socket.socket, frames: bytes, received: bytearray) -> None:
    """Read what comes meanwhile: who does not is cut off at some time, and that is another input."""
    sending = threading.Thread(target=_send_all, args=(connection, frames))
    sending.start()
    _read_until(None, connection, received)
    sending.join()


def _send_all(connection: socket.socket, content: bytes) -> None:
    with contextlib.suppress(OSError):  # it was closed meanwhile, as what is too much is
        connection.sendall(content)


def _ask_until(port: int, pids: Sequence[int], over: threading.Event, took: list[Wait]) -> None:
    with ExitStack() as stack:
        kept = [stack.enter_context(_connect(port)) for _ in range(_KEPT)]
        while not over.is_set():
            took.extend(_time(partial(_ask_over, connection), pids) for connection in kept)
            took.append(_time(partial(_ask_anew, port), pids))
            over.wait(_PAUSE_SECONDS)


def _time(ask: Callable[[], None], pids: Sequence[int]) -> Wait:
    before, begun = [_cpu_of(pid) for pid in pids], time.monotonic()
    ask()
    return Wait(time.monotonic() - begun, max(_cpu_of(pid) - spent for pid, spent in zip(pids, before, strict=True)))


def _cpu_of(pid: int) -> float:
    """Return the seconds of CPU that a process has spent so far, all its threads together; endless for one that was killed."""
    try:
        return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3)
    except OSError:
        return math.inf


def _ask_anew(port: int) -> None:
    with _connect(port) as fresh:
        _ask_over(fresh)


def _connect(port: int, *, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS, source_address=(source, 0))


def _any_address() -> str:
    """Return an address of this machine that hardly anything was sent from: what is refused for its rate costs nothing."""
    return str(IPv4Address("127.1.0.0") + random.randrange(2**16))  # noqa: S311 - no secret


def _ask_over(connection: socket.socket) -> None:
    connection.sendall(_ASK)
    answer = bytearray()
    while not answer.endswith(b"\n") or _HEAD_ENDS not in answer:
        assert _read(connection, answer), "an answer to /healthz broke off"
