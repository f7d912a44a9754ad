import asyncio
from collections.abc import Sequence

import pytest

from app.errors import Unauthenticated
from app.graphql.context import Context
from tests.graphql.tiny import World, caller


def context(*, signed_in: bool = True) -> Context:
    return World().view()._endpoint.context(caller() if signed_in else None)  # noqa: SLF001 - what a transport does


def test_nobody_is_no_viewer() -> None:
    with pytest.raises(Unauthenticated):
        _ = context(signed_in=False).viewer

    assert context().viewer == caller()


async def test_keys_are_read_together_and_once() -> None:
    asked: list[list[int]] = []

    async def double(keys: Sequence[int], /, *, context: Context) -> Sequence[int]:
        assert context is operation
        asked.append(list(keys))
        return [key * 2 for key in keys]

    operation = context()
    found = await asyncio.gather(*(operation.load(double, key) for key in (1, 2, 1, 3)))
    again = await operation.load(double, 3)
    operation.clear_loaders()
    await operation.load(double, 3)

    assert found == [2, 4, 2, 6]
    assert again == 6
    assert asked == [[1, 2, 3], [3]]


async def test_many_keys_are_read_with_those_that_are_asked_for_one_by_one() -> None:
    asked: list[list[int]] = []

    async def double(keys: Sequence[int], /, *, context: Context) -> Sequence[int]:
        del context
        asked.append(list(keys))
        return [key * 2 for key in keys]

    operation = context()
    many, one = await asyncio.gather(operation.load_all(double, [3, 1, 3]), operation.load(double, 2))

    assert (many, one) == ([6, 2, 6], 4)
    assert asked == [[3, 1, 2]]
    assert await operation.load_all(double, []) == []
    assert await operation.load_all(double, [1, 4]) == [2, 8]
    assert asked == [[3, 1, 2], [4]]


async def test_what_a_batch_raises_reaches_everyone_who_asked() -> None:
    async def fail(keys: Sequence[int], /, *, context: Context) -> Sequence[int]:
        raise ConnectionResetError(keys, context)

    operation = context()
    one, other, all_ = operation.load(fail, 1), operation.load(fail, 2), operation.load_all(fail, [2, 3])
    answers = await asyncio.gather(one, other, all_, return_exceptions=True)

    assert [type(answer) for answer in answers] == [ConnectionResetError] * 3


async def test_who_no_longer_waits_takes_the_answer_from_nobody_else() -> None:
    asked: list[list[int]] = []

    async def double(keys: Sequence[int], /, *, context: Context) -> Sequence[int]:
        del context
        asked.append(list(keys))
        return [key * 2 for key in keys]

    operation = context()
    leaving, staying, alone = [asyncio.create_task(operation.load(double, key)) for key in (1, 1, 2)]
    await asyncio.sleep(0)
    leaving.cancel()
    alone.cancel()

    assert await staying == 2
    assert asked == [[1]]
    assert await operation.load(double, 2) == 4
    assert asked == [[1], [2]]
