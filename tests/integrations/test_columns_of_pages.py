"""The moment that orders an app's integrations is read where a cursor is made of it or it is shown, and nowhere else."""

import logging
from typing import Any

import pytest

from app.integrations.sources import ThroughApp
from tests.installed_apps.world import World
from tests.integrations.scene import place

NAMES = ["a", "b", "c"]
WITHOUT = ["nodes { name }", "nodes { name } totalCount", "nodes { name } pageInfo { hasNextPage hasPreviousPage }"]
WITH = [
    "nodes { name } pageInfo { endCursor }",
    "nodes { name } pageInfo { ... on PageInfo { endCursor } }",
    "nodes { name } pageInfo { startCursor endCursor }",
    "nodes { name } edges { cursor } pageInfo { endCursor }",
]


@pytest.mark.parametrize("parts", WITHOUT)
async def test_a_page_without_cursors_does_not_read_the_moments_of_its_rows(
    parts: str, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await place_three(world)

    page, columns = await ask(world, parts, caplog)

    assert "created_at" not in columns
    assert len({node["name"] for node in page["nodes"]}) == 2


@pytest.mark.parametrize("parts", WITH)
async def test_a_page_with_cursors_goes_on_behind_them(parts: str, world: World, caplog: pytest.LogCaptureFixture) -> None:
    await place_three(world)

    page, columns = await ask(world, parts, caplog)
    rest, _ = await ask(world, parts, caplog, after=page["pageInfo"]["endCursor"])

    assert "created_at" in columns
    assert sorted(node["name"] for node in [*page["nodes"], *rest["nodes"]]) == NAMES


@pytest.mark.parametrize("parts", ["nodes { createdAt }", "edges { node { name } }"])
async def test_the_moments_are_read_where_they_are_shown_and_where_each_entry_has_a_cursor(
    parts: str, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await place_three(world)

    page, columns = await ask(world, parts, caplog)

    assert "created_at" in columns
    assert [len(entries) for entries in page.values()] == [2]


async def place_three(world: World) -> None:
    app = await world.share(world.people.ada)
    for name in NAMES:
        await place(world, world.people.bob, ThroughApp(app.id), name=name)


async def ask(world: World, parts: str, caplog: pytest.LogCaptureFixture, *, after: str | None = None) -> tuple[Any, str]:
    """Return a page of two of the app's integrations, and which columns were read of them."""
    query = f"query ($after: String) {{ installedApps {{ nodes {{ integrations(first: 2, after: $after) {{ {parts} }} }} }} }}"
    caplog.clear()
    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        answer = await world.ask(query, world.people.ada, after=after)
    [app] = answer["installedApps"]["nodes"]
    asked = [str(record.args[0]) for record in caplog.records if isinstance(record.args, tuple)]
    [of_integrations] = [each for each in asked if "key_of" in each and "COUNT" not in each]
    return app["integrations"], of_integrations.partition(' FROM "integration"')[0]
