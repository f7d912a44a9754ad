"""A webhook that an admin has pasted, put to use by another member, from the integration to the message at its address."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.deliveries.jobs import deliver_due
from app.deliveries.models import Delivery, DeliveryStatus
from app.deliveries.testing import test as post_test
from app.errors import Refusal, UserErrorCode
from app.installed_apps.deleting import delete
from app.installed_apps.shared_secrets import replace_secret
from app.integrations.kinds.post_monitoring_results.models import FollowUps
from app.integrations.models import Integration, IntegrationStatus
from app.integrations.sources import ThroughApp
from app.monitors.actions import record_run
from app.monitors.models import RunOutcome
from app.monitors.reported import ReportedRun
from app.sign_ins.channels import ChannelRef
from app.sign_ins.grants import note_trouble
from app.sign_ins.models import Grant, StatusReason
from tests.installed_apps.test_shared_secrets import OTHER_SECRET, PATH, share, typed
from tests.installed_apps.world import World
from tests.integrations.scene import now_of, place, posting


async def report(world: World, number: int = 1, outcome: RunOutcome = RunOutcome.FAILED) -> None:
    run = ReportedRun(
        monitor_key="checkout", run_id=f"run-{number}", outcome=outcome, started_at=world.clock.now(), duration_ms=1200
    )
    await record_run(run, caller=world.people.bob, services=world.services)
    await deliver_due(services=world.services)


async def put_to_use(world: World) -> Integration:
    app = await share(world, world.people.ada)
    return (await place(world, world.people.bob, ThroughApp(app.id), settings=posting(channel_id="address"))).integration


async def test_a_run_is_posted_to_the_address_once(world: World) -> None:
    integration = await put_to_use(world)

    await report(world)
    await deliver_due(services=world.services)

    [received] = world.sandbox.state()["webhooks"]
    delivery = await Delivery.get(integration_id=integration.id)
    assert (received["id"], received["address"], received["signatures"]) == (str(delivery.id), PATH.removeprefix("/webhook"), 1)
    assert (received["message"]["type"], received["message"]["data"]["outcome"]) == ("monitor_run.reported", "FAILED")
    assert delivery.status is DeliveryStatus.DELIVERED
    assert world.people.bob.member_id not in {row.member_id for row in await Grant.all()}


async def test_messages_go_as_fast_as_they_come(world: World) -> None:
    await put_to_use(world)

    for number in range(1, 4):
        await report(world, number)

    assert len(world.sandbox.state()["webhooks"]) == 3


async def test_while_the_secret_changes_the_receiver_takes_messages_signed_with_both(world: World) -> None:
    integration = await put_to_use(world)
    fields = typed(world, signingSecret=OTHER_SECRET, previousSigningSecret=typed(world)[1].value.reveal())

    assert integration.installed_app_id is not None
    await replace_secret(integration.installed_app_id, fields, caller=world.people.ada, services=world.services)
    await report(world)

    assert [each["signatures"] for each in world.sandbox.state()["webhooks"]] == [2]


async def test_what_is_signed_with_another_secret_is_tried_again_and_goes_once_the_secret_is_right(world: World) -> None:
    integration = await put_to_use(world)
    assert integration.installed_app_id is not None
    app_id, ada, services = integration.installed_app_id, world.people.ada, world.services
    await replace_secret(app_id, typed(world, signingSecret=OTHER_SECRET), caller=ada, services=services)

    await report(world)
    assert world.sandbox.state()["webhooks"] == []
    await replace_secret(app_id, typed(world), caller=ada, services=services)
    world.clock.advance(timedelta(seconds=10))
    await deliver_due(services=services)

    assert len(world.sandbox.state()["webhooks"]) == 1


async def test_it_stops_with_its_app_and_goes_on_with_a_new_secret(world: World) -> None:
    integration = await put_to_use(world)
    assert integration.installed_app_id is not None
    grant = await Grant.get(provider="webhook")

    await note_trouble(grant, StatusReason.REVOKED, "It is refused.", services=world.services)
    assert (await now_of(integration)).status is IntegrationStatus.NEEDS_REAUTHENTICATION
    with pytest.raises(Refusal) as refused:
        await place(world, world.people.bob, ThroughApp(integration.installed_app_id), settings=posting(channel_id="address"))
    await replace_secret(integration.installed_app_id, typed(world), caller=world.people.ada, services=world.services)

    assert (await now_of(integration)).status is IntegrationStatus.ACTIVE
    assert refused.value.code is UserErrorCode.CONFLICT
    assert refused.value.message.endswith("A Team Admin has to mend it first.")


async def test_it_stops_when_its_app_is_deleted(world: World) -> None:
    integration = await put_to_use(world)
    assert integration.installed_app_id is not None

    await delete(integration.installed_app_id, caller=world.people.ada, services=world.services)
    await report(world)

    stopped = await now_of(integration)
    assert (stopped.status, stopped.stopped_by) == (
        IntegrationStatus.NEEDS_REAUTHENTICATION,
        StatusReason.INSTALLED_APP_DELETED,
    )
    assert world.sandbox.state()["webhooks"] == []


async def test_a_channel_of_another_address_is_refused(world: World) -> None:
    app = await share(world, world.people.ada)
    elsewhere = ChannelRef("webhook", "0" * 32, "address").id

    with pytest.raises(Refusal) as refused:
        await place(world, world.people.bob, ThroughApp(app.id), settings=posting(channel_id=elsewhere))

    assert refused.value.code is UserErrorCode.INVALID


async def test_a_webhook_has_no_threads_and_calls_nobody(world: World) -> None:
    app = await share(world, world.people.ada)

    for settings, field in (
        (replace(posting(channel_id="address"), follow_ups=FollowUps.IN_THREAD), "followUps"),
        (replace(posting(channel_id="address"), mention="here"), "mention"),
    ):
        with pytest.raises(Refusal) as refused:
            await place(world, world.people.bob, ThroughApp(app.id), settings=settings)
        assert (refused.value.code, refused.value.field) == (
            UserErrorCode.INVALID,
            ("settings", "postMonitoringResults", field),
        )
    assert await Integration.all().count() == 0


async def test_a_test_message_of_a_webhook_says_that_it_is_one(world: World) -> None:
    integration = await put_to_use(world)

    await post_test(integration.id, caller=world.people.bob, services=world.services)
    await deliver_due(services=world.services)

    [received] = world.sandbox.state()["webhooks"]
    told = received["message"]["data"]
    assert (told["occasion"], told["outcome"]) == ("TEST", "NOTHING_RAN")
