"""Pages of the log from either end, narrowed by what happened, to what, by whom and when."""

import logging
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from app.graphql.connections import MOST_LOOKED_THROUGH
from app.graphql.scalars import format_moment
from app.log.counters import Counter
from app.log.events import Event
from app.log.moments import first_since
from app.storage import database
from tests.held import HeldClock
from tests.installed_apps.world import World, gid, make_people, make_world

PAGE = """
query ($first: Int, $after: String, $last: Int, $before: String, $filter: EventFilter, $since: DateTime, $until: DateTime,
       $order: EventOrder! = OLDEST_FIRST) {
  events(first: $first, after: $after, last: $last, before: $before,
         filter: $filter, since: $since, until: $until, order: $order) {
    nodes { sequence } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
SECOND = timedelta(seconds=1)


@pytest.fixture
async def world(database: str, tmp_path: Path, clock: HeldClock) -> AsyncIterator[World]:
    del database
    async with make_world(folder=tmp_path, clock=clock) as made:
        yield made


async def write(world: World, *events: dict[str, Any], team_id: UUID | None = None) -> None:
    """Let these be all that the team's log has; each happened a second after the one before."""
    team, now = team_id or world.people.team_id, world.clock.now()

    async def put(_: object) -> None:
        await Event.filter(team_id=team).delete()
        usual: dict[str, Any] = {"type": "INTEGRATION_EDITED", "subject_id": UUID(int=1), "summary": "So it is.", "team_id": team}
        rows = [
            Event(**{"id": uuid4(), "sequence": number, "occurred_at": now + number * SECOND, **usual, **event})
            for number, event in enumerate(events, start=1)
        ]
        await Event.bulk_create(rows)
        await Counter.filter(team_id=team).update(sequence=len(rows))

    await database.write(put)


async def page(world: World, **variables: object) -> Any:
    return (await world.ask(PAGE, world.people.vera, **variables))["events"]


async def numbers(world: World, **variables: object) -> list[int]:
    return [each["sequence"] for each in (await page(world, first=100, **variables))["nodes"]]


async def all_pages(world: World, **variables: object) -> list[list[int]]:
    """Return all pages of three, forward."""
    found, after = [], None
    while True:
        one = await page(world, first=3, after=after, **variables)
        found.append([each["sequence"] for each in one["nodes"]])
        if not one["pageInfo"]["hasNextPage"]:
            return found
        after = one["pageInfo"]["endCursor"]


async def test_the_newest_come_first_where_that_is_asked_for(world: World) -> None:
    await write(world, *[{}] * 7)

    assert await all_pages(world, order="NEWEST_FIRST") == [[7, 6, 5], [4, 3, 2], [1]]
    assert await all_pages(world) == [[1, 2, 3], [4, 5, 6], [7]]


async def test_either_end_is_paged_both_ways(world: World) -> None:
    await write(world, *[{}] * 7)
    middle = await page(
        world, first=3, after=(await page(world, first=2, order="NEWEST_FIRST"))["pageInfo"]["endCursor"], order="NEWEST_FIRST"
    )

    newer = await page(world, last=3, before=middle["pageInfo"]["startCursor"], order="NEWEST_FIRST")
    oldest = await page(world, last=2, order="NEWEST_FIRST")

    assert [each["sequence"] for each in middle["nodes"]] == [5, 4, 3]
    assert [each["sequence"] for each in newer["nodes"]] == [7, 6]
    assert (newer["pageInfo"]["hasPreviousPage"], newer["pageInfo"]["hasNextPage"]) == (False, True)
    assert [each["sequence"] for each in oldest["nodes"]] == [2, 1]
    assert oldest["pageInfo"]["hasPreviousPage"]


async def test_what_is_recorded_meanwhile_shifts_no_page(world: World) -> None:
    await write(world, *[{}] * 4)
    first = await page(world, first=2, order="NEWEST_FIRST")

    await write(world, *[{}] * 6)

    after = first["pageInfo"]["endCursor"]
    assert await numbers(world, order="NEWEST_FIRST", after=after) == [2, 1]


async def test_a_member_is_found_by_what_they_did_and_nobody_by_another_id(world: World) -> None:
    bob, cid = world.people.bob.member_id, world.people.cid.member_id
    await write(world, {"actor_id": bob}, {}, {"actor_id": cid}, {"actor_id": bob, "subject_id": cid})

    assert await numbers(world, filter={"actorId": gid("TeamMember", bob)}) == [1, 4]
    assert await numbers(world, filter={"actorId": gid("TeamMember", bob)}, order="NEWEST_FIRST") == [4, 1]
    assert await numbers(world, filter={"actorId": gid("Integration", bob)}) == []
    assert await numbers(world, filter={"actorId": "nonsense"}) == []


async def test_what_a_member_did_is_narrowed_by_types_and_subject(world: World) -> None:
    bob, other = world.people.bob.member_id, UUID(int=2)
    await write(
        world,
        {"actor_id": bob},
        {"actor_id": bob, "type": "INTEGRATION_DELETED"},
        {"actor_id": bob, "type": "INTEGRATION_DELETED", "subject_id": other},
        {"type": "INTEGRATION_DELETED"},
    )
    his = {"actorId": gid("TeamMember", bob)}

    assert await numbers(world, filter={**his, "types": ["INTEGRATION_DELETED"]}) == [2, 3]
    assert await numbers(world, filter={**his, "subjectId": gid("Integration", other)}) == [3]
    assert await numbers(world, filter={**his, "subjectId": gid("Integration", other), "types": ["INTEGRATION_EDITED"]}) == []
    assert await numbers(world, filter={**his, "types": []}) == []


async def test_another_teams_members_have_done_nothing_here(world: World) -> None:
    others = await make_people(world.services, name="Another")
    await write(world, {"actor_id": others.bob.member_id}, team_id=others.team_id)

    assert await numbers(world, filter={"actorId": gid("TeamMember", others.bob.member_id)}) == []


async def test_who_did_much_is_looked_through_so_far_and_then_goes_on(world: World) -> None:
    bob = world.people.bob.member_id
    await write(world, {"actor_id": bob, "type": "INTEGRATION_DELETED"}, *[{"actor_id": bob}] * (MOST_LOOKED_THROUGH + 5))
    wanted = {"filter": {"actorId": gid("TeamMember", bob), "types": ["INTEGRATION_DELETED"]}, "order": "NEWEST_FIRST"}

    first = await page(world, first=1, **wanted)
    second = await page(world, first=1, after=first["pageInfo"]["endCursor"], **wanted)

    assert (first["nodes"], first["pageInfo"]["hasNextPage"]) == ([], True)
    assert (second["nodes"], second["pageInfo"]["hasNextPage"]) == ([{"sequence": 1}], False)


async def test_a_time_begins_with_its_first_moment_and_ends_before_its_last(world: World) -> None:
    await write(world, *[{}] * 6)
    start = world.clock.now()
    third, fifth = (format_moment(start + number * SECOND) for number in (3, 5))

    assert await numbers(world, since=third) == [3, 4, 5, 6]
    assert await numbers(world, until=fifth) == [1, 2, 3, 4]
    assert await numbers(world, since=third, until=fifth, order="NEWEST_FIRST") == [4, 3]
    assert await numbers(world, since=fifth, until=third) == []
    assert await all_pages(world, since=third) == [[3, 4, 5], [6]]


async def test_a_time_narrows_whatever_else_is_asked_for(world: World) -> None:
    bob = world.people.bob.member_id
    turns: list[dict[str, Any]] = [{"actor_id": bob}, {"type": "INTEGRATION_DELETED"}, {"subject_id": UUID(int=2)}]
    await write(world, *turns * 2)
    since = format_moment(world.clock.now() + 3 * SECOND)

    assert await numbers(world, since=since, filter={"actorId": gid("TeamMember", bob)}) == [4]
    assert await numbers(world, since=since, filter={"types": ["INTEGRATION_DELETED"]}) == [5]
    assert await numbers(world, since=since, filter={"subjectId": gid("Integration", UUID(int=2))}) == [3, 6]


async def test_a_time_and_a_cursor_are_one_bound_on_each_side(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await write(world, *[{}] * 6)
    first, last = [(await page(world, **{end: 1}))["pageInfo"] for end in ("first", "last")]
    time = {"since": format_moment(world.clock.now() + 3 * SECOND), "until": format_moment(world.clock.now() + 5 * SECOND)}

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        found = await page(world, first=3, after=first["endCursor"], before=last["startCursor"], **time)

    [asked] = [text for record in caplog.records if '"occurred_at">=' in (text := record.getMessage()) and '"summary"' in text]
    assert [each["sequence"] for each in found["nodes"]] == [3, 4]
    assert (asked.count('"sequence">'), asked.count('"sequence"<')) == (1, 1), asked


@pytest.mark.parametrize("moment", ["yesterday", "2026-11-21", 12])
async def test_what_is_no_moment_is_refused(world: World, moment: object) -> None:
    answer = await world.answer(PAGE, world.people.vera, since=moment)

    assert answer.data is None
    assert "DateTime has to be RFC 3339" in answer.errors[0].message


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gaps=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), max_size=12), at=st.integers(-1, 40))
async def test_a_moment_lies_before_the_first_that_is_no_earlier(world: World, gaps: Sequence[tuple[int, int]], at: int) -> None:
    """Whatever numbers are missing, and however many events have one moment."""
    numbers, seconds = [0], [0]
    for step, later in gaps:
        numbers.append(numbers[-1] + step)
        seconds.append(seconds[-1] + later)
    start = world.clock.now()
    told = list(zip(numbers[1:], seconds[1:], strict=True))
    await write(world, *({"sequence": number, "occurred_at": start + second * SECOND} for number, second in told))
    await database.update(Counter.filter(team_id=world.people.team_id), sequence=numbers[-1])

    found = await first_since(world.people.team_id, start + at * SECOND)

    assert [number for number, _ in told if number >= found] == [number for number, second in told if second >= at]
