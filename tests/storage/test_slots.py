"""Slots: each free again by itself, no more of one origin or grant than its share, and an end that waits and then does not."""

import asyncio
from uuid import UUID

import pytest

from app.storage.slots import Claimant, Shares, Slots, given_or_own

SHARES = Shares(in_all=4, of_origin=3, of_grant=2)
ONE, ANOTHER = UUID(int=1), UUID(int=2)


async def test_a_slot_is_free_again_while_the_others_are_still_taken() -> None:
    go_on, one_ended = asyncio.Event(), asyncio.Event()
    slots = Slots(SHARES, ended=lambda _: one_ended.set())

    slots.begin(Claimant("a", ONE), go_on.wait())
    slots.begin(Claimant("b", ANOTHER), asyncio.sleep(0))
    before = slots.room().left
    await one_ended.wait()
    after = slots.room().left
    go_on.set()
    await slots.emptied()

    assert (before, after, slots.room().left) == (2, 3, 4)


async def test_who_has_their_share_has_no_room_and_the_others_do() -> None:
    slots, go_on = Slots(SHARES), asyncio.Event()

    for grant in (ONE, ONE, ANOTHER):
        slots.begin(Claimant("a", grant), go_on.wait())
    room = slots.room()
    go_on.set()
    await slots.emptied()

    assert (room.full_origins, room.full_grants) == (["a"], [ONE])
    assert [room.has(Claimant("a", ANOTHER)), room.has(Claimant("b", ONE)), room.has(Claimant("b", ANOTHER))] == [
        False,
        False,
        True,
    ]


async def test_a_plan_takes_room_of_its_own_and_none_of_the_slots() -> None:
    slots = Slots(SHARES)
    plan = slots.room()
    again = plan.copy()

    for grant in (ONE, ONE, ANOTHER):
        plan.take(Claimant("a", grant))
    plan.take(Claimant("b", ANOTHER))

    assert not plan.has(Claimant("c", None))
    assert (plan.left, again.left, slots.room().left) == (0, 4, 4)


async def test_the_end_waits_for_what_ends_in_time_and_cancels_the_rest() -> None:
    slots, said = Slots(SHARES), []

    async def work() -> None:
        await asyncio.sleep(0)
        said.append("done")

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            said.append("cancelled")
            raise

    slots.begin(Claimant("a", ONE), work())
    slots.begin(Claimant("b", ANOTHER), hang())
    await slots.end(seconds=0.05)

    assert said == ["done", "cancelled"]
    assert slots.room().left == 4


async def test_an_end_that_is_cancelled_itself_leaves_nothing_going_on() -> None:
    slots = Slots(SHARES)
    slots.begin(Claimant("a", ONE), asyncio.Event().wait())

    ending = asyncio.create_task(slots.end(seconds=60))
    await asyncio.sleep(0)
    ending.cancel()
    await asyncio.gather(ending, return_exceptions=True)

    assert slots.room().left == 4


async def test_slots_of_ones_own_are_waited_for_and_their_fault_is_raised() -> None:
    said = []

    async def work(*, fails: bool) -> None:
        await asyncio.sleep(0)
        said.append(fails)
        if fails:
            raise LookupError

    async def begin_both() -> None:
        async with given_or_own(None, SHARES) as slots:
            slots.begin(Claimant("a", ONE), work(fails=True))
            slots.begin(Claimant("b", ONE), work(fails=False))

    with pytest.raises(LookupError):
        await begin_both()

    assert said == [True, False]


async def test_slots_that_were_given_are_not_waited_for() -> None:
    given, go_on = Slots(SHARES), asyncio.Event()

    async with given_or_own(given, SHARES) as slots:
        slots.begin(Claimant("a", ONE), go_on.wait())
    left = given.room().left
    go_on.set()
    await given.emptied()

    assert left == 3
