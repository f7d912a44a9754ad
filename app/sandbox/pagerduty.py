"""PagerDuty's Events API v2, for one integration key: alerts that are triggered, acknowledged and resolved.

Source: "Send an Alert Event" and "Events API v2 Overview": what is required, how long it may be, and that an event for a key
whose alert is resolved opens another (`trigger`) or is dropped (`acknowledge`, `resolve`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.clock import Clock
from app.sandbox.faults import AccountFault, RateLimitFault
from app.sandbox.state import Snapshot

ROUTING_KEY = "sandboxpagerdutyroutingkey000001"
LARGEST_EVENT = 512 * 1024
LONGEST_DEDUP_KEY = 255
LONGEST_SUMMARY = 1_024

_KEY_LENGTH = 32
_ACTIONS = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}
_SEVERITIES = ("critical", "error", "warning", "info")


@dataclass
class Alert:
    """`status` is triggered, acknowledged or resolved; `triggers` counts the events that opened it or were added to it."""

    provider: str
    dedup_key: str
    status: str
    summary: str
    source: str
    severity: str
    opened_at: str
    changed_at: str
    triggers: int = 1


class PagerDuty:
    """The stand-in. Every event that was taken is shown too, the dropped ones among them."""

    name = "pagerduty"

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._is_deleted = False
        self._alerts: list[Alert] = []
        self._events: list[dict[str, object]] = []

    def routes(self) -> Sequence[BaseRoute]:
        return [Route("/v2/enqueue", self._enqueue, methods=["POST"])]

    def control_routes(self) -> Sequence[BaseRoute]:
        return []

    def snapshot(self) -> Snapshot:
        return {"incidents": [asdict(alert) for alert in self._alerts], "incident_events": list(self._events)}

    def fail(self, status: int) -> Response:
        return JSONResponse({"status": "error", "message": "Internal Server Error", "errors": []}, status)

    def limit(self, fault: RateLimitFault) -> Response:
        headers = {"Retry-After": str(fault.retry_after)}
        return JSONResponse({"status": "throttle exceeded", "message": "Too many requests"}, 429, headers)

    def strike(self, fault: AccountFault) -> int:
        """Let the integration be deleted at PagerDuty: its key is unknown from then on."""
        del fault
        was_there, self._is_deleted = not self._is_deleted, True
        return int(was_there)

    def reset(self) -> None:
        self._is_deleted = False
        self._alerts.clear()
        self._events.clear()

    async def _enqueue(self, request: Request) -> Response:
        body = await request.body()
        if len(body) > LARGEST_EVENT:
            return _refuse("Unrecognized object", "Event object is too large", 413)
        try:
            event = json.loads(body)
        except ValueError:
            return _refuse("Unrecognized object", "Event object format is unrecognized", errors=["JSON parse error"])
        errors = list(_errors_of(event)) if isinstance(event, dict) else ["the event is no object"]
        if errors:
            return _refuse("invalid event", "Event object is invalid", errors=errors)
        if event["routing_key"] != ROUTING_KEY or self._is_deleted:
            return PlainTextResponse("Invalid routing key", 400)
        return JSONResponse({"status": "success", "message": "Event processed", "dedup_key": self._take(event)}, 202)

    def _take(self, event: Mapping[str, object]) -> str:
        key, action = str(event.get("dedup_key") or uuid4()), str(event["event_action"])
        self._events.append({"provider": self.name, "dedup_key": key, "action": action, "at": self._now()})
        alert = next((each for each in self._alerts if each.dedup_key == key and each.status != "resolved"), None)
        if action == "trigger":
            self._trigger(alert, key, event["payload"])
        elif alert is not None:
            alert.status, alert.changed_at = _ACTIONS[action], self._now()
        return key

    def _trigger(self, alert: Alert | None, key: str, payload: object) -> None:
        told = payload if isinstance(payload, dict) else {}
        if alert is None:
            summary, source, severity = (str(told[name]) for name in ("summary", "source", "severity"))
            now = self._now()
            self._alerts.append(Alert(self.name, key, "triggered", summary, source, severity, now, now))
        else:
            alert.triggers, alert.changed_at = alert.triggers + 1, self._now()

    def _now(self) -> str:
        return self._clock.now().isoformat()


def _errors_of(event: Mapping[str, object]) -> Iterator[str]:
    key, action, dedup_key = event.get("routing_key"), event.get("event_action"), event.get("dedup_key")
    if not isinstance(key, str):
        yield "'routing_key' is missing or blank"
    elif len(key) != _KEY_LENGTH:
        yield "Length of 'routing_key' is incorrect (should be 32 characters)"
    elif not key.isalnum() or not key.isascii():
        yield "'routing_key' cannot contain non-alphanumeric characters."
    if action not in _ACTIONS:
        yield f"'event_action' is invalid (must be one of: {', '.join(_ACTIONS)})"
    if dedup_key is not None and (not isinstance(dedup_key, str) or len(dedup_key) > LONGEST_DEDUP_KEY):
        yield "Length of 'dedup_key' is incorrect (should be at most 255 characters)"
    if action in {"acknowledge", "resolve"} and not dedup_key:
        yield "'dedup_key' is missing or blank"
    if action == "trigger":
        yield from _errors_of_payload(event.get("payload"))


def _errors_of_payload(payload: object) -> Iterator[str]:
    if not isinstance(payload, dict):
        yield "'payload' is missing or blank"
        return
    for name in ("summary", "source"):
        if not isinstance(payload.get(name), str) or not payload[name]:
            yield f"'payload.{name}' is missing or blank"
    if len(str(payload.get("summary"))) > LONGEST_SUMMARY:
        yield "Length of 'payload.summary' is incorrect (should be at most 1024 characters)"
    if payload.get("severity") not in _SEVERITIES:
        yield f"'payload.severity' is invalid (must be one of the following: {', '.join(_SEVERITIES)})"


def _refuse(status: str, message: str, code: int = 400, *, errors: Sequence[str] = ()) -> Response:
    return JSONResponse({"status": status, "message": message, "errors": list(errors)}, code)
