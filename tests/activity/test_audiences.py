"""What one listener is told is told to all who ask the same, at once; each is told everything once and in order all the same."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import Any

import orjson
import pytest
from graphql import ExecutionResult as CoreResult
from strawberry.types.execution import ExecutionResult

from app.access.callers import Caller
from app.graphql.context import Context
from app.graphql.execution.audiences import tell_known
from app.graphql.execution.schema import Schema
from app.graphql.execution.sharing import Execution, SharedData, SharedExecutions, bodies
from app.graphql.streams import LogCursors
from app.graphql.transport.requests import Operation
from app.graphql.transport.results import run
from app.log.events import Event
from app.log.watcher import Watcher
from app.redis.rate_limits import Bucket, Rates
from app.service.schema import build_schema
from app.services import Services
from tests.activity.logs import Entry, Log, context_of, new_log
from tests.journeys.soaking import until

CROWD = 5
MISSED = 5
LISTEN = "subscription ($after: String) { eventRecorded(after: $after) { sequence type } }"
READ = "subscription ($after: String) {{ eventRecorded(after: $after) {{ {name}: sequence subject {{ id }} }} }}"
PERSONAL = "subscription ($after: String) { eventRecorded(after: $after) { sequence subject { id } } }"
MEMBER, TOKEN = Entry("TEAM_MEMBER_ADDED"), Entry("ACCESS_TOKEN_CREATED")


@dataclass
class Ear:
    """A listener: `heard` is what it found out by itself, `told` what another one's was told it at once."""

    context: Context
    heard: list[int] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    both: list[int] = field(default_factory=list)
    deaf: int = 0
    writes: int = 0
    extensions: list[Mapping[str, Any]] = field(default_factory=list)

    def tell(self, told: Sequence[SharedData], extensions: Mapping[str, Any]) -> bool:
        if self.deaf:
            self.deaf -= 1
            return False
        self.writes += 1
        for body in map(orjson.loads, bodies(told, extensions)):
            self.extensions.append(body.get("extensions", {}))
            self._note(body["data"], self.told)
        return True

    def hear(self, result: ExecutionResult) -> None:
        assert result.errors is None
        self.extensions.append(dict(result.extensions or {}))
        self._note(result.data or {}, self.heard)

    def _note(self, data: Mapping[str, Any], where: list[int]) -> None:
        number = next(value for value in data["eventRecorded"].values() if isinstance(value, int))
        where.append(number)
        self.both.append(number)


async def test_one_of_a_crowd_finds_out_and_the_others_are_told_the_same_at_once(services: Services) -> None:
    log = await new_log(services)
    await log.write([MEMBER] * CROWD)

    async with crowd(log, [LISTEN] * CROWD, after=range(CROWD)) as ears:  # each from another cursor
        await until_heard(ears, CROWD)
        heard = [len(ear.heard) for ear in ears]
        await log.write([MEMBER] * 3)
        await until_heard(ears, CROWD + 3)

    assert [ear.both for ear in ears] == [list(range(begin + 1, CROWD + 4)) for begin in range(CROWD)]
    assert sum(len(ear.heard) for ear in ears) - sum(heard) <= 3
    assert {ear.context.position for ear in ears} == {CROWD + 3}


async def test_who_comes_behind_one_that_knew_more_than_the_process_misses_nothing(services: Services) -> None:
    log, executions = await unwatched_log(services), SharedExecutions()
    watcher = log.services.watcher

    async with (
        crowd(log, [READ.format(name="keeps")], executions=executions) as [keeps],
        watching(watcher),
    ):
        await log.write([MEMBER])  # and nobody here is told
        async with (
            crowd(log, [LISTEN], after=[1], executions=executions) as [knows],
            crowd(log, [LISTEN], after=[0], executions=executions) as [behind],
        ):
            watcher.wake(log.team_id)
            await until_heard([keeps, behind], 1)
            await log.write([MEMBER])
            watcher.wake(log.team_id)
            await until_heard([keeps, knows, behind], 2)

    assert [ear.both for ear in (keeps, knows, behind)] == [[1, 2], [2], [1, 2]]


@pytest.mark.parametrize("seed", [44, 59, 125, 149, *range(16)])
async def test_whoever_comes_whenever_from_wherever_is_told_everything_once_and_in_order(services: Services, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a test's choices
    log, executions = await unwatched_log(services), SharedExecutions()
    watcher = log.services.watcher
    came: list[tuple[int, Ear]] = []

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(watching(watcher))
        for _ in range(60):
            match random.choice(["write", "wake", "come", "come", "let go", "let go"]):
                case "write":
                    await log.write([MEMBER] * random.randint(1, 3))
                case "wake":
                    watcher.wake(log.team_id)
                case "come":
                    after = random.randint(max(0, len(log.written) - 3), len(log.written))
                    operation = random.choice([LISTEN, READ.format(name="other")])
                    coming = crowd(log, [operation], after=[after], executions=executions, waits=False)
                    [ear] = await stack.enter_async_context(coming)
                    ear.deaf = random.choice([0, 0, 1])
                    came.append((after, ear))
                case _:
                    await asyncio.sleep(random.choice([0, 0.01, 0.03]))
        await log.write([MEMBER])
        watcher.wake(log.team_id)
        await until_heard([ear for _, ear in came], len(log.written))

    assert [ear.both for _, ear in came] == [list(range(after + 1, len(log.written) + 1)) for after, _ in came]


async def test_who_cannot_be_told_at_once_is_told_by_itself_and_misses_nothing(services: Services) -> None:
    log = await new_log(services)

    async with crowd(log, [LISTEN] * CROWD) as ears:
        for ear in ears:
            ear.deaf = 1
        for number in range(1, 6):
            await log.write([MEMBER])
            await until_heard(ears, number)

    assert [ear.both for ear in ears] == [[1, 2, 3, 4, 5]] * CROWD
    assert all(ear.told for ear in ears)


async def test_who_has_no_points_left_is_told_when_they_come_and_keeps_nobody_waiting(services: Services) -> None:
    log = await new_log(services)
    log.services = replace(log.services, rates=Rates(clock=services.clock))
    enough, little = Bucket("enough", 1_000), Bucket("little", 3)

    async with crowd(log, [LISTEN] * CROWD, buckets=[little, *[enough] * (CROWD - 1)]) as [poor, *others]:
        for number in range(1, 4):
            await log.write([MEMBER])
            await until_heard(others, number)

    assert [ear.both for ear in others] == [[1, 2, 3]] * (CROWD - 1)
    assert poor.both == [1, 2]  # and one point is for the beginning


async def test_only_the_first_event_says_what_it_all_costs(services: Services) -> None:
    log = await new_log(services)
    log.services = replace(log.services, rates=Rates(clock=services.clock))

    async with crowd(log, [LISTEN] * CROWD, buckets=[Bucket("enough", 1_000)] * CROWD) as ears:
        for number in (1, 2):
            await log.write([MEMBER])
            await until_heard(ears, number)

    assert [[set(told) for told in ear.extensions] for ear in ears] == [[{"cost"}, set()]] * CROWD


async def test_different_operations_read_their_rows_together(services: Services, caplog: pytest.LogCaptureFixture) -> None:
    log = await new_log(services)

    async with crowd(log, [READ.format(name=f"n{number}") for number in range(CROWD)]) as ears:
        with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
            await log.write([MEMBER])
            await until_heard(ears, 1)

    assert [ear.heard for ear in ears] == [[1]] * CROWD
    assert len([record for record in caplog.messages if '"member" WHERE' in record]) == 1


async def test_what_depends_on_who_asks_is_found_out_by_each(services: Services) -> None:
    log = await new_log(services)

    async with crowd(log, [PERSONAL] * CROWD) as ears:
        await log.write([TOKEN, TOKEN])
        await until_heard(ears, 2)
        await log.write([MEMBER])
        await until_heard(ears, 3)

    assert [ear.heard[:2] for ear in ears] == [[1, 2]] * CROWD
    assert sorted(ear.told for ear in ears) == [[], *[[3]] * (CROWD - 1)]


@pytest.mark.parametrize(("points", "told"), [(100, MISSED), (4, 1)])
async def test_what_was_missed_and_is_known_is_told_together_or_one_by_one_where_points_are_few(
    services: Services, points: int, told: int
) -> None:
    log = await new_log(services)
    ear = Ear(
        replace(
            context_of(log),
            services=replace(services, rates=Rates(clock=services.clock)),
            buckets=(Bucket("own", points),),
            listening="the same",
        )
    )
    ear.context.tell = ear.tell
    events = [Event(team_id=log.team_id, sequence=number, type="TEAM_MEMBER_ADDED") for number in range(1, MISSED + 1)]
    for event in events:
        await tell_another(ear.context, event)

    assert await tell_known(ear.context, events) == told

    assert ear.told == list(range(1, told + 1))
    assert ear.writes == 1


async def test_what_is_being_found_out_is_waited_for_and_told_in_one_write(services: Services) -> None:
    log = await new_log(services)
    ear = Ear(replace(context_of(log), listening="the same"))
    ear.context.tell = ear.tell
    events = [Event(team_id=log.team_id, sequence=number, type="TEAM_MEMBER_ADDED") for number in range(1, MISSED + 1)]
    found_out = [asyncio.Event() for _ in events]
    finding = [asyncio.create_task(tell_another(ear.context, *each)) for each in zip(events, found_out, strict=True)]
    await asyncio.sleep(0)

    telling = asyncio.create_task(tell_known(ear.context, events))
    for each in found_out[:-1]:
        each.set()
        await asyncio.sleep(0)
    finding[-1].cancel()  # whoever finds it out leaves

    assert await telling == MISSED - 1
    assert (ear.told, ear.writes) == ([1, 2, 3, 4], 1)


async def test_what_is_known_is_told_without_waiting_where_anything_newer_has_come(services: Services) -> None:
    log = await new_log(services)
    watcher = log.services.watcher
    ear = Ear(replace(context_of(log), listening="the same"))
    ear.context.tell = ear.tell
    events = [Event(team_id=log.team_id, sequence=number, type="TEAM_MEMBER_ADDED") for number in (1, 2)]
    ring = await watcher.listen(log.team_id)
    found_out = [asyncio.Event() for _ in events]
    finding = [asyncio.create_task(tell_another(ear.context, *each)) for each in zip(events, found_out, strict=True)]
    await asyncio.sleep(0)

    telling = asyncio.create_task(tell_known(ear.context, events))
    await asyncio.sleep(0)
    watcher.wake(log.team_id)
    found_out[0].set()

    assert await telling == 1
    assert (ear.told, ear.writes) == ([1], 1)
    found_out[1].set()
    await asyncio.gather(*finding)
    watcher.listen_no_more(log.team_id, ring)


async def test_who_is_ahead_of_others_is_told_nothing_that_they_are_not_told(services: Services) -> None:
    log = await new_log(services)
    ear, other = [Ear(replace(context_of(log), listening="the same")) for _ in range(2)]
    other.context.executions = ear.context.executions
    ear.context.tell = ear.tell
    event = Event(team_id=log.team_id, sequence=1, type="TEAM_MEMBER_ADDED")
    await tell_another(ear.context, event)
    company = ear.context.executions.company_of("the same")
    waiting = [asyncio.create_task(company.wait(each.context)) for each in (ear, other)]
    await asyncio.sleep(0)
    for bell in company.send_one_ahead():
        bell.set_result(None)

    told_ahead, told_other = await tell_known(ear.context, [event]), ear.told
    company.leave(ear.context)
    await asyncio.gather(*waiting)

    assert (told_ahead, told_other) == (0, [])
    assert await tell_known(ear.context, [event]) == 1


async def tell_another(context: Context, event: Event, found_out: asyncio.Event | None = None) -> None:
    async def execute() -> Execution:
        if found_out is not None:
            await found_out.wait()
        return Execution(CoreResult({"eventRecorded": {"sequence": event.sequence}}, None), is_personal=False)

    newest = context.services.watcher.newest_known(event.team_id)
    await context.executions.ask((context.listening, event.type), (event.sequence, newest), execute)


@asynccontextmanager
async def crowd(
    log: Log,
    operations: Sequence[str],
    *,
    after: Sequence[int] | None = None,
    buckets: Sequence[Bucket] = (),
    executions: SharedExecutions | None = None,
    waits: bool = True,
) -> AsyncIterator[list[Ear]]:
    """Yield a crowd that listens, and waits, to a log that is watched."""
    shared = executions or SharedExecutions()
    ears, before = [], _waiting(log)
    for number in range(len(operations)):
        context = replace(context_of(log), executions=shared, buckets=tuple(buckets[number : number + 1]))
        ears.append(Ear(context))
        context.tell = ears[-1].tell
    begins = after or [0] * len(operations)
    tasks = [
        asyncio.create_task(_listen(_schema(), ear, operation, after=begin))
        for ear, operation, begin in zip(ears, operations, begins, strict=True)
    ]

    async def do_wait() -> bool:
        return _waiting(log) == before + len(operations)

    try:
        async with AsyncExitStack() as stack:
            if executions is None:
                await stack.enter_async_context(watching(log.services.watcher))
            async with asyncio.timeout(20):
                if waits:
                    await until(do_wait, seconds=10)
                yield ears
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def watching(watcher: Watcher) -> AsyncIterator[None]:
    task = asyncio.create_task(watcher.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def unwatched_log(services: Services) -> Log:
    """Return a new team's log that is looked at when somebody is woken for it, and not before."""
    log = await new_log(services)
    log.services = replace(services, watcher=Watcher(look_every=3600))
    return log


async def until_heard(ears: Sequence[Ear], count: int) -> None:
    """Return once all are at that number."""

    async def have_heard() -> bool:
        return all(ear.both and ear.both[-1] >= count for ear in ears)

    await until(have_heard, seconds=10)
    await asyncio.sleep(0)


@cache
def _schema() -> Schema:
    return build_schema()


async def _listen(schema: Schema, ear: Ear, operation: str, *, after: int) -> None:
    caller = ear.context.caller
    assert isinstance(caller, Caller)
    asked = Operation(operation, {"after": LogCursors(caller.team_id).write([after])}, name=None, extensions=None)
    async with aclosing(run(schema, asked, ear.context)) as results:
        async for result in results:
            ear.hear(result)


def _waiting(log: Log) -> int:
    ring = log.services.watcher._rings.get(log.team_id)  # noqa: SLF001 - nothing else tells
    return sum(ring._companies.values()) if ring is not None else 0  # noqa: SLF001 - as above
