"""Slack's signed events: what they say, and how they are delivered."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
from pydantic import JsonValue

from app.clock import Clock
from app.sandbox.slack_app import APP_ID, SIGNING_SECRET
from app.sandbox.slack_grants import Grant
from app.sandbox.slack_world import Workspace

_ANSWERED_WITHIN = 3.0
_NONE_KEPT = httpx2.Limits(max_keepalive_connections=0)
"""An event is rare: a connection kept for the next one would idle until the service ends it, and that event would then fail."""

Event = Mapping[str, JsonValue]


def tokens_revoked(grants: Sequence[Grant]) -> Event:
    """Return the event for grants that ended. It names users, not tokens."""
    people: list[JsonValue] = [each.user_id for each in grants if not each.is_bot]
    bots: list[JsonValue] = [each.user_id for each in grants if each.is_bot]
    return {"type": "tokens_revoked", "tokens": {"oauth": list(dict.fromkeys(people)), "bot": list(dict.fromkeys(bots))}}


def app_uninstalled() -> Event:
    return {"type": "app_uninstalled"}


@dataclass
class Announcement:
    """One event on its way: its body never changes, whatever attempt carries it."""

    event_id: str
    type: str
    workspace_id: str
    body: bytes
    attempts: list[str] = field(default_factory=list)
    delivered: bool = False


class Events:
    """Delivers what is announced, first attempts in the order of the announcements, retries whenever they are due."""

    def __init__(self, *, clock: Clock, entropy: Callable[[int], bytes], url: str | None, retry_after: Sequence[float]) -> None:
        self._clock = clock
        self._entropy = entropy
        self._url = url
        self._retry_after = retry_after
        self._waiting: asyncio.Queue[Announcement] = asyncio.Queue()
        self.announced: list[Announcement] = []

    def announce(self, workspace: Workspace, happened: Sequence[Event]) -> None:
        """Send these events, in this order, if anybody is to be told."""
        for event in happened:
            announcement = self._wrap(workspace, event)
            self.announced.append(announcement)
            if self._url is not None:
                self._waiting.put_nowait(announcement)

    def forget(self) -> None:
        """Drop the list of what was announced; what is on its way still arrives."""
        self.announced = []

    @asynccontextmanager
    async def sent(self) -> AsyncIterator[None]:
        """Deliver in the background for as long as this is open."""
        if self._url is None:
            yield
            return
        # trust_env off: a proxy of the machine has no business between the sandbox and the service beside it
        async with (
            httpx2.AsyncClient(timeout=_ANSWERED_WITHIN, trust_env=False, limits=_NONE_KEPT) as client,
            asyncio.TaskGroup() as tasks,
        ):
            delivering = tasks.create_task(self._deliver(client, self._url, tasks))
            yield
            delivering.cancel()

    async def _deliver(self, client: httpx2.AsyncClient, url: str, tasks: asyncio.TaskGroup) -> None:
        retries: set[asyncio.Task[None]] = set()
        try:
            while True:
                announcement = await self._waiting.get()
                if not await self._attempt(client, url, announcement, {}):
                    retry = tasks.create_task(self._retry(client, url, announcement))
                    retries.add(retry)
                    retry.add_done_callback(retries.discard)
        finally:
            for retry in retries:
                retry.cancel()

    async def _retry(self, client: httpx2.AsyncClient, url: str, announcement: Announcement) -> None:
        for number, seconds in enumerate(self._retry_after, start=1):
            await asyncio.sleep(seconds)
            headers = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": announcement.attempts[-1]}
            if await self._attempt(client, url, announcement, headers):
                return

    async def _attempt(
        self, client: httpx2.AsyncClient, url: str, announcement: Announcement, headers: Mapping[str, str]
    ) -> bool:
        timestamp = str(int(self._clock.now().timestamp()))
        signed = {
            "Content-Type": "application/json",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": _sign(timestamp, announcement.body),
        }
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN):
                answer = await client.post(url, content=announcement.body, headers={**signed, **headers})
        except (TimeoutError, httpx2.TimeoutException):
            announcement.attempts.append("http_timeout")
            return False
        except httpx2.TransportError:
            announcement.attempts.append("connection_failed")
            return False
        announcement.delivered = answer.is_success
        announcement.attempts.append("ok" if answer.is_success else "http_error")
        return announcement.delivered

    def _wrap(self, workspace: Workspace, event: Event) -> Announcement:
        event_id = f"Ev0{self._entropy(8).hex().upper()}"
        wrapper: dict[str, JsonValue] = {
            "token": "sandbox-verification-token",
            "team_id": workspace.id,
            "enterprise_id": None,
            "api_app_id": APP_ID,
            "event": dict(event),
            "type": "event_callback",
            "event_id": event_id,
            "event_time": int(self._clock.now().timestamp()),
            "authorizations": [],
        }
        body = json.dumps(wrapper, separators=(",", ":")).encode()
        return Announcement(event_id, str(event["type"]), workspace.id, body)


def _sign(timestamp: str, body: bytes) -> str:
    """Sign the raw body (docs.slack.dev, "Verifying requests from Slack")."""
    return "v0=" + hmac.new(SIGNING_SECRET.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
