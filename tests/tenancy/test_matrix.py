"""Every place of the schema that takes an id: another team's is answered like one that is not there, and nothing is changed."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from graphql import build_schema as read_schema, extend_schema, parse

from tests.installed_apps.world import World, make_people, schema
from tests.journeys.soaking import full, say
from tests.tenancy.door import door_to
from tests.tenancy.matrix import Matrix
from tests.tenancy.places import Place, places
from tests.tenancy.rows import LISTS, ROWS, row_of
from tests.tenancy.teams import OURS, THEIRS, furnish

SCHEMA = read_schema(schema().as_str())
PLACES = places(SCHEMA)


async def test_what_another_team_has_is_answered_like_what_is_not_there(world: World) -> None:
    assert await walk(world, PLACES[:: full(1, ci=4)], thorough=False) == []


@pytest.mark.endurance
async def test_so_it_is_in_every_way_that_an_id_can_be_wrong(world: World) -> None:
    assert await walk(world, PLACES, thorough=True) == []


def test_no_row_is_of_a_place_that_there_is_not() -> None:
    known = {str(place) for place in PLACES}
    lists = {place.owner for place in PLACES if place.takes_cursor}

    assert set(ROWS) - known == set()
    assert {owner for owners in LISTS.values() for owner in owners} - lists == set()


def test_a_new_field_that_takes_an_id_has_no_row() -> None:
    extended = extend_schema(
        SCHEMA, parse("input Which { monitorId: ID! } extend type Monitor { like(which: Which, after: String): Monitor }")
    )

    new = [place for place in places(extended) if row_of(place) is None]

    assert [str(place) for place in new] == ["Monitor.like(which.monitorId)", "Monitor.like(after)"]


async def walk(world: World, asked: Sequence[Place], *, thorough: bool) -> list[str]:
    """Have two teams furnished, let one of them ask everything, and return what must not be."""
    world.clock.advance(timedelta(seconds=1))
    theirs = await furnish(world, await make_people(world.services, name="Comet"), THEIRS)
    ours = await furnish(world, world.people, OURS)
    async with door_to(schema(), world.services) as door:
        matrix = Matrix(SCHEMA, world, door, ours, theirs, thorough=thorough)
        await matrix.walk(asked)
    for finding in matrix.findings[:50]:
        say(finding)
    say(f"{len(asked)} places that take an id, {matrix.answers} answers")
    return matrix.findings
