"""Limits on what one member may hold of a process at a time, so that nobody takes it from the others."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from app.access.callers import Caller
from app.errors import RateLimited

MOST_SOCKETS = 50
MOST_OPERATIONS = 500


class ConcurrencyLimit:
    """A limit on how many of one kind a member holds, by whatever tokens and sessions. `message` says that it is used up."""

    def __init__(self, most: int, *, message: str) -> None:
        self._most = most
        self._message = message
        self._held: Counter[UUID] = Counter()

    @contextmanager
    def hold(self, caller: Caller | None) -> Iterator[None]:
        """Hold one while the block lasts. Raises RateLimited when the member holds all of theirs; nobody known holds none."""
        self.take(caller)
        try:
            yield
        finally:
            self.give_back(caller)

    def take(self, caller: Caller | None) -> None:
        """Take one, until it is given back. Raises RateLimited as `hold` does."""
        if caller is None:
            return
        if self._held[caller.member_id] >= self._most:
            raise RateLimited(self._message)
        self._held[caller.member_id] += 1

    def give_back(self, caller: Caller | None) -> None:
        if caller is None:
            return
        self._held[caller.member_id] -= 1
        if not self._held[caller.member_id]:
            del self._held[caller.member_id]


def socket_limit(most: int = MOST_SOCKETS) -> ConcurrencyLimit:
    """Return the WebSockets that a member may have open."""
    return ConcurrencyLimit(most, message=f"You have too many sockets open: at most {most}.")


def operation_limit(most: int = MOST_OPERATIONS) -> ConcurrencyLimit:
    """Return the operations that a member may have under way over all their WebSockets and event streams."""
    return ConcurrencyLimit(
        most, message=f"You have too many operations under way: at most {most}, over all sockets and event streams."
    )
