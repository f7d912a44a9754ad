"""Writing to a client that may not read."""

import asyncio
import socket
import struct
from collections.abc import Iterable
from typing import Any, TypeAlias

PATIENCE = 60.0
"""For so many seconds a client may take nothing of what waits for it."""

Bytes: TypeAlias = "bytes | bytearray | memoryview[Any]"


class PatientTransport(asyncio.Transport):
    """A transport whose client is cut off once it has read nothing for too long, also while the connection is being closed."""

    __slots__ = ("_look", "_loop", "_patience", "_taken", "_transport", "_written")

    def __init__(self, transport: asyncio.Transport, *, loop: asyncio.AbstractEventLoop, patience: float = PATIENCE) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._patience = patience
        self._written = 0
        self._taken = 0
        self._look: asyncio.TimerHandle | None = None

    def write(self, data: Bytes) -> None:
        self._written += len(data)
        self._transport.write(data)
        if self._look is None and (waiting := self.get_write_buffer_size()):  # most is taken at once
            self._taken = self._written - waiting
            self._watch()

    def writelines(self, list_of_data: Iterable[Bytes]) -> None:
        self.write(b"".join(list_of_data))

    def lost(self) -> None:
        """Look no more: the connection is gone."""
        if self._look is not None:
            self._look.cancel()

    def close(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    def write_eof(self) -> None:
        self._transport.write_eof()

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._transport.get_protocol()

    def _cut_off(self) -> None:
        """End the connection together with what the kernel holds for it, which would wait for as long as the client likes."""
        connection = self.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()

    def _watch(self) -> None:
        self._look = self._loop.call_later(self._patience, self._has_it_read)

    def _has_it_read(self) -> None:
        self._look = None
        waiting = self.get_write_buffer_size()
        taken = self._written - waiting
        if waiting and taken == self._taken:
            self._cut_off()
            return
        self._taken = taken
        if waiting:
            self._watch()
