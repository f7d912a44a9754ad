"""Processes of one installation wake each other through Redis, where there is one.

A wake-up says that a team's log has grown; all else stands in the database. So nothing has to arrive here: who misses a wake-up
looks by itself within a second. Redis may be away, slow or silent, at the start or later: that is logged once, and once more
when it is back. Whoever else has a hand in that Redis reads there which teams' logs grow (their ids), can make processes look
sooner than they would, and nothing more.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.errors import ConfigurationError

AWAY = (RedisError, OSError)
"""What is raised where Redis does not answer, or not as it should."""

ANSWER_SECONDS = 3.0

_SHORTEST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
_STEADY_SECONDS = 10.0
"""A connection that broke sooner than that counts as one more attempt that failed."""

_CANCEL_AGAIN_SECONDS = 0.5
_PACE_SECONDS = 0.02
_MOST_IN_A_MESSAGE = 500


def client_of(url: str, *, patience: float = ANSWER_SECONDS) -> Redis:
    """Return a client that waits so many seconds for an answer and tries nothing twice. Nothing is opened yet.

    Raises ConfigurationError naming INSTALLED_APPS_REDIS_URL where that is no address of a Redis.
    """
    try:
        client = Redis.from_url(
            url,
            protocol=2,
            socket_connect_timeout=patience,
            socket_timeout=patience,
            retry=Retry(NoBackoff(), 0),
        )
        client.connection_pool.make_connection()  # type: ignore[no-untyped-call]  # only this reads the options
    except (ValueError, TypeError, RedisError):
        # Its own words would quote the address, which may hold a password.
        raise ConfigurationError(
            "INSTALLED_APPS_REDIS_URL must be an address such as redis://redis.example.com:6379/0 (rediss:// for TLS), with "
            "/ # ? % in a password percent-encoded (/ is %2F)."
        ) from None
    return client


class WakeUps:
    """Tells the other processes which teams have news, and hears it from them.

    `hear` is called with each team that another process tells of, and with None where any team may have news: at the start, and
    after every time in which nothing could be heard. After `patience` seconds without an answer Redis counts as away. `chance`
    returns numbers from 0 to 1. `note` is told whether Redis is up whenever that is seen.
    """

    def __init__(
        self,
        url: str,
        *,
        hear: Callable[[UUID | None], None],
        patience: float = ANSWER_SECONDS,
        chance: Callable[[], float] = random.random,
        note: Callable[[bool], None] = lambda _up: None,
    ) -> None:
        self._client = client_of(url, patience=patience)
        # Channels know nothing of Redis' numbered databases; installations that share a server keep apart by theirs.
        self._channel = f"installed-apps:{self._client.connection_pool.connection_kwargs.get('db') or 0}:wake-ups"
        self._hear = hear
        self._patience = patience
        self._chance = chance
        self._note = note
        self._name = uuid4().hex
        self._untold: set[UUID] = set()
        self._bell = asyncio.Event()
        self._is_away = False
        self._log = structlog.get_logger("wake_ups")

    def tell(self, team_id: UUID) -> None:
        """Tell the others soon. It neither waits nor raises; while Redis is away it does nothing."""
        if not self._is_away:
            self._untold.add(team_id)
            self._bell.set()

    async def run(self) -> None:
        """Tell and hear until cancelled, with one Redis connection for each."""
        now = asyncio.get_running_loop().time
        pause = _SHORTEST_PAUSE_SECONDS
        while True:
            began = now()
            try:
                await self._connect()
            except AWAY as error:
                self._lose(error)
            except Exception:  # noqa: BLE001 - a bug here must not end the service; it is logged whole
                self._log.exception("wake-ups failed")
            finally:
                await self._disconnect()
            if now() - began > _STEADY_SECONDS:
                pause = _SHORTEST_PAUSE_SECONDS
            await asyncio.sleep(pause * (1 + self._chance()) / 2)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _connect(self) -> None:
        """Tell and hear until one of the two breaks; raises what broke it."""
        async with _ending(self._client.pubsub()) as heard:
            await heard.subscribe(self._channel)
            tasks = [asyncio.create_task(self._listen(heard)), asyncio.create_task(self._publish())]
            try:
                ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    task.result()
            finally:
                await _end(*tasks)

    async def _disconnect(self) -> None:
        with contextlib.suppress(*AWAY):
            await self._client.aclose()

    async def _listen(self, heard: PubSub) -> None:
        """Hear while Redis answers. Where it says nothing it is asked: a connection that is long gone says nothing either."""
        is_asked = False
        while True:
            message = await heard.get_message(timeout=self._patience)
            if message is not None:
                is_asked = False
                self._take(message)
            elif is_asked:
                raise TimeoutError
            else:
                is_asked = True
                await heard.ping()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            self._gain()
        elif message["type"] == "message":
            for team_id in _read(message["data"], own_name=self._name):
                self._hear(team_id)

    async def _publish(self) -> None:
        """Tell the others of what has gathered, at most fifty times a second."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            teams, self._untold = list(self._untold), set()
            for start in range(0, len(teams), _MOST_IN_A_MESSAGE):
                told = teams[start : start + _MOST_IN_A_MESSAGE]
                await self._client.publish(self._channel, " ".join([self._name, *(team_id.hex for team_id in told)]))
            await asyncio.sleep(_PACE_SECONDS)

    def _gain(self) -> None:
        if self._is_away:
            self._log.info("Redis is back")
        self._is_away = False
        self._note(True)  # noqa: FBT003 - the one thing that it says
        self._hear(None)

    def _lose(self, error: Exception) -> None:
        if not self._is_away:
            self._log.warning("Redis is away: other processes' changes are seen up to a second later", error=type(error).__name__)
        self._is_away = True
        self._note(False)  # noqa: FBT003 - as above
        self._untold.clear()


@contextlib.asynccontextmanager
async def waking(wake_ups: WakeUps | None) -> AsyncIterator[None]:
    """Run it while the block lasts; without a Redis it is None."""
    if wake_ups is None:
        yield
        return
    task = asyncio.create_task(wake_ups.run(), name="wake-ups")
    try:
        yield
    finally:
        await _end(task)


def _read(message: bytes, *, own_name: str) -> Sequence[UUID]:
    """Return the teams that another process tells of; none where it is one's own message, or nobody's."""
    try:
        name, *teams = message.decode().split()
        return [UUID(team) for team in teams] if name != own_name else []
    except ValueError:
        return []


async def _end(*tasks: asyncio.Task[None]) -> None:
    """Cancel the tasks until they have ended: Python 3.11's wait_for, in which redis sends, can lose a cancellation."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_CANCEL_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)  # so that none counts as never looked at


@contextlib.asynccontextmanager
async def _ending(heard: PubSub) -> AsyncIterator[PubSub]:
    try:
        yield heard
    finally:
        with contextlib.suppress(*AWAY):
            await heard.aclose()  # type: ignore[no-untyped-call]  # untyped in redis
