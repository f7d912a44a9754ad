import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from app.background import Background, Job
from app.ground import Ground

_PATIENCE_SECONDS = 20.0


@dataclass
class Work:
    """What a job does: it says what is due, and counts its rounds."""

    due: int = 0
    rounds: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, *, ground: Ground) -> int:
        del ground
        self.rounds += 1
        self.changed.set()
        done, self.due = min(self.due, 1), max(self.due - 1, 0)
        return done

    async def until(self, holds: Callable[[int], bool]) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not holds(self.rounds):
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def at_work(ground: Ground, *jobs: Job) -> AsyncIterator[Background]:
    background = Background(jobs)
    running = asyncio.create_task(background.run(ground=ground))
    try:
        yield background
    finally:
        ground.stopping.tell()
        await running


async def test_a_wake_up_makes_a_job_look_long_before_its_time(ground: Ground) -> None:
    work = Work()
    async with at_work(ground, Job("work", work.run, every=600)) as background:
        await work.until(lambda rounds: rounds == 1)

        background.wake()
        await work.until(lambda rounds: rounds == 2)


async def test_a_job_goes_on_at_once_while_it_finds_something(ground: Ground) -> None:
    work = Work(due=500)
    began = time.monotonic()
    async with at_work(ground, Job("work", work.run, every=600)):
        await work.until(lambda rounds: rounds == 501)

    assert time.monotonic() - began < 10


async def test_a_storm_of_wake_ups_makes_ten_looks_a_second_and_none_after_the_last_is_missed(ground: Ground) -> None:
    work = Work()
    async with at_work(ground, Job("work", work.run, every=600)) as background:
        await work.until(lambda rounds: rounds == 1)

        began = time.monotonic()
        for _ in range(300):
            background.wake()
            await asyncio.sleep(0.003)  # some hundred changes a second
        in_storm, took = work.rounds, time.monotonic() - began
        background.wake()
        await work.until(lambda rounds: rounds > in_storm)

    assert 3 <= in_storm <= 10 * took + 3


async def test_no_change_wakes_a_job_for_which_it_is_no_reason(ground: Ground) -> None:
    work, sweeping = Work(), Work()
    async with at_work(
        ground, Job("work", work.run, every=600), Job("sweep", sweeping.run, every=600, is_woken=False)
    ) as background:
        await sweeping.until(lambda rounds: rounds == 1)
        for wanted in (2, 3):
            background.wake()
            await work.until(lambda rounds, wanted=wanted: rounds >= wanted)  # type: ignore[misc]

        assert sweeping.rounds == 1


async def test_one_that_fails_is_tried_again_and_leaves_the_others_alone(ground: Ground) -> None:
    work = Work()

    async def fail(*, ground: Ground) -> int:
        await work.run(ground=ground)
        raise LookupError

    other = Work()
    async with at_work(ground, Job("fail", fail, every=0.01), Job("other", other.run, every=0.01)):
        await work.until(lambda rounds: rounds >= 3)
        await other.until(lambda rounds: rounds >= 3)
