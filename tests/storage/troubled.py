"""The service's connections to a database in trouble, and an operator's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient

from app.log.counters import Counter
from app.storage import database
from app.storage.outages import Patience
from tests import databases

SHORT = Patience(connection=0.5, place=0.5, statement=0.5, lock=0.4, idle=0.4, pauses=(0.0, 0.05, 0.1, 0.2, 0.4, 0.8))
POOL = 10


def opened(url: str, patience: Patience = SHORT) -> AbstractAsyncContextManager[None]:
    return databases.opened(url, patience=patience)


@asynccontextmanager
async def admin(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that the service knows nothing of."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def count(_connection: BaseDBAsyncClient) -> None:
    await Counter.create(team_id=uuid4(), sequence=0)


async def look() -> int:
    return await Counter.all().count()


async def fill_pool() -> None:
    """Have as many connections open as there may be."""
    go_on = asyncio.Event()
    began = [asyncio.Event() for _ in range(POOL)]

    async def hold(number: int) -> None:
        async def wait(_connection: BaseDBAsyncClient) -> None:
            began[number].set()
            await go_on.wait()

        await database.write(wait)

    holding = [asyncio.create_task(hold(number)) for number in range(POOL)]
    for one in began:
        await one.wait()
    go_on.set()
    await asyncio.gather(*holding)
