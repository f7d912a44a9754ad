"""What is taken in a minute: by one process, by several that share a Redis, and by those that have lost theirs."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from redis.asyncio import Redis
from structlog.testing import capture_logs

from app.redis.circuit_breaker import CircuitBreaker
from app.redis.rate_limits import Bucket, Rates
from tests.faults.redis import redis_server
from tests.held import HeldClock
from tests.processes import free_port

AWAY = "Redis is away: each process counts and remembers by itself"
BACK = "Redis is back: processes count and remember together"
TOKEN = Bucket("token", 10)
TEAM = Bucket("team", 15)
PATIENT = 10.0
"""Seconds for a Redis that is well, on a machine that is busy: what is tested here is not how fast it is."""


async def test_a_bucket_is_full_again_when_the_minute_is_over() -> None:
    clock = HeldClock(datetime(2026, 11, 21, 10, 0, 12, 500_000, tzinfo=UTC))
    rates = Rates(clock=clock)

    [first] = await rates.take([TOKEN], 7)
    [refused] = await rates.take([TOKEN], 4)
    [rest] = await rates.take([TOKEN], 3)
    seconds = rates.seconds_until(refused.resets_at)
    clock.advance(timedelta(seconds=seconds))
    [again] = await rates.take([TOKEN], 10)

    resets_at = datetime(2026, 11, 21, 10, 1, tzinfo=UTC)
    assert first == (10, 3, resets_at, False)
    assert refused == (10, 3, resets_at, True)
    assert rest == (10, 0, resets_at, False)
    assert seconds == 48
    assert again == (10, 0, resets_at + timedelta(minutes=1), False)


async def test_where_one_bucket_has_not_enough_nothing_is_taken_from_any() -> None:
    rates = Rates(clock=HeldClock())
    await rates.take([Bucket("another token", 10), TEAM], 9)

    states = await rates.take([TOKEN, TEAM], 7)

    assert [(state.remaining, state.is_refused) for state in states] == [(10, False), (6, True)]
    assert [state.remaining for state in await rates.take([TOKEN, TEAM], 6)] == [4, 0]


async def test_what_costs_more_than_a_bucket_holds_takes_all_of_it() -> None:
    rates = Rates(clock=HeldClock())

    assert [state.is_refused for state in await rates.take([TOKEN, TEAM], 1_000)] == [False, False]
    assert [state.is_refused for state in await rates.take([TOKEN, TEAM], 1)] == [True, True]


async def test_without_buckets_nothing_is_refused() -> None:
    assert await Rates(clock=HeldClock()).take([], 1_000) == []


async def test_what_is_remembered_is_bounded_and_forgets_whoever_came_first() -> None:
    rates = Rates(clock=HeldClock())
    for number in range(50_001):
        await rates.take([Bucket(f"address {number}", 1)], 1)

    assert [state.is_refused for state in await rates.take([Bucket("address 50000", 1)], 1)] == [True]
    assert [state.is_refused for state in await rates.take([Bucket("address 0", 1)], 1)] == [False]


@given(
    asked=st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 12), st.integers(0, 40)), max_size=30),
    at_once=st.booleans(),
)
async def test_in_no_minute_does_anybody_get_more_than_the_limit_and_nobody_less(
    asked: list[tuple[str, int, int]], *, at_once: bool
) -> None:
    clock = HeldClock()
    rates = Rates(clock=clock)
    got: Counter[tuple[str, int]] = Counter()

    async def ask(name: str, points: int) -> None:
        minute = int(clock.now().timestamp()) // 60
        amount = min(points, 10)
        before = got[name, minute]
        [state] = await rates.take([Bucket(name, 10)], points)
        assert state.is_refused is (before + amount > 10)
        got[name, minute] += 0 if state.is_refused else amount
        assert state.remaining == 10 - got[name, minute]

    for name, points, seconds in asked:
        await ask(name, points)
        clock.advance(timedelta(seconds=0 if at_once else seconds))

    assert all(points <= 10 for points in got.values())


async def test_processes_that_share_a_redis_share_a_limit_to_the_point(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as server, processes(server.url, count=4) as rates:
        accepted = await ask_often(rates, times=400)

        assert accepted == 100
        states = [await each.take([Bucket("a", 100)], 1) for each in rates]

    assert [(state.remaining, state.is_refused) for [state] in states] == [(0, True)] * 4


async def test_a_thousand_who_come_at_once_are_a_few_questions_to_redis_and_served_as_one_by_one(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as server, processes(server.url, count=1) as rates, Redis.from_url(server.url) as redis:
        accepted = await ask_often(rates, times=1_000)

        asked = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"]

    assert accepted == 100
    assert asked <= 10


async def test_a_refusal_takes_nothing_from_anybody_who_shares(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as server, processes(server.url, count=2) as (one, other):
        await one.take([TOKEN, TEAM], 6)
        await other.take([TOKEN, TEAM], 6)

        [token, team] = await other.take([TOKEN, TEAM], 4)

    assert (token.remaining, team.remaining) == (0, 5)
    assert (token.is_refused, team.is_refused) == (False, False)


async def test_installations_that_share_a_redis_share_no_limit(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as server, AsyncExitStack() as stack:
        one, other = [
            Rates(clock=HeldClock(), breaker=await stack.enter_async_context(shared(server.url, installation=name)))
            for name in ("https://one.example", "https://other.example")
        ]
        await one.take([TOKEN], 10)

        [state] = await other.take([TOKEN], 10)

    assert not state.is_refused


async def test_with_redis_gone_each_process_goes_on_from_what_it_has_itself_let_through(tmp_path: Path) -> None:
    async with redis_server(tmp_path) as server, processes(server.url, count=4) as rates:
        with capture_logs() as logs:
            before = await ask_often(rates, times=20)
            server.kill()
            after = await ask_often(rates, times=400)

    assert before == 20
    assert before + after == 4 * 100  # as many processes, as many times the limit; never all, never none
    assert Counter(log["event"] for log in logs) == {AWAY: 4}


async def test_a_redis_that_comes_back_empty_gives_nobody_more_than_each_process_may_let_through(tmp_path: Path) -> None:
    now = [0.0]
    async with redis_server(tmp_path) as server, processes(server.url, count=2, now=now) as rates:
        with capture_logs() as logs:
            accepted = await ask_often(rates, times=100)
            server.kill()
            accepted += await ask_often(rates, times=10)
            server.start()
            now[0] += 6
            accepted += await ask_often(rates, times=400)
            [state] = await rates[0].take([Bucket("b", 100)], 1)
            [shared_again] = await rates[1].take([Bucket("b", 100)], 1)

    assert accepted <= 2 * 100
    assert (state.remaining, shared_again.remaining) == (99, 98)
    assert Counter(log["event"] for log in logs) == {AWAY: 2, BACK: 2}


async def test_a_redis_that_says_nothing_holds_up_one_request_and_then_none_for_a_while(tmp_path: Path) -> None:
    now = [0.0]
    async with redis_server(tmp_path) as server, shared(server.url, patience=0.1, now=now) as breaker:
        server.halt()
        with capture_logs() as logs:
            answers = [await breaker.ask(lambda redis: redis.get("x")) for _ in range(3)]
            asked = len(logs)
            now[0] += 6
            answers.append(await breaker.ask(lambda redis: redis.get("x")))
        server.go_on()

    assert answers == [None] * 4
    assert asked == 1
    assert [log["event"] for log in logs] == [AWAY]


async def test_after_the_pause_one_request_tries_and_the_others_do_not_wait_for_it(tmp_path: Path) -> None:
    now = [0.0]
    asked: list[int] = []
    async with redis_server(tmp_path) as server, shared(server.url, patience=PATIENT, now=now) as breaker:
        server.kill()
        assert await breaker.ask(lambda redis: redis.get("x")) is None
        now[0] += 6

        async def ask(number: int) -> None:
            await breaker.ask(lambda redis: asked.append(number) or redis.get("x"))  # type: ignore[func-returns-value]

        await asyncio.gather(*map(ask, range(50)))

    assert len(asked) == 1


@pytest.mark.parametrize(("fault", "said"), [(RuntimeError("the handler is closed"), AWAY), (KeyError("x"), "sharing failed")])
async def test_whatever_becomes_of_a_question_nobody_is_refused_for_it(tmp_path: Path, fault: Exception, said: str) -> None:
    async def fail(_: Redis) -> int:
        raise fault

    async with redis_server(tmp_path) as server, shared(server.url) as breaker:
        with capture_logs() as logs:
            answer = await breaker.ask(fail)

    assert answer is None
    assert [log["event"] for log in logs] == [said]


async def test_a_redis_that_was_never_there_is_done_without() -> None:
    async with shared(f"redis://127.0.0.1:{free_port()}/0") as breaker:
        rates = Rates(clock=HeldClock(), breaker=breaker)

        [state] = await rates.take([TOKEN], 3)

    assert state.remaining == 7


@asynccontextmanager
async def processes(url: str, *, count: int, now: list[float] | None = None) -> AsyncIterator[list[Rates]]:
    """As many as a machine would have, each with connections of its own."""
    async with AsyncExitStack() as stack:
        clock = HeldClock()
        yield [Rates(clock=clock, breaker=await stack.enter_async_context(shared(url, now=now))) for _ in range(count)]


@asynccontextmanager
async def shared(
    url: str, *, installation: str = "", patience: float = PATIENT, now: list[float] | None = None
) -> AsyncIterator[CircuitBreaker]:
    seconds = now if now is not None else [0.0]
    breaker = CircuitBreaker(url, installation=installation, patience=patience, now=lambda: seconds[0])
    try:
        yield breaker
    finally:
        await breaker.aclose()


async def ask_often(rates: list[Rates], *, times: int) -> int:
    """Ask each process so many times, all at once, for a point of the same hundred; return how often it was given."""

    async def ask(process: Rates) -> int:
        [state] = await process.take([Bucket("a", 100)], 1)
        return not state.is_refused

    return sum(await asyncio.gather(*(ask(process) for _ in range(times // len(rates) or 1) for process in rates)))
