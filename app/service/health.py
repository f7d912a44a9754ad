"""GET /healthz and /readyz: whether the process answers, and whether it can do what it is there for."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.storage import database
from app.web.stopping import Stopping

READY_SECONDS = 2.0
"""Who asks whether the service is ready asks again soon, and wants an answer before that."""


def routes(*, stopping: Stopping) -> list[Route]:
    """Return where a balancer or a supervisor asks. Nobody is asked who they are, and nothing is told but this."""

    async def readiness(_request: Request) -> Response:
        """Say whether the database answers; that it is migrated and that the keys open was proven at the start."""
        if stopping.is_told:
            return JSONResponse({"ready": False, "why": "The process is stopping."}, status_code=503)
        try:
            async with asyncio.timeout(READY_SECONDS):
                await database.current().execute_query_dict("SELECT 1")
        except (*database.OUTAGES, TimeoutError):
            return JSONResponse({"ready": False, "why": "The database does not answer."}, status_code=503)
        return JSONResponse({"ready": True})

    return [Route("/healthz", _health), Route("/readyz", readiness)]


async def _health(_request: Request) -> Response:
    return PlainTextResponse("alive\n")
