"""Whatever mix of integrations tells of the log, and however they fail: none tells of telling, and the team comes to rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from uuid import UUID

from hypothesis import HealthCheck, given, settings, strategies as st

from app.deliveries.activity.models import ActivityDelivery
from app.deliveries.models import WAITING
from app.installed_apps.deleting import delete as delete_app
from app.installed_apps.models import InstalledApp
from app.integrations.models import Integration, IntegrationStatus
from app.log.counters import head
from app.log.event_types import EventType
from app.log.events import Change, Event
from app.sign_ins.jobs import check_due
from tests.installed_apps.test_shared_secrets import share
from tests.installed_apps.world import World
from tests.integrations.activity_scene import SECOND, have_joined, have_told, made, statuses, tell, telling, texts
from tests.integrations.scene import GLOBEX, channel, now_of
from tests.journeys.soaking import full

ALL_TYPES = [each for each in EventType if each is not EventType.ACTIVITY_DELIVERY_FAILED]
PLACES = {"Acme": channel(1), "Globex": channel(2, account=GLOBEX), "Hook": "address"}

_names = count(1)


@dataclass(frozen=True)
class Teller:
    place: str
    tells_all: bool


@dataclass(frozen=True)
class Step:
    """A member joins, and before what waits is told, the next so many posts to Slack and to the webhook break."""

    slack_breaks: int
    hook_breaks: int
    tells: bool


TELLERS = st.builds(Teller, place=st.sampled_from(list(PLACES)), tells_all=st.booleans())
STEPS = st.builds(Step, slack_breaks=st.integers(0, 12), hook_breaks=st.integers(0, 12), tells=st.booleans())


async def apps_of(world: World) -> dict[str, UUID]:
    ada = world.people.ada
    found = {app.name: app.id for app in await InstalledApp.filter(team_id=ada.team_id, deleted_at__isnull=True)}
    for name in ("Acme", "Globex"):
        found.setdefault(name, found.get(name) or (await world.share(ada, name)).id)
    return {"Hook": found.get("Hook") or (await share(world, ada)).id} | found


async def forget(world: World) -> None:
    """Have no integrations, without a word in the log."""

    async def apply(change: Change) -> None:
        await Integration.filter(team_id=change.team_id).update(deleted_at=change.now)

    await world.services.events.change(world.people.team_id, apply)


async def told_by(integration: Integration) -> Sequence[Sequence[Event]]:
    """Return the events of each of its deliveries, the oldest first."""
    return [
        await Event.filter(team_id=integration.team_id, sequence__in=list(each.numbers)).order_by("sequence")
        for each in await made(integration)
    ]


@settings(max_examples=full(150, ci=3), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tellers=st.lists(TELLERS, min_size=1, max_size=4), steps=st.lists(STEPS, min_size=1, max_size=3))
async def test_an_event_is_told_once_by_each_and_telling_it_makes_nothing_more_to_tell(
    world: World, tellers: list[Teller], steps: list[Step]
) -> None:
    await forget(world)
    world.sandbox.http.delete("/control/faults")
    apps = await apps_of(world)
    those = [
        await have_told(
            world,
            apps[each.place],
            name=f"{each.place} {number}",
            settings=telling(channel_id=PLACES[each.place], types=ALL_TYPES if each.tells_all else [EventType.TEAM_MEMBER_ADDED]),
        )
        for number, each in enumerate(tellers)
    ]
    await tell(world)
    before = [len(await made(each)) for each in those]

    for step in steps:
        await have_joined(world, f"M{next(_names)}")
        for endpoint, breaks in (("chat.postMessage", step.slack_breaks), ("*", step.hook_breaks)):
            if breaks:
                provider = "slack" if endpoint != "*" else "webhook"
                world.sandbox.control("faults", provider=provider, endpoint=endpoint, fault="status", status=500, times=breaks)
        if step.tells:
            await tell(world)
    await tell(world, during=timedelta(hours=40))
    at_rest = await head(world.people.team_id)
    await tell(world, during=timedelta(hours=40))

    assert [len(await made(each)) for each in those] == [earlier + len(steps) for earlier in before]
    assert await head(world.people.team_id) == at_rest
    assert not await ActivityDelivery.exists(status__in=WAITING)
    for integration in those:
        for events in (await told_by(integration))[-len(steps) :]:
            assert [event.type for event in events] == ["TEAM_MEMBER_ADDED"]


async def test_whoever_is_found_dead_while_telling_is_told_of_by_the_other_once(world: World) -> None:
    apps = await apps_of(world)
    acme = await have_told(world, apps["Acme"], name="At Acme", settings=telling(types=ALL_TYPES))
    globex = await have_told(
        world, apps["Globex"], name="At Globex", settings=telling(channel_id=PLACES["Globex"], types=ALL_TYPES)
    )
    await tell(world)
    world.sandbox.control("faults", provider="slack", fault="revoke_token", workspace="Acme", events=False)
    before = len(texts(world))

    await have_joined(world, "Dora")
    await tell(world)
    await check_due(services=world.services)
    await tell(world, during=timedelta(hours=40))

    assert (await now_of(acme)).status is IntegrationStatus.NEEDS_REAUTHENTICATION
    assert [text.partition(" And ")[0] for text in texts(world)[before:]] == [
        "🔹 Dora was added to the team as MEMBER.",
        "🔴 The installed app “Acme” is now NEEDS_REAUTHENTICATION (REVOKED).",
    ]
    assert (await statuses(acme))[-2:] == ["FAILED", "FAILED"]
    assert [event.type for event in (await told_by(globex))[-1]][:2] == [
        "INSTALLED_APP_STATUS_CHANGED",
        "INTEGRATION_STATUS_CHANGED",
    ]


async def test_that_one_stops_is_told_by_the_first_that_works_though_none_would_choose_it(world: World) -> None:
    apps, ada = await apps_of(world), world.people.ada
    stopped = await have_told(world, apps["Acme"], name="At Acme")
    elsewhere = telling(channel_id=PLACES["Globex"], types=[EventType.TEAM_MEMBER_ADDED], apps=[apps["Hook"]])
    first = await have_told(world, apps["Globex"], name="First", settings=elsewhere)
    world.clock.advance(SECOND)
    second = await have_told(world, apps["Globex"], name="Second", settings=elsewhere)

    await delete_app(apps["Acme"], caller=ada, services=world.services)
    await tell(world)

    assert texts(world) == ["🔴 The integration “At Acme” is now NEEDS_REAUTHENTICATION (INSTALLED_APP_DELETED)."]
    assert (await statuses(stopped), await statuses(first), await statuses(second)) == (["FAILED"], ["DELIVERED"], [])
