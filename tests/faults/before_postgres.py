"""A bad network between a test and its PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.faults.proxy import Proxy, proxying


@asynccontextmanager
async def through_proxy(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """Yield a proxy before the server, and the database's address through it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    async with proxying(parts.hostname, parts.port or 5432) as proxy:
        yield proxy, parts._replace(netloc=f"{parts.username or 'postgres'}@127.0.0.1:{proxy.port}").geturl()
