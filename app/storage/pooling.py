"""Poolers before PostgreSQL: looked for once, before the first connection is used.

A pooler (pgbouncer, Supavisor, Odyssey) lends one of the server's connections for a transaction and another for the next. So
nothing may be left on a connection that a later statement counts on: no named statement and no setting.
"""

from collections.abc import Mapping
from typing import Any

import asyncpg

from app.errors import ConfigurationError
from app.storage.addresses import SETTING, ServerAddress

_LOOK = "SELECT pg_backend_pid() AS process, current_setting('server_encoding') AS encoding"


async def is_pooled(address: ServerAddress, *, settings: Mapping[str, str], connection: float, statement: float) -> bool:
    """Return whether a pooler is in between: it refuses our settings, or has told us a number that is no process of the server.

    `connection` and `statement` are waited for so many seconds. Raises what asyncpg does, and ConfigurationError where the
    service cannot be on such a database.
    """
    try:
        reached, is_refused = await _reach(address, settings, connection, statement), False
    except asyncpg.ProtocolViolationError:  # "unsupported startup parameter", in the words of the pooler
        reached, is_refused = await _reach(address, {}, connection, statement), True
    try:
        async with reached.transaction():
            [row] = await reached.fetch(_LOOK)
            number = reached.get_server_pid()
        await reached.close(timeout=connection)
    except asyncpg.PostgresError as error:
        if "statement pooling" not in str(error):
            raise
        raise ConfigurationError(
            f"{SETTING}: the pooler there pools single statements: set its pool_mode to transaction or session."
        ) from error
    finally:
        reached.terminate()
    if row["encoding"] != "UTF8":
        raise ConfigurationError(
            f"{SETTING}: the database {address.shown} has the encoding {row['encoding']}: "
            f"make another one, with UTF8: {address.making}"
        )
    return is_refused or row["process"] != number


def without_a_session(settings: Mapping[str, str]) -> str:
    """Return what sets them for the transaction alone. What is of the connection itself is the pooler's to know."""
    return "; ".join(f"SET LOCAL {name} = {value}" for name, value in settings.items() if not name.startswith("tcp_"))


OPTIONS: Mapping[str, Any] = {"server_settings": {}, "statement_cache_size": 0}
"""What asyncpg is told behind a pooler, in place of what it is told beside a server."""


async def leave(_connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]") -> None:
    """Do nothing with what is given back: there is nothing on it, and a pooler may have lent it to others by now.

    A transaction that is still open was rolled back by asyncpg before that. No statement of ours outlasts its transaction:
    settings are made with SET LOCAL, advisory locks are a transaction's, and nobody listens or makes temporary tables.
    """


async def _reach(
    address: ServerAddress, settings: Mapping[str, str], connection: float, statement: float
) -> "asyncpg.Connection[asyncpg.Record]":
    try:
        return await asyncpg.connect(
            **address.options,
            server_settings=dict(settings),
            statement_cache_size=0,
            timeout=connection,
            command_timeout=statement,
        )
    except asyncpg.exceptions.ClientConfigurationError:
        raise ConfigurationError(
            f"{SETTING}: with what the environment adds to it (PGSSLMODE and the like) it cannot be used: "
            "unset what begins with PG."
        ) from None
