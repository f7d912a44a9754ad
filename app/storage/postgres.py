"""Tortoise's PostgreSQL engine, made fit for a server that goes away and comes back.

What differs from `tortoise.backends.asyncpg`:

- nothing is waited for without end: a connection, a statement, a lock, and the server itself ends a transaction of a process
  that was halted in it;
- a connection that was lost, or did not answer in time, is closed and not used again, and the idle ones beside it are opened
  anew: after a restart of the server, or of a firewall between, all of them are dead;
- a read outside a transaction that lost its connection is asked once more, on another;
- a transaction that could not be entered leaves nothing behind (Tortoise keeps the connection and the context variable);
- nothing is left on a connection, so none is reset when it is given back; behind a pooler, what bounds a transaction is said in
  it;
- a commit that was cut off is looked up in the server's own log of transactions, so that its outcome is known all the same;
- every outage is raised as DatabaseAway.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext
from tortoise.connection import get_connections

from app.errors import DatabaseAway
from app.storage.addresses import ServerAddress
from app.storage.joined import Statement, joined
from app.storage.outages import AWAY, PATIENCE, Patience, of_server, spoils_connection, unknown
from app.storage.pooling import OPTIONS, is_pooled, leave, without_a_session
from app.storage.ready import Loan, Loaned, Ready
from app.storage.server_errors import RAISED, translated, translating
from app.storage.server_settings import server_settings

_LOCAL_GRACE_SECONDS = 1.0
"""The server gives a statement up by itself. Only when it cannot be heard is that for us to do."""

_LONGEST_KEPT = 64 * 1024
"""Characters of a statement that a connection keeps prepared: rows that are read with all that they refer to take more than
asyncpg's 15 KiB, and are else planned each time anew."""


class ServerClient(AsyncpgDBClient):
    """The engine: Tortoise finds it as `client_class`."""

    def __init__(self, *, address: ServerAddress, patience: Patience = PATIENCE, **options: Any) -> None:
        bounds = {
            "database": address.database,
            "minsize": 0,  # nothing is opened before it is needed, so opening the pool itself cannot fail
            "timeout": patience.connection,
            "command_timeout": patience.statement + _LOCAL_GRACE_SECONDS,
            "server_settings": server_settings(patience),
            "max_cacheable_statement_size": _LONGEST_KEPT,
        }
        super().__init__(**{**bounds, **options})
        self.address = address
        self.is_pooled = False
        self.patience = patience
        self._giving_back: set[asyncio.Task[None]] = set()
        self._ready = Ready(self._let_go)

    async def create_pool(self, **options: Any) -> "asyncpg.Pool[asyncpg.Record]":
        """Make the pool. Tortoise knows one host, nothing of TLS and no pooler: what it says of them is put right."""
        patience, settings = self.patience, server_settings(self.patience)
        try:
            self.is_pooled = await is_pooled(
                self.address, settings=settings, connection=patience.connection, statement=patience.statement
            )
        except RAISED as error:
            raise translated(error) from error
        pooled = OPTIONS if self.is_pooled else {}
        return await asyncpg.create_pool(**{**options, **self.address.options, **pooled, "reset": leave})

    async def borrow(self) -> Loaned:
        """Return a connection that nobody else has. Raises DatabaseAway when none is to be had in time."""
        if (ready := self._ready.take()) is not None:
            return ready
        try:
            pool = await self._opened()
            with self._ready.wait_for_pool():
                async with asyncio.timeout(self.patience.place):
                    return await pool.acquire()
        except RAISED as error:
            raise translated(error) from error

    async def give_back(self, connection: Loaned, *, after: BaseException | None = None) -> None:
        """Let others have the connection, unless it is broken by what came `after` it was borrowed. Never raises an outage."""
        away = after if isinstance(after, DatabaseAway) else of_server(after) if after is not None else None
        if away is not None and spoils_connection(away):
            with contextlib.suppress(asyncpg.InterfaceError):  # the pool has heard of its end before us
                connection.terminate()
            await self._expire_connections()
            self._ready.forget()
        task = self._let_go(connection)
        if not isinstance(after, asyncio.CancelledError):  # the server may have to be asked to stop first
            await asyncio.shield(task)

    async def lend(self, connection: Loaned) -> None:
        """Give back a connection on which a statement or a transaction has come to its end: to whoever is next."""
        if not self._ready.keep(connection):
            await self.give_back(connection)

    async def read(self, statement: str, values: Sequence[Any]) -> Sequence[asyncpg.Record]:
        """Return the rows of a SELECT, which is asked once more where its connection was lost. Raises DatabaseAway."""
        try:
            return await self._fetch(statement, values)
        except DatabaseAway as away:
            if not away.passes:
                raise
        await asyncio.sleep(next(self.patience.jittered(), 0.0))
        return await self._fetch(statement, values)

    async def _fetch(self, statement: str, values: Sequence[Any]) -> Sequence[asyncpg.Record]:
        self.log.debug("%s: %s", statement, values)
        connection = await self.borrow()
        try:
            rows = await connection.fetch(statement, *values)
        except BaseException as error:
            await self.give_back(connection, after=error)
            if isinstance(error, RAISED):
                raise translated(error) from error
            raise
        await self.lend(connection)
        return rows

    async def find_outcome(self, number: int) -> None:
        """Return when the transaction of that number was committed, its connection having been lost.

        Raises DatabaseAway when it was not, which passes, and OutcomeUnknown when the server cannot be asked in time.
        """
        for pause in self.patience.jittered():
            await asyncio.sleep(pause)
            match await self._look_up(number):
                case "committed":
                    return
                case "aborted":
                    raise DatabaseAway(AWAY, fault="undone by the loss of its connection", passes=True)
                case "in progress":
                    with contextlib.suppress(DatabaseAway):
                        await self.execute_query_dict(_END_ITS_CONNECTION, [number])
        raise unknown("lost in COMMIT")

    def acquire_connection(self) -> Any:  # Tortoise's own wrappers share no type either
        return Loan(self)

    def _in_transaction(self) -> "ServerContext":
        return ServerContext(self)

    async def _look_up(self, number: int) -> str | None:
        with contextlib.suppress(DatabaseAway):
            [row] = await self.execute_query_dict("SELECT txid_status($1) AS status", [number])
            status: str | None = row["status"]
            return status
        return None

    async def _close(self) -> None:
        self._ready.close()
        await super()._close()
        self._ready = Ready(self._let_go)

    async def _opened(self) -> "asyncpg.Pool[asyncpg.Record]":
        async with self._pool_init_lock:
            while (pool := self._pool) is None:
                await self.create_connection(with_db=True)
        return pool

    def _let_go(self, connection: Loaned) -> "asyncio.Task[None]":
        task = asyncio.create_task(self._release(connection))
        self._giving_back.add(task)
        task.add_done_callback(self._giving_back.discard)
        return task

    async def _release(self, connection: Loaned) -> None:
        pool = self._pool
        with contextlib.suppress(*RAISED):  # the connection is closed then, and what it was used for is done
            if pool is not None:
                await pool.release(connection, timeout=self.patience.connection)

    async def _translate_exceptions(self, func: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        try:
            return await translating(func, self, *args, **kwargs)
        except DatabaseAway as away:
            if not away.passes or not _is_read(*args):
                raise
        await asyncio.sleep(next(self.patience.jittered(), 0.0))
        return await translating(func, self, *args, **kwargs)


class ServerTransaction(TransactionWrapper):
    """A transaction on a connection of its own."""

    def __init__(self, client: ServerClient, connection: Loaned) -> None:
        super().__init__(client)
        self._connection = connection  # type: ignore[assignment]  # Tortoise's own is one of the pool's too
        self._bounds = without_a_session(server_settings(client.patience)) if client.is_pooled else ""
        self._written: int | None = None

    async def begin(self) -> None:
        await super().begin()
        if self._bounds:
            await self.execute_script(self._bounds)

    async def commit(self) -> None:
        """Commit. Raises DatabaseAway; _CutOff when the connection was lost before the server has said whether it did."""
        number = self._written or await self._number()
        try:
            await super().commit()
        except RAISED as error:
            failure = translated(error)
            if number is not None and isinstance(failure, DatabaseAway) and failure.is_silent:
                raise _CutOff(number) from error
            raise failure from error

    async def write_together(self, statements: Sequence[Statement]) -> None:
        """Run them as one statement, which also says by which number the server knows what is written here."""
        for parts, values in joined(statements):
            [row] = await self.execute_query_dict(f"WITH {parts} SELECT txid_current() AS number", values)
            self._written = row["number"]

    async def _number(self) -> int | None:
        """Return by which number the server knows what was written; None when nothing was."""
        [row] = await self.execute_query_dict("SELECT txid_current_if_assigned() AS number")
        number: int | None = row["number"]
        return number

    async def _translate_exceptions(self, func: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        return await translating(func, self, *args, **kwargs)


class ServerContext(TransactionContext):
    """Enters a ServerTransaction, or leaves everything as it was; leaves it committed or undone, and says which."""

    client: ServerTransaction

    def __init__(self, server: ServerClient) -> None:
        self._server = server
        self.connection_name = server.connection_name

    async def __aenter__(self) -> ServerTransaction:
        self._connection = await self._server.borrow()
        self.client = ServerTransaction(self._server, self._connection)
        self._token = get_connections().set(self.connection_name, self.client)
        try:
            await self.client.begin()
        except BaseException as error:
            await self._leave(after=error)
            raise
        return self.client

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            await self._leave(after=await self._undo(error))
            return
        try:
            await self.client.commit()
        except _CutOff as cut:
            await self._leave(after=cut.__cause__)
            await self._server.find_outcome(cut.number)
        except BaseException as failure:
            await self._leave(after=failure)
            raise
        else:
            get_connections().reset(self._token)
            await self._server.lend(self._connection)

    async def _undo(self, error: BaseException) -> BaseException:
        """Roll back, for that error; return what says most of how the connection is now."""
        if isinstance(error, DatabaseAway) and error.is_silent:
            return error
        try:
            await self.client.rollback()
        except RAISED as failure:
            return failure
        return error

    async def _leave(self, *, after: BaseException | None = None) -> None:
        get_connections().reset(self._token)
        await self._server.give_back(self._connection, after=after)


class _CutOff(Exception):
    """The connection was lost between COMMIT and its answer."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def _is_read(*args: Any) -> bool:
    return bool(args) and isinstance(args[0], str) and args[0].lstrip().upper().startswith("SELECT")


_END_ITS_CONNECTION = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_xid = ($1::bigint & 4294967295)::text::xid"""
"""Whoever we were still has the transaction open, and with it locks: let it be undone."""

client_class = ServerClient
