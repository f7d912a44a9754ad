"""Pages of rows: by keyset, never by offset, so that what is added or deleted meanwhile shifts nothing."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from tortoise.models import Model
from tortoise.queryset import QuerySet

from app.graphql.connections import Arguments, ForwardArguments, Page

M = TypeVar("M", bound=Model)
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

NEWEST_FIRST = ("-created_at", "-id")


class Cursors(Protocol):
    """How positions in a list are written: opaque for clients."""

    def write(self, position: Sequence[Any]) -> str:
        """Return the cursor of the row whose ordering columns have these values."""

    def read(self, cursor: str) -> Sequence[Any]:
        """Return what `write` was given. Raises BadUserInput (or CursorInvalid) for any other text."""


async def paginate(
    queryset: QuerySet[M],
    arguments: Arguments,
    *,
    order: Sequence[str] = NEWEST_FIRST,
    cursors: Cursors | None = None,
) -> Page[M]:
    """Return the page of `queryset` (filtered, not ordered) that `arguments` ask for.

    `order` names columns that are never null, "-" for descending, and ends with a unique one. Raises BadUserInput for a cursor of
    another list.
    """
    raise NotImplementedError


async def paginate_each(
    queryset: QuerySet[M],
    keys: Sequence[tuple[K, Arguments]],
    *,
    by: str,
    order: Sequence[str] = NEWEST_FIRST,
    cursors: Cursors | None = None,
) -> list[Page[M]]:
    """Return a page for each (parent, arguments), in the order of the keys: one query for all parents with the same arguments.

    `by` names the column that holds the parent's key. For use in batch functions, whose keys are exactly these pairs.
    """
    raise NotImplementedError


async def from_provider_pages(
    fetch: Callable[[str | None, int], Awaitable[tuple[Sequence[T], str | None]]],
    arguments: ForwardArguments,
) -> Page[T]:
    """Return a page of what a provider pages by itself.

    `fetch(cursor, limit)` returns some items and the provider's own next cursor, None at the end.
    """
    raise NotImplementedError


def page_of(items: Sequence[T], arguments: Arguments, *, key: Callable[[T], str]) -> Page[T]:
    """Return the page of a list that is in memory as a whole; `key` is unique and stays the same."""
    raise NotImplementedError


__all__ = ["NEWEST_FIRST", "Cursors", "Mapping", "from_provider_pages", "page_of", "paginate", "paginate_each"]
