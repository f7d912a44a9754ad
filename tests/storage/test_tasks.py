import asyncio

import pytest
from structlog.testing import capture_logs

from app.storage.tasks import Tasks


async def test_the_answer_and_the_error_reach_who_waits() -> None:
    async def succeed() -> int:
        return 1

    async def fail() -> int:
        raise ValueError("no")

    tasks = Tasks()

    assert await tasks.finish(succeed()) == 1
    with pytest.raises(ValueError, match="no"):
        await tasks.finish(fail())


async def test_what_was_abandoned_is_settled_at_the_end() -> None:
    go_on, done = asyncio.Event(), []

    async def work() -> None:
        await go_on.wait()
        done.append(1)

    tasks = Tasks()
    waiting = asyncio.create_task(tasks.finish(work()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert done == []
    go_on.set()
    await tasks.settle(seconds=5)

    assert done == [1]


async def test_what_does_not_end_in_time_is_cancelled_without_a_word() -> None:
    tasks = Tasks()
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    waiting = asyncio.create_task(tasks.finish(work()))
    await asyncio.sleep(0)
    with capture_logs() as logs:
        await tasks.settle(seconds=0)

    assert cancelled.is_set()
    assert logs == []
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_settling_nothing_takes_no_time() -> None:
    await Tasks().settle(seconds=60)
