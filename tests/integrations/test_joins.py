"""What integrations refer to is read with them, and is as it is where it is read by itself."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from tortoise.models import Model

from app.installed_apps.deleting import delete
from app.installed_apps.models import InstalledApp
from app.integrations.models import Integration
from app.integrations.sources import ThroughApp
from app.storage import database
from tests.installed_apps.world import World, gid, make_people
from tests.integrations.scene import ACME, GLOBEX, channel, place, place_own, place_through, posting

SHOWN = "{ name installedApp { id name url } createdBy { id name } authorizedBy { name } }"
PAGE = f"{{ integrations(first: 5) {{ nodes {SHOWN} }} }}"
OF_APPS = (
    f"{{ installedApps(first: 5) {{ nodes {{ name installedBy {{ name }} integrations(first: 5) {{ nodes {SHOWN} }} }} }} }}"
)
ONE = f"query ($id: ID!) {{ integration(id: $id) {SHOWN} }}"


async def test_a_page_with_what_its_rows_refer_to_is_one_statement(world: World, caplog: pytest.LogCaptureFixture) -> None:
    app = await world.share(world.people.ada)
    await place_through(world, world.people.bob, app.id)
    await place_own(world, world.people.cid)

    asked = await statements(world, PAGE, caplog)

    assert len(asked) == 1
    assert len(await statements(world, OF_APPS, caplog)) == 2


async def test_it_shows_whom_they_refer_to_and_null_where_they_refer_to_nobody(world: World) -> None:
    app = await world.share(world.people.ada)
    through = await place_through(world, world.people.bob, app.id)
    await place_own(world, world.people.cid)

    page = (await world.ask(PAGE, world.people.ada))["integrations"]["nodes"]
    alone = (await world.ask(ONE, world.people.ada, id=gid("Integration", through.id)))["integration"]
    [of_app] = (await world.ask(OF_APPS, world.people.ada))["installedApps"]["nodes"]

    shown = next(node for node in page if node["installedApp"])
    assert shown["installedApp"] == {"id": gid("InstalledApp", app.id), "name": app.name, "url": app.url}
    assert shown["createdBy"] == {"id": gid("TeamMember", world.people.bob.member_id), "name": "Bob"}
    assert shown["authorizedBy"] is None
    assert alone == shown
    assert of_app == {"name": app.name, "installedBy": {"name": "Ada"}, "integrations": {"nodes": [shown]}}
    own = next(node for node in page if not node["installedApp"])
    assert (own["createdBy"]["name"], own["authorizedBy"]) == ("Cid", {"name": "Cid"})


async def test_what_is_looked_for_and_what_stands_behind_a_cursor_has_it_too(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    app = await world.share(world.people.ada)
    for name in ("Checkout", "Login", "Checks"):
        settings = posting(channel_id=channel(account=ACME))
        await place(world, world.people.bob, ThroughApp(app.id), name=name, settings=settings)
        world.clock.advance(timedelta(seconds=1))
    page = (await world.ask(PAGE, world.people.ada))["integrations"]["nodes"]
    end = (await world.ask("{ integrations(first: 1) { pageInfo { endCursor } } }", world.people.ada))["integrations"]["pageInfo"]

    found = (await world.ask(PAGE.replace("first: 5", 'first: 5, filter: {search: "CHECK"}'), world.people.ada))["integrations"]
    asked = await statements(world, behind := PAGE.replace("first: 5", f'first: 5, after: "{end["endCursor"]}"'), caplog)

    assert [node["name"] for node in page] == ["Checks", "Login", "Checkout"]
    assert found["nodes"] == [page[0], page[2]]
    assert (await world.ask(behind, world.people.ada))["integrations"]["nodes"] == page[1:]
    assert len(asked) == 1


async def test_an_installed_app_that_was_deleted_is_not_there(world: World) -> None:
    gone, kept = await world.share(world.people.ada), await world.share(world.people.ada, "Globex")
    for number, app, account in ((0, gone, ACME), (1, kept, GLOBEX), (2, gone, ACME)):
        settings = posting(channel_id=channel(account=account))
        await place(world, world.people.bob, ThroughApp(app.id), name=f"{number}", settings=settings)
    await delete(gone.id, caller=world.people.ada, services=world.services)

    page = (await world.ask(PAGE, world.people.ada))["integrations"]["nodes"]

    apps = {node["name"]: node["installedApp"] and node["installedApp"]["name"] for node in page}
    assert apps == {"0": None, "1": kept.name, "2": None}


async def test_what_is_another_teams_is_not_there(world: World) -> None:
    app = await world.share(world.people.ada)
    integration = await place_through(world, world.people.bob, app.id)
    theirs = await make_people(world.services, name="Another")
    theirs_app = await world.share(theirs.ada)
    await point(Integration, integration.id, installed_app_id=theirs_app.id, created_by_id=theirs.bob.member_id)
    await point(InstalledApp, app.id, installed_by_id=theirs.ada.member_id)

    [shown] = (await world.ask(PAGE, world.people.ada))["integrations"]["nodes"]
    [of_app] = (await world.ask(OF_APPS, world.people.ada))["installedApps"]["nodes"]

    assert shown == {"name": "Checkout", "installedApp": None, "createdBy": None, "authorizedBy": None}
    assert of_app == {"name": app.name, "installedBy": None, "integrations": {"nodes": []}}


async def point(model: type[Model], key: Any, **keys: Any) -> None:
    """Have a row refer to others, as no action of the service does."""
    await database.write(lambda connection: model.filter(id=key).using_db(connection).update(**keys))


async def statements(world: World, document: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.clear()
    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        await world.ask(document, world.people.ada)
    return [str(record.args[0]) for record in caplog.records if isinstance(record.args, tuple)]
