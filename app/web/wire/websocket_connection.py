"""WebSockets as uvicorn speaks them, but that nobody's frames keep others waiting, and a wrong handshake is answered in JSON."""

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, TypeAlias, cast
from urllib.parse import unquote

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent, ASGIVersions, WebSocketScope
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import CloseCode
from websockets.http11 import Response
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from app.web.bells import Bell, Inbox
from app.web.wire.farewells import Farewell
from app.web.wire.frames import CONTROLS_A_SECOND, MOST_FRAGMENTS, Controls, Frames, text_frame
from app.web.wire.handshakes import Handshake
from app.web.wire.places import PLACE, Place
from app.web.wire.refusals import JSON, Refusal
from app.web.wire.transports import PatientTransport

WRITE_TEXTS = "write_texts"
"""Where the state of a socket's scope has what writes messages at once: see `WebSocketConnection.write_texts`."""

WriteTexts: TypeAlias = Callable[[Sequence[bytes]], bool]

LARGEST_OF_A_STRANGER = 32 * 1024
"""As a request's head: all that has to be said before the caller is known is who it is."""

_STEPS_OF_A_MESSAGE = 16
"""What the application may take for it."""

# One for all sockets: nobody changes them.
_ASGI: ASGIVersions = {"version": "3.0", "spec_version": "2.4"}
_EXTENSIONS: dict[str, dict[object, object]] = {"websocket.http.response": {}}

_NO_HANDSHAKE = Refusal(HTTPStatus.BAD_REQUEST, "That is no handshake for a WebSocket.")
_TOO_MANY_CONTROLS = f"At most {CONTROLS_A_SECOND:.0f} pings and pongs a second"
_TOO_MANY_FRAGMENTS = f"At most {MOST_FRAGMENTS:,} fragments for a message"
_NO_PLACE = "Too many connections from this address"


class WebSocketConnection(WebSocketsSansIOProtocol):
    """A connection that asks to be a WebSocket.

    A few frames are read in each turn of the loop, up to the end of a message at most: then the application has its turn. While
    something waits, and while the client does not read what it is sent, nothing more is taken from it.

    uvicorn leaves one whose handshake it cannot read (a POST with `Upgrade: websocket`) open and unanswered, and as long as it
    lasts, its shutdown fails and everybody else is cut off.
    """

    # What uvicorn keeps of a connection too: in a dictionary it would be 1.6 KiB, for each of thousands.
    __slots__ = (
        "_controls",
        "_frames",
        "_largest",
        "_patient",
        "_place",
        "_turn",
        "_waiting",
        "app",
        "app_state",
        "asgi_version",
        "client",
        "close_sent",
        "close_timeout",
        "close_timer",
        "config",
        "conn",
        "connections",
        "curr_msg_data_type",
        "default_headers",
        "disconnected",
        "frames",
        "handshake_complete",
        "handshake_initiated",
        "initial_response",
        "last_ping_rtt",
        "logger",
        "loop",
        "pending_ping_payload",
        "ping_interval",
        "ping_sent_at",
        "ping_timeout",
        "ping_timer",
        "pong_timer",
        "queue",
        "read_paused",
        "response",
        "root_path",
        "scheme",
        "scope",
        "server",
        "tasks",
        "transport",
        "writable",
    )

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.queue = Inbox()
        self.writable = Bell()
        self.writable.set()
        place = app_state.get(PLACE)
        self._place = place if isinstance(place, Place) else None
        self._waiting = bytearray()
        self._frames = Frames()
        self._controls = Controls(now=self.loop.time())
        self._turn: asyncio.Handle | None = None
        self._largest = config.ws_max_size
        self._patient: PatientTransport
        if self._is_stranger:
            self.conn.max_message_size = min(self._largest, LARGEST_OF_A_STRANGER)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, PatientTransport):
            transport = PatientTransport(cast("asyncio.Transport", transport), loop=self.loop)
        self._patient = transport
        super().connection_made(transport)
        if self._place is not None:
            self._place.make_room = lambda: self._fail(CloseCode.TRY_AGAIN_LATER, _NO_PLACE)
            self._place.rest()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        self._patient.lost()
        if self._place is not None:
            self._place.give_back()
            self._place = None  # it leads back here, as the scope does
        super().connection_lost(exc)

    def shake_hands(self, handshake: Handshake) -> None:
        """Have the application answer a handshake. A wrong one is answered here, without the values in it."""
        request = handshake.request
        response = self.conn.reject(HTTPStatus.BAD_REQUEST, "") if request is None else self.conn.accept(request)
        self.handshake_initiated = True
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            self._refuse(response)
            return
        self.response = response
        self.scope = self._scope_of(handshake)
        self.queue.put_nowait({"type": "websocket.connect"})
        task = self.loop.create_task(self.run_asgi())
        task.add_done_callback(self.on_task_complete)
        self.tasks.add(task)

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        if self._turn is None:
            self._go_on()

    def on_task_complete(self, task: "asyncio.Task[None]") -> None:
        super().on_task_complete(task)
        del self.scope  # it leads back here, which would leave all of the connection to a collection

    def resume_writing(self) -> None:
        super().resume_writing()
        self._go_on_soon()

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if message["type"] == "websocket.accept" and self.handshake_complete:
            self._forget_handshake()
        self._go_on_soon()  # what has come before the handshake was answered, or is to be thrown away after a close

    def write_texts(self, texts: Sequence[bytes]) -> bool:
        """Write messages at once, in UTF-8; return whether that could be: not while the client does not read, nor at the end."""
        if self.close_sent or self.disconnected or not (self.handshake_complete and self.writable.is_set()):
            return False
        self.transport.write(b"".join(map(text_frame, texts)))
        return True

    async def receive(self) -> ASGIReceiveEvent:
        message: ASGIReceiveEvent = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()
        self._go_on_soon()
        return message

    @property
    def _is_stranger(self) -> bool:
        return self._place is not None and not self._place.is_given_back

    @property
    def _may_read(self) -> bool:
        is_open = self.handshake_complete and not self.transport.is_closing()
        return is_open and not self.read_paused and self.writable.is_set()

    def _go_on_soon(self) -> None:
        if self._waiting:
            self.transport.pause_reading()
            if self._turn is None and self._may_read:
                self._turn = self.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        """Read what one turn may read."""
        self._turn = None
        if not self._may_read:
            self.transport.pause_reading()
            return
        is_read = self._read_piece()
        if is_read:
            self._go_on_soon()
        if not self.read_paused and not (is_read and self._waiting):  # what waits otherwise is a part of a frame's head
            self.transport.resume_reading()

    def _read_piece(self) -> bool:
        """Return whether there is anything to read, in this turn or in the next."""
        if not self._is_stranger:
            self.conn.max_message_size = self._largest
        if self._place is not None and not self._place.spend(0):
            return True
        cut = self._frames.cut(self._waiting)
        if self._place is not None:
            self._place.spend(cut.frames + cut.ends_message * _STEPS_OF_A_MESSAGE)
        if self._controls.are_too_many(cut.controls, now=self.loop.time()):
            self._fail(CloseCode.POLICY_VIOLATION, _TOO_MANY_CONTROLS)
        elif self._frames.fragments > MOST_FRAGMENTS:
            self._fail(CloseCode.POLICY_VIOLATION, _TOO_MANY_FRAGMENTS)
        elif cut.length:
            piece = bytes(self._waiting[: cut.length])
            del self._waiting[: cut.length]
            super().data_received(piece)
        return cut.length > 0

    def _fail(self, code: CloseCode, reason: str) -> None:
        """Close with these words, whatever is under way."""
        if self.transport.is_closing():
            return
        if not self.handshake_complete:
            self.transport.close()
            return
        self.conn.fail(code, reason)
        self._leave()

    def handle_parser_exception(self) -> None:
        self._leave()

    def _scope_of(self, handshake: Handshake) -> WebSocketScope:
        """Return what uvicorn would make of the same request."""
        path, _, query = handshake.target.partition(b"?")
        return {
            "type": "websocket",
            "asgi": _ASGI,
            "http_version": "1.1",
            "scheme": self.scheme,
            "server": self.server,
            "client": self.client,
            "root_path": self.root_path,
            "path": self.root_path + unquote(path.decode("ascii")),
            "raw_path": self.root_path.encode("ascii") + path,
            "query_string": query,
            "headers": handshake.headers,
            "subprotocols": handshake.protocols,
            "state": {**self.app_state, WRITE_TEXTS: self.write_texts},
            "extensions": _EXTENSIONS,
        }

    def _forget_handshake(self) -> None:
        """Keep nothing of what nobody looks at any more: a socket may last for days. What reads frames begins with them."""
        opened = ServerProtocol(state=OPEN, max_size=self.conn.max_message_size, logger=self.logger)
        opened.extensions = self.conn.extensions
        self.conn = opened
        self.app_state = {}
        del self.response

    def _leave(self) -> None:
        """Say what is to be said last. The application learns at once that the connection is gone."""
        if self.conn.close_sent is not None and not self.close_sent:
            close = self.conn.close_sent
            self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self.close_sent = True
        self._say(b"".join(self.conn.data_to_send()))

    def _refuse(self, response: Response) -> None:
        response.body = _NO_HANDSHAKE.body
        for name, value in (("Content-Type", JSON), ("Content-Length", str(len(response.body)))):
            del response.headers[name]
            response.headers[name] = value
        self.handshake_complete = self.close_sent = True
        self._say(response.serialize())

    def _say(self, message: bytes) -> None:
        self._stop()
        self.stop_keepalive()
        if self.close_timer is not None:
            self.close_timer.cancel()
        farewell = Farewell(self, transport=self.transport, loop=self.loop)
        self.close_timer = farewell.end  # by which uvicorn knows that the connection is being closed
        farewell.say(message)

    def _stop(self) -> None:
        """Read nothing more."""
        self._waiting.clear()
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
