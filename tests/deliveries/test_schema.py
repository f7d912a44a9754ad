import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import pytest
import structlog

from app.access.callers import Caller, Role, Scope
from app.deliveries.models import Delivery, DeliveryStatus
from app.graphql.context import DEADLINE, Context
from app.graphql.execution.schema import Schema
from app.graphql.ids import encode_id
from app.integrations.kinds.post_monitoring_results.models import NotifyRule
from app.integrations.models import Integration
from app.log.events import Change, Counter, Event
from app.monitors.models import Monitor, MonitorRun, RunOutcome
from app.service.schema import build_schema
from app.sign_ins.models import StatusReason
from app.storage import database
from app.teams.models import Member
from tests.deliveries.test_retrying import have_tried
from tests.deliveries.world import MONITORING, World, create_team, statuses

RECORD = """
mutation ($input: RecordMonitorRunInput!) {
  recordMonitorRun(input: $input) {
    run { id runId outcome startedAt durationMs requestCount testCount failedTestCount errorCount failures { name message } url }
    deliveries { id status nextAttemptAt createdAt }
    notice
    userErrors { code field message }
  }
}"""
RETRY = "mutation ($id: ID!) { retryDelivery(input: {id: $id}) { delivery { id status } userErrors { code field message } } }"
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
LISTEN = """
subscription ($id: ID, $after: String) {
  deliveryChanged(integrationId: $id, after: $after) { cursor sequence deliveryId status delivery { id status } }
}"""


@pytest.fixture(scope="module")
def schema() -> Schema:
    return build_schema()


def context(world: World, caller: Caller | None = None, *, deadline: float = DEADLINE) -> Context:
    return Context(caller=caller or world.caller, services=world.services, request_id="a test's", deadline=deadline)


async def ask(
    schema: Schema, world: World, document: str, *, caller: Caller | None = None, deadline: float = DEADLINE, **variables: Any
) -> Any:
    asking = context(world, caller, deadline=deadline)
    answer = await schema.execute(document, variable_values=variables, context_value=asking)
    assert answer.errors is None, answer.errors
    return answer.data


def run_input(**more: Any) -> dict[str, Any]:
    return {
        "monitorKey": "checkout",
        "runId": "17",
        "outcome": "FAILED",
        "startedAt": "2026-11-21T09:59:00.123456Z",
        "durationMs": 1200,
    } | more


@asynccontextmanager
async def watching(world: World) -> AsyncIterator[None]:
    task = asyncio.create_task(world.services.watcher.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def rows() -> list[Any]:
    return [await model.all().values() for model in cast(Iterable[Any], (Monitor, MonitorRun, Delivery, Event, Counter))]


async def test_a_run_is_recorded_and_what_it_made_is_returned(schema: Schema, world: World) -> None:
    await world.add_integration()
    sent = run_input(
        requestCount=3,
        testCount=5,
        failedTestCount=1,
        errorCount=2,
        failures=[{"name": "answers 200", "message": "got 500"}],
        url="https://ci.example.com/runs/17",
    )

    payload = (await ask(schema, world, RECORD, input=sent))["recordMonitorRun"]

    [delivery] = await Delivery.all()
    run = await MonitorRun.get()
    assert payload == {
        "run": {
            "id": encode_id("MonitorRun", run.id),
            "runId": "17",
            "outcome": "FAILED",
            "startedAt": "2026-11-21T09:59:00.123Z",
            "durationMs": 1200,
            "requestCount": 3,
            "testCount": 5,
            "failedTestCount": 1,
            "errorCount": 2,
            "failures": [{"name": "answers 200", "message": "got 500"}],
            "url": "https://ci.example.com/runs/17",
        },
        "deliveries": [
            {
                "id": encode_id("Delivery", delivery.id),
                "status": "PENDING",
                "nextAttemptAt": "2026-11-21T10:00:00.000Z",
                "createdAt": "2026-11-21T10:00:00.000Z",
            }
        ],
        "notice": None,
        "userErrors": [],
    }


async def test_the_same_run_again_returns_the_first_with_its_deliveries(schema: Schema, world: World) -> None:
    await world.add_integration()
    first = await ask(schema, world, RECORD, input=run_input())
    before = await rows()

    again = await ask(schema, world, RECORD, input=run_input(outcome="PASSED", monitorName="Another name"))

    told = again["recordMonitorRun"].pop("notice")
    assert (first["recordMonitorRun"].pop("notice"), again) == (None, first)
    assert told == (
        "This run was recorded before, at 2026-11-21 10:00:00 UTC: nothing is posted anew."
        " A run with a runId of its own is posted."
    )
    assert await rows() == before


def _stop(row: Integration, change: Change) -> object:
    return row.stop(StatusReason.REVOKED, "Revoked.", now=change.now)


def _pause(row: Integration, change: Change) -> object:
    return row.pause(now=change.now)


@pytest.mark.parametrize(
    ("turns", "notice"),
    [
        ([], "Nothing is posted: no integration listens to the monitor “checkout”. Add one for it, or report under its key."),
        ([None, None], None),
        ([_stop], "Nothing is posted: of the monitor's one integration, 1 stopped (re-authenticate)."),
        ([_pause], "Nothing is posted: of the monitor's one integration, 1 paused (resume)."),
        (
            [_stop, _pause],
            "Nothing is posted: of the monitor's 2 integrations, 1 stopped (re-authenticate) and 1 paused (resume).",
        ),
        ([_pause, None], "Not all of it is posted: of the monitor's 2 integrations, 1 paused (resume)."),
    ],
)
async def test_a_run_of_which_nothing_is_posted_says_so(
    schema: Schema, world: World, turns: list[Any], notice: str | None
) -> None:
    await world.add_integration(monitor_key="another monitor")
    for turn in turns:
        integration = await world.add_integration(channel=MONITORING)
        if turn is not None:
            await world.turn(integration, turn)
    ci = replace(world.caller, scopes=frozenset({Scope.RUNS_WRITE}))

    with structlog.testing.capture_logs() as lines:
        told = (await ask(schema, world, RECORD, caller=ci, input=run_input()))["recordMonitorRun"]["notice"]

    assert told == notice
    logged = [line for line in lines if line["event"] == "a run may not be posted"]
    assert [(line["run"], line["integrations"]) for line in logged] == (
        [(str((await MonitorRun.get()).id), len(turns))] if notice else []
    )


async def test_a_run_that_the_notify_rule_keeps_quiet_has_no_notice(schema: Schema, world: World) -> None:
    await world.add_integration(notify=NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS)

    payload = (await ask(schema, world, RECORD, input=run_input()))["recordMonitorRun"]

    assert (payload["deliveries"][0]["status"], payload["notice"]) == ("SKIPPED", None)


async def test_a_run_in_which_nothing_ran_says_so_and_is_no_recovery(schema: Schema, world: World) -> None:
    integration = await world.add_integration(notify=NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS)
    for _ in range(3):
        await world.report(RunOutcome.FAILED)

    payload = (await ask(schema, world, RECORD, input=run_input(outcome="NOTHING_RAN")))["recordMonitorRun"]
    await world.report(RunOutcome.PASSED)

    assert payload["run"]["outcome"] == "NOTHING_RAN"
    assert payload["notice"] == "Nothing ran: the run made no request and ran no test."
    assert await statuses(integration) == ["SKIPPED", "SKIPPED", "PENDING", "SKIPPED", "PENDING"]


async def test_a_token_for_ci_reads_the_scalars_of_what_it_made_and_no_further(schema: Schema, world: World) -> None:
    await world.add_integration()
    ci = replace(world.caller, scopes=frozenset({Scope.RUNS_WRITE}))

    recorded = await ask(schema, world, RECORD, caller=ci, input=run_input())
    further = RECORD.replace("deliveries { id", "deliveries { integration { name } id")
    answer = await schema.execute(further, variable_values={"input": run_input()}, context_value=context(world, ci))

    assert recorded["recordMonitorRun"]["deliveries"][0]["status"] == "PENDING"
    assert answer.errors is not None
    assert "needs the scope READ" in answer.errors[0].message


@pytest.mark.parametrize(("caller", "code"), [({"role": Role.VIEWER}, "FORBIDDEN"), ({"scopes": frozenset({Scope.READ})}, None)])
async def test_who_may_only_read_records_nothing(schema: Schema, world: World, caller: Any, code: str | None) -> None:
    await world.add_integration()
    before = await rows()

    answer = await schema.execute(
        RECORD, variable_values={"input": run_input()}, context_value=context(world, replace(world.caller, **caller))
    )

    assert await rows() == before
    if code is None:
        assert answer.errors is not None
        assert "RUNS_WRITE or INTEGRATIONS_WRITE" in answer.errors[0].message
    else:
        assert answer.data is not None
        [error] = answer.data["recordMonitorRun"]["userErrors"]
        assert (error["code"], answer.data["recordMonitorRun"]["run"]) == (code, None)


async def test_what_makes_no_sense_is_refused_with_its_field(schema: Schema, world: World) -> None:
    before = await rows()

    payload = (await ask(schema, world, RECORD, input=run_input(durationMs=-1)))["recordMonitorRun"]

    assert (payload["run"], payload["deliveries"]) == (None, [])
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [("INVALID", ["durationMs"])]
    assert await rows() == before


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


async def listen(schema: Schema, world: World, count: int, *, caller: Caller | None = None, **variables: Any) -> list[Any]:
    heard: list[Any] = []
    answers: Any = await schema.subscribe(LISTEN, variable_values=variables, context_value=context(world, caller))
    async with asyncio.timeout(20):
        async for answer in answers:
            assert answer.errors is None, answer.errors
            heard.append(answer.data["deliveryChanged"])
            if len(heard) == count:
                break
    await answers.aclose()
    return heard


async def test_a_listener_hears_every_change_from_its_cursor_on(schema: Schema, world: World) -> None:
    start = (await ask(schema, world, "{ eventCursor }"))["eventCursor"]
    await world.add_integration()
    await world.report()
    world.break_posting(1, fault="status", status=500)
    await world.deliver_for(10)
    own = encode_id("Delivery", (await Delivery.get()).id)

    async with watching(world):
        heard = await listen(schema, world, 3, after=start)
        rest = await listen(schema, world, 2, after=heard[0]["cursor"])

    assert [(each["deliveryId"], each["status"]) for each in heard] == [
        (own, "PENDING"),
        (own, "RETRYING"),
        (own, "DELIVERED"),
    ]
    assert [each["delivery"] for each in heard] == [{"id": own, "status": "DELIVERED"}] * 3
    assert rest == heard[1:]


async def test_a_listener_to_one_integration_hears_nothing_of_others(schema: Schema, world: World) -> None:
    start = (await ask(schema, world, "{ eventCursor }"))["eventCursor"]
    await world.add_integration()
    wanted = await world.add_integration(channel=MONITORING)
    await world.report(RunOutcome.FAILED)
    delivery = await Delivery.get(integration_id=wanted.id)
    await world.deliver()

    async with watching(world):
        heard = await listen(schema, world, 2, after=start, id=encode_id("Integration", wanted.id))

    assert [(each["deliveryId"], each["status"]) for each in heard] == [
        (encode_id("Delivery", delivery.id), "PENDING"),
        (encode_id("Delivery", delivery.id), "DELIVERED"),
    ]


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


async def give(statuses_of: dict[str, DeliveryStatus]) -> None:
    for run_id, status in statuses_of.items():
        await database.update(Delivery.filter(run_id=(await MonitorRun.get(run_id=run_id)).id), status=status)


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


@pytest.mark.parametrize(
    ("status", "turn", "role", "tries", "may"),
    [
        (DeliveryStatus.FAILED, None, Role.MEMBER, 0, True),
        (DeliveryStatus.FAILED, None, Role.MEMBER, 92, True),
        (DeliveryStatus.FAILED, None, Role.MEMBER, 93, False),
        (DeliveryStatus.FAILED, None, Role.VIEWER, 1, False),
        (DeliveryStatus.FAILED, _stop, Role.ADMIN, 1, False),
        (DeliveryStatus.FAILED, _pause, Role.ADMIN, 1, False),
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
