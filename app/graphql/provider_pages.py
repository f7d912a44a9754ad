"""Pages of what a provider pages by itself."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from app.errors import BadUserInput, Refusal, UserErrorCode
from app.graphql.connections import ForwardArguments, Page
from app.graphql.cursors import NO_CURSOR, read_position, write_position

T = TypeVar("T")

PROVIDER_PAGE = 100
_MOST_FETCHES = 10
_PASSING = frozenset({UserErrorCode.PROVIDER_BUSY, UserErrorCode.PROVIDER_UNREACHABLE})


async def from_provider_pages(
    fetch: Callable[[str | None, int], Awaitable[tuple[Sequence[T], str | None]]],
    arguments: ForwardArguments,
    *,
    size: int = PROVIDER_PAGE,
) -> Page[T]:
    """Return a page of what a provider pages by itself.

    `fetch(cursor, limit)` returns some items and the provider's own next cursor, None at the end; `limit` is always `size`.
    Pages that a search left empty are skipped, ten at most. Where the provider is suddenly busy or away, the page ends with what
    it gave before, and says where to go on. Raises BadUserInput for a cursor of another list, and what `fetch` raises.
    """
    cursor, skip = _provider_position(arguments.after, size=size)
    rows: list[T] = []
    cursors: list[str] = []
    for turn in range(_MOST_FETCHES):
        try:
            items, following = await fetch(cursor, size)
        except Refusal as refusal:
            if turn == 0 or refusal.code not in _PASSING:
                raise
            break
        for index, item in enumerate(items[skip:], start=skip + 1):
            if len(rows) == arguments.first:
                return Page(rows, cursors, has_next=True, has_previous=arguments.after is not None)
            rows.append(item)
            cursors.append(write_position([cursor, index]))
        if following is None:
            return Page(rows, cursors, has_next=False, has_previous=arguments.after is not None)
        cursor, skip = following, 0
        if len(rows) == arguments.first:
            break
    resume = write_position([cursor, 0])
    cursors = [*cursors[:-1], resume][: len(rows)]
    return Page(rows, cursors, has_next=True, has_previous=arguments.after is not None, resume=resume)


def _provider_position(after: str | None, *, size: int) -> tuple[str | None, int]:
    if after is None:
        return None, 0
    match read_position(after):
        case [None | str() as cursor, int(skip)] if 0 <= skip <= size:
            return cursor, skip
    raise BadUserInput(NO_CURSOR)
