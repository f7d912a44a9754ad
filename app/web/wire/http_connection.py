"""HTTP as uvicorn speaks it, but bounded in size, time and turns, and answered in JSON where it cannot be read."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httptools
from starlette.requests import HTTPConnection
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from app.web.client_address import Network, client_network, is_proxy
from app.web.wire.farewells import Farewell
from app.web.wire.flow import Flow
from app.web.wire.handshakes import Handshake
from app.web.wire.places import PLACE, Place, Places
from app.web.wire.refusals import NO_PLACE, TOO_LARGE, TOO_LATE, UNREADABLE, Refusal
from app.web.wire.request_bounds import RequestBounds
from app.web.wire.transports import PATIENCE, PatientTransport
from app.web.wire.websocket_connection import WebSocketConnection

HEAD_SECONDS = 10.0

_STEPS_A_TURN = 128
"""Pieces that are read, and chunks that are found in them."""

_STEPS_OF_A_HEAD = 16
"""What a request takes to be begun."""


class HttpConnection(HttpToolsProtocol):
    """A connection, until it becomes a WebSocket.

    Requests are read one after the other: the next is begun when the last has been answered, and until then it waits. `places`
    bound what an address may have open; over a connection of a `trusted` proxy each request has the place of whoever asks.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        places: Places | None = None,
        trusted: Sequence[Network] = (),
        head_seconds: float = HEAD_SECONDS,
        patience: float = PATIENCE,
    ) -> None:
        super().__init__(config, server_state, dict(app_state), _loop)
        self._places = places or Places()
        self._trusted = trusted
        self._head_seconds = head_seconds
        self._patience = patience
        self._bounds = RequestBounds()
        self._waiting = bytearray()
        self._steps = 0
        self._is_new = True
        self._is_over = False
        self._is_proxied = False
        self._place: Place | None = None
        self._refusal: Refusal | None = None
        self._turn: asyncio.Handle | None = None
        self._lateness: asyncio.TimerHandle | None = None
        self._patient: PatientTransport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._patient = PatientTransport(transport, loop=self.loop, patience=self._patience)
        super().connection_made(self._patient)
        self.flow = Flow(self.transport, is_held=self._go_on_soon)
        self._is_proxied = self.client is not None and is_proxy(self.client[0], trusted=self._trusted)
        if self._is_proxied or self._take_place([]):
            self._await_client()
        else:
            self._refuse(NO_PLACE)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        self._patient.lost()
        self._give_place_back()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        self._waiting += data
        if self._turn is None:
            self._go_on()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._bounds.line_comes():
            self._refusal = TOO_LARGE
            raise _RefusedError
        if self._bounds.is_head:  # a trailer comes when the request is being answered, and is none of its headers
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_new = False
        self._stop_waiting_for_client()
        if self._is_proxied and not self._take_place(self.headers):
            self._refusal = NO_PLACE
            raise _RefusedError
        if self._place is not None:
            self._place.work()
        super().on_headers_complete()
        self._bounds.head_ends()

    def on_body(self, body: bytes) -> None:
        self._steps += 1
        self._bounds.body_comes(len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._bounds.message_ends()
        self._stop_waiting_for_client()

    def on_response_complete(self) -> None:
        if self._is_proxied:
            self._give_place_back()
        if self._refusal is not None and not self.pipeline:
            self._say(self._refusal)
            return
        super().on_response_complete()
        if not self.pipeline:
            self._await_client()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def _is_full(self) -> bool:
        """Whether the application has not yet taken what there is of a body."""
        return self._is_answering and len(self.cycle.body) > HIGH_WATER_LIMIT

    @property
    def _may_read(self) -> bool:
        if self._is_over or self.pipeline or self.transport.is_closing():
            return False
        return not self._is_answering or not (self._bounds.is_head or self._is_full)

    @property
    def _may_spend(self) -> bool:
        return self._place is None or self._place.spend(_STEPS_OF_A_HEAD if self._bounds.is_head else 1)

    def _go_on_soon(self) -> bool:
        """Return whether something waits: it is read in the next turn of the loop."""
        if self._waiting and self._turn is None:
            self._turn = self.loop.call_soon(self._go_on)
        return bool(self._waiting)

    def _go_on(self) -> None:
        """Read what one turn may read. While something waits, the client is not listened to."""
        self._turn = None
        self._steps = 0
        while self._waiting and self._may_read and self._steps < _STEPS_A_TURN and self._may_spend:
            self._steps += 1
            self._read_piece()
        if self._is_over:
            return
        if self._waiting:
            self.flow.pause_reading()
            if self._may_read:
                self._go_on_soon()
        elif not self._is_full:
            self.flow.resume_reading()
        if not self._is_answering:
            self._await_client()

    def _read_piece(self) -> None:
        is_body, length = not self._bounds.is_head, self._bounds.cut(self._waiting)
        if length is None:
            self._refuse(TOO_LARGE)
            return
        piece = bytes(self._waiting[:length])
        del self._waiting[:length]
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(piece[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(self._refusal or UNREADABLE)
        else:
            if is_body and self._bounds.piece_ends(length):
                self._refuse(TOO_LARGE)

    def _upgrade(self, rest: bytes) -> None:
        rest += bytes(self._waiting)
        self._stop()
        self.flow.resume_reading()
        if not self._should_upgrade():
            self.cycle.keep_alive = False
            return
        self._place = None  # it goes on to the WebSocket, by the state of the application
        self.connections.discard(self)
        protocol = WebSocketConnection(self.config, self.server_state, self.app_state)
        protocol.connection_made(self.transport)
        self.transport.set_protocol(protocol)
        headers = [(name, value.strip(b" \t")) for name, value in self.headers]  # the parser leaves what is behind a value
        protocol.shake_hands(Handshake(self.scope["method"], self.url, headers))
        if rest and self.transport.get_protocol() is protocol:
            protocol.data_received(rest)
        del self.parser, self.flow  # or this would be in cycles with them, and wait for a collection

    def _refuse(self, refusal: Refusal) -> None:
        """End the connection: with these words behind all answers that are owed, unless that to the very request has begun."""
        self._stop()
        own = None if self._bounds.is_head else self.cycle
        if own is None and self._is_answering:
            self._refusal = refusal
            self.flow.pause_reading()
        elif own is not None and self.pipeline and self.pipeline[0][0] is own:
            self.pipeline.popleft()
            self._refusal = refusal
            self.flow.pause_reading()
        elif own is not None and own.response_started:
            own.disconnected = True
            own.message_event.set()
            self.transport.close()
        else:
            if own is not None:
                own.disconnected = True
                own.message_event.set()
            self._say(refusal)

    def _say(self, refusal: Refusal) -> None:
        if not self.transport.is_closing():
            Farewell(self, transport=self.transport, loop=self.loop).say(refusal.response)

    def _take_place(self, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        self._give_place_back()
        connection = HTTPConnection({"type": "http", "client": self.client, "headers": list(headers)})
        address = client_network(connection, trusted=self._trusted)
        self._place = self._places.take(address, make_room=self.transport.close)
        if self._place is None:
            return False
        self.app_state[PLACE] = self._place
        if self.scope is not None:
            self.scope["state"][PLACE] = self._place
        return True

    def _give_place_back(self) -> None:
        if self._place is not None:
            self._place.give_back()

    def _await_client(self) -> None:
        """It is the client's turn: what it has begun, or not begun yet on a new connection, has to be there in time."""
        if self._is_over:
            return
        if self._place is not None:
            self._place.rest()
        if self._is_new or self._bounds.begun or not self._bounds.is_head:
            self._unset_keepalive_if_required()
            if self._lateness is None:
                self._lateness = self.loop.call_later(self._head_seconds, self._find_late)
        elif self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _stop_waiting_for_client(self) -> None:
        self._unset_keepalive_if_required()
        if self._lateness is not None:
            self._lateness.cancel()
            self._lateness = None

    def _find_late(self) -> None:
        self._lateness = None
        if self._bounds.is_head and self._bounds.begun:
            self._refuse(TOO_LATE)
        else:  # a new connection over which nothing came, or what is left of a body whose request was answered
            self._stop()
            self.transport.close()

    def _stop(self) -> None:
        """Read nothing more."""
        self._is_over = True
        self._waiting.clear()
        self._stop_waiting_for_client()
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None


class _RefusedError(Exception):
    """Raised through the parser, which has to stop at once."""
