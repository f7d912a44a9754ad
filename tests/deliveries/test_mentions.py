"""Who is called when something breaks: whom a member has chosen, once, and nobody by what a run brings."""

from typing import Any

import pytest

from app.errors import Refusal, UserErrorCode
from app.graphql.ids import encode_id
from app.integrations.editing import Edit, edit
from app.integrations.kinds.post_monitoring_results.models import FollowUps, MonitoringPost, NotifyRule
from app.integrations.kinds.post_monitoring_results.settings import MonitoringPostEdit
from app.integrations.models import Integration
from app.monitors.actions import record_run
from app.monitors.models import Failure
from app.monitors.reported import ReportedRun
from app.service.schema import build_schema
from tests.deliveries.asking import ask
from tests.deliveries.test_threads import F, N, P, tell
from tests.deliveries.world import World

RULE = NotifyRule.THREE_FAILURES_THEN_FIRST_SUCCESS
GROUP = "S0ONCALL1"
EDIT = """
mutation ($id: ID!, $settings: EditPostMonitoringResultsInput!) {
  editIntegration(input: {id: $id, settings: {postMonitoringResults: $settings}}) {
    integration { settings { ... on PostMonitoringResults { followUps recoveryInChannel mention mentionName } } }
    userErrors { code field }
  }
}"""
CALLS = ("<!here>", "<!channel>", "<!subteam^")


def calls(world: World) -> list[str | None]:
    """Return whom each message calls, which is the same in its text and in its blocks."""
    found = []
    for message in world.messages():
        text, block = message["text"].split()[0], message["blocks"][0]["text"]["text"].split()[0]
        assert (text if text.startswith(CALLS) else None) == (block if block.startswith(CALLS) else None)
        found.append(text if text.startswith(CALLS) else None)
    return found


async def change(world: World, integration: Integration, **wanted: Any) -> MonitoringPost:
    edited = Edit(settings=MonitoringPostEdit(**wanted))
    await edit(integration.id, edited, expected_updated_at=None, caller=world.caller, services=world.services)
    return await MonitoringPost.get(integration_id=integration.id)


@pytest.mark.parametrize(("mention", "written"), [("here", "<!here>"), ("channel", "<!channel>"), (GROUP, f"<!subteam^{GROUP}>")])
async def test_the_third_failure_calls_whom_a_member_has_chosen(world: World, mention: str, written: str) -> None:
    await world.add_integration(notify=RULE, mention=mention, follow_ups=FollowUps.IN_THREAD)

    await tell(world, F, F, F, F, P)

    assert calls(world) == [written, None, None]


async def test_by_default_nobody_is_called(world: World) -> None:
    await world.add_integration(notify=RULE)

    await tell(world, F, F, F, P)

    assert calls(world) == [None, None]


@pytest.mark.parametrize("follow_ups", FollowUps)
async def test_where_all_runs_are_posted_the_first_failure_in_a_row_calls(world: World, follow_ups: FollowUps) -> None:
    await world.add_integration(mention="here", follow_ups=follow_ups)

    await tell(world, P, F, F, N, F, P, F)

    assert calls(world) == [None, "<!here>", None, None, None, None, "<!here>"]
    assert [message["thread_ts"] is not None for message in world.messages()][1:6] == [
        False,
        *[follow_ups is FollowUps.IN_THREAD] * 4,
    ]


async def test_nothing_that_a_run_brings_calls_anybody(world: World) -> None:
    await world.add_integration(notify=RULE)
    for number in range(3):
        run = ReportedRun(
            monitor_key="checkout",
            monitor_name="<!channel> @here <!subteam^S0ONCALL1>",
            run_id=f"hostile-{number}",
            outcome=F,
            started_at=world.clock.now(),
            duration_ms=1,
            failures=(Failure("<!here>", "<@U0ACME001> <!everyone> @channel"),),
        )
        await record_run(run, caller=world.caller, services=world.services)
    await world.deliver_for(3)

    [message] = world.messages()
    said = [message["text"], *(block["text"]["text"] for block in message["blocks"] if "text" in block)]
    assert not [text for text in said for call in ("<!here", "<!channel", "<!subteam", "<!everyone", "<@") if call in text]


async def test_whom_it_calls_is_changed_and_taken_back(world: World) -> None:
    integration = await world.add_integration(notify=RULE)

    chosen = await change(world, integration, mention=GROUP)
    kept = await change(world, integration, recovery_in_channel=False)
    nobody = await change(world, integration, mention="")

    assert (chosen.mention, chosen.mention_name) == (GROUP, f"the user group {GROUP}")
    assert (kept.mention, kept.recovery_in_channel) == (GROUP, False)
    assert (nobody.mention, nobody.mention_name) == (None, None)


@pytest.mark.parametrize("word", ["everyone", "@here", "S1", "<!here>", "S0ONCALL1>", "U0ACME001", "here ", "\ud800"])
async def test_what_calls_nobody_is_refused(world: World, word: str) -> None:
    integration = await world.add_integration(notify=RULE)

    with pytest.raises(Refusal) as refused:
        await change(world, integration, mention=word)

    assert refused.value.code is UserErrorCode.INVALID
    assert refused.value.field == ("settings", "postMonitoringResults", "mention")
    assert (await MonitoringPost.get(integration_id=integration.id)).mention is None


async def test_a_client_writes_and_reads_how_an_outage_is_told(world: World) -> None:
    integration, schema = await world.add_integration(notify=RULE), build_schema()
    wanted = {"followUps": "IN_THREAD", "recoveryInChannel": False, "mention": "here"}

    answers = [
        (await ask(schema, world, EDIT, id=encode_id("Integration", integration.id), settings=settings))["editIntegration"]
        for settings in (wanted, {"notify": "ALL_RUNS"}, {"mention": None}, {"mention": "everyone"})
    ]

    told = [answer["integration"] and answer["integration"]["settings"] for answer in answers]
    assert told == [
        wanted | {"mentionName": "@here"},
        wanted | {"mentionName": "@here"},
        wanted | {"mention": None, "mentionName": None},
        None,
    ]
    assert answers[-1]["userErrors"] == [{"code": "INVALID", "field": ["settings", "postMonitoringResults", "mention"]}]
