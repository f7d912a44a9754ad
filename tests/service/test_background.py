import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import uuid4

from app.service.background import Background, Job
from app.services import Services
from app.storage.slots import Claimant, Shares, Slots


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


async def test_wake_ups_gather_for_as_long_as_the_jobs_pace_and_the_end_waits_for_none_of_them(services: Services) -> None:
    eager, patient = asyncio.Semaphore(0), list[str]()

    async def look_often() -> int:
        eager.release()
        return 0

    async def look_seldom() -> int:
        patient.append("looked")
        return 0

    often, seldom = job(look_often), job(look_seldom)
    background = Background([replace(often, pace=0.0), replace(seldom, pace=60.0)])
    working = asyncio.create_task(background.run(services=services))
    async with asyncio.timeout(5):
        for _ in range(3):
            await eager.acquire()
            background.wake()
        await eager.acquire()
        services.stopping.tell()
        await working

    assert patient == ["looked"]


async def test_what_takes_long_holds_its_slot_and_the_others_are_refilled(services: Services) -> None:
    waiting, ended = list(range(6)), list[int]()
    go_on, others_ended = asyncio.Event(), asyncio.Event()

    async def work(number: int) -> None:
        if number == 0:
            await go_on.wait()
        ended.append(number)
        if len(ended) == 5:
            others_ended.set()

    async def begin(*, services: Services, slots: Slots) -> int:
        del services
        begun = 0
        while waiting and slots.room().left:
            slots.begin(Claimant("https://one.test", uuid4()), work(waiting.pop(0)))
            begun += 1
        return begun

    background = Background([Job("slots", begin, every=60.0, shares=Shares(in_all=2, of_origin=2, of_grant=1))])
    working = asyncio.create_task(background.run(services=services))
    async with asyncio.timeout(5):
        await others_ended.wait()
        before = list(ended)
        services.stopping.tell()
        go_on.set()
        await working

    assert before == [1, 2, 3, 4, 5]
    assert ended == [1, 2, 3, 4, 5, 0]


async def test_work_in_a_slot_that_fails_is_counted_and_ends_no_other(services: Services) -> None:
    looked, go_on, ended = asyncio.Semaphore(0), asyncio.Event(), asyncio.Event()
    works = iter([True, False])

    async def work(*, fails: bool) -> None:
        await go_on.wait()
        if fails:
            raise LookupError
        ended.set()

    async def begin(*, services: Services, slots: Slots) -> int:
        del services
        looked.release()
        fails = next(works, None)
        if fails is None:
            return 0
        slots.begin(Claimant("https://one.test", uuid4()), work(fails=fails))
        return 1

    background = Background([Job("slots", begin, every=60.0, shares=Shares(in_all=2, of_origin=2, of_grant=1))])
    working = asyncio.create_task(background.run(services=services))
    async with asyncio.timeout(5):
        for _ in range(3):
            await looked.acquire()
        go_on.set()
        await ended.wait()
        await looked.acquire()  # since a slot is free again
        services.stopping.tell()
        await working

    count = services.meters.registry.get_sample_value("installed_apps_background_rounds_failed_total", {"job": "slots"})
    assert count == 1
