"""GraphQL over WebSocket, strictly: the protocol graphql-transport-ws of graphql-ws, version 6, and no other.

What is no message of the protocol closes the socket with 4400. An operation that cannot be run is an `error` message of that
operation, and the others go on.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any
from urllib.parse import urlsplit

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.access.callers import Caller
from app.errors import RequestRefused, Unavailable
from app.graphql.errors import refuse
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
from app.graphql.transport.socket_operations import SocketOperations, send
from app.outbound.origins import origin_of
from app.text.json_text import NotJson, parse_json

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0
_INIT_BITS = 10
MOST_BEFORE_INIT = 20
"""So many messages may come before the caller is known: `connection_init`, and pings."""

_LONGEST_REASON = 120  # of the 123 bytes that a close frame has


class Socket:
    """One client's connection, from the handshake to the close."""

    def __init__(self, websocket: WebSocket, endpoint: Endpoint, *, init_seconds: float = INIT_SECONDS) -> None:
        self._websocket = websocket
        self._endpoint = endpoint
        self._init_seconds = init_seconds
        self._caller: Caller | None = None
        self._is_init_received = False
        self._before_init = 0
        self._is_initialised = False
        self._operations = SocketOperations(websocket, endpoint, send_away=self._send_away)
        self._ended: asyncio.Future[None] | None = None
        """The end of the caller's credential."""
        self._lateness: asyncio.TimerHandle | None = None
        self._beside: list[asyncio.Task[None]] = []
        self._listening: asyncio.Task[Any] | None = None
        self._end: Close | BaseException | None = None
        """Why the conversation ends, where it is not the client who ends it."""

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
        try:
            close = await self._converse()
        finally:
            if self._is_initialised:
                self._endpoint.sockets.give_back(self._caller)
        await self._close(close)

    async def _converse(self) -> Close | None:
        """Return why to close; None when the client has gone."""
        self._listening = asyncio.current_task()
        self._wait_for_init(_INIT_BITS)
        try:
            self._endpoint.services.stopping.listen(self._await_restart)
            return self._with_cursor(await self._listen())
        except asyncio.CancelledError:
            if self._end is None or self._listening is None or self._listening.uncancel():
                raise  # by whoever ends the process
            if isinstance(self._end, BaseException):
                raise self._end from None
            return self._with_cursor(self._end)
        finally:
            self._listening = None
            self._endpoint.services.stopping.forget(self._await_restart)
            self._stop_waiting_for_init()
            if self._ended is not None:
                self._ended.cancel()
            # Operations end before the close frame goes out: afterwards they could send nothing.
            await self._operations.end()
            await _end(*self._beside)

    def _end_with(self, end: Close | BaseException) -> None:
        """Listen no more. Never called in the listening task itself, which could not be cancelled at once."""
        if self._end is None and self._listening is not None:
            self._end = end
            self._listening.cancel()

    def _end_with_credential(self, ended: "asyncio.Future[None]") -> None:
        if not ended.cancelled():
            self._end_with(ended.exception() or NO_LONGER_ALLOWED)

    def _go_on_beside(self, way: Coroutine[Any, Any, Close]) -> None:
        """Have this beside the conversation, which ends when it does."""

        async def go() -> None:
            try:
                self._end_with(await way)
            except Exception as error:  # noqa: BLE001 - it is raised where the conversation ends
                self._end_with(error)

        self._beside.append(asyncio.create_task(go()))

    def _with_cursor(self, close: Close | None) -> Close | None:
        """Name the cursor to come back with, to who is to come back: who was told nothing yet has none."""
        if close is None or close not in {COME_BACK, COME_BACK_LATER}:
            return close
        cursor = self._operations.cursor
        return close if cursor is None else Close(close.code, f"{close.reason}, after: {cursor}")

    def _wait_for_init(self, bits: int) -> None:
        """Wait bit by bit: a process that stood still finds its time gone before it has read what came meanwhile."""
        if bits:
            self._lateness = asyncio.get_running_loop().call_later(self._init_seconds / _INIT_BITS, self._wait_for_init, bits - 1)
        else:
            self._end_with(INIT_TIMEOUT)

    def _stop_waiting_for_init(self) -> None:
        if self._lateness is not None:
            self._lateness.cancel()
            self._lateness = None

    def _await_restart(self) -> None:
        async def wait() -> Close:
            await self._endpoint.may_restart(lambda: self._operations.under_way)
            # No `complete` for its subscriptions: clients would take that for the end, and not come back.
            return COME_BACK

        self._go_on_beside(wait())

    def _send_away(self) -> None:
        async def leave() -> Close:
            await self._operations.answered()
            return COME_BACK_LATER

        self._go_on_beside(leave())

    async def _listen(self) -> Close | None:
        while True:
            received = await self._websocket.receive()
            if received["type"] == "websocket.disconnect":
                return None
            text = received.get("text")
            try:
                close = await self._take(text)
            except WebSocketDisconnect:  # it left before our answer
                return None
            if close is not None:
                return close
            del received, text  # the next message may be a long time in coming

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
                close = await self._operations.begin(id, payload, caller=self._caller) if self._is_initialised else NOT_SIGNED_IN
            case {"type": "complete", "id": str(id)} if id:
                self._operations.complete(id)
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
        self._stop_waiting_for_init()
        try:
            self._caller = require_somebody(await self._authenticate(credential))
            self._endpoint.sockets.take(self._caller)
        except Exception as error:  # noqa: BLE001 - whatever it was, the socket is closed in the protocol's own way
            return self._turn_away(error)
        self._is_initialised = True
        self._websocket.scope["headers"].clear()  # nobody looks at them any more, and the socket may last for days
        self._ended = self._endpoint.credential_ends(self._caller)
        self._ended.add_done_callback(self._end_with_credential)
        await send(self._websocket, {"type": "connection_ack"})
        return None

    def _turn_away(self, error: Exception) -> Close:
        match error:
            case RequestRefused(code="UNAUTHENTICATED"):
                return NOT_SIGNED_IN
            case Unavailable():
                return COME_BACK
            case RequestRefused():
                return Close(TOO_MANY.code, error.message)
        refuse(error, request_id=self._endpoint.request_id())
        return BROKEN

    async def _authenticate(self, credential: str | None) -> Caller | None:
        credential = credential or self._websocket.headers.get("authorization")
        origin = self._websocket.headers.get("origin")
        if credential is None and origin is not None and not self._is_own(origin):
            # An allowed page of another origin speaks for itself, never with the cookies of whoever looks at it.
            return None
        return await self._endpoint.authenticate(self._websocket, credential)

    async def _play(self, kind: object, payload: object) -> Close | None:
        if not isinstance(payload, dict | None):
            return Close(MALFORMED, f"The payload of {kind} is an object.")
        if kind == "ping":
            await send(self._websocket, {"type": "pong"})
        return None

    async def _close(self, close: Close | None) -> None:
        if close is None or self._websocket.application_state is not WebSocketState.CONNECTED:
            return
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await self._websocket.close(close.code, close.reason[:_LONGEST_REASON])

    def _is_own(self, origin: str) -> bool:
        """Whether the page that opens the socket is ours: of PUBLIC_URL, or of the very host that was connected to."""
        parts = urlsplit(origin)
        own = self._websocket.headers.get("host")
        return origin == origin_of(self._endpoint.services.settings.public_url) or (
            parts.scheme in {"http", "https"} and parts.netloc != "" and parts.netloc == own
        )

    def _is_allowed(self, origin: str) -> bool:
        return origin in self._endpoint.services.settings.allowed_origins


async def _end(*tasks: "asyncio.Future[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
