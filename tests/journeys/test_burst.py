"""What is reported at the same time counts as if it had been reported one after the other."""

from random import Random
from uuid import UUID

import pytest

from tests.journeys.soaking import JSON, ask_at_once, fresh_random, full, messages, say, telling, until_none_waits
from tests.journeys.story import RECORD, Story
from tests.processes import Service

ROUNDS = full(10, ci=1)
FAILURES_AT_ONCE = 5
SAME_RUN_AT_ONCE = 100
RULE = "THREE_FAILURES_THEN_FIRST_SUCCESS"


@pytest.mark.endurance
async def test_five_failures_at_once_post_one_message_and_the_same_run_a_hundred_times_is_one(service: Service) -> None:
    random = fresh_random()
    async with telling(service) as story:
        authorization = await story.sign_in_at_slack()
        channel = await story.channel(authorization)
        using: JSON = {"authorization": {"authorizationId": authorization, "shareWithTeam": True}}
        added = await story.add(story.admin, name="At first", using=using, monitor="at-first", channel=channel)
        using = {"installedAppId": added["installedApp"]["id"]}

        for number in range(ROUNDS):
            await five_failures_at_once_post_one_message(story, using=using, channel=channel, monitor=f"five-{number}")
            await the_same_run_at_once_is_one_run(story, using=using, channel=channel, monitor=f"same-{number}", random=random)

    say(f"burst: {ROUNDS} x {FAILURES_AT_ONCE} failures at once, {ROUNDS} x {SAME_RUN_AT_ONCE} times the same run")


async def five_failures_at_once_post_one_message(story: Story, *, using: JSON, channel: str, monitor: str) -> None:
    await story.add(story.admin, name=f"For {monitor}", using=using, monitor=monitor, channel=channel, notify=RULE)
    before = await messages(story.service)

    recorded = await ask_at_once(
        story.admin, RECORD, [{"input": run_of(monitor, f"run-{number}", "FAILED")} for number in range(FAILURES_AT_ONCE)]
    )

    runs = [answer["recordMonitorRun"] for answer in recorded]
    assert [run["userErrors"] for run in runs] == [[]] * FAILURES_AT_ONCE
    assert len({run["run"]["id"] for run in runs}) == FAILURES_AT_ONCE
    made = [delivery["id"] for run in runs for delivery in run["deliveries"]]
    statuses = await until_none_waits(story.admin, made, seconds=60)
    assert sorted(map(str, statuses.values())) == ["DELIVERED", "SKIPPED", "SKIPPED", "SKIPPED", "SKIPPED"]
    [posted] = (await messages(story.service))[len(before) :]
    assert "Third failure in a row" in str(posted)


async def the_same_run_at_once_is_one_run(story: Story, *, using: JSON, channel: str, monitor: str, random: Random) -> None:
    await story.add(story.admin, name=f"For {monitor}", using=using, monitor=monitor, channel=channel)
    before = await messages(story.service)
    same = run_of(monitor, str(UUID(int=random.getrandbits(128))), random.choice(["PASSED", "FAILED", "ERROR"]))

    recorded = await ask_at_once(story.admin, RECORD, [{"input": same}] * SAME_RUN_AT_ONCE)

    answers = [answer["recordMonitorRun"] for answer in recorded]
    assert [answer["userErrors"] for answer in answers] == [[]] * SAME_RUN_AT_ONCE
    assert len({answer["run"]["id"] for answer in answers}) == 1
    [delivery] = {delivery["id"] for answer in answers for delivery in answer["deliveries"]}
    assert await until_none_waits(story.admin, [delivery], seconds=60) == {delivery: "DELIVERED"}
    assert len(await messages(story.service)) == len(before) + 1


def run_of(monitor: str, run_id: str, outcome: str) -> JSON:
    return {
        "monitorKey": monitor,
        "runId": run_id,
        "outcome": outcome,
        "startedAt": "2026-11-21T10:00:00Z",
        "durationMs": 1200,
        "requestCount": 3,
        "testCount": 3,
        "failedTestCount": 0 if outcome == "PASSED" else 1,
    }
