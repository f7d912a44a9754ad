"""The line from a server process to the one that started it: asked, it says for how long its event loop has not turned.

A thread of its own answers, so a loop that is busy, or waits for what does not come, is told from a process that stands still.
"""

import asyncio
import os
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from contextlib import suppress

import structlog

QUESTION = b"?"
ANSWER = struct.Struct("!d")
"""Seconds."""

STILL_SECONDS = 10.0
"""For how long a loop may not turn before the log is told where it stands."""

OUTLIVES_SECONDS = 30.0
"""How long a process whose line has ended may take to end in good order."""

_TURN_SECONDS = 0.25
_log = structlog.get_logger("line")


async def keep(line: socket.socket, *, still: float = STILL_SECONDS, outlives: float = OUTLIVES_SECONDS) -> None:
    """Have the line answered for as long as the process lives. Its end is a SIGTERM, and where that does not help, a SIGKILL."""
    answering = _Answering(line, thread=threading.get_ident(), still=still, outlives=outlives)
    threading.Thread(target=answering.run, name="line", daemon=True).start()
    while True:
        answering.turn()
        await asyncio.sleep(_TURN_SECONDS)


class _Answering:
    """`thread` is the loop's."""

    def __init__(self, line: socket.socket, *, thread: int, still: float, outlives: float) -> None:
        self._line = line
        self._thread = thread
        self._still = still
        self._outlives = outlives
        self._turned_at = time.monotonic()
        self._is_told = False

    def turn(self) -> None:
        self._turned_at = time.monotonic()
        self._is_told = False

    def run(self) -> None:
        # An error too is its end: the other process was killed before it had read the last answer.
        with suppress(OSError):
            while self._line.recv(len(QUESTION)):
                seconds = time.monotonic() - self._turned_at
                self._line.sendall(ANSWER.pack(seconds))
                if seconds > self._still and not self._is_told:
                    self._tell(seconds)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(self._outlives)  # in a thread of its own; the process is mostly gone before
        os.kill(os.getpid(), signal.SIGKILL)

    def _tell(self, seconds: float) -> None:
        self._is_told = True
        frames = traceback.extract_stack(sys._current_frames().get(self._thread))  # noqa: SLF001 - it has no other name
        where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        _log.warning("the event loop stands still", seconds=round(seconds, 1), where=where)
