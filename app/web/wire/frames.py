"""The frames of a WebSocket as they come (RFC 6455, 5.2): counted, before anything is made of them."""

import struct
from dataclasses import dataclass

FRAMES_A_TURN = 32
MOST_FRAGMENTS = 1024
"""Of one message: its size is bounded besides."""

CONTROLS_AT_ONCE = 100
CONTROLS_A_SECOND = 20.0

_FINAL = 0x80
_TEXT = 0x01
_LENGTHS_IN_ONE_BYTE = 126
_CONTROL = 0x08
_MASKED = 0x80
_LENGTH = 0x7F
_LONGER = {126: 2, 127: 8}
"""How many bytes more the length has."""


def text_frame(text: bytes) -> bytes:
    """Return a message of a server, in UTF-8, as one frame."""
    size = len(text)
    if size < _LENGTHS_IN_ONE_BYTE:
        return bytes((_FINAL | _TEXT, size)) + text
    if size < 1 << 16:
        return struct.pack("!BBH", _FINAL | _TEXT, 126, size) + text
    return struct.pack("!BBQ", _FINAL | _TEXT, 127, size) + text


@dataclass(frozen=True)
class Cut:
    """The next `length` bytes, and what is new in them."""

    length: int
    frames: int = 0
    controls: int = 0
    ends_message: bool = False


class Frames:
    """Cuts what a client sends into pieces of a few frames: none reaches over the end of a message."""

    __slots__ = ("_ends", "_left", "fragments")

    def __init__(self) -> None:
        self._left = 0
        """So many bytes of a frame's payload are still to come."""
        self._ends = False
        self.fragments = 0
        """Of the message that is under way."""

    def cut(self, waiting: bytearray, *, most: int = FRAMES_A_TURN) -> Cut:
        """Return what to read next; a length of 0 where the beginning of a frame is not there yet."""
        position, frames, controls = self._payload(waiting, 0), 0, 0
        for _ in range(most):
            if self._left or self._ends:
                break
            head = _head_length(waiting, position)
            if head is None:
                break
            frames += 1
            controls += self._begin(waiting, position)
            position = self._payload(waiting, position + head)
        ends, self._ends = self._ends and not self._left, self._ends and self._left > 0
        if ends:
            self.fragments = 0
        return Cut(position, frames, controls, ends)

    def _begin(self, waiting: bytearray, position: int) -> bool:
        """Take up a frame. Return whether it is a control frame."""
        first, short = waiting[position], waiting[position + 1] & _LENGTH
        longer = _LONGER.get(short, 0)
        self._left = int.from_bytes(waiting[position + 2 : position + 2 + longer]) if longer else short
        if first & _CONTROL:
            return True
        self.fragments += 1
        self._ends = bool(first & _FINAL)
        return False

    def _payload(self, waiting: bytearray, position: int) -> int:
        taken = min(self._left, len(waiting) - position)
        self._left -= taken
        return position + taken


class Controls:
    """How many control frames a client may send: so many at once, and so many a second."""

    __slots__ = ("_a_second", "_at_once", "_left", "_since")

    def __init__(self, *, now: float, at_once: int = CONTROLS_AT_ONCE, a_second: float = CONTROLS_A_SECOND) -> None:
        self._at_once = at_once
        self._a_second = a_second
        self._left = float(at_once)
        self._since = now

    def are_too_many(self, count: int, *, now: float) -> bool:
        self._left = min(self._at_once, self._left + (now - self._since) * self._a_second) - count
        self._since = now
        return self._left < 0


def _head_length(waiting: bytearray, position: int) -> int | None:
    """Return how long the frame's head is; None where not all of it has come."""
    if len(waiting) < position + 2:
        return None
    second = waiting[position + 1]
    length = 2 + _LONGER.get(second & _LENGTH, 0) + (4 if second & _MASKED else 0)
    return length if len(waiting) >= position + length else None
