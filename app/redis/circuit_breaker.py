"""The circuit breaker before Redis: nobody waits for a Redis that does not answer, and nothing depends on it.

Who asks gets an answer within a tenth of a second or does without. One that fails to answer is left alone for some seconds, so
that requests do not wait one after another; then one of them tries again.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from redis.asyncio import Redis

from app.redis.notifications import AWAY, client_of

T = TypeVar("T")

PATIENCE_SECONDS = 0.1
PAUSE_SECONDS = 5.0
_MOST_AT_ONCE = 16
"""How many connections: Redis does one thing at a time, and each costs it memory."""

_LONGEST_SECONDS = 1.0
"""What is still asked when nobody waits for it any more ends then."""

_STEPS = 5

_BROKEN = (*AWAY, RuntimeError)
"""RuntimeError is uvloop's word for a connection that the other side has closed."""


class CircuitBreaker:
    """One process' way to what it shares with the others; without a `url` there is nothing shared.

    `installation` is the same for all who share, such as PUBLIC_URL: `prefix`, with which every key begins, is made of it. `now`
    counts seconds, from anywhere. Raises ConfigurationError naming INSTALLED_APPS_REDIS_URL for what is no address of a Redis.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        installation: str = "",
        patience: float = PATIENCE_SECONDS,
        pause: float = PAUSE_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.redis = client_of(url, patience=max(patience, _LONGEST_SECONDS)) if url is not None else None
        self.prefix = f"installed-apps:{hashlib.sha256(installation.encode()).hexdigest()[:12]}"
        self._patience = patience
        self._pause = pause
        self._now = now
        self._left_alone_until = 0.0
        self._is_away = False
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)
        self._asking: set[asyncio.Task[object]] = set()
        self._log = structlog.get_logger("sharing")

    async def ask(self, question: Callable[[Redis], Awaitable[T]]) -> T | None:
        """Return the answer to `question`; None where Redis gives none within the time, or is known to be away."""
        if self.redis is None or self._now() < self._left_alone_until:
            return None
        if self._is_away:
            self._left_alone_until = self._now() + self._pause  # this one tries; the others do not wait for how it goes
        # Never cancelled: a connection whose answer nobody has read would give it to the next who asks. Its own time ends it.
        asking = asyncio.ensure_future(self._ask(self.redis, question))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        for _ in range(_STEPS):
            # In steps: a process that stood still itself meanwhile, busy or halted, has lost one of them and looks once more.
            done, _ = await asyncio.wait({asking}, timeout=self._patience / _STEPS)
            if done:
                return asking.result()
        self._lose("no answer in time")
        return None

    async def aclose(self) -> None:
        """Let what is asked come to its end, and close the connections."""
        if self.redis is not None:
            await asyncio.gather(*self._asking, return_exceptions=True)
            await self.redis.aclose()

    async def _ask(self, redis: Redis, question: Callable[[Redis], Awaitable[T]]) -> T | None:
        async with self._places:
            try:
                answer = await question(redis)
            except _BROKEN as error:
                self._lose(type(error).__name__)
                return None
            except Exception:  # noqa: BLE001 - a bug here must refuse nobody; it is logged whole
                self._log.exception("sharing failed")
                return None
        self._find()
        return answer

    def _lose(self, why: str) -> None:
        self._left_alone_until = self._now() + self._pause
        if not self._is_away:
            self._is_away = True
            self._log.warning("Redis is away: each process counts and remembers by itself", why=why)

    def _find(self) -> None:
        if self._is_away:
            self._is_away = False
            self._left_alone_until = 0.0
            self._log.info("Redis is back: processes count and remember together")
