"""A receiver of webhooks: it takes what is signed as Standard Webhooks has it, each message once, and shows it.

Source: the Standard Webhooks specification, "Verifying webhook authenticity".
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.clock import Clock
from app.sandbox.faults import AccountFault, RateLimitFault
from app.sandbox.state import Snapshot

SIGNING_SECRET = "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0yNA=="  # noqa: S105 - made up, and the same for everyone
TOLERANCE_SECONDS = 300


class Webhook:
    """The stand-in: any path below its name is an address to post to."""

    name = "webhook"

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._received: dict[str, dict[str, object]] = {}

    def routes(self) -> Sequence[BaseRoute]:
        return [Route("/{path:path}", self._receive, methods=["POST"])]

    def control_routes(self) -> Sequence[BaseRoute]:
        return []

    def snapshot(self) -> Snapshot:
        return {"webhooks": list(self._received.values())}

    def fail(self, status: int) -> Response:
        return Response("", status)

    def limit(self, fault: RateLimitFault) -> Response:
        return Response("", 429, {"Retry-After": str(fault.retry_after)})

    def strike(self, fault: AccountFault) -> int:
        """Do nothing: nobody has an account here."""
        del fault
        return 0

    def reset(self) -> None:
        self._received.clear()

    async def _receive(self, request: Request) -> Response:
        body = await request.body()
        if not self._is_genuine(request, body):
            return Response("", 401)
        message_id = request.headers["webhook-id"]
        if message_id not in self._received:
            self._received[message_id] = {
                "provider": self.name,
                "id": message_id,
                "address": f"/{request.path_params['path']}",
                "signatures": len(request.headers["webhook-signature"].split(" ")),
                "message": json.loads(body),
            }
        return Response("", 204)

    def _is_genuine(self, request: Request, body: bytes) -> bool:
        message_id, timestamp = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
        if not message_id or not timestamp.isdecimal() or abs(self._clock.now().timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
            return False
        key = base64.b64decode(SIGNING_SECRET.removeprefix("whsec_"))
        digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
        expected = f"v1,{base64.b64encode(digest).decode()}"
        given = request.headers.get("webhook-signature", "").split(" ")
        return any(hmac.compare_digest(expected.encode(), each.encode()) for each in given)
