"""Server-sent events: the results of an operation as `next` events, then `complete` (graphql-sse, distinct connections)."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import ExitStack, aclosing
from functools import partial
from typing import Any

import orjson
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send
from strawberry.types.graphql import OperationType

from app.errors import TryAgainLater
from app.graphql.context import Context
from app.graphql.errors import present
from app.graphql.execution.sharing import SharedData, bodies, encode_once
from app.graphql.streams import cursor_to_resume
from app.graphql.transport.endpoint import Endpoint
from app.graphql.transport.media import Media
from app.graphql.transport.requests import Operation
from app.graphql.transport.results import Results, run

HEARTBEAT_SECONDS = 15.0

_HEADERS = {
    "Content-Type": f"{Media.EVENTS}; charset=utf-8",
    "Cache-Control": "no-store, no-transform",
    "Vary": "Accept",
    "X-Accel-Buffering": "no",  # or nginx would keep events until its buffer is full
}
# Line feeds only: clients split at "\n\n" and find no end in "\r\n\r\n".
_PING = b": ping\n\n"
_COMPLETE = b"event: complete\ndata:\n\n"


class EventStream(StreamingResponse):
    """Answers one operation; ends when it is complete, when the client leaves, and when the caller's credential ends.

    When the process ends, and where what has happened could not be told for long, it ends without `complete`: the client comes
    back with its cursor, which a comment names. Raises RateLimited at once where the caller has too many operations under way.
    """

    def __init__(self, endpoint: Endpoint, operation: Operation, context: Context, *, allowed: Collection[OperationType]) -> None:
        self._share = ExitStack()
        self._share.enter_context(endpoint.operations.hold(context.caller))
        self._frames = _stream(endpoint, run(endpoint.schema, operation, context, allowed=allowed), context)
        super().__init__(self._frames, headers=_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._share:
            async with aclosing(self._frames):  # a client that leaves would leave it to the garbage collection
                await super().__call__(scope, receive, send)


async def _stream(endpoint: Endpoint, results: Results, context: Context) -> AsyncGenerator[bytes, None]:
    frames: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)
    context.tell = partial(_tell, frames)
    writing = asyncio.create_task(_write(endpoint, results, context, frames))
    is_over = endpoint.credential_ends(context.caller)
    ends = [is_over, asyncio.create_task(_await_restart(endpoint, writing, context))]
    tasks = [writing, *ends]
    is_complete = False
    try:
        while (frame := await _next_of(frames, ends=ends)) is not None and not is_over.done():
            is_complete = frame == _COMPLETE
            yield frame
        if not is_complete and not is_over.done() and (cursor := cursor_to_resume([context])) is not None:
            yield b": after " + cursor.encode() + b"\n\n"
    finally:
        for task in tasks:
            task.cancel()
        while not frames.empty():  # nobody reads any more: what still writes must not wait for room
            frames.get_nowait()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _await_restart(endpoint: Endpoint, writing: "asyncio.Task[None]", context: Context) -> None:
    await endpoint.services.stopping.told()
    await endpoint.may_restart(lambda: [(writing, context)])


async def _write(endpoint: Endpoint, results: Results, context: Context, frames: asyncio.Queue[bytes | None]) -> None:
    try:
        await endpoint.beginnings.turn()
        async with aclosing(results):
            async for result in results:
                body = orjson.dumps(encode_once(present(result, request_id=context.request_id)))
                await frames.put(_frame(body))
        await frames.put(_COMPLETE)
    except TryAgainLater:
        pass  # without `complete`
    finally:
        await frames.put(None)


def _tell(frames: "asyncio.Queue[bytes | None]", told: Sequence[SharedData], extensions: Mapping[str, Any]) -> bool:
    """Tell at once what another was told; return whether that could be: not while the client has not read the last of it."""
    if frames.full():
        return False
    frames.put_nowait(b"".join(map(_frame, bodies(told, extensions))))
    return True


def _frame(body: bytes) -> bytes:
    return b"event: next\ndata: " + body + b"\n\n"


async def _next_of(frames: "asyncio.Queue[bytes | None]", *, ends: Sequence["asyncio.Future[None]"]) -> bytes | None:
    """Return what to send next, a ping where there is nothing for a while; None at the end."""
    if not frames.empty():
        return frames.get_nowait()
    waiting: asyncio.Future[bytes | None] = asyncio.ensure_future(frames.get())
    try:
        awaited: set[asyncio.Future[Any]] = {waiting, *ends}
        await asyncio.wait(awaited, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        return None if any(end.done() for end in ends) else _PING
    finally:
        waiting.cancel()
