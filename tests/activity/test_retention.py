import asyncio
import logging
from contextlib import aclosing
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from app.errors import CursorExpired
from app.graphql.errors import present
from app.graphql.streams import LogCursors
from app.graphql.transport.requests import Operation
from app.graphql.transport.results import run
from app.log import horizon
from app.log.counters import Counter
from app.log.domain_events import LogEntry
from app.log.event_types import EventType
from app.log.events import Change, Event
from app.log.horizon import OLD_EVENTS, Horizon
from app.log.retention import remove_old
from app.service.schema import build_schema
from app.services import Services
from tests.activity.logs import DAY, Entry, Log, context_of, listen, new_log
from tests.held import HeldClock
from tests.journeys.soaking import full

SECOND = timedelta(seconds=1)
WORDS = (
    "Events that this subscription asks for were removed behind its cursor: they are kept for 400 days. "
    "Read the lists again and go on from a fresh `eventCursor`."
)
LISTEN = """
subscription ($after: String, $filter: EventFilter) { eventRecorded(after: $after, filter: $filter) { sequence } }"""
PAGE = "query ($after: String) { events(first: 10, after: $after) { nodes { sequence } } }"
RUNS_ON_ONE_DATABASE = settings(
    max_examples=full(200, ci=15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def test_an_event_goes_four_hundred_days_after_it_happened_and_not_a_second_sooner(
    services: Services, clock: HeldClock
) -> None:
    log = await new_log(services)
    await log.write([Entry("A"), Entry("B")])
    clock.advance(SECOND)
    await log.write([Entry("A")])

    clock.advance(400 * DAY - 2 * SECOND)
    early = await remove_old([OLD_EVENTS], events=services.events)
    kept = await log.left()
    clock.advance(SECOND)
    removed = [await remove_old([OLD_EVENTS], events=services.events) for _ in range(2)]

    assert (early, kept) == (0, [1, 2, 3])
    assert removed == [2, 0]
    assert await log.left() == [3]
    assert await horizons(log) == {"A": 1, "B": 2}


async def test_an_emptied_log_goes_on_counting(services: Services, clock: HeldClock) -> None:
    log = await new_log(services)
    await log.write([Entry("A")] * 3)
    clock.advance(400 * DAY)

    async def record(change: Change) -> None:
        await change.record(Happened())

    left = await log.remove_old()
    await services.events.change(log.team_id, record)

    assert left == []
    assert await log.left() == [4]
    assert (await Counter.get(team_id=log.team_id)).sequence == 4


async def test_only_a_listener_to_a_type_that_was_removed_has_to_start_anew(services: Services) -> None:
    log = await new_log(services)
    await log.write([Entry("A", age=401), Entry("B", age=401), Entry("B"), Entry("A"), Entry("C")])
    await log.remove_old()

    heard = {
        (after, types): (await listen(log, after=after, types=frozenset(types) if types else None))
        for after, types in ((0, "A"), (1, "A"), (1, "B"), (2, "B"), (0, "C"), (0, ""), (1, ""), (2, ""), (5, ""))
    }

    assert {key: listener.heard if listener.expired is None else None for key, listener in heard.items()} == {
        (0, "A"): None,
        (1, "A"): [4],
        (1, "B"): None,
        (2, "B"): [3],
        (0, "C"): [5],
        (0, ""): None,
        (1, ""): None,
        (2, ""): [3, 4, 5],
        (5, ""): [],
    }
    assert {listener.expired for listener in heard.values() if listener.expired} == {WORDS}


@pytest.mark.parametrize(("filter", "code"), [({}, "CURSOR_EXPIRED"), ({"types": ["INTEGRATION_ADDED"]}, None)])
async def test_a_subscription_is_refused_with_a_code_and_words_and_a_page_goes_on_with_what_is_left(
    services: Services, filter: dict[str, list[str]], code: str | None
) -> None:
    log = await new_log(services)
    await log.write([Entry("INSTALLED_APP_ADDED", age=401), Entry("INTEGRATION_ADDED"), Entry("INTEGRATION_DELETED")])
    await log.remove_old()
    schema, context = build_schema(), context_of(log)
    beginning = LogCursors(log.team_id).write([0])

    subscription = Operation(LISTEN, {"after": beginning, "filter": filter}, name=None, extensions=None)
    async with aclosing(run(schema, subscription, context)) as results, asyncio.timeout(20):
        first = present(await anext(results), request_id="a test's")
    page = await schema.execute(PAGE, variable_values={"after": beginning}, context_value=context)

    if code is None:
        assert first == {"data": {"eventRecorded": {"sequence": 2}}}
    else:
        assert [(error["extensions"], error["message"]) for error in first["errors"]] == [({"code": code}, WORDS)]
    assert page.errors is None
    assert page.data == {"events": {"nodes": [{"sequence": 2}, {"sequence": 3}]}}


async def test_a_cursor_beyond_the_end_of_the_log_has_expired(services: Services) -> None:
    log = await new_log(services)
    await log.write([Entry("A")])

    listener = await listen(log, after=2)

    assert (
        listener.expired
        == "This cursor lies beyond the end of the log: read the lists again and go on from a fresh `eventCursor`."
    )


async def test_another_teams_removed_events_are_nothing_to_this_one(services: Services) -> None:
    log, other = await new_log(services), await new_log(services)
    await log.write([Entry("A")])
    await other.write([Entry("A", age=401)])
    await log.remove_old()

    assert (await listen(log, after=0)).heard == [1]
    assert (await listen(other, after=0)).expired == WORDS


@pytest.mark.parametrize(("types", "expired"), [(None, WORDS), (frozenset("A"), WORDS), (frozenset("B"), None)])
async def test_a_slow_listener_is_told_when_what_it_had_still_to_hear_was_removed(
    services: Services, clock: HeldClock, types: frozenset[str] | None, expired: str | None
) -> None:
    log = await new_log(services)
    await log.write([Entry("A" if number % 2 else "B", age=0) for number in range(450)])
    await log.write([Entry("A", age=0)] * 100)
    clock.advance(400 * DAY)
    await log.write([Entry("B")] * 3)

    async def remove() -> None:
        await remove_only(log, "A")

    listener = await listen(log, after=0, types=types, pause=1, meanwhile=remove)

    assert listener.expired == expired
    whole = log.numbers(types, after=0)
    assert listener.heard == (whole[: len(listener.heard)] if expired else whole)
    assert 1 <= len(listener.heard) <= 225 + 3


async def test_a_listener_from_now_on_hears_what_comes_after_all_before_it_was_removed(
    services: Services, clock: HeldClock
) -> None:
    log = await new_log(services)
    await log.write([Entry("A")] * 2)

    async def turn() -> None:
        clock.advance(400 * DAY)
        await log.remove_old()
        await log.write([Entry("A")])

    listener = await listen(log, after=1, pause=1, meanwhile=turn)

    assert (listener.heard, listener.expired) == ([2, 3], None)


@pytest.mark.parametrize(("after", "asks"), [(0, True), (1, True), (2, False), (3, False), (4, False)])
async def test_who_comes_behind_what_is_in_memory_asks_the_database_nothing(
    services: Services, caplog: pytest.LogCaptureFixture, after: int, asks: bool
) -> None:
    log = await new_log(services)
    await log.write([Entry("A")] * 2)
    ring = await log.services.watcher.listen(log.team_id)
    await log.write([Entry("A")] * 2)
    await log.services.watcher.finish()

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        came = await listen(log, after=after, pause=-1)

    assert came.heard == list(range(after + 1, 5))
    assert bool(caplog.records) is asks
    log.services.watcher.listen_no_more(log.team_id, ring)


async def test_what_was_removed_before_the_watcher_got_to_it_is_missed_by_nobody(services: Services) -> None:
    log = await new_log(services)
    watcher = log.services.watcher

    async with aclosing(watcher.follow(log.team_id, after=0)) as events, asyncio.timeout(20):
        first = asyncio.ensure_future(anext(events))
        await log.write([Entry("A")] * 3)
        while not first.done():
            await watcher.finish()
            await asyncio.sleep(0)  # a look for nobody has nothing to wait for, and would keep the listener from ever coming
        await log.write([Entry("A", age=401)])
        await log.remove_old()
        await log.write([Entry("A")])
        await watcher.finish()
        heard = [(await first).sequence, (await anext(events)).sequence, (await anext(events)).sequence]
        with pytest.raises(CursorExpired, match="kept for 400 days"):
            await anext(events)

    assert heard == [1, 2, 3]


@RUNS_ON_ONE_DATABASE
@given(
    entries=st.lists(st.builds(Entry, st.sampled_from("ABC"), st.sampled_from([0, 399.9, 400, 401])), max_size=12),
    types=st.none() | st.frozensets(st.sampled_from("ABCD"), min_size=1),
    later=st.lists(st.builds(Entry, st.sampled_from("ABC")), max_size=3),
)
async def test_a_subscription_yields_everything_or_says_that_something_was_removed(
    services: Services, entries: list[Entry], types: frozenset[str] | None, later: list[Entry]
) -> None:
    log = await new_log(services)
    await log.write(entries)
    left = set(await log.remove_old())
    await log.write(later)

    for after in range(len(log.written) + 1):
        listener = await listen(log, after=after, types=types)

        expected = log.numbers(types, after=after)
        removed = [number for number in expected if number <= len(entries) and number not in left]
        assert (listener.expired is not None) == bool(removed)
        assert listener.heard == ([] if removed else expected)


@RUNS_ON_ONE_DATABASE
@given(
    stretches=st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 150), st.booleans()), min_size=1, max_size=8),
    types=st.none() | st.frozensets(st.sampled_from("ABC"), min_size=1),
    begins=st.integers(0, 300),
    pauses=st.integers(0, 500),
)
async def test_a_slow_listener_hears_everything_or_is_told_that_something_was_removed(
    services: Services, stretches: list[tuple[str, int, bool]], types: frozenset[str] | None, begins: int, pauses: int
) -> None:
    log = await new_log(services)
    await log.write([Entry(kind, age=401 if is_old else 0) for kind, length, is_old in stretches for _ in range(length)])
    after = min(begins, len(log.written))
    pause = min(pauses, len(log.numbers(types, after=after)))

    async def turn() -> None:
        await log.remove_old()
        await log.write([Entry("A")] * 30)

    listener = await listen(log, after=after, types=types, pause=pause, meanwhile=turn)

    left, whole = set(await log.left()), log.numbers(types, after=after)
    rest = whole[len(listener.heard) :]
    assert listener.heard == whole[: len(listener.heard)]
    assert (listener.expired is not None) == bool(rest)
    assert not rest or any(number not in left for number in rest)


async def test_processes_side_by_side_remove_everything_once_in_bounded_batches(services: Services) -> None:
    logs = [await new_log(services) for _ in range(3)]
    for log in logs:
        await log.write([Entry("A", age=401)] * 300)

    rounds = await asyncio.gather(*(remove_old([OLD_EVENTS], events=services.events) for _ in range(4)))
    most = max(rounds)
    left = [await log.remove_old() for log in logs]

    assert most <= 200
    assert left == [[], [], []]
    assert [await horizons(log) for log in logs] == [{"A": 300}] * 3


class Happened:
    def entry(self) -> LogEntry:
        return LogEntry(type=EventType.INTEGRATION_EDITED, subject_id=uuid4(), summary="It happened.")


async def horizons(log: Log) -> dict[str, int]:
    return {row.type: row.sequence for row in await Horizon.filter(team_id=log.team_id)}


async def remove_only(log: Log, type: str) -> None:
    async def remove(change: Change) -> None:
        gone = Event.filter(team_id=log.team_id, type=type)
        await horizon.mark(change, [event.id for event in await gone])
        await gone.delete()

    await log.services.events.change(log.team_id, remove)
