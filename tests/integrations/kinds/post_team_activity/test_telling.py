"""What happens in a team stands in a channel, or at a webhook, from the change that records it to the message."""

from datetime import timedelta

import pytest

from app.deliveries.activity.models import ActivityAttempt, ActivityDelivery
from app.installed_apps.deleting import delete as delete_app
from app.installed_apps.reauthenticating import reauthenticate
from app.integrations.deleting import delete
from app.integrations.models import IntegrationStatus
from app.integrations.pausing import pause, resume
from app.integrations.sources import ThroughApp
from app.log.counters import Counter, head
from app.log.event_types import EventType
from app.log.events import Event
from app.sign_ins.grants import note_trouble
from app.sign_ins.models import Grant, StatusReason
from tests.installed_apps.test_shared_secrets import share
from tests.installed_apps.world import World, log_since, make_people
from tests.integrations.activity_scene import (
    copy,
    have_joined,
    have_told,
    made,
    messages,
    received,
    report,
    statuses,
    tell,
    telling,
    texts,
    turn,
)
from tests.integrations.scene import GLOBEX, channel, now_of, place, place_through, posting

INITECH = "T0INITECH003"


async def test_what_stops_with_a_deleted_app_is_one_message_elsewhere(world: World) -> None:
    ada, bob = world.people.ada, world.people.bob
    acme, globex = await world.share(ada), await world.share(ada, "Globex")
    telling_one = await have_told(world, globex.id, settings=telling(channel_id=channel(2, account=GLOBEX)))
    await place_through(world, bob, acme.id)
    await place_through(world, bob, acme.id)

    await delete_app(acme.id, caller=ada, services=world.services)
    await tell(world)

    [message] = messages(world)
    sections = [block["text"]["text"] for block in message["blocks"] if block["type"] == "section"]
    assert message["text"] == "🔹 The installed app “Acme” was deleted. And 2 more events."
    assert sections[0] == "🔹 *The installed app “Acme” was deleted.*"
    assert [text.partition("\n")[0] for text in sections[1:]] == [
        "🔴 *The integration “Checkout” is now NEEDS_REAUTHENTICATION (INSTALLED_APP_DELETED).*"
    ] * 2
    assert "was deleted by Ada." in sections[1]
    assert "· by Ada" in message["blocks"][-1]["elements"][0]["text"]
    assert message["metadata"]["event_type"] == "team_activity_recorded"
    assert await statuses(telling_one) == ["DELIVERED"]


async def test_a_webhook_is_told_the_events_as_json(world: World) -> None:
    ada, bob = world.people.ada, world.people.bob
    acme, hook = await world.share(ada), await share(world, ada)
    await have_told(world, hook.id, settings=telling(channel_id="address"))
    integration = await place_through(world, bob, acme.id)
    before = await head(ada.team_id)

    await delete_app(acme.id, caller=ada, services=world.services)
    await tell(world)

    [message] = received(world)
    deleted, stopped = await Event.filter(team_id=ada.team_id, sequence__gt=before).order_by("sequence")
    [delivery] = await ActivityDelivery.all()
    told = message["data"]
    assert (message["type"], message["timestamp"]) == ("team_activity.recorded", deleted.occurred_at.isoformat())
    assert (told["deliveryId"], told["actor"], told["eventCount"]) == (str(delivery.id), "Ada", 2)
    assert [(each["sequence"], each["type"]) for each in told["events"]] == [
        (deleted.sequence, "INSTALLED_APP_DELETED"),
        (stopped.sequence, "INTEGRATION_STATUS_CHANGED"),
    ]
    assert told["events"][1] | {"id": "", "cursor": "", "subjectId": ""} == {
        "id": "",
        "cursor": "",
        "sequence": stopped.sequence,
        "type": "INTEGRATION_STATUS_CHANGED",
        "subjectId": "",
        "integrationId": None,
        "summary": stopped.summary,
        "status": "NEEDS_REAUTHENTICATION",
        "previousStatus": "ACTIVE",
        "reason": "INSTALLED_APP_DELETED",
        "message": (await now_of(integration)).message,
    }


async def test_by_itself_it_tells_what_stopped_and_came_back_and_nothing_else(world: World) -> None:
    ada, bob = world.people.ada, world.people.bob
    acme, globex = await world.share(ada), await world.share(ada, "Globex")
    await have_told(world, globex.id, settings=telling(channel_id=channel(2, account=GLOBEX)))
    integration = await place_through(world, bob, acme.id)
    grant = await Grant.get(id=acme.grant_id)

    await pause(integration.id, caller=bob, services=world.services)
    await resume(integration.id, caller=bob, services=world.services)
    await note_trouble(grant, StatusReason.PROVIDER_UNREACHABLE, "Slack is away.", services=world.services)
    await tell(world)
    quiet = texts(world)
    await note_trouble(await Grant.get(id=grant.id), StatusReason.REVOKED, "It was revoked.", services=world.services)
    await reauthenticate(acme.id, await world.sign_in(ada), caller=ada, services=world.services)
    await tell(world)

    assert quiet == []
    assert [text.partition(" And ")[0] for text in texts(world)] == [
        "🔴 The installed app “Acme” is now NEEDS_REAUTHENTICATION (REVOKED).",
        "🟢 The installed app “Acme” was re-authenticated.",
    ]


async def test_of_a_target_that_is_gone_it_tells_that_and_that_it_is_back(world: World) -> None:
    ada, bob = world.people.ada, world.people.bob
    acme, globex = await world.share(ada), await world.share(ada, "Globex")
    await have_told(world, globex.id, settings=telling(channel_id=channel(2, account=GLOBEX)))
    integration = await place_through(world, bob, acme.id)

    await turn(world, integration, lambda row, now: row.fail(StatusReason.PROVIDER_ERROR, "It fails.", now=now))
    await turn(world, integration, lambda row, now: row.succeed(now=now))
    await turn(world, integration, lambda row, now: row.fail(StatusReason.TARGET_UNAVAILABLE, "It is gone.", now=now))
    await turn(world, integration, lambda row, now: row.succeed(now=now))
    await tell(world)

    assert texts(world) == [
        "🟠 The integration “Checkout” is now FAILING (TARGET_UNAVAILABLE).",
        "🟢 The integration “Checkout” is now ACTIVE.",
    ]


async def test_it_tells_the_types_that_were_chosen(world: World) -> None:
    ada = world.people.ada
    app = await world.share(ada)
    await have_told(world, app.id, settings=telling(types=[EventType.TEAM_MEMBER_ADDED]))

    await have_joined(world, "Dora")
    await delete_app((await world.share(ada, "Globex")).id, caller=ada, services=world.services)
    await tell(world)

    assert texts(world) == ["🔹 Dora was added to the team as MEMBER."]


async def test_it_tells_of_its_installed_apps_alone_and_of_what_uses_them(world: World) -> None:
    ada, bob = world.people.ada, world.people.bob
    acme, globex, initech = [await world.share(ada, name) for name in ("Acme", "Globex", "Initech")]
    types = list(set(EventType) - {EventType.ACTIVITY_DELIVERY_FAILED, EventType.INTEGRATION_STATUS_CHANGED})
    one = await have_told(world, acme.id, settings=telling(types=types, apps=[globex.id, initech.id]))
    await place_through(world, bob, acme.id)

    await delete_app(globex.id, caller=ada, services=world.services)
    await have_joined(world, "Dora")
    await place(world, bob, ThroughApp(initech.id), settings=posting(channel_id=channel(account=INITECH)))
    await report(world)

    summaries = [event.summary for each in await made(one) for event in await Event.filter(sequence__in=list(each.numbers))]
    assert summaries == [
        "The installed app “Globex” was deleted.",
        "The integration “Checkout” was added, connected to Initech.",
        "A run's result for “Checkout” is waiting to be posted.",
    ]


async def test_a_paused_one_skips_and_a_stopped_one_has_failed_what_happens_meanwhile(world: World) -> None:
    ada, bob = world.people.ada, world.people.bob
    acme, globex = await world.share(ada), await world.share(ada, "Globex")
    one = await have_told(world, acme.id)
    elsewhere = telling(channel_id=channel(2, account=GLOBEX))
    other = await have_told(world, globex.id, name="Other", settings=elsewhere)
    third = await world.share(ada, "Initech")

    await pause(one.id, caller=bob, services=world.services)
    await delete_app(third.id, caller=ada, services=world.services)
    await resume(one.id, caller=bob, services=world.services)
    await delete_app(acme.id, caller=ada, services=world.services)
    await tell(world)

    assert await statuses(one) == ["SKIPPED", "FAILED"]
    assert await statuses(other) == ["DELIVERED", "DELIVERED"]


async def test_what_waits_is_skipped_by_a_pause_and_given_up_by_a_stop_without_a_word_in_the_log(
    world: World,
) -> None:
    ada, bob = world.people.ada, world.people.bob
    acme, globex = await world.share(ada), await world.share(ada, "Globex")
    one = await have_told(world, acme.id)
    two = await have_told(world, acme.id, name="Two", settings=telling(channel_id=channel(2)))
    three = await have_told(world, acme.id, name="Three", settings=telling(channel_id=channel(3)))
    await delete_app(globex.id, caller=ada, services=world.services)
    before = await head(ada.team_id)

    await pause(one.id, caller=bob, services=world.services)
    await delete(two.id, caller=bob, services=world.services)
    await delete_app(acme.id, caller=ada, services=world.services)
    await tell(world)

    assert [await statuses(each) for each in (one, two, three)] == [["SKIPPED", "FAILED"], ["FAILED"], ["FAILED", "FAILED"]]
    assert texts(world) == []
    assert "ACTIVITY_DELIVERY_FAILED" not in await log_since(before, team_id=ada.team_id)


async def test_one_that_fails_is_tried_again_in_order_and_given_up_with_one_event(world: World) -> None:
    ada = world.people.ada
    acme, globex = await world.share(ada), await world.share(ada, "Globex")
    one = await have_told(world, acme.id)
    world.sandbox.control("faults", provider="slack", endpoint="chat.postMessage", times=100, fault="status", status=500)
    before = await head(ada.team_id)

    await delete_app(globex.id, caller=ada, services=world.services)
    await tell(world, during=timedelta(hours=30))

    [delivery] = await made(one)
    attempts = await ActivityAttempt.filter(delivery_id=delivery.id).order_by("number")
    assert (delivery.status.value, [attempt.number for attempt in attempts]) == ("FAILED", list(range(1, 9)))
    assert (await now_of(one)).status is IntegrationStatus.FAILING
    assert await log_since(before, team_id=ada.team_id) == [
        "INSTALLED_APP_DELETED",
        "INTEGRATION_STATUS_CHANGED",
        "ACTIVITY_DELIVERY_FAILED",
    ]


async def test_a_team_without_one_is_not_heard_and_one_that_deletes_its_last_is_heard_no_more(world: World) -> None:
    ada, bob = world.people.ada, world.people.bob
    acme = await world.share(ada)

    async def is_heard() -> bool:
        return (await Counter.get(team_id=ada.team_id)).is_heard

    before = await is_heard()
    one = await have_told(world, acme.id)
    with_one = await is_heard()
    await delete(one.id, caller=bob, services=world.services)
    after = await is_heard()

    assert (before, with_one, after) == (False, True, False)
    assert await ActivityDelivery.all().count() == 0


@pytest.mark.parametrize("count", [1, 12, 150])
async def test_the_events_of_one_change_are_one_message_that_names_the_first(world: World, count: int) -> None:
    ada, bob = world.people.ada, world.people.bob
    acme, globex, hook = await world.share(ada), await world.share(ada, "Globex"), await share(world, ada)
    await have_told(world, globex.id, settings=telling(channel_id=channel(2, account=GLOBEX)))
    at_hook = await have_told(world, hook.id, name="Hook", settings=telling(channel_id="address"))
    first = await place_through(world, bob, acme.id)
    await copy(world, first, count - 1)

    await delete_app(acme.id, caller=ada, services=world.services)
    await tell(world)

    [message], [sent], [delivery] = messages(world), received(world), await made(at_hook)
    sections = [block["text"]["text"] for block in message["blocks"] if block["type"] == "section"]
    assert len(sections) == min(count + 1, 11)
    assert (sections[-1].startswith("… and ")) is (count + 1 > 10)
    assert (sent["data"]["eventCount"], len(sent["data"]["events"])) == (count + 1, min(count + 1, 100))
    assert delivery.event_count == count + 1


async def test_another_teams_log_is_not_told(world: World) -> None:
    others = await make_people(world.services, name="Comet")
    ours, theirs = await world.share(world.people.ada), await world.share(others.ada, "Globex")
    types = [EventType.INSTALLED_APP_ADDED, EventType.TEAM_MEMBER_ADDED]
    at_globex = telling(channel_id=channel(2, account=GLOBEX), types=types)
    one = await have_told(world, ours.id, settings=telling(types=types))
    other = await have_told(world, theirs.id, settings=at_globex, caller=others.bob)

    await have_joined(world, "Dora")
    await world.share(others.ada, "Initech")
    await tell(world)

    assert (await statuses(one), await statuses(other)) == (["DELIVERED"], ["DELIVERED"])
    assert sorted(texts(world)) == [
        "🔹 Dora was added to the team as MEMBER.",
        "🔹 The installed app “Initech” was added, connected to Initech.",
    ]
