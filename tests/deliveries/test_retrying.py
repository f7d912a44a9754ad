from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.access.callers import Role
from app.deliveries.models import Delivery, DeliveryAttempt, DeliveryStatus
from app.deliveries.retrying import retry
from app.errors import Refusal, UserErrorCode
from app.integrations.models import Integration
from app.log.counters import Counter
from app.log.events import Change, Event
from app.sign_ins.models import StatusReason
from app.teams.models import Member
from tests.deliveries.world import World, attempts_of, create_team, events_of, statuses


async def failed(world: World) -> Delivery:
    """A delivery that was given up because its token had died, and an integration that works again."""
    integration = await world.add_integration()
    await world.turn(integration, lambda row, change: row.stop(StatusReason.REVOKED, "Revoked.", now=change.now))
    await world.report()
    await world.turn(integration, lambda row, change: row.restore(now=change.now))
    return await Delivery.get()


async def rows() -> dict[str, list[dict[str, Any]]]:
    return {model.__name__: await model.all().values() for model in (Delivery, DeliveryAttempt, Integration, Event, Counter)}


async def refused(world: World, delivery_id: Any, **named: Any) -> Refusal:
    """Ask for another try and prove that its refusal changed nothing."""
    before = await rows()
    with pytest.raises(Refusal) as refusal:
        await retry(delivery_id, of=Delivery, caller=named.get("caller", world.caller), services=world.services)
    assert await rows() == before
    return refusal.value


async def test_a_failed_delivery_is_tried_again_with_the_whole_schedule_before_it(world: World) -> None:
    delivery = await failed(world)

    returned = await retry(delivery.id, of=Delivery, caller=world.caller, services=world.services)
    await world.deliver()

    assert (returned.status, returned.next_attempt_at, returned.attempt_count) == (
        DeliveryStatus.RETRYING,
        world.clock.now(),
        0,
    )
    assert world.posted_ids() == [str(delivery.id)]
    assert await events_of(delivery) == ["DELIVERY_CREATED", "DELIVERY_RETRYING", "DELIVERY_SUCCEEDED"]
    assert (await Event.get(subject_id=delivery.id, type="DELIVERY_RETRYING")).actor_id == world.caller.member_id


async def test_attempts_go_on_counting_after_a_retry(world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    world.break_posting(8, fault="status", status=500)
    for _ in range(8):
        await world.deliver()
        world.clock.advance(timedelta(hours=15))
    delivery = await Delivery.get()
    assert delivery.status is DeliveryStatus.FAILED

    await retry(delivery.id, of=Delivery, caller=world.caller, services=world.services)
    await world.deliver()

    assert [attempt.number for attempt in await attempts_of(delivery)] == list(range(1, 10))
    assert await statuses(integration) == ["DELIVERED"]


async def test_one_that_was_tried_a_hundred_times_is_not_tried_again(world: World) -> None:
    delivery = await failed(world)
    await have_tried(world, delivery, times=92)
    await retry(delivery.id, of=Delivery, caller=world.caller, services=world.services)
    await have_tried(world, delivery, times=93)

    refusal = await refused(world, delivery.id)

    assert refusal.code is UserErrorCode.CONFLICT
    assert refusal.message == "This delivery was tried 93 times, which is as often as may be: record the run anew."


async def have_tried(world: World, delivery: Delivery, *, times: int) -> None:
    """Let the delivery have failed so many times."""

    async def fail(change: Change) -> None:
        await DeliveryAttempt.all().delete()
        tried = {"delivery_id": delivery.id, "at": change.now, "duration_ms": 1, "succeeded": False}
        await DeliveryAttempt.bulk_create(DeliveryAttempt(id=uuid4(), number=number, **tried) for number in range(1, times + 1))
        await Delivery.filter(id=delivery.id).update(status=DeliveryStatus.FAILED, next_attempt_at=None)

    await world.services.events.change(world.caller.team_id, fail)


async def test_only_a_failed_one_is_tried_again(world: World) -> None:
    await world.add_integration()
    await world.report()
    delivery = await Delivery.get()

    waiting = await refused(world, delivery.id)
    await world.deliver()
    delivered = await refused(world, delivery.id)

    assert (waiting.code, waiting.field) == (UserErrorCode.CONFLICT, ("id",))
    assert waiting.message == "Only a delivery that has failed can be tried again, and this one is PENDING."
    assert (delivered.code, delivered.message[-10:]) == (UserErrorCode.CONFLICT, "DELIVERED.")


async def test_not_while_the_integration_is_stopped(world: World) -> None:
    delivery = await failed(world)
    integration = await Integration.get(id=delivery.integration_id)
    await world.turn(integration, lambda row, change: row.stop(StatusReason.REVOKED, "Gone.", now=change.now))

    refusal = await refused(world, delivery.id)

    assert refusal.code is UserErrorCode.CONFLICT
    assert refusal.message == "“Checkout to Slack” is stopped: re-authenticate it first. Gone."


async def test_not_while_the_integration_is_paused(world: World) -> None:
    delivery = await failed(world)
    integration = await Integration.get(id=delivery.integration_id)
    await world.turn(integration, lambda row, change: row.pause(now=change.now))

    refusal = await refused(world, delivery.id)

    assert (refusal.code, refusal.message) == (
        UserErrorCode.CONFLICT,
        "“Checkout to Slack” is paused: resume it first.",
    )


async def test_what_is_not_the_teams_is_not_found(world: World) -> None:
    delivery = await failed(world)
    stranger = await create_team(world.services, name="Initech")

    unknown = await refused(world, uuid4())
    others = await refused(world, delivery.id, caller=stranger)

    assert (unknown.code, others.code) == (UserErrorCode.NOT_FOUND, UserErrorCode.NOT_FOUND)
    assert unknown.message == others.message


async def test_a_deleted_integrations_are_not_found(world: World) -> None:
    delivery = await failed(world)

    async def delete(change: Change) -> None:
        await Integration.filter(id=delivery.integration_id).update(deleted_at=change.now)

    await world.services.events.change(world.caller.team_id, delete)

    assert (await refused(world, delivery.id)).code is UserErrorCode.NOT_FOUND


async def test_a_role_that_was_lowered_meanwhile_does_not_suffice(world: World) -> None:
    delivery = await failed(world)

    async def lower(change: Change) -> None:
        del change
        await Member.filter(id=world.caller.member_id).update(role=Role.VIEWER)

    await world.services.events.change(world.caller.team_id, lower)

    assert (await refused(world, delivery.id)).code is UserErrorCode.FORBIDDEN
