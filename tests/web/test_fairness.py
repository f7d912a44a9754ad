import asyncio
from collections import Counter
from collections.abc import Sequence

from hypothesis import given, settings, strategies

from app.web.fairness import FairSemaphore, Slices

FOR_EVER = 600.0


async def test_who_comes_first_is_let_in_first() -> None:
    turns, order = FairSemaphore(1, longest=FOR_EVER), list[int]()

    async def want(number: int) -> None:
        async with turns.take("a team"):
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(want(number) for number in range(20)))

    assert order == list(range(20))


async def test_a_crowd_of_one_kind_holds_another_up_by_one_turn() -> None:
    turns, order = FairSemaphore(1, longest=FOR_EVER), list[str]()

    async def want(kind: str) -> None:
        async with turns.take(kind):
            order.append(kind)
            await asyncio.sleep(0)

    await asyncio.gather(*(want("crowd") for _ in range(100)), *(want(kind) for kind in ("one", "another", "one")))

    assert order[:7] == ["crowd", "crowd", "one", "another", "crowd", "one", "crowd"]


async def test_who_takes_too_long_goes_on_and_holds_up_nobody() -> None:
    turns, go_on = FairSemaphore(1, longest=0.01), asyncio.Event()

    async def hang() -> str:
        async with turns.take("slow"):
            await go_on.wait()
            return "went on"

    hanging = [asyncio.create_task(hang()) for _ in range(3)]
    async with asyncio.timeout(10), turns.take("quick"):
        go_on.set()

    assert await asyncio.gather(*hanging) == ["went on"] * 3


@given(
    at_once=strategies.integers(1, 4),
    kinds=strategies.lists(strategies.integers(0, 3), max_size=40),
    leaving=strategies.sets(strategies.integers(0, 39)),
)
@settings(max_examples=60)
def test_there_are_never_more_at_once_and_whoever_stays_has_a_turn(at_once: int, kinds: Sequence[int], leaving: set[int]) -> None:
    most, served = asyncio.run(_crowd(at_once, kinds, leaving))

    assert most <= at_once
    assert served >= set(range(len(kinds))) - leaving


async def _crowd(at_once: int, kinds: Sequence[int], leaving: set[int]) -> tuple[int, set[int]]:
    """Let everybody want a turn and some leave, before it or in it; return how many had one at once, and who had one."""
    turns, inside, most, served = FairSemaphore(at_once, longest=FOR_EVER), Counter[str](), 0, set[int]()

    async def want(number: int) -> None:
        nonlocal most
        async with turns.take(kinds[number]):
            inside["now"] += 1
            most = max(most, inside["now"])
            try:
                await asyncio.sleep(0)
                served.add(number)
            finally:
                inside["now"] -= 1

    tasks = [asyncio.create_task(want(number)) for number in range(len(kinds))]
    for number in sorted(leaving):
        await asyncio.sleep(0)
        if number < len(tasks):
            tasks[number].cancel()
    async with asyncio.timeout(10):
        await asyncio.gather(*tasks, return_exceptions=True)
        # Nothing is left behind: as many as before may be let in at once.
        held = [turns.take("last") for _ in range(at_once)]
        for turn in held:
            await turn.__aenter__()
        for turn in held:
            await turn.__aexit__(None, None, None)
    return most, served


async def test_a_slice_goes_on_at_a_time_and_in_order() -> None:
    slices, order, looks = Slices(10), list[int](), list[int]()

    async def want(number: int) -> None:
        await slices.turn()
        order.append(number)

    tasks = [asyncio.create_task(want(number)) for number in range(95)]
    while len(order) < len(tasks):
        await asyncio.sleep(0)
        looks.append(len(order))

    assert order == list(range(95))
    assert max(now - before for before, now in zip([0, *looks], looks, strict=False)) <= 10


async def test_who_has_left_takes_nothing_of_a_slice() -> None:
    slices, order = Slices(1), list[int]()

    async def want(number: int) -> None:
        await slices.turn()
        order.append(number)

    tasks = [asyncio.create_task(want(number)) for number in range(6)]
    await asyncio.sleep(0)
    for task in tasks[:5]:
        task.cancel()
    async with asyncio.timeout(10):
        await asyncio.gather(*tasks, return_exceptions=True)

    assert order[-1:] == [5]
