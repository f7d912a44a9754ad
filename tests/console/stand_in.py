"""A server process that is quick to start, and does with its event loop what it is told: `python -m tests.console.stand_in`.

Whoever connects is told its process id, and may then send one line: `spin 3` (in Python), `sleep 3` (a blocking call) or `hold 3`
(a call that lets no other thread run), in seconds.
"""

import asyncio
import ctypes
import os
import signal
import socket
import sys
import time

from app.console.control_socket import keep
from app.telemetry.logs import configure_logs

STILL = 1.0
OUTLIVES = 2.0
GONE = 0.1
"""Seconds after which whoever asked has been let go."""


async def serve(*, listener: socket.socket, line: socket.socket) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    keeping = asyncio.create_task(keep(line, still=STILL, outlives=OUTLIVES))
    async with await asyncio.start_server(answer, sock=listener):
        await stopping.wait()
    keeping.cancel()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(f"{os.getpid()}\n".encode())
    await writer.drain()
    asked = (await reader.readline()).decode().split()
    writer.close()
    if asked:
        what, seconds = asked
        asyncio.get_running_loop().call_later(GONE, act, what, seconds)


def act(what: str, seconds: str) -> None:
    {"spin": spin, "sleep": time.sleep, "hold": hold}[what](float(seconds))


def spin(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def hold(seconds: float) -> None:
    ctypes.PyDLL(None).sleep(int(seconds))


def main() -> None:
    listener, line, slowness = sys.argv[1:]
    configure_logs("json")
    act(*slowness.split())
    asyncio.run(serve(listener=socket.socket(fileno=int(listener)), line=socket.socket(fileno=int(line))))


if __name__ == "__main__":
    main()
