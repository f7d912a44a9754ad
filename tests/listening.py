"""A server of the test's own over bare streams, of which nothing is left when the test is done."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_ROUNDS_UNTIL_BEGUN = 5
"""Of the loop, between a connection that is accepted and the task that answers it."""


@asynccontextmanager
async def listening(answer: Answer, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Yield the port of 127.0.0.1 on which each connection is answered, and then closed, in a task of its own.

    Whoever leaves early ends an answer. At the end whatever is under way is cancelled and closed.
    """
    at_work: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            await answer(reader, writer)
            writer.close()
            await writer.wait_closed()

    def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        at_work[task] = writer
        task.add_done_callback(end)

    def end(task: asyncio.Task[None]) -> None:
        # Also of one that was cancelled before it began, and so has closed nothing.
        at_work.pop(task).transport.abort()

    listener = await asyncio.start_server(start, "127.0.0.1", 0, ssl=tls)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for _ in range(_ROUNDS_UNTIL_BEGUN):
            await asyncio.sleep(0)
        under_way = dict(at_work)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await asyncio.gather(*(writer.wait_closed() for writer in under_way.values()), return_exceptions=True)
