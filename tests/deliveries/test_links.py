"""Where a message is read: asked for once, kept, and null where nobody can say."""

from dataclasses import replace
from typing import Any

from app.access.callers import Role
from app.deliveries.models import Delivery
from app.graphql.execution.schema import Schema
from app.graphql.ids import encode_id
from app.integrations.kinds.post_monitoring_results.models import FollowUps
from app.integrations.models import Integration
from app.monitors.models import RunOutcome
from tests.deliveries.asking import ask
from tests.deliveries.world import GENERAL, SECOND, World

MESSAGES = """
query ($id: ID!) {
  node(id: $id) { ... on Integration { deliveries(first: 50) { nodes { status message { url postedAt isAnswer } } } } }
}"""
PAGE = f"https://acme-sandbox.slack.com/archives/{GENERAL}/p"


async def messages_of(schema: Schema, world: World, integration: Integration, **more: Any) -> list[Any]:
    """Return the messages of the integration's deliveries, the oldest first."""
    answer = await ask(schema, world, MESSAGES, id=encode_id("Integration", integration.id), **more)
    return [delivery["message"] for delivery in answer["node"]["deliveries"]["nodes"]][::-1]


def links_asked(world: World) -> int:
    return sum("chat.getPermalink" in seen["path"] for seen in world.sandbox.state()["requests"])


async def test_a_message_has_its_address_which_is_asked_for_once(schema: Schema, world: World) -> None:
    integration = await world.add_integration(follow_ups=FollowUps.IN_THREAD)
    for outcome in (RunOutcome.FAILED, RunOutcome.PASSED):
        await world.report(outcome)
        await world.deliver_for(2)
    posted = world.messages()

    first = await messages_of(schema, world, integration)
    world.clock.advance(120 * SECOND)
    again = await messages_of(schema, world, integration)

    parent, answer = (message["ts"] for message in posted)
    assert [message["url"] for message in first] == [
        f"{PAGE}{parent.replace('.', '')}",
        f"{PAGE}{answer.replace('.', '')}?thread_ts={parent}&cid={GENERAL}",
    ]
    assert [message["isAnswer"] for message in first] == [False, True]
    assert all(message["postedAt"] for message in first)
    assert again == first
    assert links_asked(world) == 2


async def test_what_was_not_posted_has_no_message(schema: Schema, world: World) -> None:
    integration = await world.add_integration()
    await world.report()

    assert await messages_of(schema, world, integration) == [None]


async def test_a_message_that_was_deleted_has_no_address(schema: Schema, world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    await world.deliver()
    [posted] = world.messages()
    world.sandbox.control("delete", workspace="Acme", channel="general", ts=posted["ts"])

    [message] = await messages_of(schema, world, integration)

    assert (message["url"], message["isAnswer"]) == (None, False)


async def test_a_viewer_reads_addresses_that_somebody_else_has_asked_for(schema: Schema, world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    await world.deliver()
    viewer = replace(world.caller, role=Role.VIEWER)

    before = await messages_of(schema, world, integration, caller=viewer)
    asked = await messages_of(schema, world, integration)
    after = await messages_of(schema, world, integration, caller=viewer)

    assert before[0]["url"] is None
    assert after == asked
    assert links_asked(world) == 1


async def test_while_slack_is_away_addresses_are_null_and_nothing_fails(schema: Schema, world: World) -> None:
    integration = await world.add_integration()
    await world.report()
    await world.deliver()
    world.sandbox.control("faults", provider="slack", endpoint="chat.getPermalink", times=1, fault="status", status=503)

    away = await messages_of(schema, world, integration)
    back = await messages_of(schema, world, integration)

    assert (away[0]["url"], back[0]["url"] is not None) == (None, True)


async def test_an_operation_asks_for_twenty_addresses_at_most(schema: Schema, world: World) -> None:
    integration = await world.add_integration()
    for _ in range(23):
        await world.report()
    await world.deliver_for(30)

    first = await messages_of(schema, world, integration)
    second = await messages_of(schema, world, integration)

    assert [sum(message["url"] is not None for message in page) for page in (first, second)] == [20, 23]
    assert await Delivery.filter(message_url__isnull=False).count() == 23
