"""Finding many things of one provider with few questions: what it does not show, whatever the cause, is left out."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.errors import TooComplex
from app.providers.contract import Failure

FEW = 3
"""How many are asked for one by one. For more of them the list is read first."""

MOST_PAGES = 5
MOST_ALONE = 10
"""How many pages of the list are read at most, and how many that these do not show are then asked for one by one."""

T = TypeVar("T")


@dataclass(frozen=True)
class Listed(Generic[T]):
    """A page of a list: its entries by their ids there, and the cursor to go on with; None at the end."""

    entries: Mapping[str, T]
    next_cursor: str | None


@dataclass(frozen=True)
class Source(Generic[T]):
    """How one authorization asks: for the thing of an id, and for a page of all that it sees."""

    find: Callable[[str], Awaitable[T | Failure]]
    turn: Callable[[str | None], Awaitable[Listed[T] | Failure]]


async def look_up(wanted: Collection[str], *, source: Source[T]) -> dict[str, T]:
    """Return what there is of `wanted`, by its id. What fails, or is more than the operation may ask for, is not there."""
    left = sorted(set(wanted))
    found: dict[str, T] = {}
    if len(left) > FEW:
        found, answers = await _in_list(left, source=source)
        # A list may lack what can be seen; who does not answer for the list does not answer for its entries.
        left = [one for one in left if one not in found][:MOST_ALONE] if answers else []
    return {**found, **await _one_by_one(left, source=source)}


async def _in_list(wanted: Collection[str], *, source: Source[T]) -> tuple[dict[str, T], bool]:
    """Return what the first pages of the list have of it, and whether all were answered."""
    found: dict[str, T] = {}
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await _answer(source.turn(cursor))
        if page is None:
            return found, False
        found |= {one: page.entries[one] for one in wanted if one in page.entries}
        cursor = page.next_cursor
        if cursor is None or len(found) == len(wanted):
            break
    return found, True


async def _one_by_one(wanted: Collection[str], *, source: Source[T]) -> dict[str, T]:
    answers = await asyncio.gather(*(_answer(source.find(one)) for one in wanted))
    return {one: answer for one, answer in zip(wanted, answers, strict=True) if answer is not None}


async def _answer(asked: Awaitable[T | Failure]) -> T | None:
    try:
        answer = await asked
    except TooComplex:
        return None
    return None if isinstance(answer, Failure) else answer
