import asyncio
from collections.abc import Sequence

import pytest

from app.storage.batching import Batcher


class Library:
    """Reads when it may, and remembers for what it was asked."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.may_answer = asyncio.Event()
        self.trouble: Exception | None = None

    async def read(self, keys: Sequence[str]) -> dict[str, int]:
        self.batches.append(sorted(keys))
        await self.may_answer.wait()
        if self.trouble is not None:
            raise self.trouble
        return {key: len(key) for key in keys if key}


async def test_who_asks_while_others_are_answered_is_answered_by_the_next_reading() -> None:
    library = Library()
    batcher = Batcher(library.read)

    first = asyncio.create_task(batcher.ask("a"))
    await began(library, 1)
    later = [asyncio.create_task(batcher.ask(key)) for key in ("bb", "a", "bb", "")]
    await asyncio.sleep(0)
    library.may_answer.set()

    assert await asyncio.gather(first, *later) == [1, 2, 1, 2, None]
    assert library.batches == [["a"], ["", "a", "bb"]]


async def test_a_reading_that_fails_fails_for_all_who_wait_for_it_and_no_other() -> None:
    library = Library()
    batcher = Batcher(library.read)
    library.trouble = ConnectionError("away")
    asking = [asyncio.create_task(batcher.ask("a")) for _ in range(2)]
    await began(library, 1)
    library.may_answer.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)

    library.trouble = None

    assert [type(outcome) for outcome in outcomes] == [ConnectionError, ConnectionError]
    assert await batcher.ask("a") == 1


async def test_one_who_leaves_takes_nobodys_answer_along() -> None:
    library = Library()
    batcher = Batcher(library.read)
    leaving, staying = (asyncio.create_task(batcher.ask("a")) for _ in range(2))
    await began(library, 1)

    leaving.cancel()
    library.may_answer.set()

    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await staying == 1


async def test_no_reading_is_larger_than_it_may_be() -> None:
    library = Library()
    library.may_answer.set()
    batcher = Batcher(library.read, at_once=2)

    answers = await asyncio.gather(*(batcher.ask("x" * length) for length in range(1, 6)))

    assert answers == [1, 2, 3, 4, 5]
    assert [len(batch) for batch in library.batches] == [2, 2, 1]


async def test_who_may_be_alone_reads_for_itself_and_those_who_come_meanwhile_are_read_for_together() -> None:
    library = Library()
    batcher = Batcher(library.read, may_be_alone=True)

    first = asyncio.create_task(batcher.ask("a"))
    await began(library, 1)
    later = [asyncio.create_task(batcher.ask(key)) for key in ("a", "bb")]
    await asyncio.sleep(0)
    library.may_answer.set()

    assert await asyncio.gather(first, *later) == [1, 1, 2]
    assert library.batches == [["a"], ["a", "bb"]]


async def test_who_read_alone_and_leaves_takes_nobody_along() -> None:
    library = Library()
    batcher = Batcher(library.read, may_be_alone=True)
    leaving = asyncio.create_task(batcher.ask("a"))
    await began(library, 1)
    staying = asyncio.create_task(batcher.ask("bb"))
    await asyncio.sleep(0)

    leaving.cancel()
    library.may_answer.set()

    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await staying == 2


async def began(library: Library, readings: int) -> None:
    async with asyncio.timeout(5):
        while len(library.batches) < readings:  # noqa: ASYNC110 - a few turns of the loop
            await asyncio.sleep(0)
