"""A team's newest events in memory, and the bell of those who listen for more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from app.log.companies import Company, Reader
from app.log.events import Event
from app.web.fairness import Slices

R = TypeVar("R", bound=Reader)

RING_SIZE = 1_000
PAGE_SIZE = 200


@dataclass(frozen=True)
class LogSlice:
    """A piece of a log: all events that are left up to the number `end`."""

    rows: Sequence[Event]
    end: int


class Ring:
    """A team's newest events, without a number missing between them, and the listeners' bell."""

    def __init__(self, head: int, *, slices: Slices | None = None) -> None:
        self.head = head
        self._rows: dict[int, Event] = {}
        self.listeners = 0
        self.wakes = 0
        self._slices = slices or Slices()
        self._companies: dict[Company[Any], int] = {}  # in the order in which they came, with how many are here of each

    def add(self, piece: LogSlice) -> None:
        for row in piece.rows:
            self._go_to(row.sequence - 1)
            self._rows[row.sequence] = row
            self._rows.pop(row.sequence - RING_SIZE, None)
            self.head = row.sequence
        self._go_to(piece.end)
        self.chime()

    def hold_before(self, rows: Sequence[Event]) -> None:
        """Hold also what was read behind the oldest event here, as far as no number is missing and there is room."""
        read = {row.sequence: row for row in rows}
        while (number := self.head - len(self._rows)) in read and len(self._rows) < RING_SIZE:
            self._rows[number] = read[number]

    def chime(self) -> None:
        """Let one of each company read on."""
        self._slices.let_go_on([bell for company in self._companies for bell in company.send_one_ahead()])

    def let_all_go(self) -> None:
        for company in self._companies:
            company.let_all_go()

    def after(self, position: int) -> LogSlice | None:
        """Return the events behind `position`, the first PAGE_SIZE of them; None when the ring does not hold all of them."""
        if position >= self.head:
            return LogSlice((), position)
        if position + 1 not in self._rows:
            return None
        end = min(self.head, position + PAGE_SIZE)
        return LogSlice([self._rows[number] for number in range(position + 1, end + 1)], end)

    def holds_all_behind(self, position: int) -> bool:
        """Whether the log reaches to `position`, and everything behind that is here."""
        return position == self.head or position + 1 in self._rows

    async def wait(self, reader: R, company: Company[R]) -> None:
        """Return once there may be more than there was, and the reader has not been told. Of many some go on at a time."""
        self._companies[company] = self._companies.get(company, 0) + 1
        try:
            await company.wait(reader)
        finally:
            self._companies[company] -= 1
            if not self._companies[company]:
                del self._companies[company]

    def _go_to(self, head: int) -> None:
        """Leave out the numbers up to `head`, if any are missing; what lies before them is held no longer."""
        if head > self.head:
            self._rows.clear()
            self.head = head
