"""GraphQL over WebSocket, strictly: the protocol graphql-transport-ws of graphql-ws, version 6, and no other.

What is no message of the protocol closes the socket with 4400. An operation that cannot be run is an `error` message of that
operation, and the others go on.
"""

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.access.callers import Caller
from app.errors import RateLimited, RequestRefused, TryAgainLater, Unavailable
from app.graphql.context import Context, Tell
from app.graphql.errors import is_request_error, present, refuse
from app.graphql.execution.sharing import SharedData, bodies, encode_once
from app.graphql.streams import cursor_to_resume
from app.graphql.transport.closes import (
    BROKEN,
    COME_BACK,
    COME_BACK_LATER,
    INIT_TIMEOUT,
    MALFORMED,
    NO_LONGER_ALLOWED,
    NO_MESSAGE,
    NOT_SIGNED_IN,
    TOO_MANY,
    TOO_MANY_BEFORE,
    WRONG_PROTOCOL,
    Close,
)
from app.graphql.transport.endpoint import Endpoint, require_somebody
from app.graphql.transport.requests import Operation, operation_of
from app.graphql.transport.results import run
from app.outbound.origins import origin_of
from app.text.json_text import NotJson, parse_json
from app.web.stopping import ANSWER_SECONDS
from app.web.wire.websocket_connection import WRITE_TEXTS, WriteTexts

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0
_INIT_BITS = 10
MOST_OPERATIONS = 100
MOST_BEFORE_INIT = 20
"""So many messages may come before the caller is known: `connection_init`, and pings."""

_LOST = 1006  # what no close frame has said
_LONGEST_REASON = 120  # of the 123 bytes that a close frame has


class _Running(NamedTuple):
    """An operation under way."""

    task: "asyncio.Task[None]"
    context: Context


class Socket:
    """One client's connection, from the handshake to the close."""

    def __init__(self, websocket: WebSocket, endpoint: Endpoint, *, init_seconds: float = INIT_SECONDS) -> None:
        self._websocket = websocket
        self._entrance = endpoint
        self._init_seconds = init_seconds
        self._caller: Caller | None = None
        self._is_init_received = False
        self._before_init = 0
        self._is_initialised = False
        self._operations: dict[str, _Running] = {}
        self._ending: asyncio.Future[Close | None] = asyncio.get_running_loop().create_future()
        self._lateness: asyncio.TimerHandle | None = None
        self._beside: list[asyncio.Task[Close | None]] = []
        self._is_leaving = False
        self._share = contextlib.ExitStack()

    async def serve(self) -> None:
        """Speak with the client until either side ends it."""
        origin = self._websocket.headers.get("origin")
        if origin is not None and not self._is_own(origin) and not self._is_allowed(origin):
            await self._websocket.close()  # before the handshake: HTTP 403
            return
        if PROTOCOL not in self._websocket.scope["subprotocols"]:
            await self._websocket.accept()
            await self._close(WRONG_PROTOCOL)
            return
        await self._websocket.accept(subprotocol=PROTOCOL)
        with self._share:
            close = await self._converse()
        await self._close(close)

    async def _converse(self) -> Close | None:
        """Return why to close; None when the client has gone."""
        listening = asyncio.create_task(self._listen())
        listening.add_done_callback(self._end_as)
        self._wait_for_init(_INIT_BITS)
        try:
            with self._entrance.services.stopping.telling(self._await_restart):
                close = await self._ending
            return self._with_cursor(close) if close in {COME_BACK, COME_BACK_LATER} else close
        finally:
            if self._lateness is not None:
                self._lateness.cancel()
            # Operations end before the close frame goes out: afterwards they could send nothing.
            await _end(listening, *self._beside, *(running.task for running in self._operations.values()))

    def _end_as(self, ended: "asyncio.Future[Close | None]") -> None:
        """End the conversation as this says."""
        if ended.cancelled() or self._ending.done():
            return
        if (error := ended.exception()) is not None:
            self._ending.set_exception(error)
        else:
            self._ending.set_result(ended.result())

    def _go_on_beside(self, way: Coroutine[Any, Any, Close | None]) -> None:
        """Have this beside the conversation, which ends when it does."""
        task = asyncio.create_task(way)
        task.add_done_callback(self._end_as)
        self._beside.append(task)

    def _with_cursor(self, close: Close) -> Close:
        """Name the cursor to come back with: who was told nothing yet has none."""
        cursor = cursor_to_resume(running.context for running in self._operations.values())
        return close if cursor is None else Close(close.code, f"{close.reason}, after: {cursor}")

    def _wait_for_init(self, bits: int) -> None:
        """Wait bit by bit: a process that stood still finds its time gone before it has read what came meanwhile."""
        if bits:
            self._lateness = asyncio.get_running_loop().call_later(self._init_seconds / _INIT_BITS, self._wait_for_init, bits - 1)
        elif not self._ending.done():
            self._ending.set_result(INIT_TIMEOUT)

    async def _await_end_of_credential(self) -> Close:
        await self._entrance.credential_ends(self._caller)
        return NO_LONGER_ALLOWED

    def _await_restart(self) -> None:
        async def wait() -> Close:
            await self._entrance.may_restart(self._operations.values)
            # No `complete` for its subscriptions: clients would take that for the end, and not come back.
            return COME_BACK

        self._go_on_beside(wait())

    async def _listen(self) -> Close | None:
        while True:
            received = await self._websocket.receive()
            if received["type"] == "websocket.disconnect":
                return None
            try:
                close = await self._take(received.get("text"))
            except WebSocketDisconnect:  # it left before our answer
                return None
            if close is not None:
                return close

    async def _take(self, text: str | None) -> Close | None:
        if text is None:
            return Close(MALFORMED, "Messages are text.")
        if not self._is_initialised:
            self._before_init += 1
            if self._before_init > MOST_BEFORE_INIT:
                return TOO_MANY_BEFORE
        message = parse_json(text.encode("utf-8", "surrogatepass"))
        if isinstance(message, NotJson):
            return Close(MALFORMED, f"Messages are JSON, but {message.message}.")
        return await self._obey(message) if isinstance(message, dict) else NO_MESSAGE

    async def _obey(self, message: dict[str, object]) -> Close | None:
        close: Close | None = None
        match message:
            case {"type": "connection_init"}:
                close = await self._initialise(message.get("payload"))
            case {"type": "ping" | "pong" as kind}:
                close = await self._play(kind, message.get("payload"))
            case {"type": "subscribe", "id": str(id), "payload": dict(payload)} if id:
                close = await self._subscribe(id, payload)
            case {"type": "complete", "id": str(id)} if id:
                self._complete(id)
            case _:
                close = NO_MESSAGE
        return close

    async def _initialise(self, payload: object) -> Close | None:
        if self._is_init_received:
            return TOO_MANY
        if not isinstance(payload, dict | None):
            return Close(MALFORMED, "The payload of connection_init is an object.")
        credential = (payload or {}).get("authorization")
        if not isinstance(credential, str | None):
            return Close(MALFORMED, "`authorization` is a text.")
        self._is_init_received = True
        if self._lateness is not None:
            self._lateness.cancel()
        try:
            self._caller = require_somebody(await self._authenticate(credential))
            self._share.enter_context(self._entrance.sockets.hold(self._caller))
        except Exception as error:  # noqa: BLE001 - whatever it was, the socket is closed in the protocol's own way
            return self._turn_away(error)
        self._is_initialised = True
        self._go_on_beside(self._await_end_of_credential())
        await self._send({"type": "connection_ack"})
        return None

    def _turn_away(self, error: Exception) -> Close:
        match error:
            case RequestRefused(code="UNAUTHENTICATED"):
                return NOT_SIGNED_IN
            case Unavailable():
                return COME_BACK
            case RequestRefused():
                return Close(TOO_MANY.code, error.message)
        refuse(error, request_id=self._entrance.request_id())
        return BROKEN

    async def _authenticate(self, credential: str | None) -> Caller | None:
        credential = credential or self._websocket.headers.get("authorization")
        origin = self._websocket.headers.get("origin")
        if credential is None and origin is not None and not self._is_own(origin):
            # An allowed page of another origin speaks for itself, never with the cookies of whoever looks at it.
            return None
        return await self._entrance.authenticate(self._websocket, credential)

    async def _play(self, kind: object, payload: object) -> Close | None:
        if not isinstance(payload, dict | None):
            return Close(MALFORMED, f"The payload of {kind} is an object.")
        if kind == "ping":
            await self._send({"type": "pong"})
        return None

    async def _subscribe(self, id: str, payload: Mapping[str, object]) -> Close | None:
        if not self._is_initialised:
            return NOT_SIGNED_IN
        operation = operation_of(payload)
        if not isinstance(operation, Operation):
            return Close(MALFORMED, operation.message)
        if id in self._operations:
            return Close(4409, "Subscriber for this id already exists")
        if self._entrance.services.stopping.is_told or self._is_leaving:
            return None  # not begun: the socket is closed as soon as the others have been answered
        context = self._entrance.context(self._caller, self._websocket)
        if len(self._operations) >= MOST_OPERATIONS:
            await self._refuse(id, RateLimited(f"A socket has {MOST_OPERATIONS} operations at most."), context)
            return None
        context.tell = self._teller(id, context)
        self._operations[id] = _Running(asyncio.create_task(self._run(id, operation, context)), context)
        return None

    def _complete(self, id: str) -> None:
        running = self._operations.pop(id, None)
        if running is not None:
            running.task.cancel()

    async def _run(self, id: str, operation: Operation, context: Context) -> None:
        try:
            with self._entrance.operations.hold(context.caller):
                await self._entrance.beginnings.turn()
                await self._tell(id, operation, context)
        except WebSocketDisconnect:
            return
        except TryAgainLater:
            self._send_away()
        except Exception as error:  # noqa: BLE001 - too many, or a bug: whatever it is, the other operations go on
            await self._refuse(id, error, context)

    async def _tell(self, id: str, operation: Operation, context: Context) -> None:
        async with aclosing(run(self._entrance.schema, operation, context)) as results:
            async for result in results:
                body = present(result, request_id=context.request_id)
                if is_request_error(result):
                    await self._finish(id, {"type": "error", "id": id, "payload": body["errors"]})
                    return
                await self._send({"type": "next", "id": id, "payload": encode_once(body)})
        await self._finish(id, {"type": "complete", "id": id})

    def _teller(self, id: str, context: Context) -> Tell | None:
        """Return what tells the operation at once what another was told; None where the server cannot do that."""
        write: WriteTexts | None = self._websocket.scope.get("state", {}).get(WRITE_TEXTS)
        if write is None:
            return None
        head = b'{"type":"next","id":' + orjson.dumps(id) + b',"payload":'

        def tell(told: Sequence[SharedData], extensions: Mapping[str, Any]) -> bool:
            running = self._operations.get(id)
            if running is None or running.context is not context or self._is_leaving:
                return False
            return write([head + body + b"}" for body in bodies(told, extensions)])

        return tell

    def _send_away(self) -> None:
        if not self._is_leaving:
            self._is_leaving = True
            self._go_on_beside(self._leave())

    async def _leave(self) -> Close:
        """Close as soon as queries and mutations are answered: for subscriptions there is a cursor."""
        answers = [running.task for running in self._operations.values() if not running.context.listens]
        if answers:
            await asyncio.wait(answers, timeout=ANSWER_SECONDS)
        return COME_BACK_LATER

    async def _refuse(self, id: str, error: Exception, context: Context) -> None:
        described = refuse(error, request_id=context.request_id)
        with contextlib.suppress(WebSocketDisconnect):
            message = {"type": "error", "id": id, "payload": [described]}
            await (self._finish(id, message) if self._is_current(id) else self._send(message))

    async def _finish(self, id: str, message: Mapping[str, Any]) -> None:
        """Send an operation's last message; its id is free before that, since the client may use it again at once."""
        if self._is_current(id):
            del self._operations[id]
            await self._send(message)

    def _is_current(self, id: str) -> bool:
        running = self._operations.get(id)
        return running is not None and running.task is asyncio.current_task()

    async def _send(self, message: Mapping[str, Any]) -> None:
        """Send the message. Raises WebSocketDisconnect when the connection is gone, whoever has noticed it first."""
        text = orjson.dumps(message).decode()
        try:
            await self._websocket.send_text(text)
        except RuntimeError:  # another operation has met the end, or the server has made it: the client broke the protocol
            raise WebSocketDisconnect(_LOST) from None

    async def _close(self, close: Close | None) -> None:
        if close is None or self._websocket.application_state is not WebSocketState.CONNECTED:
            return
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self._websocket.close(close.code, close.reason[:_LONGEST_REASON])

    def _is_own(self, origin: str) -> bool:
        """Whether the page that opens the socket is ours: of PUBLIC_URL, or of the very host that was connected to."""
        parts = urlsplit(origin)
        own = self._websocket.headers.get("host")
        return origin == origin_of(self._entrance.services.settings.public_url) or (
            parts.scheme in {"http", "https"} and parts.netloc != "" and parts.netloc == own
        )

    def _is_allowed(self, origin: str) -> bool:
        return origin in self._entrance.services.settings.allowed_origins


async def _end(*tasks: "asyncio.Future[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
