"""What was to tell of the log and was given up is tried again by a member, as what a run made is."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.access.callers import Role
from app.deliveries.activity.models import ActivityAttempt, ActivityDelivery
from app.deliveries.models import DeliveryStatus
from app.graphql.ids import encode_id
from app.installed_apps.deleting import delete as delete_app
from app.integrations.deleting import delete
from app.integrations.models import Integration
from app.log.counters import Counter
from app.log.events import Event
from app.sign_ins.models import StatusReason
from app.storage import database
from app.teams.models import Member
from tests.installed_apps.world import World
from tests.integrations.activity_scene import have_told, made, tell, texts, turn
from tests.sign_ins.world import write

RETRY = """
mutation ($id: ID!) {
  retryDelivery(input: {id: $id}) {
    delivery { id }
    activityDelivery { id status viewerCanRetry }
    userErrors { code field message }
  }
}"""
CAN_RETRY = "query ($id: ID!) { node(id: $id) { ... on ActivityDelivery { viewerCanRetry } } }"


async def given_up(world: World) -> tuple[Integration, ActivityDelivery]:
    """Have a message that tells of a deleted app be given up, at an integration that works."""
    ada = world.people.ada
    acme, globex = await world.share(ada), await world.share(ada, "Globex")
    integration = await have_told(world, acme.id)
    await delete_app(globex.id, caller=ada, services=world.services)
    columns = {"status": DeliveryStatus.FAILED, "attempt_count": 8, "next_attempt_at": None}
    await database.update(ActivityDelivery.all(), **columns)
    [delivery] = await made(integration)
    return integration, delivery


async def retry(world: World, key: UUID, **named: Any) -> Any:
    caller = named.get("caller", world.people.bob)
    return (await world.ask(RETRY, caller, id=encode_id("ActivityDelivery", key)))["retryDelivery"]


async def rows() -> Sequence[object]:
    return [await model.all().order_by("id").values() for model in (ActivityDelivery, ActivityAttempt, Integration, Event)]


async def test_one_is_tried_again_with_the_whole_schedule_before_it_and_counts_among_the_days_changes(world: World) -> None:
    integration, delivery = await given_up(world)
    before = await Event.all().count()

    answer = await retry(world, delivery.id)
    [waiting] = await made(integration)
    await tell(world)

    shown = {"id": encode_id("ActivityDelivery", delivery.id), "status": "RETRYING", "viewerCanRetry": False}
    assert answer == {"delivery": None, "activityDelivery": shown, "userErrors": []}
    assert (waiting.status, waiting.attempt_count) == (DeliveryStatus.RETRYING, 0)
    assert [each.status for each in await made(integration)] == [DeliveryStatus.DELIVERED]
    assert texts(world) == ["🔹 The installed app “Globex” was deleted."]
    assert await Event.all().count() == before
    counter = await Counter.get(team_id=integration.team_id)
    assert '"max_changes_per_day":' in str(counter.used)


def _stop(row: Integration, now: Any) -> Any:
    return row.stop(StatusReason.REVOKED, "Revoked.", now=now)


def _pause(row: Integration, now: Any) -> Any:
    return row.pause(now=now)


@pytest.mark.parametrize(
    ("status", "turned", "tries", "code"),
    [
        (DeliveryStatus.FAILED, None, 92, None),
        (DeliveryStatus.FAILED, None, 93, "CONFLICT"),
        (DeliveryStatus.FAILED, _stop, 1, "CONFLICT"),
        (DeliveryStatus.FAILED, _pause, 1, "CONFLICT"),
        (DeliveryStatus.DELIVERED, None, 1, "CONFLICT"),
        (DeliveryStatus.SKIPPED, None, 0, "CONFLICT"),
    ],
)
async def test_what_may_be_tried_again_is_said_and_what_may_not_changes_nothing(
    world: World, *, status: DeliveryStatus, turned: Callable[..., Any] | None, tries: int, code: str | None
) -> None:
    integration, delivery = await given_up(world)
    if turned is not None:
        await turn(world, integration, turned)
    await have_tried(delivery, times=tries)
    await database.update(ActivityDelivery.filter(id=delivery.id), status=status)
    before = await rows()

    can = (await world.ask(CAN_RETRY, world.people.bob, id=encode_id("ActivityDelivery", delivery.id)))["node"]
    answer = await retry(world, delivery.id)

    assert can == {"viewerCanRetry": code is None}
    assert [(error["code"], error["field"]) for error in answer["userErrors"]] == ([(code, ["id"])] if code else [])
    assert (await rows() == before) is (code is not None)


async def test_a_viewer_may_not_and_is_told_so(world: World) -> None:
    _, delivery = await given_up(world)
    await database.update(Member.filter(id=world.people.bob.member_id), role=Role.VIEWER)
    viewer, before = replace(world.people.bob, role=Role.VIEWER), await rows()

    can = (await world.ask(CAN_RETRY, viewer, id=encode_id("ActivityDelivery", delivery.id)))["node"]
    answer = await retry(world, delivery.id, caller=viewer)

    assert can == {"viewerCanRetry": False}
    assert [error["code"] for error in answer["userErrors"]] == ["FORBIDDEN"]
    assert await rows() == before


async def test_one_that_is_not_there_or_whose_integration_is_gone_is_not_found(world: World) -> None:
    integration, delivery = await given_up(world)
    await delete(integration.id, caller=world.people.bob, services=world.services)
    before = await rows()

    answers = [await retry(world, key) for key in (delivery.id, uuid4())]

    assert [[error["code"] for error in answer["userErrors"]] for answer in answers] == [["NOT_FOUND"]] * 2
    assert await rows() == before


async def test_one_that_is_about_what_is_no_longer_in_the_log_is_not_tried_again_and_says_so(world: World) -> None:
    integration, delivery = await given_up(world)
    kept = await world.share(world.people.ada, "Globex")
    await delete_app(kept.id, caller=world.people.ada, services=world.services)
    [_, beside] = await made(integration)
    await database.update(ActivityDelivery.filter(id=beside.id), status=DeliveryStatus.FAILED)
    await write(lambda: Event.filter(team_id=delivery.team_id, sequence__in=delivery.numbers).delete())
    before = await rows()

    can = [
        (await world.ask(CAN_RETRY, world.people.bob, id=encode_id("ActivityDelivery", row.id)))["node"]
        for row in (delivery, beside)
    ]
    answer = await retry(world, delivery.id)

    assert can == [{"viewerCanRetry": False}, {"viewerCanRetry": True}]
    assert answer["userErrors"] == [
        {
            "code": "CONFLICT",
            "field": ["id"],
            "message": (
                "What this delivery is about is no longer in the team's activity log, which keeps events for 400 days: "
                "leave it as it is. What happens from now on is told all the same."
            ),
        }
    ]
    assert await rows() == before
    assert [row.status for row in await made(integration)] == [DeliveryStatus.FAILED] * 2


async def have_tried(delivery: ActivityDelivery, *, times: int) -> None:
    tried = {"delivery_id": delivery.id, "at": delivery.created_at, "duration_ms": 1, "succeeded": False}
    attempts = [ActivityAttempt(id=uuid4(), number=number, **tried) for number in range(1, times + 1)]
    await write(lambda: ActivityAttempt.bulk_create(attempts))
