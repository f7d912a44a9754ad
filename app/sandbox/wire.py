"""What stands between the wire and a provider: takes every request down, and lets the fault that waits for it happen."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.sandbox.faults import (
    AccountFault,
    Fault,
    MalformedFault,
    RateLimitFault,
    ResetFault,
    SlowFault,
    StatusFault,
)
from app.sandbox.state import SEEN, SeenRequest, StandIn, State

_JSON = "application/json; charset=utf-8"


class Watched:
    """A provider's routes, watched."""

    def __init__(self, app: ASGIApp, *, state: State, stand_in: StandIn) -> None:
        self._app = app
        self._state = state
        self._stand_in = stand_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, provider = str(scope["path"]), self._stand_in.name
        seen = self._state.see(provider=provider, method=str(scope["method"]), path=path)
        fault = self._state.take_fault(provider=provider, path=path)
        if fault is not None:
            seen.fault = fault.fault
        await self._answer(fault, {**scope, SEEN: seen}, receive, _noting_status(send, seen))

    async def _answer(self, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
        match fault:
            case StatusFault(status=status, body=None):
                await self._stand_in.fail(status)(scope, receive, send)
            case StatusFault(status=status, body=body):
                await Response(body, status, media_type=_JSON)(scope, receive, send)
            case RateLimitFault():
                await self._stand_in.limit(fault)(scope, receive, send)
            case MalformedFault():
                headers = {**fault.headers, "Content-Type": fault.content_type}
                await Response(fault.content(), fault.status, headers)(scope, receive, send)
            case ResetFault(when="before"):
                await _break_connection(receive, abruptly=True)
            case ResetFault():
                await self._app(scope, receive, _breaking_midway(receive, send))
            case SlowFault(when="after"):
                await self._app(scope, receive, _holding_back(send, seconds=fault.seconds))
            case _:
                await self._befall(fault)
                await self._app(scope, receive, send)

    async def _befall(self, fault: SlowFault | AccountFault | None) -> None:
        match fault:
            case SlowFault(seconds=seconds):
                await asyncio.sleep(seconds)
            case AccountFault():
                self._stand_in.strike(fault)


def _noting_status(send: Send, seen: SeenRequest) -> Send:
    async def note(message: Message) -> None:
        if message["type"] == "http.response.start":
            seen.status = message["status"]
        await send(message)

    return note


def _holding_back(send: Send, *, seconds: float) -> Send:
    """Let the answer wait: what was asked for is done."""

    async def send_late(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(seconds)
        await send(message)

    return send_late


def _breaking_midway(receive: Receive, send: Send) -> Send:
    async def send_half(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        body: bytes = message.get("body", b"")
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await _break_connection(receive, abruptly=False)

    return send_half


@runtime_checkable
class _Transport(Protocol):
    abort: Callable[[], None]
    get_extra_info: Callable[[str], socket.socket | None]


async def _break_connection(receive: Receive, *, abruptly: bool) -> None:
    """End the client's TCP connection: abruptly with a reset (RST), or else after what has been written.

    ASGI has no word for it: uvicorn's `receive` is a method of the request's cycle, which has the transport. The application
    then waits for the disconnect, since uvicorn logs an error for one that returns before.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if not isinstance(transport, _Transport):
        raise ConnectionAbortedError("this server shows no transport to abort")
    connection = transport.get_extra_info("socket")
    if abruptly and connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
