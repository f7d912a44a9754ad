"""A subscriber that is cut off again and again and goes on from its cursor sees every change once and in order."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from random import Random
from typing import Any

import pytest

from tests.callers import Socket, socket_to
from tests.journeys.soaking import CUT_OFF, JSON, fresh_random, full, log_of, say, telling, until, until_answers
from tests.journeys.story import Story
from tests.journeys.test_early_completion import PAUSE, RESUME, add_quiet_integration
from tests.processes import Service

CHANGES = full(5_000, ci=400)
ALL = CHANGES + 1
"""That the integration was added is one too."""

DROPS = full(200, ci=20)
RESTARTS = full(4, ci=0)
"""In CI only the journey of the kills ends servers."""

BEFORE_LATE = CHANGES // 4
"""After so many changes the slow subscriber comes, with its old cursor, and one without a cursor."""

MOST_SECONDS = full(600, ci=60)
CATCH_UP_SECONDS = 20.0
SLOWEST_READ = 0.05

WATCH = """
subscription ($after: String) { integrationStatusChanged(after: $after) { cursor sequence status previousStatus } }"""
WATCH_AT_LENGTH = f"""
subscription ($after: String) {{
  integrationStatusChanged(after: $after) {{
    cursor sequence status previousStatus {" ".join(f"again{number}: integration {{ ...All }}" for number in range(10))}
  }}
}}
fragment All on Integration {{ id name connectedTo createdAt updatedAt statusChangedAt statusMessage usesInstalledApp }}"""
CURSOR = "query { eventCursor }"


@dataclass
class Flips:
    """The changes being made; at some of them something else happens too."""

    story: Story
    integration: str
    moments: dict[int, Callable[[], Coroutine[Any, Any, None]]]
    made: int = 0
    have_begun: asyncio.Event = field(default_factory=asyncio.Event)
    have_ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def make(self) -> None:
        """Pause and resume by turns until there are CHANGES changes. A flip that was cut off is asked for again."""
        async with asyncio.TaskGroup() as group:
            while self.made < CHANGES:
                async with or_cut_off(self.story.service), socket_to(self.story.service.url, self.story.admin.token) as socket:
                    while self.made < CHANGES:
                        if moment := self.moments.pop(self.made, None):
                            group.create_task(moment())
                        await flip(socket, RESUME if self.made % 2 else PAUSE, self.integration)
                        self.made += 1
                        if self.made == BEFORE_LATE:
                            self.have_begun.set()
        self.have_ended.set()


@dataclass
class Seen:
    """What one subscriber saw."""

    changes: list[JSON] = field(default_factory=list)
    drops: int = 0


@pytest.mark.endurance
async def test_subscribers_that_drop_are_slow_or_come_late_miss_nothing(service: Service) -> None:
    random = fresh_random()
    late: list[list[JSON]] = []
    async with telling(service) as story:
        begin = (await story.admin.ask(CURSOR))["eventCursor"]
        integration, _ = await add_quiet_integration(story)
        flips = Flips(story, integration, restarts(service, random))
        following = asyncio.create_task(follow_from_now(flips, late))

        async with asyncio.timeout(MOST_SECONDS), asyncio.TaskGroup() as group:
            group.create_task(flips.make())
            dropping = group.create_task(follow_dropping(flips, after=begin, random=random))
            slow = group.create_task(follow_slowly(flips, after=begin, random=random))

        log = await log_of(story.admin, after=begin)
        expected = [event["sequence"] for event in log if event["type"] in {"INTEGRATION_ADDED", "INTEGRATION_STATUS_CHANGED"}]
        await until_seen(late, expected[-1])
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    assert len(expected) == ALL
    assert numbers(dropping.result().changes) == expected
    assert numbers(slow.result().changes) == expected
    assert_by_turns(dropping.result().changes)
    assert dropping.result().drops == DROPS
    assert_live(late, expected)
    say(
        f"drops: {CHANGES} changes; one subscriber was cut off {DROPS} times, the slow one {slow.result().drops} times, "
        f"{len(late)} subscriptions without a cursor; the server ended {RESTARTS} times"
    )


def restarts(service: Service, random: Random) -> dict[int, Callable[[], Coroutine[Any, Any, None]]]:
    """Return at which changes the server is told to stop, or killed."""

    async def stop() -> None:
        assert await asyncio.to_thread(service.stop) == 0
        await service.start("--sandbox")

    async def kill() -> None:
        service.kill()
        await service.start("--sandbox")

    # Not at the very end, so that who has no cursor is there to see it; and not one during another.
    part = CHANGES * 6 // 10 // max(RESTARTS, 1)
    moments = [BEFORE_LATE + number * part + random.randrange(part // 2) for number in range(RESTARTS)]
    return dict(zip(moments, cycle([stop, kill]), strict=False))


async def flip(socket: Socket, operation: str, integration: str) -> None:
    begun = await socket.begin(operation, id=integration)
    answer = await socket.receive()
    assert (answer["type"], answer["id"]) == ("next", begun), answer
    assert "errors" not in answer["payload"], answer
    [payload] = answer["payload"]["data"].values()
    assert payload["userErrors"] == []
    assert (await socket.receive())["type"] == "complete"


async def follow_dropping(flips: Flips, *, after: str, random: Random) -> Seen:
    """Follow from the cursor on, cutting the connection off right behind DROPS of the changes."""
    seen, drop_behind = Seen(), set(random.sample(range(1, ALL), DROPS))
    while len(seen.changes) < ALL:
        async with or_cut_off(flips.story.service), subscribed(flips.story, WATCH, after=after) as (socket, changes):
            async for change in changes:
                seen.changes.append(change)
                after = change["cursor"]
                if len(seen.changes) in drop_behind:
                    seen.drops += 1
                    socket.connection.transport.abort()
                    break
                if len(seen.changes) == ALL:
                    break
    return seen


async def follow_slowly(flips: Flips, *, after: str, random: Random) -> Seen:
    """Come late and follow from the cursor on, with long answers, taking its time for as long as changes are made."""
    await flips.have_begun.wait()
    seen = Seen()
    while len(seen.changes) < ALL:
        async with or_cut_off(flips.story.service), subscribed(flips.story, WATCH_AT_LENGTH, after=after) as (_, changes):
            async for change in changes:
                seen.changes.append(change)
                after = change["cursor"]
                if len(seen.changes) == ALL:
                    break
                if not flips.have_ended.is_set():
                    await asyncio.sleep(random.uniform(0, SLOWEST_READ))  # the slowness itself
        seen.drops += len(seen.changes) < ALL
    return seen


async def follow_from_now(flips: Flips, stretches: list[list[JSON]]) -> None:
    """Come late and follow without a cursor until cancelled; `stretches` is what each subscription saw."""
    await flips.have_begun.wait()
    while True:
        stretches.append([])
        async with or_cut_off(flips.story.service), subscribed(flips.story, WATCH) as (_, changes):
            async for change in changes:
                stretches[-1].append(change)


async def until_seen(stretches: Sequence[Sequence[JSON]], last: int) -> None:
    async def have_seen() -> bool:
        return numbers(stretches[-1])[-1:] == [last]

    await until(have_seen, seconds=CATCH_UP_SECONDS)


@asynccontextmanager
async def subscribed(story: Story, operation: str, **variables: object) -> AsyncIterator[tuple[Socket, AsyncIterator[JSON]]]:
    async with socket_to(story.service.url, story.admin.token) as socket:
        results = socket.subscribe(operation, **variables)
        async with aclosing(changes_of(results)) as changes:
            yield socket, changes


async def changes_of(results: AsyncIterator[JSON]) -> AsyncGenerator[JSON, None]:
    async for data in results:
        yield data["integrationStatusChanged"]


@asynccontextmanager
async def or_cut_off(service: Service) -> AsyncIterator[None]:
    """Leave the block when the connection is cut off, and wait until the service answers again."""
    try:
        yield
    except CUT_OFF:
        await until_answers(f"{service.url}/readyz")


def numbers(changes: Sequence[JSON]) -> list[int]:
    return [change["sequence"] for change in changes]


def assert_live(stretches: Sequence[Sequence[JSON]], expected: Sequence[int]) -> None:
    """Each subscription saw a part of the log without gaps, and nothing that had been before it."""
    ends = BEFORE_LATE
    for stretch in filter(None, stretches):
        begins = expected.index(stretch[0]["sequence"])
        assert begins > ends
        ends = begins + len(stretch) - 1
        assert numbers(stretch) == expected[begins : ends + 1]
    assert ends == len(expected) - 1


def assert_by_turns(changes: Sequence[JSON]) -> None:
    turns = [("ACTIVE", None), *islice(cycle([("PAUSED", "ACTIVE"), ("ACTIVE", "PAUSED")]), CHANGES)]
    assert [(change["status"], change["previousStatus"]) for change in changes] == turns
