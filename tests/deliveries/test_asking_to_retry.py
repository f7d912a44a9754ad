from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from app.access.callers import Role
from app.deliveries.models import Delivery, DeliveryStatus
from app.graphql.execution.schema import Schema
from app.graphql.ids import encode_id
from app.monitors.models import Monitor
from app.sign_ins.models import StatusReason
from app.storage import database
from app.teams.models import Member
from tests.deliveries.asking import ask, give, pause, stop
from tests.deliveries.test_retrying import have_tried
from tests.deliveries.world import World, create_team

RETRY = "mutation ($id: ID!) { retryDelivery(input: {id: $id}) { delivery { id status } userErrors { code field message } } }"


async def test_a_failed_delivery_is_tried_again(schema: Schema, world: World) -> None:
    integration = await world.add_integration()
    await world.turn(integration, lambda row, change: row.stop(StatusReason.REVOKED, "Revoked.", now=change.now))
    await world.report()
    own = encode_id("Delivery", (await Delivery.get()).id)

    refused = (await ask(schema, world, RETRY, id=own))["retryDelivery"]
    await world.turn(integration, lambda row, change: row.restore(now=change.now))
    retried = (await ask(schema, world, RETRY, id=own))["retryDelivery"]

    assert (refused["delivery"], refused["userErrors"][0]["code"]) == (None, "CONFLICT")
    assert retried == {"delivery": {"id": own, "status": "RETRYING"}, "userErrors": []}


@pytest.mark.parametrize("id", ["", "nonsense", encode_id("Integration", UUID(int=1))])
async def test_no_deliverys_id_is_not_found(schema: Schema, world: World, id: str) -> None:
    payload = (await ask(schema, world, RETRY, id=id))["retryDelivery"]

    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [("NOT_FOUND", ["id"])]


async def test_another_teams_delivery_looks_like_none(schema: Schema, world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    delivery = await Delivery.get()
    stranger = await create_team(world.services, name="Initech")
    run_id, monitor_id = delivery.run_id, (await Monitor.get()).id
    ids = [
        encode_id("Delivery", delivery.id),
        encode_id("MonitorRun", run_id),
        encode_id("Monitor", monitor_id),
        encode_id("Integration", integration.id),
    ]

    own = await ask(schema, world, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    others = await ask(schema, world, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", caller=stranger, ids=ids)
    retried = await ask(schema, world, RETRY, caller=stranger, id=ids[0])

    assert [node["id"] for node in own["nodes"]] == ids
    assert others["nodes"] == [None] * 4
    assert retried["retryDelivery"]["userErrors"][0]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("status", "turn", "role", "tries", "may"),
    [
        (DeliveryStatus.FAILED, None, Role.MEMBER, 0, True),
        (DeliveryStatus.FAILED, None, Role.MEMBER, 92, True),
        (DeliveryStatus.FAILED, None, Role.MEMBER, 93, False),
        (DeliveryStatus.FAILED, None, Role.VIEWER, 1, False),
        (DeliveryStatus.FAILED, stop, Role.ADMIN, 1, False),
        (DeliveryStatus.FAILED, pause, Role.ADMIN, 1, False),
        (DeliveryStatus.PENDING, None, Role.ADMIN, 1, False),
        (DeliveryStatus.DELIVERED, None, Role.ADMIN, 1, False),
    ],
)
async def test_who_may_have_what_tried_again(
    schema: Schema, world: World, *, status: DeliveryStatus, turn: Any, role: Role, tries: int, may: bool
) -> None:
    """As `retryDelivery` then does, which a row of userErrors says."""
    integration = await world.add_integration()
    await world.report(run_id="one")
    if turn is not None:
        await world.turn(integration, turn)
    await have_tried(world, await Delivery.get(), times=tries)
    await give({"one": status})
    await database.update(Member.filter(id=world.caller.member_id), role=role)
    caller, key = replace(world.caller, role=role), encode_id("Delivery", (await Delivery.get()).id)

    data = await ask(
        schema, world, "query ($id: ID!) { node(id: $id) { ... on Delivery { viewerCanRetry } } }", caller=caller, id=key
    )
    tried = await ask(schema, world, RETRY, caller=caller, id=key)

    assert data["node"]["viewerCanRetry"] is may
    assert (not tried["retryDelivery"]["userErrors"]) is may
