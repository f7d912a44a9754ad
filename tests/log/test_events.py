import asyncio
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from app.clock import SystemClock
from app.log.counters import head
from app.log.domain_events import LogEntry
from app.log.event_types import EventType
from app.log.events import Change, Event, Events, EventsRecorded
from app.log.hearing import begin_to_hear, hear_no_more
from app.log.watcher import Watcher


@dataclass(frozen=True)
class Noted:
    subject_id: UUID

    def entry(self) -> LogEntry:
        return LogEntry(type=EventType.INTEGRATION_EDITED, subject_id=self.subject_id, summary="Noted.")


@dataclass(frozen=True)
class Followed:
    subject_id: UUID

    def entry(self) -> LogEntry:
        return LogEntry(type=EventType.INTEGRATION_STATUS_CHANGED, subject_id=self.subject_id, summary="Followed.")


async def _note(change: Change) -> None:
    await change.record(Noted(uuid4()))


async def _nothing(_change: Change) -> None:
    return None


def _events(*, wake: list[UUID] | None = None) -> Events:
    async def follow(change: Change, domain_event: Noted) -> None:
        await change.record(Followed(domain_event.subject_id))

    woken = wake if wake is not None else []
    return Events(clock=SystemClock(), reactions={Noted: (follow,)}, wake=woken.append)


@pytest.mark.usefixtures("database")
async def test_a_reaction_is_recorded_right_behind_its_cause_in_the_same_change() -> None:
    team = uuid4()
    woken: list[UUID] = []
    events = _events(wake=woken)
    await events.found(team, _nothing)

    await events.change(team, _note)

    rows = await Event.filter(team_id=team).order_by("sequence")
    assert [(row.sequence, row.type) for row in rows] == [
        (1, EventType.INTEGRATION_EDITED),
        (2, EventType.INTEGRATION_STATUS_CHANGED),
    ]
    assert rows[0].occurred_at == rows[1].occurred_at
    assert woken == [team]


@pytest.mark.usefixtures("database")
async def test_a_change_that_fails_leaves_no_event_no_number_and_wakes_nobody() -> None:
    team = uuid4()
    woken: list[UUID] = []
    events = _events(wake=woken)
    await events.found(team, _note)
    woken.clear()

    async def fail(change: Change) -> None:
        await _note(change)
        raise LookupError

    with pytest.raises(LookupError):
        await events.change(team, fail)

    assert await Event.filter(team_id=team).count() == 2
    assert await head(team) == 2
    assert woken == []


@pytest.mark.usefixtures("database")
async def test_changes_cancelled_at_any_moment_leave_no_gap_and_no_locked_database() -> None:
    team = uuid4()
    events = _events()
    await events.found(team, _nothing)

    tasks = [asyncio.create_task(events.change(team, _note)) for _ in range(60)]
    for at, task in enumerate(tasks):
        asyncio.get_running_loop().call_later(at * 0.002, task.cancel)
    await asyncio.gather(*tasks, return_exceptions=True)
    await events.change(team, _note)

    numbers = [row.sequence for row in await Event.filter(team_id=team).order_by("sequence")]
    assert len(numbers) >= 2
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.usefixtures("database")
async def test_a_listener_hears_what_was_before_and_what_comes_each_once_and_in_order() -> None:
    team = uuid4()
    watcher = Watcher()
    events = Events(clock=SystemClock(), reactions={}, wake=watcher.wake)
    watching = asyncio.create_task(watcher.run())
    await events.found(team, _nothing)
    for _ in range(3):
        await events.change(team, _note)

    heard: list[int] = []
    async with asyncio.timeout(20):
        async for event in watcher.follow(team, after=1):
            heard.append(event.sequence)
            if event.sequence < 8:
                await events.change(team, _note)
            if event.sequence == 8:
                break
    watching.cancel()

    assert heard == [2, 3, 4, 5, 6, 7, 8]


@pytest.mark.usefixtures("database")
async def test_whoever_hears_of_a_team_is_told_the_events_of_each_change_with_their_numbers() -> None:
    told: list[list[int]] = []
    quiet, heard = uuid4(), uuid4()

    async def hear(_: Change, domain_event: EventsRecorded) -> None:
        told.append([event.sequence for event in domain_event.events])

    events = Events(clock=SystemClock(), reactions={EventsRecorded: (hear,)}, wake=lambda _: None)
    for team in (quiet, heard):
        await events.found(team, _note)
    await events.change(heard, begin_to_hear)

    for team in (quiet, heard):
        await events.change(team, _nothing)
        await events.change(team, _note)
    await events.change(heard, hear_no_more)
    await events.change(heard, _note)

    assert told == [[2]]


@pytest.mark.usefixtures("database")
async def test_whoever_hears_records_nothing_more() -> None:
    team = uuid4()

    async def hear(change: Change, _: EventsRecorded) -> None:
        await _note(change)

    events = Events(clock=SystemClock(), reactions={EventsRecorded: (hear,)}, wake=lambda _: None)
    await events.found(team, begin_to_hear)

    with pytest.raises(RuntimeError, match="Nothing more can be recorded"):
        await events.change(team, _note)

    assert await Event.filter(team_id=team).count() == 0
