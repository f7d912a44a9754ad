"""They do what asyncio's own do."""

import asyncio

import pytest

from app.web.bells import Bell, Inbox


@pytest.mark.parametrize("make", [asyncio.Event, Bell])
async def test_a_bell_wakes_all_who_wait_and_nobody_waits_while_it_is_set(make: type[asyncio.Event]) -> None:
    bell = make()
    staying, leaving, other = [asyncio.create_task(bell.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)

    bell.set()
    woken = await asyncio.gather(staying, other, bell.wait())
    bell.clear()

    assert list(woken) == [True] * 3
    assert leaving.cancelled()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bell.wait(), 0.01)
    assert not bell.is_set()


@pytest.mark.parametrize("make", [asyncio.Queue, Inbox])
async def test_what_is_put_into_an_inbox_comes_out_in_order_and_is_waited_for(make: "type[asyncio.Queue[int]]") -> None:
    inbox = make()
    inbox.put_nowait(1)
    inbox.put_nowait(2)
    had = [await inbox.get(), await inbox.get()]
    waiting = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)

    was_empty = inbox.empty(), inbox.qsize()
    inbox.put_nowait(3)
    inbox.put_nowait(4)

    assert had == [1, 2]
    assert was_empty == (True, 0)
    assert await waiting == 3
    assert await inbox.get() == 4


@pytest.mark.parametrize("make", [asyncio.Queue, Inbox])
async def test_nothing_is_lost_where_whoever_waits_for_it_leaves(make: "type[asyncio.Queue[int]]") -> None:
    inbox = make()
    leaving = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)

    inbox.put_nowait(1)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)

    assert await inbox.get() == 1


@pytest.mark.parametrize("make", [Bell, Inbox[int]])
async def test_each_can_be_shown(make: type[object]) -> None:
    assert type(make()).__name__ in repr(make())
