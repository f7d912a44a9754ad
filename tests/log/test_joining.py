"""Changes of one team that are committed together: each is done as if it were alone, or told alone why it was not."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from app.clock import SystemClock
from app.errors import DatabaseAway
from app.log.actors import Actor, EventOrigin
from app.log.domain_events import LogEntry
from app.log.event_types import EventType
from app.log.events import Change, Event, Events
from app.log.joining import MOST
from app.storage.outages import PATIENCE
from tests.journeys.soaking import fresh_random, full

ROUNDS = full(200, ci=4)
JOINED = 40

pytestmark = pytest.mark.usefixtures("database")


@dataclass(frozen=True)
class Noted:
    subject_id: UUID

    def entry(self) -> LogEntry:
        return LogEntry(type=EventType.INTEGRATION_EDITED, subject_id=self.subject_id, summary="Noted.")


@dataclass
class Desk:
    """A team whose changes are joined. `commits` has the team once for each commit that wrote events."""

    team: UUID = field(default_factory=uuid4)
    commits: list[UUID] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.events = Events(clock=SystemClock(), reactions={}, wake=self.commits.append)

    async def open(self) -> None:
        async def nothing(_: Change) -> None:
            return None

        await self.events.found(self.team, nothing)

    def join(
        self, subject: UUID, *, apart: Hashable = None, actor: Actor | None = None, fail: Exception | None = None
    ) -> "asyncio.Task[UUID]":
        """Join a change that notes the subject, and raises that where one is given."""

        async def act(change: Change) -> UUID:
            await change.record(Noted(subject))
            if fail is not None:
                raise fail
            return subject

        return asyncio.create_task(self.events.join(self.team, act, apart=apart if apart is not None else subject, actor=actor))

    async def halt(self, *, alone: bool = False) -> "asyncio.Task[None]":
        """Have a change of the team begin, which lasts until the gate is opened; one that nobody can join, if `alone`."""
        begun = asyncio.Event()

        async def wait(change: Change) -> None:
            begun.set()
            await self.gate.wait()
            await change.record(Noted(change.team_id))

        change = self.events.change(self.team, wait) if alone else self.events.join(self.team, wait, apart="the first")
        task = asyncio.create_task(change)
        await begun.wait()
        return task

    async def noted(self) -> list[UUID]:
        """Return the subjects that are noted, whose numbers have no gap, but for that of the change that was halted."""
        rows = await Event.filter(team_id=self.team).order_by("sequence")
        assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
        return [row.subject_id for row in rows if row.subject_id != self.team]


@pytest.fixture
async def desk(database: str) -> Desk:
    del database
    made = Desk()
    await made.open()
    return made


async def test_what_comes_while_a_change_is_under_way_is_committed_together(desk: Desk) -> None:
    subjects = [uuid4() for _ in range(5)]
    first = await desk.halt()

    joined = [desk.join(subject) for subject in subjects]
    await turns()
    desk.gate.set()
    await first

    assert await asyncio.gather(*joined) == subjects
    assert await desk.noted() == subjects
    assert len(desk.commits) == 2


async def test_a_lone_one_waits_for_nobody(desk: Desk) -> None:
    for number in range(3):
        subject = uuid4()

        assert await desk.join(subject) == subject
        assert len(desk.commits) == number + 1


async def test_two_that_have_to_be_apart_are_in_two_changes(desk: Desk) -> None:
    subjects = [uuid4() for _ in range(3)]
    first = await desk.halt()

    joined = [desk.join(subject, apart="the same") for subject in subjects]
    await turns()
    desk.gate.set()
    await asyncio.gather(first, *joined)

    assert await desk.noted() == subjects
    assert len(desk.commits) == 1 + 3


async def test_no_more_than_so_many_are_in_one(desk: Desk) -> None:
    subjects = [uuid4() for _ in range(2 * MOST + 1)]
    first = await desk.halt()

    joined = [desk.join(subject) for subject in subjects]
    await turns()
    desk.gate.set()
    await asyncio.gather(first, *joined)

    assert await desk.noted() == subjects
    assert len(desk.commits) == 1 + 3


async def test_one_that_raises_is_told_alone_and_the_others_are_done(desk: Desk) -> None:
    good, bad, other = (uuid4() for _ in range(3))
    first = await desk.halt()

    joined = [desk.join(good), desk.join(bad, fail=LookupError("That one.")), desk.join(other)]
    await turns()
    desk.gate.set()
    await first
    told = await asyncio.gather(*joined, return_exceptions=True)

    assert [told[0], repr(told[1]), told[2]] == [good, "LookupError('That one.')", other]
    assert await desk.noted() == [good, other]


async def test_an_outage_is_told_to_all_and_nothing_is_done(desk: Desk) -> None:
    first = await desk.halt()

    joined = [desk.join(uuid4()), desk.join(uuid4(), fail=DatabaseAway("It is away.", fault="away"))]
    await turns()
    desk.gate.set()
    await first
    told = await asyncio.gather(*joined, return_exceptions=True)

    assert [type(each) for each in told] == [DatabaseAway, DatabaseAway]
    assert await desk.noted() == []


async def test_who_has_waited_as_long_as_for_a_turn_is_told_so_and_nothing_is_done(desk: Desk) -> None:
    moment = 0.0
    desk.events = Events(clock=SystemClock(), reactions={}, wake=desk.commits.append, now=lambda: moment)
    first = await desk.halt()

    late = desk.join(uuid4())
    await turns()
    moment = PATIENCE.turn
    in_time = desk.join(uuid4())
    await turns()
    moment += 1
    desk.gate.set()
    await first
    told = await asyncio.gather(late, in_time, return_exceptions=True)

    assert isinstance(told[0], DatabaseAway)
    assert await desk.noted() == [told[1]]


async def test_what_two_members_do_is_recorded_of_each(desk: Desk) -> None:
    ann, bob = (Actor(uuid4(), EventOrigin(f"192.0.2.{number}")) for number in (1, 2))
    first = await desk.halt()

    joined = [desk.join(uuid4(), actor=actor) for actor in (ann, bob, None, ann)]
    await turns()
    desk.gate.set()
    await first
    subjects = await asyncio.gather(*joined)

    rows = {row.subject_id: row for row in await Event.filter(team_id=desk.team)}
    assert [rows[each].actor_id for each in subjects] == [ann.member_id, bob.member_id, None, ann.member_id]
    assert [rows[each].origin for each in subjects] == [ann.origin, bob.origin, None, ann.origin]
    assert len(desk.commits) == 1 + 3


@pytest.mark.parametrize("alone", [False, True])
async def test_who_leaves_before_it_was_begun_leaves_nothing_done(desk: Desk, alone: bool) -> None:
    stays, leaves = uuid4(), uuid4()
    first = await desk.halt(alone=alone)

    staying, leaving = desk.join(stays), desk.join(leaves)
    await turns()
    leaving.cancel()
    desk.gate.set()
    await asyncio.gather(first, staying)

    assert leaving.cancelled()
    assert await desk.noted() == [stays]


async def test_whatever_comes_fails_and_leaves_each_is_done_once_or_not_at_all(desk: Desk) -> None:
    random = fresh_random()
    for _ in range(ROUNDS):
        before = len(await desk.noted())
        subjects = [uuid4() for _ in range(JOINED)]
        failing = {each for each in subjects if random.random() < 0.1}
        actors = [Actor(uuid4()), Actor(uuid4()), None]

        joined = {}
        for each in subjects:
            fail = LookupError() if each in failing else None
            joined[each] = desk.join(each, apart=random.randrange(20), actor=random.choice(actors), fail=fail)
            if random.random() < 0.3:
                await asyncio.sleep(random.random() * 0.01)
            if random.random() < 0.1:
                random.choice([*joined.values()]).cancel()
        told = dict(zip(joined, await asyncio.gather(*joined.values(), return_exceptions=True), strict=True))

        noted = (await desk.noted())[before:]
        assert len(noted) == len(set(noted))
        assert {each for each, answer in told.items() if answer == each} <= set(noted)
        assert not set(noted) & failing
        left = set(noted) - {each for each, answer in told.items() if answer == each}
        assert all(isinstance(told[each], asyncio.CancelledError) for each in left)


async def turns() -> None:
    """Let all that has been begun come to where it waits."""
    for _ in range(5):
        await asyncio.sleep(0)
