"""The sandbox beside the service: started here, or found where one answers already."""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import orjson
import uvicorn

from app.clock import SystemClock
from app.console.web_server import bind, listen
from app.errors import StatedProblem
from app.outbound import Outbound, Request, Response
from app.sandbox import create_sandbox
from app.sandbox.control import ABOUT
from app.sandbox.registrations import SENDS_EVENTS, STANDS_IN_FOR
from app.settings import Settings

SANDBOX_HOST = "127.0.0.1"


def sandbox_address(settings: Settings) -> tuple[str, int]:
    """Return where the sandbox that `serve --sandbox` starts listens."""
    return SANDBOX_HOST, settings.sandbox_port


def sandbox_origin(settings: Settings) -> str:
    return f"http://{SANDBOX_HOST}:{settings.sandbox_port}"


def place_of_sandbox(settings: Settings) -> AbstractContextManager[socket.socket | None]:
    """Return the bound socket of a sandbox to start; None where one answers already.

    Raises StatedProblem where the port is somebody else's: nothing of a team's may be sent there.
    """
    try:
        return bind(host=SANDBOX_HOST, port=settings.sandbox_port)
    except StatedProblem as taken:
        if asyncio.run(_is_sandbox(settings)):
            return nullcontext()
        raise StatedProblem(
            f"What listens on {SANDBOX_HOST}:{settings.sandbox_port} is no sandbox: stop it, or name another port with "
            "--sandbox-port (INSTALLED_APPS_SANDBOX_PORT)."
        ) from taken


def start_beside(settings: Settings, *, listener: socket.socket) -> None:
    """Serve the sandbox in a thread, for as long as this process lives."""
    server = uvicorn.Server(_configuration(settings.sandbox_port, events_url=f"{settings.public_url}/hooks/{SENDS_EVENTS}"))
    threading.Thread(target=server.run, args=([listener],), daemon=True, name="sandbox").start()


def run_sandbox(*, port: int, events_url: str | None, say: Callable[[str], None]) -> None:
    """Serve the sandbox alone, and say where. Raises StatedProblem where its port is taken."""
    with listen(host=SANDBOX_HOST, port=port) as listener:
        say(f"The sandbox stands in for {STANDS_IN_FOR} on http://{SANDBOX_HOST}:{port} (Ctrl+C stops it)")
        uvicorn.Server(_configuration(port, events_url=events_url)).run(sockets=[listener])


def _configuration(port: int, *, events_url: str | None) -> uvicorn.Config:
    app = create_sandbox(clock=SystemClock(), events_url=events_url)
    return uvicorn.Config(app, host=SANDBOX_HOST, port=port, log_config=None, access_log=False, server_header=False)


async def _is_sandbox(settings: Settings) -> bool:
    origin = sandbox_origin(settings)
    outbound = Outbound(sandbox=sandbox_address(settings))
    try:
        answer = await outbound.send(Request(method="GET", url=f"{origin}/control/about"), origin=origin)
    finally:
        await outbound.aclose()
    try:
        return isinstance(answer, Response) and orjson.loads(answer.body) == ABOUT
    except orjson.JSONDecodeError:
        return False
