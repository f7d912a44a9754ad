import asyncio
from collections.abc import Awaitable, Callable

from app.service.background import Background, Job
from app.services import Services


def job(run: Callable[[], Awaitable[int]]) -> Job:
    async def do(*, services: Services) -> int:
        del services
        return await run()

    return Job("a job", do, every=60.0)


async def test_a_round_under_way_ends_and_no_other_begins_when_the_process_stops(services: Services) -> None:
    rounds, begun, may_end = [], asyncio.Event(), asyncio.Event()

    async def work() -> int:
        begun.set()
        await may_end.wait()
        rounds.append("whole")
        return 1

    working = asyncio.create_task(Background([job(work)]).run(services=services))
    await begun.wait()
    services.stopping.tell()
    may_end.set()
    await working

    assert rounds == ["whole"]


async def test_who_waits_for_the_next_round_ends_at_once(services: Services) -> None:
    looked = asyncio.Event()

    async def look() -> int:
        looked.set()
        return 0

    async with asyncio.timeout(5):
        working = asyncio.create_task(Background([job(look)]).run(services=services))
        await looked.wait()
        services.stopping.tell()
        await working


async def test_a_fault_in_one_job_ends_neither_it_nor_the_others(services: Services) -> None:
    tries, others = asyncio.Semaphore(0), asyncio.Event()
    failures = 0

    async def fail() -> int:
        nonlocal failures
        failures += 1
        tries.release()
        raise LookupError

    async def work() -> int:
        others.set()
        return 0

    background = Background([job(fail), Job("another", job(work).run, every=60.0)])
    working = asyncio.create_task(background.run(services=services))
    async with asyncio.timeout(5):
        await tries.acquire()
        await others.wait()
        background.wake()
        await tries.acquire()
        services.stopping.tell()
        await working

    assert failures >= 2
