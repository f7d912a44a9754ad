"""Which events a filter lets through."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.graphql.ids import encode_id
from tests.held import HeldClock
from tests.installed_apps.world import World, make_people, make_world

EVENTS = "query ($filter: EventFilter) { events(filter: $filter) { nodes { type } } }"


@pytest.fixture
async def world(database: str, tmp_path: Path, clock: HeldClock) -> AsyncIterator[World]:
    del database
    async with make_world(folder=tmp_path, clock=clock) as made:
        yield made


async def types(world: World, **wanted: Any) -> list[str]:
    data = await world.ask(EVENTS, world.people.vera, filter=wanted)
    return [node["type"] for node in data["events"]["nodes"]]


async def test_a_subject_is_what_its_id_says_and_nothing_else_with_the_same_key(world: World) -> None:
    cid = world.people.cid.member_id

    assert await types(world, subjectId=encode_id("TeamMember", cid)) == ["TEAM_MEMBER_ADDED"]
    assert await types(world, subjectId=encode_id("Integration", cid)) == []
    assert await types(world, subjectId="nonsense") == []


async def test_a_subject_and_types_narrow_each_other(world: World) -> None:
    cid = encode_id("TeamMember", world.people.cid.member_id)

    assert await types(world, subjectId=cid, types=["TEAM_MEMBER_ADDED", "INTEGRATION_ADDED"]) == ["TEAM_MEMBER_ADDED"]
    assert await types(world, subjectId=cid, types=["INTEGRATION_ADDED"]) == []
    assert await types(world, types=[]) == []


async def test_what_happened_in_another_team_is_no_part_of_it(world: World) -> None:
    before = await types(world)

    others = await make_people(world.services, name="Another")

    theirs = await world.ask(EVENTS, others.vera, filter={})
    assert await types(world) == before
    assert [node["type"] for node in theirs["events"]["nodes"]] == before
