import logging
from typing import Any

import pytest

from app.deliveries.models import DeliveryStatus
from app.graphql.execution.schema import Schema
from app.graphql.ids import encode_id
from app.integrations.models import Integration
from app.storage import database
from tests.deliveries.asking import ask, give
from tests.deliveries.world import World, create_team

LOG = """
query ($id: ID!, $first: Int, $after: String) {
  node(id: $id) {
    ... on Integration {
      deliveries(first: $first, after: $after) {
        nodes { id status attempts { succeeded error } run { runId monitor { key } } integration { id } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}"""


async def test_the_run_log_is_read_newest_first_and_in_pages(schema: Schema, world: World) -> None:
    integration = await world.add_integration()
    for number in range(3):
        await world.report(run_id=f"run {number}")
    await world.deliver()
    own = encode_id("Integration", integration.id)

    first = (await ask(schema, world, LOG, id=own, first=2))["node"]["deliveries"]
    rest = (await ask(schema, world, LOG, id=own, first=2, after=first["pageInfo"]["endCursor"]))["node"]["deliveries"]

    assert [node["run"]["runId"] for node in first["nodes"]] == ["run 2", "run 1"]
    assert first["pageInfo"]["hasNextPage"]
    [oldest] = rest["nodes"]
    assert (oldest["status"], oldest["attempts"]) == ("DELIVERED", [{"succeeded": True, "error": None}])
    assert (oldest["run"]["monitor"]["key"], oldest["integration"]["id"]) == ("checkout", own)


NARROWED = """
query ($id: ID!, $first: Int, $after: String, $last: Int, $filter: DeliveryFilter) {
  node(id: $id) { ... on Integration {
    deliveries(first: $first, after: $after, last: $last, filter: $filter) {
      nodes { run { runId } } pageInfo { hasNextPage endCursor }
    } } }
}"""


async def run_log(schema: Schema, world: World, integration: Integration, *wanted: str, **page: Any) -> Any:
    data = await ask(
        schema, world, NARROWED, id=encode_id("Integration", integration.id), filter={"statuses": list(wanted)}, **page
    )
    found = data["node"]["deliveries"]
    return [each["run"]["runId"] for each in found["nodes"]], found["pageInfo"]


async def test_the_run_log_is_narrowed_by_statuses_and_keeps_its_order(schema: Schema, world: World) -> None:
    integration, beside = await world.add_integration(), await world.add_integration()
    for number in range(6):
        await world.report(run_id=f"{number}")
    await give(
        {"0": DeliveryStatus.FAILED, "2": DeliveryStatus.DELIVERED, "3": DeliveryStatus.FAILED, "5": DeliveryStatus.SKIPPED}
    )

    first, more = await run_log(schema, world, integration, "FAILED", "DELIVERED", first=2)
    rest, end = await run_log(schema, world, integration, "FAILED", "DELIVERED", first=2, after=more["endCursor"])

    assert (first, more["hasNextPage"]) == (["3", "2"], True)
    assert (rest, end["hasNextPage"]) == (["0"], False)
    assert (await run_log(schema, world, integration, "FAILED", "SKIPPED", "DELIVERED", last=3))[0] == ["3", "2", "0"]
    assert (await run_log(schema, world, beside, "PENDING"))[0] == ["4", "1"]
    assert (await run_log(schema, world, integration, "RETRYING"))[0] == []
    assert (await run_log(schema, world, integration))[0] == []


async def test_many_run_logs_are_narrowed_by_a_statement_for_each_status(
    schema: Schema, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        await world.add_integration()
    await world.report()
    document = "{ integrations { nodes { deliveries(filter: { statuses: [PENDING, FAILED] }) { nodes { status } } } } }"

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        data = await ask(schema, world, document)

    assert [each["deliveries"]["nodes"] for each in data["integrations"]["nodes"]] == [[{"status": "PENDING"}]] * 5
    assert sum('FROM "delivery"' in record.getMessage() for record in caplog.records) == 2


async def test_a_run_says_what_it_made_in_pages(schema: Schema, world: World) -> None:
    made = [await world.add_integration() for _ in range(3)]
    recorded = await world.report()
    await world.report()
    others = await create_team(world.services, name="Another")
    document = """query ($id: ID!, $after: String) { node(id: $id) { ... on MonitorRun {
      deliveries(first: 2, after: $after) { nodes { integration { id } run { id } } pageInfo { hasNextPage endCursor } } } } }"""
    run = encode_id("MonitorRun", recorded.run.id)

    first = (await ask(schema, world, document, id=run))["node"]["deliveries"]
    rest = (await ask(schema, world, document, id=run, after=first["pageInfo"]["endCursor"]))["node"]["deliveries"]
    theirs = (await ask(schema, world, document, id=run, caller=others))["node"]

    told = [*first["nodes"], *rest["nodes"]]
    assert {each["integration"]["id"] for each in told} == {encode_id("Integration", each.id) for each in made}
    assert [each["run"]["id"] for each in told] == [run] * 3
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert theirs is None


async def test_what_a_run_made_for_an_integration_that_is_gone_is_gone_with_it(schema: Schema, world: World) -> None:
    integration = await world.add_integration()
    recorded = await world.report()
    await database.update(Integration.filter(id=integration.id), deleted_at=world.clock.now())
    document = "query ($id: ID!) { node(id: $id) { ... on MonitorRun { deliveries { nodes { id } } } } }"

    data = await ask(schema, world, document, id=encode_id("MonitorRun", recorded.run.id))

    assert data["node"]["deliveries"]["nodes"] == []
