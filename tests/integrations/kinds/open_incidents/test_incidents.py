"""One incident for one outage, from the runs to PagerDuty's stand-in, whatever comes late, twice or in between."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.deliveries.jobs import deliver_due
from app.deliveries.models import Delivery, DeliveryStatus
from app.deliveries.retrying import retry
from app.deliveries.testing import test as post_test
from app.installed_apps.deleting import delete as delete_app
from app.installed_apps.shared_secrets import replace_secret
from app.integrations.kinds.open_incidents.models import Incident
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.reauthenticating import reauthenticate
from app.integrations.sources import ThroughApp
from app.monitors.retention import KEPT_FOR
from app.providers.incidents import Severity
from app.sign_ins.models import StatusReason
from tests.installed_apps.world import World
from tests.integrations.incident_scene import (
    DOWN,
    ERROR,
    FAILED,
    NOTHING_RAN,
    PASSED,
    SECOND,
    Told,
    break_pagerduty,
    deliver,
    deliveries_of,
    incidents,
    pasted,
    put_to_use,
    report,
    report_all,
    share_key,
    statuses,
    told,
)
from tests.integrations.scene import now_of

HOUR = timedelta(hours=1)


async def until_asked(world: World, *, times: int) -> None:
    """Return once PagerDuty was asked so often, to try the key once among them."""
    async with asyncio.timeout(10):
        while await asyncio.to_thread(_asked, world) < times:  # noqa: ASYNC110 - the sandbox rings no bell
            await asyncio.sleep(0.01)


def _asked(world: World) -> int:
    return sum(seen["path"].endswith("/v2/enqueue") for seen in world.sandbox.state()["requests"])


async def key_of(integration: Integration) -> str:
    return str((await Incident.get(integration_id=integration.id)).id)


async def test_the_third_failure_opens_an_incident_and_the_first_success_resolves_it(
    world: World, integration: Integration
) -> None:
    await report_all(world, DOWN[:2])
    before = incidents(world)
    await report_all(world, (FAILED,))
    opened = incidents(world)
    await report_all(world, (FAILED, ERROR, PASSED, PASSED))

    key = await key_of(integration)
    assert before == []
    assert [(each["dedup_key"], each["status"], each["severity"], each["source"]) for each in opened] == [
        (key, "triggered", "error", "Checkout")
    ]
    assert opened[0]["summary"] == "Checkout has failed three times in a row. Pay by card: expected 200, got 502"
    assert statuses(world) == ["resolved"]
    assert told(world) == [Told(key, "trigger"), Told(key, "resolve")]
    quiet, said = "SKIPPED", "DELIVERED"
    assert await deliveries_of(integration) == [quiet, quiet, said, quiet, quiet, said, quiet]


async def test_each_outage_has_an_incident_of_its_own(world: World, integration: Integration) -> None:
    await report_all(world, (*DOWN, PASSED, FAILED, FAILED, PASSED, *DOWN, FAILED))

    assert statuses(world) == ["resolved", "triggered"]
    assert len({each.key for each in told(world)}) == 2
    assert (await now_of(integration)).status is IntegrationStatus.ACTIVE


async def test_runs_that_were_all_recorded_before_any_was_delivered_open_as_many(world: World, integration: Integration) -> None:
    for outcome in (*DOWN, PASSED, *DOWN, PASSED):
        await report(world, outcome)

    await deliver(world)

    first, second = [str(row.id) for row in await Incident.filter(integration_id=integration.id).order_by("position")]
    assert told(world) == [Told(first, "trigger"), Told(first, "resolve"), Told(second, "trigger"), Told(second, "resolve")]


async def test_each_monitor_and_each_integration_has_its_own(world: World) -> None:
    app = await share_key(world)
    first = await put_to_use(world, app)
    second = await put_to_use(world, app, severity=Severity.CRITICAL)
    search = await put_to_use(world, app, monitor_key="search")

    await report_all(world, DOWN)
    await report_all(world, DOWN, monitor_key="search")
    await report_all(world, (PASSED,))

    shown = {each["dedup_key"]: (each["status"], each["severity"]) for each in incidents(world)}
    assert shown == {
        await key_of(first): ("resolved", "error"),
        await key_of(second): ("resolved", "critical"),
        await key_of(search): ("triggered", "error"),
    }


async def test_what_nothing_ran_in_comes_twice_or_comes_late_changes_nothing(world: World, integration: Integration) -> None:
    began = world.clock.now()
    await report_all(world, (FAILED, FAILED))
    await report(world, NOTHING_RAN)
    await report(world, FAILED, run_id="the third")
    await report(world, FAILED, run_id="the third")
    await report(world, PASSED, began=began)
    await deliver(world)

    assert statuses(world) == ["triggered"]
    assert told(world) == [Told(await key_of(integration), "trigger")]


async def test_failures_that_come_late_open_nothing(world: World, integration: Integration) -> None:
    began = world.clock.now()
    await report(world, PASSED)
    for outcome in DOWN:
        await report(world, outcome, began=began)
    await deliver(world)

    assert told(world) == []
    assert await deliveries_of(integration) == ["SKIPPED"] * 4


async def test_an_answer_that_breaks_off_opens_no_second_one(world: World, integration: Integration) -> None:
    break_pagerduty(world, 2, fault="reset", when="midway")

    await report_all(world, DOWN)
    await deliver(world, during=timedelta(minutes=1))
    await report_all(world, (PASSED,))

    [incident] = incidents(world)
    assert (incident["status"], incident["triggers"]) == ("resolved", 3)
    assert await deliveries_of(integration) == ["SKIPPED", "SKIPPED", "DELIVERED", "DELIVERED"]


async def test_a_resolution_waits_for_the_opening_that_is_tried_again(world: World, integration: Integration) -> None:
    break_pagerduty(world, 2, fault="status", status=503)

    await report_all(world, (*DOWN, PASSED))
    await deliver(world, during=timedelta(minutes=1))

    key = await key_of(integration)
    assert told(world) == [Told(key, "trigger"), Told(key, "resolve")]


@pytest.mark.parametrize(("fault", "opened"), [({"fault": "status", "status": 503}, []), ({"fault": "reset"}, ["resolved"])])
async def test_what_is_over_is_never_opened_again_by_an_attempt_that_comes_after_its_resolution(
    world: World, integration: Integration, fault: dict[str, Any], opened: list[str]
) -> None:
    break_pagerduty(world, 5, **fault, **({"when": "midway"} if fault["fault"] == "reset" else {}))
    await report_all(world, DOWN)
    await deliver(world, during=timedelta(minutes=16))

    await report_all(world, (PASSED,))
    at_once = statuses(world)
    await deliver(world, during=3 * HOUR)

    assert at_once == statuses(world) == opened
    assert (await deliveries_of(integration))[2:] == ["DELIVERED", "DELIVERED"]
    assert "trigger" not in [each.action for each in told(world)][len(opened) * 5 :]


async def test_an_opening_that_its_resolution_overtakes_on_the_way_is_resolved_after_all(
    world: World, integration: Integration
) -> None:
    break_pagerduty(world, 5, fault="status", status=503)
    await report_all(world, DOWN)
    await deliver(world, during=timedelta(minutes=16))
    world.clock.advance(2 * HOUR)
    break_pagerduty(world, 1, fault="slow", seconds=1.0)

    opening = asyncio.create_task(deliver_due(services=world.services))
    await until_asked(world, times=7)
    await report_all(world, (PASSED,))
    overtaken = told(world)
    await opening

    key = await key_of(integration)
    assert overtaken == [Told(key, "resolve")]
    assert told(world) == [Told(key, "resolve"), Told(key, "trigger"), Told(key, "resolve")]
    assert statuses(world) == ["resolved"]


async def test_an_outage_that_could_not_be_told_for_a_quarter_of_an_hour_is_told_by_the_next_failure(
    world: World, integration: Integration
) -> None:
    break_pagerduty(world, 5, fault="status", status=503)
    await report_all(world, DOWN)
    await deliver(world, during=timedelta(minutes=16))

    await report_all(world, (FAILED, FAILED))
    opened = statuses(world)
    await deliver(world, during=3 * HOUR)

    assert opened == statuses(world) == ["triggered"]
    assert told(world) == [Told(await key_of(integration), "trigger")]


async def test_an_integration_that_is_added_in_an_outage_counts_from_then_on(world: World) -> None:
    app = await share_key(world)
    await put_to_use(world, app, monitor_key="search")
    await report_all(world, DOWN)
    await put_to_use(world, app)

    await report_all(world, (FAILED, FAILED))
    before = statuses(world)
    await report_all(world, (FAILED, PASSED))

    assert (before, statuses(world)) == ([], ["resolved"])


async def test_an_app_that_is_deleted_and_added_again_resolves_what_it_opened(world: World, integration: Integration) -> None:
    await report_all(world, DOWN)
    assert integration.installed_app_id is not None
    await delete_app(integration.installed_app_id, caller=world.people.ada, services=world.services)
    await report_all(world, (FAILED, PASSED, FAILED))
    stopped = statuses(world)

    using = ThroughApp((await share_key(world)).id)
    await reauthenticate(integration.id, using=using, caller=world.people.bob, services=world.services)
    await report_all(world, (PASSED,))

    assert (stopped, statuses(world)) == (["triggered"], ["resolved"])
    assert {each.key for each in told(world)} == {await key_of(integration)}


async def test_a_failed_opening_that_a_member_has_tried_again_once_it_is_over_opens_nothing(
    world: World, integration: Integration
) -> None:
    break_pagerduty(world, 1, fault="status", status=503)
    await report_all(world, DOWN)
    assert integration.installed_app_id is not None
    world.clock.advance(SECOND)
    await delete_app(integration.installed_app_id, caller=world.people.ada, services=world.services)
    using = ThroughApp((await share_key(world)).id)
    await reauthenticate(integration.id, using=using, caller=world.people.bob, services=world.services)
    await report_all(world, (PASSED,))
    failed = await Delivery.get(integration_id=integration.id, status=DeliveryStatus.FAILED)

    await retry(failed.id, of=Delivery, caller=world.people.bob, services=world.services)
    await deliver(world)

    assert incidents(world) == []
    assert (await Delivery.get(id=failed.id)).status is DeliveryStatus.DELIVERED


async def test_a_key_that_pagerduty_no_longer_knows_stops_the_integration_until_an_admin_pastes_it_anew(
    world: World, integration: Integration
) -> None:
    world.sandbox.control("faults", provider="pagerduty", fault="uninstall_app")
    await report_all(world, DOWN)
    stopped = await now_of(integration)
    world.sandbox.control("reset")
    assert integration.installed_app_id is not None
    world.clock.advance(SECOND)

    await replace_secret(integration.installed_app_id, pasted(world), caller=world.people.ada, services=world.services)
    await report_all(world, (FAILED,))

    assert (stopped.status, stopped.stopped_by) == (IntegrationStatus.NEEDS_REAUTHENTICATION, StatusReason.REVOKED)
    assert "does not know this integration key" in (stopped.message or "")
    assert statuses(world) == ["triggered"]


async def test_too_many_events_are_waited_for(world: World, integration: Integration) -> None:
    break_pagerduty(world, 1, fault="rate_limit", retry_after=120)
    await report_all(world, DOWN)
    at_once = statuses(world)

    await deliver(world, during=timedelta(minutes=4))

    assert (at_once, statuses(world)) == ([], ["triggered"])
    assert (await now_of(integration)).status is IntegrationStatus.ACTIVE


async def test_incidents_of_runs_that_are_gone_go_with_the_next(world: World, integration: Integration) -> None:
    await report_all(world, (*DOWN, PASSED))
    old = await key_of(integration)

    world.clock.advance(KEPT_FOR + SECOND)
    await report_all(world, DOWN)

    assert await key_of(integration) != old


async def test_a_test_opens_an_incident_of_its_own_and_resolves_it_at_once(world: World, integration: Integration) -> None:
    await report_all(world, DOWN)

    delivery = await post_test(integration.id, caller=world.people.bob, services=world.services)
    await deliver(world)

    outage, tested = incidents(world)
    assert (outage["status"], tested["status"], tested["severity"]) == ("triggered", "resolved", "info")
    assert (
        tested["summary"] == "Test: a member tries out what is told of Checkout. Nothing is wrong, and this is resolved at once."
    )
    assert told(world)[1:] == [Told(f"test-{delivery.id}", "trigger"), Told(f"test-{delivery.id}", "resolve")]
    assert await Incident.all().count() == 1
    assert (await deliveries_of(integration))[-1] == "DELIVERED"


async def test_a_test_whose_incident_was_not_resolved_is_told_again_until_it_is(world: World, integration: Integration) -> None:
    await post_test(integration.id, caller=world.people.bob, services=world.services)
    break_pagerduty(world, 1, fault="status", status=500)
    await deliver(world)

    await deliver(world, during=timedelta(minutes=1))

    assert statuses(world) == ["resolved"]
    assert await deliveries_of(integration) == ["DELIVERED"]
