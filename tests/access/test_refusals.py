import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from app.access.callers import Caller, Role
from app.access.refusals import WINDOW, Refusals
from app.errors import DatabaseAway
from app.log.actors import EventOrigin
from app.log.events import Event, Events
from app.log.quota_settings import Quotas
from app.services import Services
from tests.held import HeldClock
from tests.teams.people import by_session, found, join

DELETE = "deleteInstalledApp"
WHY = "Your role in this team is MEMBER; this needs ADMIN. Ask a Team Admin."
ORIGIN = EventOrigin("192.0.2.7", "curl", "a1b2")


class Minutes:
    """Sleep that passes when the test says so, with the clock."""

    def __init__(self, clock: HeldClock) -> None:
        self._clock = clock
        self._passed = asyncio.Event()
        self.asked: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        ends = self._clock.now() + timedelta(seconds=seconds)
        while self._clock.now() < ends:
            await self._passed.wait()

    def pass_by(self, by: timedelta = WINDOW) -> None:
        self._clock.advance(by)
        self._passed.set()
        self._passed = asyncio.Event()


@pytest.fixture
def minutes(clock: HeldClock) -> Minutes:
    return Minutes(clock)


@pytest.fixture
async def bob(services: Services) -> Caller:
    founded = await found(services)
    return replace(by_session(await join(services, founded.team, name="Bob", role=Role.MEMBER)), origin=ORIGIN)


@pytest.fixture
async def refusals(services: Services, minutes: Minutes) -> AsyncIterator[Refusals]:
    counting = Refusals(events=services.events, sleep=minutes.sleep)
    yield counting
    await counting.settle(seconds=10)


async def told() -> Sequence[Event]:
    return await Event.filter(type="REFUSED").order_by("sequence")


async def until_asleep(minutes: Minutes, times: int) -> None:
    """Wait until the log has been told, or asked, so many times."""
    async with asyncio.timeout(20):
        while len(minutes.asked) < times:  # noqa: ASYNC110 - the database is at work meanwhile
            await asyncio.sleep(0.01)


async def test_the_first_refusal_is_told_at_once_with_who_what_why_and_from_where(
    refusals: Refusals, minutes: Minutes, bob: Caller
) -> None:
    refusals.note(bob, DELETE, WHY)
    await until_asleep(minutes, 1)

    [event] = await told()
    assert (event.team_id, event.subject_id, event.actor_id) == (bob.team_id, bob.member_id, bob.member_id)
    assert (event.action, event.times, event.origin) == (DELETE, 1, ORIGIN)
    assert event.summary == f"deleteInstalledApp was refused: {WHY}"


async def test_what_is_refused_within_the_minute_is_counted_and_told_when_it_has_passed(
    refusals: Refusals, minutes: Minutes, bob: Caller
) -> None:
    refusals.note(bob, DELETE, WHY)
    await until_asleep(minutes, 1)
    for _ in range(1_000):
        refusals.note(bob, DELETE, WHY)
    minutes.pass_by(WINDOW / 2)
    await asyncio.sleep(0)
    halfway = await told()
    minutes.pass_by(WINDOW / 2)
    await until_asleep(minutes, 2)

    assert [event.times for event in halfway] == [1]
    assert [event.times for event in await told()] == [1, 1_000]
    assert (await told())[1].summary == f"deleteInstalledApp was refused 1000 times: {WHY}"


async def test_a_day_has_so_many_refusals_and_the_next_day_tells_the_rest(
    minutes: Minutes, bob: Caller, clock: HeldClock
) -> None:
    events = Events(clock=clock, reactions={}, wake=lambda _: None, quotas=Quotas(max_changes_per_day=1))
    refusals = Refusals(events=events, sleep=minutes.sleep)
    refusals.note(bob, DELETE, WHY)
    await until_asleep(minutes, 1)
    refusals.note(bob, DELETE, WHY)
    minutes.pass_by()
    await until_asleep(minutes, 2)
    today = await told()
    minutes.pass_by(timedelta(days=1))
    await until_asleep(minutes, 3)
    await refusals.settle(seconds=10)

    assert [event.times for event in today] == [1]
    assert [event.times for event in await told()] == [1, 1]


async def test_a_minute_without_a_refusal_is_told_nothing_and_remembered_no_longer(
    refusals: Refusals, minutes: Minutes, bob: Caller
) -> None:
    refusals.note(bob, DELETE, WHY)
    await until_asleep(minutes, 1)
    minutes.pass_by()
    async with asyncio.timeout(20):
        while refusals._counted:  # noqa: SLF001, ASYNC110 - that nothing is kept shows nowhere else
            await asyncio.sleep(0)

    refusals.note(bob, DELETE, WHY)
    await until_asleep(minutes, 2)

    assert [event.times for event in await told()] == [1, 1]


async def test_a_refusal_of_before_the_clock_was_set_back_silences_none(
    services: Services, minutes: Minutes, refusals: Refusals, clock: HeldClock, bob: Caller
) -> None:
    refusals.note(bob, DELETE, WHY)
    await until_asleep(minutes, 1)
    clock.advance(-timedelta(hours=1))

    started_anew = Refusals(events=services.events, sleep=minutes.sleep)
    started_anew.note(bob, DELETE, WHY)
    await until_asleep(minutes, 2)
    await started_anew.settle(seconds=10)

    assert [event.times for event in await told()] == [1, 1]


async def test_each_member_and_each_action_has_a_minute_of_its_own(
    services: Services, refusals: Refusals, minutes: Minutes, bob: Caller
) -> None:
    other = replace(bob, member_id=uuid4())

    refusals.note(bob, DELETE, WHY)
    refusals.note(bob, "addTeamMember", WHY)
    refusals.note(other, DELETE, WHY)
    await until_asleep(minutes, 3)

    assert {(event.subject_id, event.action) for event in await told()} == {
        (bob.member_id, DELETE),
        (bob.member_id, "addTeamMember"),
        (other.member_id, DELETE),
    }
    assert services.clock.now() == (await told())[0].occurred_at


async def test_several_processes_tell_once_a_minute_between_them_and_count_every_refusal(
    services: Services, minutes: Minutes, bob: Caller
) -> None:
    processes = [Refusals(events=services.events, sleep=minutes.sleep) for _ in range(3)]
    noted = 0

    for _ in range(8):
        for number, process in enumerate(processes, start=1):
            for _ in range(number):
                process.note(bob, DELETE, WHY)
                noted += 1
        asked = len(minutes.asked)
        await until_asleep(minutes, asked + 1) if asked == 0 else await asyncio.sleep(0.05)
        minutes.pass_by(WINDOW / 4)
    for _ in range(12):
        minutes.pass_by(WINDOW / 2)
        await asyncio.sleep(0.05)
    for process in processes:
        await process.settle(seconds=10)

    events = await told()
    assert sum(event.times or 0 for event in events) == noted
    assert all(after.occurred_at - before.occurred_at >= WINDOW for before, after in pairwise(events))


async def test_what_cannot_be_told_now_is_told_a_minute_later(services: Services, minutes: Minutes, bob: Caller) -> None:
    class Away:
        """Events of a database that is away once."""

        is_away = True

        async def change(self, *arguments: Any, **named: Any) -> Any:
            if self.is_away:
                self.is_away = False
                raise DatabaseAway("Away.", fault="a test's")
            return await services.events.change(*arguments, **named)

    away: Any = Away()
    refusals = Refusals(events=away, sleep=minutes.sleep)

    refusals.note(bob, DELETE, WHY)
    await until_asleep(minutes, 1)
    before = await told()
    minutes.pass_by()
    await until_asleep(minutes, 2)
    await refusals.settle(seconds=10)

    assert list(before) == []
    assert [event.times for event in await told()] == [1]


async def test_what_is_being_told_as_the_process_ends_is_told(services: Services, minutes: Minutes, bob: Caller) -> None:
    refusals = Refusals(events=services.events, sleep=minutes.sleep)

    refusals.note(bob, DELETE, WHY)
    await asyncio.sleep(0)  # its task has begun
    await refusals.settle(seconds=10)

    assert [event.times for event in await told()] == [1]
