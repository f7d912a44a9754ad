"""A crowd that listens to one log costs the database no more than a few, and leaves the event loop to others."""

import asyncio
import logging
import time
from contextlib import aclosing
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from app.clock import SystemClock
from app.log.domain_events import LogEntry
from app.log.event_types import EventType
from app.log.events import Change, Event, Events
from app.log.rings import PAGE_SIZE, RING_SIZE, LogSlice, Ring
from app.log.watcher import Watcher

CROWD = 500
TEAM, OTHER_TEAM = UUID(int=1), UUID(int=2)


class Noted:
    def entry(self) -> LogEntry:
        return LogEntry(type=EventType.INTEGRATION_EDITED, subject_id=uuid4(), summary="Noted.")


@pytest.fixture
async def events(database: str) -> Events:
    assert database
    made = Events(clock=SystemClock(), reactions={}, wake=lambda _team_id: None)

    await made.found(TEAM, found_nothing)
    return made


async def test_a_crowd_that_comes_back_with_the_same_cursor_is_told_by_one_read(
    events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    await note(events, 30)
    watcher = Watcher()

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        told = await asyncio.gather(*(hear(watcher, after=after, count=30 - after) for after in (0, 7) for _ in range(CROWD)))

    assert told == [list(range(after + 1, 31)) for after in (0, 7) for _ in range(CROWD)]
    assert 0 < len(caplog.messages) < CROWD // 20


async def test_what_the_first_of_a_crowd_has_read_nobody_behind_it_reads_again(
    events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    await note(events, PAGE_SIZE + 30)
    watcher = Watcher()
    staying = asyncio.create_task(hear(watcher, after=PAGE_SIZE, count=31))
    await until_all_wait(watcher, 1)

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        told = [await hear(watcher, after=after, count=3) for after in (PAGE_SIZE, PAGE_SIZE + 20)]
    held = [watcher.holds_all_behind(TEAM, after) for after in (PAGE_SIZE - 1, PAGE_SIZE)]
    further = await hear(watcher, after=0, count=PAGE_SIZE + 30)

    assert told == [list(range(after + 1, after + 4)) for after in (PAGE_SIZE, PAGE_SIZE + 20)]
    assert caplog.messages == []
    assert held == [False, True]
    assert further == list(range(1, PAGE_SIZE + 31))
    assert watcher.holds_all_behind(TEAM, 0)
    staying.cancel()


async def test_while_a_crowd_is_woken_others_get_their_turn(events: Events) -> None:
    watcher = Watcher()
    crowd = [asyncio.create_task(hear(watcher, after=0, count=1)) for _ in range(CROWD)]
    await until_all_wait(watcher, CROWD)
    await note(events, 1)

    await watcher.finish()
    between = 0
    while not all(listener.done() for listener in crowd):
        await asyncio.sleep(0)
        between += 1

    assert [listener.result() for listener in crowd] == [[1]] * CROWD
    assert between >= CROWD // 64


async def test_who_has_left_waits_no_longer(events: Events) -> None:
    watcher = Watcher()
    staying = asyncio.create_task(hear(watcher, after=0, count=1))
    for _ in range(3):
        crowd = [asyncio.create_task(hear(watcher, after=0, count=1)) for _ in range(50)]
        await until_all_wait(watcher, 51)
        for listener in crowd:
            listener.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)

        assert waiting(watcher) == 1

    await note(events, 1)
    await watcher.finish()
    assert await staying == [1]


async def test_a_wake_up_of_one_team_looks_at_no_other(events: Events) -> None:
    await events.found(OTHER_TEAM, found_nothing)
    watcher = Watcher(look_every=3600)
    watching = asyncio.create_task(watcher.run())
    other = asyncio.create_task(hear(watcher, after=0, count=1, team=OTHER_TEAM))
    one = asyncio.create_task(hear(watcher, after=0, count=1))
    await until_all_wait(watcher, 1)
    await until_all_wait(watcher, 1, team=OTHER_TEAM)
    await note(events, 1, team=OTHER_TEAM)
    await note(events, 1)

    watcher.wake(TEAM)
    first = await one
    was_told = other.done()
    watcher.wake(OTHER_TEAM)
    second = await other

    assert (first, was_told, second) == ([1], False, [1])
    watching.cancel()


@pytest.mark.parametrize("head", [1, PAGE_SIZE, RING_SIZE, RING_SIZE + 700])
def test_a_ring_is_read_page_by_page_from_every_position_it_has(head: int) -> None:
    ring = Ring(0)
    ring.add(LogSlice([row(number) for number in range(1, head + 1)], head))
    oldest = max(head - RING_SIZE, 0)

    assert ring.after(oldest - 1) is None if oldest else ring.after(0) is not None
    assert [ring.holds_all_behind(oldest + beyond) for beyond in (-1, 0)] == [False, True]
    assert [ring.holds_all_behind(head + beyond) for beyond in (-1, 0, 1)] == [True, True, False]
    for position in {oldest, oldest + 1, head - PAGE_SIZE - 1, head - PAGE_SIZE, head - 2, head - 1, head} & set(
        range(oldest, head + 1)
    ):
        stretch = ring.after(position)
        assert stretch is not None
        assert [each.sequence for each in stretch.rows] == list(range(position + 1, stretch.end + 1))
        assert stretch.end == min(head, position + PAGE_SIZE)


def test_a_ring_takes_what_was_read_behind_it_only_without_a_gap_and_while_there_is_room() -> None:
    ring = Ring(10)

    ring.hold_before([row(number) for number in (3, 4, 6, 7, 8)])
    assert not ring.holds_all_behind(7)
    ring.hold_before([row(number) for number in (6, 8, 9, 10, 11)])
    assert [ring.holds_all_behind(position) for position in (6, 7, 9)] == [False, True, True]
    ring.add(LogSlice([row(11), row(12)], 12))
    stretch = ring.after(7)
    assert stretch is not None
    assert [each.sequence for each in stretch.rows] == [8, 9, 10, 11, 12]

    much = Ring(RING_SIZE + 100)
    much.hold_before([row(number) for number in range(1, RING_SIZE + 101)])
    assert [much.holds_all_behind(position) for position in (99, 100)] == [False, True]


def test_the_newest_event_costs_the_same_however_much_there_is() -> None:
    def seconds(size: int) -> float:
        ring = Ring(0)
        ring.add(LogSlice([row(number) for number in range(1, size + 1)], size))
        began = time.process_time()
        for _ in range(2_000):
            ring.after(size - 1)
        return time.process_time() - began

    few, many = (min(seconds(size) for _ in range(5)) for size in (2, RING_SIZE))

    assert many < 3 * few


async def found_nothing(_: Change) -> None:
    return None


async def note(events: Events, count: int, *, team: UUID = TEAM) -> None:
    async def change(change: Change) -> None:
        for _ in range(count):
            await change.record(Noted())

    await events.change(team, change)


async def hear(watcher: Watcher, *, after: int, count: int, team: UUID = TEAM) -> list[int]:
    numbers = list[int]()
    async with aclosing(watcher.follow(team, after=after)) as events:
        async for event in events:
            numbers.append(event.sequence)
            if len(numbers) == count:
                break
    return numbers


async def until_all_wait(watcher: Watcher, count: int, *, team: UUID = TEAM) -> None:
    async with asyncio.timeout(20):
        while waiting(watcher, team) < count:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)


def waiting(watcher: Watcher, team: UUID = TEAM) -> int:
    ring = watcher._rings.get(team)  # noqa: SLF001 - nothing else tells
    return sum(ring._companies.values()) if ring is not None else 0  # noqa: SLF001 - as above


def row(sequence: int) -> Event:
    return Event(
        id=uuid4(),
        team_id=TEAM,
        sequence=sequence,
        type=EventType.INTEGRATION_EDITED,
        occurred_at=datetime(2026, 11, 21, tzinfo=UTC),
        subject_id=TEAM,
        summary="Noted.",
    )
