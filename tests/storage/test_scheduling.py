"""The law of what falls due: each row once by however many, never before it is due, and never later than its schedule says."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.queryset import QuerySet

from app.clock import APART
from app.monitors.models import Monitor
from app.storage import database
from app.storage.scheduling import Schedule, take
from app.storage.slots import ASKS, Claimant, Shares, Slots
from tests.held import HeldClock

RUNS_ON_ONE_DATABASE = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
EVERY, JITTER = timedelta(minutes=10), timedelta(minutes=4)
SCHEDULE = Schedule("created_at", every=EVERY, jitter=JITTER, longest=timedelta(hours=1))
SECONDS = st.integers(0, 900).map(lambda number: timedelta(seconds=number))


@dataclass(frozen=True)
class Step:
    """The clock goes on, or is set back; a row may be asked for sooner; then so many workers look, so many rows at a time."""

    passes: timedelta
    sooner: tuple[int, timedelta] | None
    workers: int
    limit: int


STEPS = st.builds(
    Step,
    passes=SECONDS | st.just(timedelta(hours=-2)),
    sooner=st.none() | st.tuples(st.integers(0, 5), SECONDS),
    workers=st.integers(1, 4),
    limit=st.integers(1, 6),
)


@RUNS_ON_ONE_DATABASE
@given(waits=st.lists(SECONDS, min_size=1, max_size=6), steps=st.lists(STEPS, min_size=1, max_size=6))
@pytest.mark.usefixtures("database")
async def test_a_row_is_worked_at_once_by_however_many_when_it_is_due_and_neither_before_nor_later(
    clock: HeldClock, waits: list[timedelta], steps: list[Step]
) -> None:
    rows = await keep([clock.now() + wait for wait in waits])
    due = {row.id: row.created_at async for row in rows}

    for step in steps:
        clock.advance(step.passes)
        now = clock.now()
        if step.sooner is not None:
            wanted, to = list(due)[step.sooner[0] % len(due)], now + step.sooner[1]
            moved = await SCHEDULE.bring_forward(rows.filter(id=wanted), to=to)
            assert moved == (due[wanted] > to)
            due[wanted] = min(due[wanted], to)
        expected = {key for key, at in due.items() if at <= now or at > now + timedelta(hours=1) + APART}

        worked = await work_off(rows, step, clock=clock)

        assert worked == Counter(expected)
        for row in await rows:
            if row.id in expected:
                assert now + EVERY - JITTER < row.created_at <= now + EVERY
                due[row.id] = row.created_at
            assert row.created_at == due[row.id]


@pytest.mark.usefixtures("database")
async def test_each_row_has_a_time_of_its_own_and_keeps_it(clock: HeldClock) -> None:
    keys = [UUID(int=number) for number in (0, 1, 239, 240)]

    times = [SCHEDULE.next(key, now=clock.now()) - clock.now() for key in keys]

    assert times == [timedelta(seconds=seconds) for seconds in (600, 599, 361, 600)]


@pytest.mark.usefixtures("database")
async def test_work_that_is_cancelled_is_due_again_at_once(clock: HeldClock) -> None:
    rows, began = await keep([clock.now()]), asyncio.Event()

    async def hang(_: Monitor) -> None:
        began.set()
        await asyncio.Event().wait()

    slots = Slots(ASKS)
    await SCHEDULE.work(rows, hang, whose=whose, clock=clock, slots=slots, limit=1)
    await began.wait()
    claimed = await SCHEDULE.due(rows, now=clock.now(), limit=1)
    await slots.end(seconds=0)

    assert claimed == []
    assert len(await SCHEDULE.due(rows, now=clock.now(), limit=1)) == 1


@pytest.mark.usefixtures("database")
async def test_a_row_that_is_none_of_those_any_more_or_has_changed_is_not_taken(clock: HeldClock) -> None:
    rows = await keep([clock.now()])
    [row] = await rows

    gone = await take(row, rows.exclude(id=row.id), name="mine")
    mine = await take(row, rows, name="mine")
    changed = await take(row, rows, name="another's")

    assert (gone, mine, changed) == (False, True, False)
    assert [row.name for row in await rows] == ["mine"]


@pytest.mark.usefixtures("database")
async def test_of_one_origin_no_more_is_claimed_than_its_share(clock: HeldClock) -> None:
    rows, go_on = await keep([clock.now()] * 5), asyncio.Event()
    slots = Slots(Shares(in_all=4, of_origin=3, of_grant=1))

    async def hang(_: Monitor) -> None:
        await go_on.wait()

    first = await SCHEDULE.work(rows, hang, whose=whose, clock=clock, slots=slots, limit=9)
    second = await SCHEDULE.work(rows, hang, whose=whose, clock=clock, slots=slots, limit=9)
    go_on.set()
    await slots.emptied()
    third = await SCHEDULE.work(rows, hang, whose=whose, clock=clock, slots=slots, limit=9)
    await slots.emptied()

    assert (first, second, third) == (3, 0, 2)


async def keep(times: Sequence[datetime]) -> QuerySet[Monitor]:
    """Put a row for each time, and return them."""
    team_id = uuid4()

    async def put(_: BaseDBAsyncClient) -> None:
        for number, at in enumerate(times):
            await Monitor.create(id=uuid4(), team_id=team_id, key=str(number), name="a monitor", created_at=at)

    await database.write(put)
    return Monitor.filter(team_id=team_id)


def whose(row: Monitor) -> Claimant:
    return Claimant("https://one.test", row.id)


async def work_off(rows: QuerySet[Monitor], step: Step, *, clock: HeldClock) -> Counter[UUID]:
    """Let the workers work until none of them finds anything, and return how often each row was worked at."""
    worked: Counter[UUID] = Counter()

    async def do(row: Monitor) -> None:
        worked[row.id] += 1

    async def work() -> None:
        slots = Slots(ASKS)
        while await SCHEDULE.work(rows, do, whose=whose, clock=clock, slots=slots, limit=step.limit):
            await slots.emptied()

    await asyncio.gather(*(work() for _ in range(step.workers)))
    return worked
