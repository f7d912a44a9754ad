import logging
from dataclasses import replace
from typing import Any

import pytest
import structlog

from app.access.callers import Role, Scope
from app.deliveries.models import Delivery
from app.graphql.execution.schema import Schema
from app.graphql.ids import encode_id
from app.integrations.kinds.post_monitoring_results.models import NotifyRule
from app.monitors.models import MonitorRun, RunOutcome
from tests.deliveries.asking import ask, context, pause, rows, stop
from tests.deliveries.world import MONITORING, World, statuses

RECORD = """
mutation ($input: RecordMonitorRunInput!) {
  recordMonitorRun(input: $input) {
    run { id runId outcome startedAt durationMs requestCount testCount failedTestCount errorCount failures { name message } url }
    deliveries { id status nextAttemptAt createdAt }
    notice
    userErrors { code field message }
  }
}"""


def run_input(**more: Any) -> dict[str, Any]:
    return {
        "monitorKey": "checkout",
        "runId": "17",
        "outcome": "FAILED",
        "startedAt": "2026-11-21T09:59:00.123456Z",
        "durationMs": 1200,
    } | more


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


async def test_what_a_run_made_is_not_read_again_for_the_answer(
    schema: Schema, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        await world.add_integration()

    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        payload = (await ask(schema, world, RECORD, input=run_input()))["recordMonitorRun"]

    said = [record.getMessage() for record in caplog.records]
    assert len(payload["deliveries"]) == 2
    assert [each for each in said if each.startswith('SELECT "delivery"')] == [], "\n".join(said)


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


@pytest.mark.parametrize(
    ("turns", "notice"),
    [
        ([], "Nothing is posted: no integration listens to the monitor “checkout”. Add one for it, or report under its key."),
        ([None, None], None),
        ([stop], "Nothing is posted: of the monitor's one integration, 1 stopped (re-authenticate)."),
        ([pause], "Nothing is posted: of the monitor's one integration, 1 paused (resume)."),
        (
            [stop, pause],
            "Nothing is posted: of the monitor's 2 integrations, 1 stopped (re-authenticate) and 1 paused (resume).",
        ),
        ([pause, None], "Not all of it is posted: of the monitor's 2 integrations, 1 paused (resume)."),
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
