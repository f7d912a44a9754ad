"""Rate limits: points taken in the present minute, counted by all processes together where they share a Redis.

Minutes are the clock's, the same for everybody: so whoever is refused can be told when to come back, and Redis is asked but once.
Each process also counts what it has itself let through. With Redis away that alone decides: then a limit holds for each process,
and it is never "nothing" and never "everything".
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from limits.aio.storage import RedisStorage
from redis.asyncio import Redis

from app.clock import Clock
from app.redis.circuit_breaker import CircuitBreaker
from app.storage.batching import Batcher

MINUTE = 60
_KEPT_SECONDS = 2 * MINUTE
"""Longer than the minute: the clocks of two machines may differ by some."""

_MOST_COUNTED = 50_000
_MOST_AT_ONCE = 16


@dataclass(frozen=True)
class Bucket:
    """A bucket of points: `limit` of them, at least 1, may be taken in a minute."""

    name: str
    limit: int


class BucketState(NamedTuple):
    """The rest of a bucket until its minute ends. `is_refused`: more was asked for, and nothing was taken."""

    limit: int
    remaining: int
    resets_at: datetime
    is_refused: bool


class Rates:
    """Counts what is taken out of buckets, by the clock's minute."""

    def __init__(
        self,
        *,
        clock: Clock,
        breaker: CircuitBreaker | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._breaker = breaker or CircuitBreaker()
        self._shared = _storage_of(self._breaker)
        self._together = Batcher(self._take_together)
        self._own = _OwnCounts()

    async def take(self, buckets: Sequence[Bucket], points: int, *, paid: int = 0) -> list[BucketState]:
        """Take so many points, at least 1, out of each bucket, or nothing at all where one has not enough; return how all stand.

        More than a bucket ever holds counts as all that it holds: whoever has not taken anything yet gets that. What was `paid`
        for the same before is not taken again.
        """
        minute = int(self._clock.now().timestamp()) // MINUTE
        amounts = [min(points, bucket.limit) - min(paid, bucket.limit) for bucket in buckets]
        taking = _Taking(buckets, [max(amount, 0) for amount in amounts], minute)
        states = await self._take(taking)
        self._own.note_empty(taking, states)
        return states

    async def take_each(self, wanted: Sequence[tuple[Sequence[Bucket], int]]) -> list[list[BucketState]]:
        """Take so many points out of each of the buckets of each, as `take` does, all together."""
        if self._shared is None:
            return [await self.take(buckets, points) for buckets, points in wanted]  # none of which waits for anything
        return await asyncio.gather(*(self.take(buckets, points) for buckets, points in wanted))

    def find_empty(self, buckets: Sequence[Bucket]) -> BucketState | None:
        """Return how a bucket stands that this process knows to be empty, without asking anybody; None where it knows of none."""
        if self._own.knows_of_none:
            return None
        return self._own.find_empty(_Taking(buckets, [0 for _ in buckets], int(self._clock.now().timestamp()) // MINUTE))

    async def refilled(self, state: BucketState) -> None:
        """Return once the minute of the standing is over."""
        while self._clock.now() < state.resets_at:
            await self._sleep(float(self.seconds_until(state.resets_at)))

    async def _take(self, taking: "_Taking") -> list[BucketState]:
        buckets = taking.buckets
        own = self._own.counts(taking)
        if taking.is_beyond(own):
            return taking.refusal(own)
        self._own.add(taking, taking.amounts)  # before Redis is asked, or whoever comes meanwhile would not know of it
        shared = await self._together.ask(taking) if self._shared is not None and buckets else None
        counts = shared if shared is not None else own
        if taking.is_beyond(counts):
            self._own.add(taking, [-amount for amount in taking.amounts])
            return taking.refusal(counts)
        return taking.states(counts)

    def seconds_until(self, moment: datetime) -> int:
        """Return the whole seconds after which `moment` is over, at least 1."""
        return max(-((self._clock.now() - moment) // timedelta(seconds=1)), 1)

    async def _take_together(self, takings: Sequence["_Taking"]) -> Mapping["_Taking", list[int]]:
        """Take it out of what all processes share; return the counts with each, nothing where Redis does not answer."""
        shared = self._shared
        if shared is None:
            return {}

        async def take(_: Redis) -> dict[_Taking, list[int]]:
            asked = _sum(takings)
            totals = await _add(shared, asked)
            before = Counter({key: totals[key] - amount for key, amount in asked.items()})
            counts, refused = _serve(takings, before)
            await _add(shared, {key: -amount for key, amount in _sum(refused).items()})
            return counts

        return await self._breaker.ask(take) or {}


@dataclass(frozen=True, eq=False)
class _Taking:
    """So many points out of each bucket, in one minute. Counts are those of the buckets, with these points in them."""

    buckets: Sequence[Bucket]
    amounts: Sequence[int]
    minute: int

    @property
    def keys(self) -> list[str]:
        return [f"{self.minute}:{bucket.name}" for bucket in self.buckets]

    def is_beyond(self, counts: Sequence[int]) -> bool:
        return any(count > bucket.limit for bucket, count in zip(self.buckets, counts, strict=True))

    def states(self, counts: Sequence[int]) -> list[BucketState]:
        resets_at = datetime.fromtimestamp((self.minute + 1) * MINUTE, tz=UTC)
        return [
            BucketState(bucket.limit, max(bucket.limit - count, 0), resets_at, is_refused=False)
            for bucket, count in zip(self.buckets, counts, strict=True)
        ]

    def refusal(self, counts: Sequence[int]) -> list[BucketState]:
        without = self.states([count - amount for count, amount in zip(counts, self.amounts, strict=True)])
        pairs = zip(without, counts, strict=True)
        return [state._replace(is_refused=count > state.limit) for state, count in pairs]


class _OwnCounts:
    """The counts of this process in one minute.

    The memory storage of `limits` looks through all keys each time something is counted: 15 ms for each with 100,000 of them.
    """

    def __init__(self) -> None:
        self._minute = 0
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._empty: dict[Bucket, BucketState] = {}

    def counts(self, taking: _Taking) -> list[int]:
        if taking.minute != self._minute:
            self._minute = taking.minute
            self._counts.clear()
            self._empty.clear()
        return [self._counts.get(bucket.name, 0) + amount for bucket, amount in zip(taking.buckets, taking.amounts, strict=True)]

    def add(self, taking: _Taking, amounts: Sequence[int]) -> None:
        if taking.minute != self._minute:
            return  # Redis took its time, and that minute is over
        for bucket, amount in zip(taking.buckets, amounts, strict=True):
            self._counts[bucket.name] = self._counts.get(bucket.name, 0) + amount
            self._counts.move_to_end(bucket.name)
        while len(self._counts) > _MOST_COUNTED:
            self._counts.popitem(last=False)

    def note_empty(self, taking: _Taking, states: Sequence[BucketState]) -> None:
        """Remember which of the buckets are empty: nothing comes into them before the minute is over."""
        if taking.minute == self._minute and len(self._empty) < _MOST_COUNTED:
            self._empty.update(
                (bucket, state) for bucket, state in zip(taking.buckets, states, strict=True) if state.remaining == 0
            )

    @property
    def knows_of_none(self) -> bool:
        """Whether it knows of no bucket that is empty."""
        return not self._empty

    def find_empty(self, taking: _Taking) -> BucketState | None:
        if taking.minute != self._minute:
            return None
        return next((self._empty[bucket] for bucket in taking.buckets if bucket in self._empty), None)


def _serve(takings: Sequence[_Taking], taken: Counter[str]) -> tuple[dict[_Taking, list[int]], list[_Taking]]:
    """Serve one after the other; return the counts with each, and which are refused. `taken` is what was taken before."""
    counts, refused = {}, []
    for taking in takings:
        counts[taking] = [taken[key] + amount for key, amount in zip(taking.keys, taking.amounts, strict=True)]
        if taking.is_beyond(counts[taking]):
            refused.append(taking)
        else:
            taken.update(dict(zip(taking.keys, taking.amounts, strict=True)))
    return counts, refused


def _sum(takings: Sequence[_Taking]) -> Counter[str]:
    total: Counter[str] = Counter()
    for taking in takings:
        total.update(dict(zip(taking.keys, taking.amounts, strict=True)))
    return total


async def _add(shared: RedisStorage, amounts: Mapping[str, int]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for start in range(0, len(amounts), _MOST_AT_ONCE):
        some = dict(list(amounts.items())[start : start + _MOST_AT_ONCE])
        counts = await asyncio.gather(*(shared.incr(key, _KEPT_SECONDS, amount) for key, amount in some.items()))
        totals.update(zip(some, counts, strict=True))
    return totals


def _storage_of(breaker: CircuitBreaker) -> RedisStorage | None:
    if breaker.redis is None:
        return None
    pool: object = breaker.redis.connection_pool
    return RedisStorage("redis://", implementation="redispy", key_prefix=f"{breaker.prefix}:rates", connection_pool=pool)  # type: ignore[arg-type]  # `limits` says otherwise, and takes it
