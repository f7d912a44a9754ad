"""Pages of what is known already, in memory: rows of a table with what was found out about each."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from tortoise.models import Model

from app.graphql.connections import Arguments, Page
from app.graphql.cursors import ColumnCursors
from app.graphql.pages import NEWEST_FIRST

T = TypeVar("T")


def page_of(found: Sequence[T], arguments: Arguments, *, model: type[Model], row_of: Callable[[T], Model]) -> Page[T]:
    """Return the page that `arguments` ask for, newest first by the row of each, which `row_of` returns, of that `model`.

    Its cursors are those of the table's lists in that order. Raises BadUserInput for a cursor of another list.
    """
    cursors = ColumnCursors(model, NEWEST_FIRST)
    columns = [name.lstrip("-") for name in NEWEST_FIRST]

    def place(one: T) -> tuple[object, ...]:
        row = row_of(one)
        return tuple(getattr(row, column) for column in columns)

    places = sorted(((place(one), one) for one in found), key=lambda pair: pair[0], reverse=True)
    if arguments.after is not None:
        after = tuple(cursors.read(arguments.after))
        places = [pair for pair in places if pair[0] < after]
    if arguments.before is not None:
        before = tuple(cursors.read(arguments.before))
        places = [pair for pair in places if pair[0] > before]
    more = len(places) > arguments.size
    kept = places[-arguments.size :] if arguments.is_backward else places[: arguments.size]

    async def count() -> int:
        return len(found)

    return Page(
        [one for _, one in kept],
        [cursors.write(position) for position, _ in kept],
        has_next=arguments.before is not None if arguments.is_backward else more,
        has_previous=more if arguments.is_backward else arguments.after is not None,
        count=count,
    )
