"""The operations of one socket, each in a task of its own: one that cannot be run is its own error, and the others go on."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, NamedTuple

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.access.callers import Caller
from app.errors import RateLimited, TryAgainLater
from app.graphql.context import Context, Tell
from app.graphql.errors import is_request_error, present, refuse
from app.graphql.execution.sharing import SharedData, bodies, encode_once
from app.graphql.streams import cursor_to_resume
from app.graphql.transport.closes import MALFORMED, TAKEN, Close
from app.graphql.transport.endpoint import Endpoint
from app.graphql.transport.requests import Operation, operation_of
from app.graphql.transport.results import Results, run
from app.web.stopping import ANSWER_SECONDS
from app.web.wire.websocket_connection import WRITE_TEXTS, WriteTexts

MOST_OPERATIONS = 100

_LOST = 1006  # what no close frame has said


async def send(websocket: WebSocket, message: Mapping[str, Any]) -> None:
    """Send the message. Raises WebSocketDisconnect when the connection is gone, whoever has noticed it first."""
    text = orjson.dumps(message).decode()
    try:
        await websocket.send_text(text)
    except RuntimeError:  # another operation has met the end, or the server has made it: the client broke the protocol
        raise WebSocketDisconnect(_LOST) from None


class _Running(NamedTuple):
    """An operation under way."""

    task: "asyncio.Task[None]"
    context: Context


class SocketOperations:
    """What the client of one socket has under way. `send_away` is called where something could not be told for long."""

    def __init__(self, websocket: WebSocket, endpoint: Endpoint, *, send_away: Callable[[], None]) -> None:
        self._websocket = websocket
        self._endpoint = endpoint
        self._send_away = send_away
        self._operations: dict[str, _Running] = {}
        self._is_leaving = False

    @property
    def under_way(self) -> Sequence[_Running]:
        return list(self._operations.values())

    @property
    def cursor(self) -> str | None:
        """The cursor to come back with; None for who was told nothing yet."""
        return cursor_to_resume(running.context for running in self._operations.values())

    async def begin(self, id: str, payload: Mapping[str, object], *, caller: Caller | None) -> Close | None:
        """Begin what is asked for; return why the socket is to be closed instead."""
        operation = operation_of(payload)
        if not isinstance(operation, Operation):
            return Close(MALFORMED, operation.message)
        if id in self._operations:
            return TAKEN
        if self._endpoint.services.stopping.is_told or self._is_leaving:
            return None  # not begun: the socket is closed as soon as the others have been answered
        context = self._endpoint.context(caller, self._websocket)
        if len(self._operations) >= MOST_OPERATIONS:
            await self._refuse(id, RateLimited(f"A socket has {MOST_OPERATIONS} operations at most."), context)
            return None
        context.tell = self._teller(id, context)
        results = run(self._endpoint.schema, operation, context)
        self._operations[id] = _Running(asyncio.create_task(self._run(id, results, context)), context)
        return None

    def complete(self, id: str) -> None:
        """End what the client wants to hear no more of."""
        running = self._operations.pop(id, None)
        if running is not None:
            running.task.cancel()

    async def answered(self) -> None:
        """Return as soon as queries and mutations are answered: for subscriptions there is a cursor."""
        answers = [running.task for running in self._operations.values() if not running.context.listens]
        if answers:
            await asyncio.wait(answers, timeout=ANSWER_SECONDS)

    async def end(self) -> None:
        """End them all."""
        tasks = [running.task for running in self._operations.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, id: str, results: Results, context: Context) -> None:
        try:
            self._endpoint.operations.take(context.caller)
            try:
                await self._endpoint.beginnings.turn()
                await self._tell(id, results, context)
            finally:
                self._endpoint.operations.give_back(context.caller)
        except WebSocketDisconnect:
            return
        except TryAgainLater:
            if not self._is_leaving:
                self._is_leaving = True
                self._send_away()
        except Exception as error:  # noqa: BLE001 - too many, or a bug: whatever it is, the other operations go on
            await self._refuse(id, error, context)

    async def _tell(self, id: str, results: Results, context: Context) -> None:
        async with aclosing(results):
            async for result in results:
                body = present(result, request_id=context.request_id)
                if is_request_error(result):
                    await self._finish(id, {"type": "error", "id": id, "payload": body["errors"]})
                    return
                await send(self._websocket, {"type": "next", "id": id, "payload": encode_once(body)})
        await self._finish(id, {"type": "complete", "id": id})

    def _teller(self, id: str, context: Context) -> Tell | None:
        """Return what tells the operation at once what another was told; None where the server cannot do that."""
        write: WriteTexts | None = self._websocket.scope.get("state", {}).get(WRITE_TEXTS)
        if write is None:
            return None
        return partial(self._tell_at_once, id, context, write)

    def _tell_at_once(
        self, id: str, context: Context, write: WriteTexts, told: Sequence[SharedData], extensions: Mapping[str, Any]
    ) -> bool:
        running = self._operations.get(id)
        if running is None or running.context is not context or self._is_leaving:
            return False
        head = b'{"type":"next","id":' + orjson.dumps(id) + b',"payload":'
        return write([head + body + b"}" for body in bodies(told, extensions)])

    async def _refuse(self, id: str, error: Exception, context: Context) -> None:
        described = refuse(error, request_id=context.request_id)
        with contextlib.suppress(WebSocketDisconnect):
            message = {"type": "error", "id": id, "payload": [described]}
            await (self._finish(id, message) if self._is_current(id) else send(self._websocket, message))

    async def _finish(self, id: str, message: Mapping[str, Any]) -> None:
        """Send an operation's last message; its id is free before that, since the client may use it again at once."""
        if self._is_current(id):
            del self._operations[id]
            await send(self._websocket, message)

    def _is_current(self, id: str) -> bool:
        running = self._operations.get(id)
        return running is not None and running.task is asyncio.current_task()
