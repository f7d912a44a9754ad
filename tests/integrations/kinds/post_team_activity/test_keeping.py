"""What is kept of what was told, and how long; and what the operator sees of what waits."""

from datetime import timedelta

from app.deliveries.activity.jobs import let_go_due
from app.deliveries.activity.models import ActivityAttempt, ActivityDelivery
from app.deliveries.activity.retention import OLD_TELLINGS
from app.deliveries.backlog import Backlog, look_at_backlog
from app.deliveries.models import WAITING
from app.log.event_types import EventType
from app.log.events import Change, Event
from app.log.retention import remove_old
from tests.installed_apps.world import World
from tests.integrations.activity_scene import SECOND, have_joined, have_told, made, statuses, tell, telling, texts

KEPT = timedelta(days=90)
JOINED = [EventType.TEAM_MEMBER_ADDED]


async def test_what_was_told_goes_after_ninety_days_with_its_attempts_but_for_the_newest(world: World) -> None:
    app = await world.share(world.people.ada)
    integration = await have_told(world, app.id, settings=telling(types=JOINED))
    for name in ("Dora", "Emil", "Fay"):
        await have_joined(world, name)
    await tell(world)
    events = await Event.all().count()

    early = await remove_old([OLD_TELLINGS], events=world.services.events)
    world.clock.advance(KEPT)
    removed = [await remove_old([OLD_TELLINGS], events=world.services.events) for _ in range(2)]
    await have_joined(world, "Gus")

    assert (early, removed) == (0, [2, 0])
    assert [each.position for each in await made(integration)] == [3, 4]
    assert await ActivityAttempt.all().count() == 1
    assert await Event.all().count() == events + 1


async def test_what_waits_counts_to_the_backlog_and_goes_in_its_order(world: World) -> None:
    app = await world.share(world.people.ada)
    integration = await have_told(world, app.id, settings=telling(types=JOINED))
    world.sandbox.control("faults", provider="slack", endpoint="chat.postMessage", fault="status", status=500, times=2)

    await have_joined(world, "Dora")
    world.clock.advance(SECOND)
    await have_joined(world, "Emil")
    backlog = await look_at_backlog(now=world.clock.now() + SECOND)
    await tell(world)
    between = await statuses(integration)
    await tell(world, during=timedelta(minutes=5))

    assert backlog == Backlog(2, 2 * SECOND)
    assert between == ["RETRYING", "PENDING"]
    assert texts(world) == ["🔹 Dora was added to the team as MEMBER.", "🔹 Emil was added to the team as MEMBER."]


async def test_what_is_held_back_by_nothing_is_let_go(world: World) -> None:
    app = await world.share(world.people.ada)
    integration = await have_told(world, app.id, settings=telling(types=JOINED))
    await have_joined(world, "Dora")

    async def hold_back(_: Change) -> None:
        await ActivityDelivery.filter(status__in=WAITING).update(held_back=True)

    await world.services.events.change(world.people.team_id, hold_back)
    await tell(world)
    held = await statuses(integration)
    freed = [await let_go_due(services=world.services) for _ in range(2)]
    await tell(world)

    assert (held, freed) == (["PENDING"], [1, 0])
    assert await statuses(integration) == ["DELIVERED"]


async def test_what_is_no_longer_in_the_log_is_tried_and_given_up(world: World) -> None:
    app = await world.share(world.people.ada)
    integration = await have_told(world, app.id, settings=telling(types=JOINED))
    await have_joined(world, "Dora")

    async def forget(change: Change) -> None:
        await Event.filter(team_id=change.team_id, type=EventType.TEAM_MEMBER_ADDED).delete()

    await world.services.events.change(world.people.team_id, forget)
    await tell(world, during=timedelta(hours=40))

    assert (await statuses(integration), texts(world)) == (["FAILED"], [])
