"""Pages of a list that is in memory as a whole: what the tests' own schema shows."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from app.errors import BadUserInput
from app.graphql.connections import Arguments, Page
from app.graphql.cursors import NO_CURSOR, read_position, write_position

T = TypeVar("T")


def page_of(items: Sequence[T], arguments: Arguments, *, key: Callable[[T], str]) -> Page[T]:
    """Return the page that is asked for; `key` is unique and stays the same."""
    places = {key(item): place for place, item in enumerate(items)}
    start = _place(places, arguments.after) + 1 if arguments.after is not None else 0
    end = _place(places, arguments.before) if arguments.before is not None else len(items)
    within = items[start : max(start, end)]
    rows = within[-arguments.size :] if arguments.is_backward else within[: arguments.size]
    more = len(within) > len(rows)
    has_next = arguments.before is not None if arguments.is_backward else more
    has_previous = more if arguments.is_backward else arguments.after is not None

    async def count() -> int:
        return len(items)

    return Page(rows, [write_position([key(row)]) for row in rows], has_next, has_previous, count=count)


def _place(places: dict[str, int], cursor: str) -> int:
    match read_position(cursor):
        case [str(key)] if key in places:
            return places[key]
    raise BadUserInput(NO_CURSOR)
