"""A GitLab whose refresh tokens work once, as slow as a test wants it, and held at any point of an exchange.

It is the tests' own, and counts what the service sends: `/oauth/token` and `/api/v4/user`. A refresh ends both old tokens.
"""

import asyncio
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.clock import Clock
from tests.servers import run_server

CLIENT_ID = "storm-client"
CLIENT_SECRET = "storm-client-secret"
LIFETIME = timedelta(hours=2)

_PATIENCE_SECONDS = 60.0
_JSON = {"content-type": "application/json"}


class Moment(Enum):
    """Where an answer can be held."""

    ARRIVED = "the exchange has arrived, and nothing is spent"
    SPENT = "the refresh token is spent, and nothing of the answer is sent"
    HALF_SENT = "half of the answer is sent"
    ASKED = "the question whose token it is has arrived"


@dataclass
class Hold:
    """One answer, held for one account. `is_dropped`: let go, the exchange ends there and spends nothing."""

    moment: Moment
    account: int
    is_dropped: bool = False
    _reached: threading.Event = field(default_factory=threading.Event)
    _gone_on: threading.Event = field(default_factory=threading.Event)

    async def until_reached(self) -> None:
        if not await asyncio.to_thread(self._reached.wait, _PATIENCE_SECONDS):
            raise TimeoutError(f"never came so far: {self.moment.value}")

    def let_go(self, *, drop: bool = False) -> None:
        self.is_dropped = drop
        self._gone_on.set()

    async def keep(self) -> None:
        self._reached.set()
        await asyncio.to_thread(self._gone_on.wait, _PATIENCE_SECONDS)


@dataclass(frozen=True)
class Pair:
    """What an account has: two tokens, which live and die together."""

    account: int
    access: str
    refresh: str
    expires_at: datetime


@dataclass(frozen=True)
class Exchange:
    """One request for tokens, as it arrived. A token that is used a second time is `is_granted` no more."""

    account: int
    refresh_token: str
    is_granted: bool


class SingleUse:
    """The server's state, and what it was asked. Served by a thread of its own; a test reads it from another."""

    def __init__(self, *, clock: Clock) -> None:
        self.delay: Callable[[], float] = lambda: 0.0
        self.arrived: list[str] = []
        self.exchanges: list[Exchange] = []
        self._clock = clock
        self._pairs: dict[int, Pair] = {}
        self._owners: dict[str, int] = {}
        self._holds: list[Hold] = []

    def issue(self, account: int, *, ago: timedelta = timedelta(0)) -> Pair:
        """Give the account the tokens of a sign-in so long ago, in the place of those that it has."""
        at = self._clock.now() - ago
        access, refresh = (f"{kind}-{account}-{secrets.token_hex(16)}" for kind in ("access", "refresh"))
        pair = Pair(account, access, refresh, at + LIFETIME)
        self._pairs[account] = pair
        self._owners |= {pair.access: account, pair.refresh: account}
        return pair

    def pair_of(self, account: int) -> Pair:
        """Return the tokens that are valid."""
        return self._pairs[account]

    def of_account(self, account: int) -> list[Exchange]:
        return [exchange for exchange in self.exchanges if exchange.account == account]

    def arrivals(self, refresh_token: str) -> int:
        """Count how often the token was sent, whatever came of it."""
        return self.arrived.count(refresh_token)

    def hold(self, moment: Moment, account: int) -> Hold:
        """Hold the next answer to the account there."""
        hold = Hold(moment, account)
        self._holds.append(hold)
        return hold

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve it, and yield its address."""
        routes = [
            Route("/oauth/token", self._token, methods=["POST"]),
            Route("/api/v4/user", self._user),
        ]
        with run_server(Starlette(routes=routes), access_log=False) as url:
            try:
                yield url
            finally:
                for hold in self._holds:
                    hold.let_go(drop=True)

    async def _token(self, request: Request) -> Response:
        sent = dict(parse_qsl((await request.body()).decode()))
        if (sent.get("client_id"), sent.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _refuse("invalid_client", status=401)
        token = sent.get("refresh_token", "")
        account = self._owners.get(token, 0)
        self.arrived.append(token)
        delay = self.delay()
        share = secrets.randbelow(100) / 100
        await asyncio.sleep(delay * share)
        if await self._is_dropped(account):
            return _refuse("temporarily_unavailable", status=503)
        pair = self._pairs.get(account)
        is_granted = pair is not None and pair.refresh == token and sent.get("grant_type") == "refresh_token"
        self.exchanges.append(Exchange(account, token, is_granted))
        answer = self._answer_with(self.issue(account)) if is_granted else _refuse("invalid_grant", status=400)
        if (hold := self._take_hold(Moment.SPENT, account)) is not None:
            await hold.keep()
        await asyncio.sleep(delay * (1 - share))
        return answer

    async def _is_dropped(self, account: int) -> bool:
        hold = self._take_hold(Moment.ARRIVED, account)
        if hold is not None:
            await hold.keep()
        return hold is not None and hold.is_dropped

    def _answer_with(self, pair: Pair) -> Response:
        body = {
            "access_token": pair.access,
            "token_type": "Bearer",
            "expires_in": int(LIFETIME.total_seconds()),
            "refresh_token": pair.refresh,
            "scope": "api",
            "created_at": int(self._clock.now().timestamp()),
        }
        return _InHalves(json.dumps(body).encode(), self._take_hold(Moment.HALF_SENT, pair.account))

    async def _user(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        account = self._owners.get(token, 0)
        if (hold := self._take_hold(Moment.ASKED, account)) is not None:
            await hold.keep()
        pair = self._pairs.get(account)
        if pair is None or pair.access != token:
            return _refuse("invalid_token", status=401, message="Token was revoked. You have to re-authorize from the user.")
        if pair.expires_at <= self._clock.now():
            return _refuse(
                "invalid_token", status=401, message="Token is expired. You can either do re-authorization or refresh."
            )
        return JSONResponse({"id": account, "username": f"member-{account}", "web_url": None})

    def _take_hold(self, moment: Moment, account: int) -> Hold | None:
        for hold in self._holds:
            if (hold.moment, hold.account) == (moment, account):
                self._holds.remove(hold)
                return hold
        return None


class _InHalves(Response):
    """An answer that can be held when half of it is sent."""

    def __init__(self, content: bytes, hold: Hold | None) -> None:
        super().__init__(content, headers=_JSON)
        self._hold = hold

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._hold is None:
            await super().__call__(scope, receive, send)
            return
        half = len(self.body) // 2
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": bytes(self.body[:half]), "more_body": True})
        await self._hold.keep()
        await send({"type": "http.response.body", "body": bytes(self.body[half:]), "more_body": False})


def _refuse(code: str, *, status: int, message: str = "The provided authorization grant is invalid.") -> Response:
    return JSONResponse({"error": code, "error_description": message}, status_code=status)
