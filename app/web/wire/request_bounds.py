"""The bounds of a request beside its body: its head, and the bytes between and behind the pieces of a body."""

LARGEST_HEAD = 32 * 1024
MOST_LINES = 100

_LINE_END = b"\r\n"
_END = 2 * _LINE_END
_PIECE = 4096
_AROUND_A_BYTE = 8
"""What a chunk of one byte has around it (RFC 9112, 7.1), and some more."""


class RequestBounds:
    """Follows the requests of one connection, piece by piece.

    `cut` says how much may be read next; whoever reads it says what was in it. No piece reaches over the end of a head.
    """

    def __init__(self) -> None:
        self.is_head = True
        self.begun = 0
        """So many bytes of the present head have come."""
        self._has_text = False
        self._tail = b""
        self._lines = 0
        self._around = 0
        self._body = 0

    def cut(self, waiting: bytearray) -> int | None:
        """Return how many of the bytes that are waiting make the next piece; None where the head would be too large."""
        if not self.is_head:
            return min(len(waiting), _PIECE)
        room = LARGEST_HEAD - self.begun
        length = self._blank(waiting, room) or self._rest_of_head(waiting, room)
        if length > room:
            return None
        self._tail = (self._tail + waiting[max(0, length - len(_END)) : length])[1 - len(_END) :]
        self.begun += length
        return length

    def line_comes(self) -> bool:
        """Count a line of a head, or of a trailer. Return whether there are too many."""
        self._lines += 1
        return self._lines > MOST_LINES

    def head_ends(self) -> None:
        self.is_head = False
        self.begun = 0
        self._has_text = False
        self._tail = b""

    def body_comes(self, length: int) -> None:
        self._body += length
        self._around -= length

    def piece_ends(self, length: int) -> bool:
        """Count a piece that began inside of a body. Return whether there is too much around that body."""
        self._around += length
        return not self.is_head and self._around > LARGEST_HEAD + _AROUND_A_BYTE * self._body

    def message_ends(self) -> None:
        self.is_head = True
        self._lines = self._around = self._body = 0

    def _blank(self, waiting: bytearray, room: int) -> int:
        """Return how many bytes of empty lines are next, which may stand before a request (RFC 9112, 2.2)."""
        if self._has_text or waiting[0] not in _LINE_END:
            self._has_text = True
            return 0
        window = waiting[: room + 1]
        return len(window) - len(window.lstrip(_LINE_END))

    def _rest_of_head(self, waiting: bytearray, room: int) -> int:
        """Return how many bytes there are up to the end of the head, or of what has come of it; more than `room` are one more."""
        across = (self._tail + waiting[: len(_END) - 1]).find(_END)
        if across >= 0:
            return across + len(_END) - len(self._tail)
        end = waiting.find(_END, 0, room + 1)
        return end + len(_END) if end >= 0 else min(len(waiting), room + 1)
