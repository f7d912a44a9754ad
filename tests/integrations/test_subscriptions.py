import asyncio
from typing import Any

import pytest

from app.errors import BadUserInput
from app.installed_apps.deleting import delete as delete_app
from app.integrations.deleting import delete
from app.integrations.editing import Edit, edit
from app.integrations.pausing import pause
from tests.installed_apps.world import World, gid, make_people, schema
from tests.integrations.listening import cursor, listen
from tests.integrations.scene import place_own, place_through

STATUS = """subscription ($ids: [ID!], $after: String) { integrationStatusChanged(integrationIds: $ids, after: $after) {
  cursor sequence occurredAt integrationId integration { name } status previousStatus reason message actor { name } } }"""
CHANGE = """subscription ($ids: [ID!], $after: String) { integrationChanged(integrationIds: $ids, after: $after) {
  cursor sequence integrationId integration { name status } actor { name } } }"""


async def test_listeners_hear_of_every_status_from_null_on(world: World) -> None:
    people = world.people
    app = await world.share(people.ada)
    since = await cursor(world, people.vera)
    integration = await place_through(world, people.bob, app.id)
    await pause(integration.id, caller=people.bob, services=world.services)
    await edit(integration.id, Edit(name="Other"), expected_updated_at=None, caller=people.bob, services=world.services)
    await delete_app(app.id, caller=people.ada, services=world.services)

    heard = await listen(world, STATUS, people.vera, after=since, count=3)
    resumed = await listen(world, STATUS, people.vera, after=heard[0]["cursor"], count=2)

    assert [(one["previousStatus"], one["status"], one["reason"], one["actor"]["name"]) for one in heard] == [
        (None, "ACTIVE", None, "Bob"),
        ("ACTIVE", "PAUSED", "PAUSED_BY_MEMBER", "Bob"),
        ("PAUSED", "NEEDS_REAUTHENTICATION", "INSTALLED_APP_DELETED", "Ada"),
    ]
    assert [one["integration"] for one in heard] == [{"name": "Other"}] * 3
    assert "was deleted by Ada" in heard[2]["message"]
    assert resumed == heard[1:]


async def test_listeners_hear_only_of_those_they_name_and_unknown_ids_are_ignored(world: World) -> None:
    people = world.people
    since = await cursor(world, people.vera)
    first, second = await place_own(world, people.bob), await place_own(world, people.bob)
    theirs = await place_own(world, (await make_people(world.services, name="Another")).bob)
    await delete(second.id, caller=people.bob, services=world.services)
    ids = [gid("Integration", second.id), gid("Integration", theirs.id), gid("Monitor", first.id), "nonsense"]

    heard = await listen(world, CHANGE, people.vera, after=since, ids=ids, count=2)

    assert [one["integrationId"] for one in heard] == [gid("Integration", second.id)] * 2
    assert [one["integration"] for one in heard] == [None, None]


@pytest.mark.parametrize("ids", [[], ["x"] * 101])
async def test_listeners_name_one_to_a_hundred(world: World, ids: list[str]) -> None:
    for document in (STATUS, CHANGE):
        results: Any = await schema().subscribe(
            document, context_value=world.context(world.people.vera), variable_values={"ids": ids}
        )
        result = await anext(aiter(results))
        assert isinstance(result.errors[0].original_error, BadUserInput)
        await results.aclose()


async def test_listeners_hear_live_what_happens_after_they_began(world: World) -> None:
    integration = await place_own(world, world.people.bob)
    hearing = asyncio.create_task(listen(world, STATUS, world.people.vera, after=await cursor(world, world.people.vera), count=1))

    await pause(integration.id, caller=world.people.bob, services=world.services)

    [heard] = await hearing
    assert (heard["status"], heard["integration"]) == ("PAUSED", {"name": "Checkout"})
