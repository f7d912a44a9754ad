"""Of those who want the same one goes ahead; whatever becomes of it, nobody else waits for it in vain."""

import asyncio
from dataclasses import dataclass

from app.log.companies import Company

ROUNDS = 10


@dataclass(eq=False)
class Reading:
    position: int = 0


async def test_one_goes_ahead_and_the_others_wait_for_it() -> None:
    company, readers, waits = await waiting(3)

    ring(company)
    ring(company)
    await settle()

    assert [wait.done() for wait in waits] == [True, False, False]
    assert company.is_ahead(readers[0])
    await end(waits)


async def test_of_those_who_wait_the_one_that_has_read_least_goes_ahead_and_of_equals_the_first() -> None:
    company, readers, waits = await waiting(4)
    readers[0].position, readers[3].position = 3, 3
    readers[1].position = readers[2].position = 2

    ring(company)
    await settle()

    assert [wait.done() for wait in waits] == [False, True, False, False]
    await end(waits)


async def test_who_comes_back_lets_another_go_ahead() -> None:
    company, readers, waits = await waiting(2)
    ring(company)
    await settle()

    waits.append(asyncio.create_task(company.wait(readers[0])))
    await settle()
    ring(company)
    await settle()

    assert [wait.done() for wait in waits] == [True, True, False]
    await end(waits)


async def test_where_the_one_ahead_leaves_all_go_on() -> None:
    company, readers, waits = await waiting(3)
    ring(company)
    await settle()

    company.leave(readers[1])  # which is not ahead
    await settle()
    before = [wait.done() for wait in waits]
    company.leave(readers[0])
    await settle()

    assert before == [True, False, False]
    assert [wait.done() for wait in waits] == [True, True, True]


async def test_nobody_waits_for_long_for_the_one_ahead_also_who_came_later() -> None:
    company = Company[Reading](late_seconds=0.01)
    first = asyncio.create_task(company.wait(Reading()))
    await settle()
    ring(company)
    await first
    later = asyncio.create_task(company.wait(Reading()))

    async with asyncio.timeout(5):
        await later


async def test_who_is_cancelled_waits_no_more() -> None:
    company, readers, waits = await waiting(2)

    waits[0].cancel()
    await settle()
    ring(company)
    await settle()

    assert not company.is_waiting(readers[0])
    assert company.is_ahead(readers[1])


async def waiting(count: int) -> tuple[Company[Reading], list[Reading], list["asyncio.Task[None]"]]:
    company, readers = Company[Reading](), [Reading() for _ in range(count)]
    waits = [asyncio.create_task(company.wait(reader)) for reader in readers]
    await settle()
    return company, readers, waits


def ring(company: Company[Reading]) -> None:
    for bell in company.send_one_ahead():
        bell.set_result(None)


async def settle() -> None:
    for _ in range(ROUNDS):
        await asyncio.sleep(0)


async def end(waits: list["asyncio.Task[None]"]) -> None:
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
