"""Monitors whose outages are told in threads: what is reported of them, what has to be said, and what stands in the channels."""

import asyncio
import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from app.graphql.ids import decode_id
from tests.journeys.soaking import CUT_OFF, JSON, messages, until_answers
from tests.journeys.story import ADD, Story
from tests.journeys.test_burst import run_of

THREE, ALL = "THREE_FAILURES_THEN_FIRST_SUCCESS", "ALL_RUNS"
WAYS = ((THREE, "SILENT"), (THREE, "SILENT"), (THREE, "IN_THREAD"), (ALL, "IN_THREAD"))
RECORD = """
mutation ($input: RecordMonitorRunInput!) {
  recordMonitorRun(input: $input) { run { id } deliveries { id } userErrors { code message } }
}"""


@dataclass
class Watched:
    """A monitor, the channel that it is posted to, and what was reported of it: P and F, in order, with what each made."""

    key: str
    channel: str
    notify: str
    follow_ups: str
    outcomes: str = ""
    deliveries: list[str] = field(default_factory=list)

    def outages(self) -> Iterator[list[str]]:
        """Yield the deliveries that are told of each outage, in order; the last one's may be without its end."""
        least = 3 if self.notify == THREE else 1
        for failed in re.finditer(r"F+", self.outcomes):
            first, end = failed.start() + least - 1, failed.end()
            if first >= end:
                continue
            told = range(first, end) if self.follow_ups == "IN_THREAD" else [first]
            yield [self.deliveries[number] for number in (*told, *range(end, min(end + 1, len(self.outcomes))))]

    async def report(self, story: Story, random: Random) -> None:
        """Report another run; the same one again until it is answered, whatever happens to the service."""
        outcome = random.choice("PFFFF" if self.outcomes.endswith("F") else "PF")
        run = run_of(self.key, f"{self.key}-{len(self.outcomes)}", {"P": "PASSED", "F": "FAILED"}[outcome])
        while True:
            with contextlib.suppress(*CUT_OFF):
                answer = await story.admin.answer(RECORD, {"input": run})
                if "errors" not in answer:
                    break
            await until_answers(f"{story.service.url}/readyz")
        recorded = answer["data"]["recordMonitorRun"]
        assert recorded["userErrors"] == []
        [delivery] = recorded["deliveries"]
        self.outcomes += outcome
        self.deliveries.append(delivery["id"])


async def watch(story: Story, *, monitors: int) -> list[Watched]:
    """Add an integration for each monitor, with a channel of its own."""
    authorization = await story.sign_in_at_slack(workspace="T0GLOBEX002")
    channels = [await story.channel(authorization, name=f"project-{number:03}") for number in range(1, monitors + 1)]
    watched, using = [], {"authorization": {"authorizationId": authorization, "shareWithTeam": True}}
    for number, channel in enumerate(channels):
        notify, follow_ups = WAYS[number % len(WAYS)]
        settings = {"monitorKey": f"m-{number}", "channelId": channel, "notify": notify, "followUps": follow_ups}
        wanted = {"name": f"M {number}", "using": using, "settings": {"postMonitoringResults": settings}}
        added = (await story.admin.ask(ADD, input=wanted))["addIntegration"]
        assert added["userErrors"] == []
        using = {"installedAppId": added["installedApp"]["id"]} if added["installedApp"] is not None else using
        watched.append(Watched(f"m-{number}", f"project-{number + 1:03}", notify, follow_ups))
    return watched


@dataclass(frozen=True)
class Found:
    outages: int
    answers: int
    twice: int


async def verify(story: Story, watched: Sequence[Watched]) -> Found:
    """Look at every outage in its channel: one parent, all that follows in its thread and in order, its end shown to all."""
    posted = await messages(story.service)
    outages = answers = twice = 0
    for monitor in watched:
        of_channel = [message for message in posted if message["channel_name"] == monitor.channel]
        by_delivery: dict[str, list[JSON]] = {}
        for message in of_channel:
            by_delivery.setdefault(message["metadata"]["event_payload"]["delivery_id"], []).append(message)
        twice += len(of_channel) - len(by_delivery)
        for outage in monitor.outages():
            keys = [str(decode_id(delivery, "Delivery")) for delivery in outage]
            told = [by_delivery[key] for key in keys]
            assert [message["thread_ts"] for message in told[0]] == [None] * len(told[0]), keys
            threads = {message["thread_ts"] for answer in told[1:] for message in answer}
            assert len(threads) <= 1, keys
            assert threads <= {message["ts"] for message in told[0]}, keys
            first_times = [answer[0]["ts"] for answer in told]
            assert first_times == sorted(first_times), keys
            ended = monitor.outcomes[monitor.deliveries.index(outage[-1])] == "P"
            shown = [[message["reply_broadcast"] for message in answer] for answer in told]
            assert shown == [[ended and answer is told[-1]] * len(answer) for answer in told], keys
            outages, answers = outages + 1, answers + len(told) - 1
    return Found(outages, answers, twice)


class Reporting:
    """Reports runs of the monitors side by side, each monitor's one after the other, as many as it is told to."""

    def __init__(self, story: Story, watched: Sequence[Watched], random: Random) -> None:
        self._story = story
        self._allowed = [asyncio.Semaphore(0) for _ in watched]
        self._tasks = [
            asyncio.create_task(self._report(monitor, allowed, Random(random.random())))  # noqa: S311 - has to be repeatable
            for monitor, allowed in zip(watched, self._allowed, strict=True)
        ]

    def allow(self, runs: int) -> None:
        """Let each monitor have so many more."""
        for allowed in self._allowed:
            for _ in range(runs):
                allowed.release()

    async def finish(self, watched: Sequence[Watched], *, runs: int) -> None:
        """Return once each monitor has had as many."""
        while min(len(monitor.outcomes) for monitor in watched) < runs:
            done, _ = await asyncio.wait(self._tasks, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _report(self, monitor: Watched, allowed: asyncio.Semaphore, random: Random) -> None:
        while True:
            await allowed.acquire()
            await monitor.report(self._story, random)
