"""Connections that stand ready for the next statement: to give one to the pool and fetch it again takes as long as to ask.

Only those stand here on which a statement or a transaction has come to its end. They go back to the pool where somebody waits for
one of its own, and after a second: so it closes what nobody uses, and knows of all.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Loaned: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"

READY_SECONDS = 1.0


class Ready:
    """The connections of one pool that stand ready; `let_go` gives one to the pool."""

    def __init__(self, let_go: Callable[[Loaned], object], *, seconds: float = READY_SECONDS) -> None:
        self._let_go = let_go
        self._seconds = seconds
        self._here: list[Loaned] = []
        self._waiting = 0
        self._is_closed = False
        self._timer: asyncio.TimerHandle | None = None

    def take(self) -> "Loaned | None":
        """Return one that is open; None where there is none."""
        while self._here:
            connection = self._here.pop()
            if _is_open(connection):
                return connection
            self._let_go(connection)
        return None

    def keep(self, connection: Loaned) -> bool:
        """Let it stand here; return False where it has to go to the pool."""
        if self._waiting or self._is_closed or not _is_open(connection):
            return False
        self._here.append(connection)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._let_all_go)
        return True

    @contextmanager
    def wait_for_pool(self) -> Iterator[None]:
        """Stand around a wait for a connection of the pool: while it lasts, whatever is given back goes there."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def forget(self) -> None:
        """Give all that stand here to the pool: it is to close them."""
        if self._timer is not None:
            self._timer.cancel()
        self._let_all_go()

    def close(self) -> None:
        """Give all to the pool, from now on: it is about to be closed."""
        self._is_closed = True
        self.forget()

    def _let_all_go(self) -> None:
        self._timer = None
        here, self._here = self._here, []
        for connection in here:
            self._let_go(connection)


def _is_open(connection: Loaned) -> bool:
    """Whether it can be asked. Of one that was lost while it stood here the pool has taken the inside: it refuses all calls."""
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False


class Lender(Protocol):
    """Whoever has connections: each is borrowed, and lent to the next or given back after an error."""

    async def borrow(self) -> Loaned: ...

    async def lend(self, connection: Loaned) -> None: ...

    async def give_back(self, connection: Loaned, *, after: BaseException | None = None) -> None: ...


class Loan:
    """A connection for as long as one statement takes."""

    def __init__(self, lender: Lender) -> None:
        self._lender = lender

    async def __aenter__(self) -> Loaned:
        self._connection = await self._lender.borrow()
        return self._connection

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            await self._lender.lend(self._connection)
        else:
            await self._lender.give_back(self._connection, after=error)
