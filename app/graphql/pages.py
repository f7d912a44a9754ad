"""Pages of rows: by keyset, never by offset, so that what is added or deleted meanwhile shifts nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

from tortoise.expressions import Q
from tortoise.models import Model

from app.graphql.connections import MOST_COUNTED, MOST_LOOKED_THROUGH, Arguments, Page
from app.graphql.cursors import ColumnCursors, Cursors
from app.graphql.cut_pages import PageOf, PagesOf
from app.graphql.groups import Groups, count_each, count_up_to, first_of_all
from app.graphql.row_search import nothing_of
from app.storage.conditions import Comparison, RowComparison, Unindexed, stored
from app.storage.records import Records, grouped, joined
from app.storage.statements import AnyRows, queryset_of, read_first, read_first_of_each

M = TypeVar("M", bound=Model)
K = TypeVar("K", bound=Hashable)

NEWEST_FIRST = ("-created_at", "-id")


async def paginate(
    rows: AnyRows[M],
    arguments: Arguments,
    *,
    order: Sequence[str] = NEWEST_FIRST,
    cursors: Cursors | None = None,
    groups: Groups | None = None,
    columns: Sequence[str] = (),
    total: Callable[[], Awaitable[int]] | None = None,
) -> Page[M]:
    """Return the page of `rows` (filtered, not ordered) that `arguments` ask for: of the rows in `groups`, where given.

    Without groups, only `columns` are read, where given, and those of the order. `total` tells how many rows there are, where
    that is kept: else they are counted, up to MOST_COUNTED.
    `order` names columns that are never null, and ends with a unique one; all have "-", for descending, or none has. An index
    holds the rows in that order. Raises BadUserInput for a cursor of another list.
    """
    cursors = cursors or ColumnCursors(rows.model, order)
    within, directed, limit = _within(rows, arguments, order, cursors), _directed(order, arguments), arguments.size + 1

    async def count() -> int:
        if total is not None:
            return await total()
        if groups is None:
            return await count_up_to(queryset_of(rows), MOST_COUNTED, order=order)
        return min(sum(await count_each(queryset_of(rows), groups, order=order, most=MOST_COUNTED)), MOST_COUNTED)

    if groups is None:
        found: Sequence[M] = await read_first(within, order=directed, most=limit, columns=_with(columns, order))
    else:
        found = await first_of_all(queryset_of(within), groups, order=directed, limit=limit)
    return PageOf(order, cursors, arguments)(found, count=count)


async def look_through(
    rows: AnyRows[M],
    arguments: Arguments,
    sought: Q,
    *,
    order: Sequence[str] = NEWEST_FIRST,
    cursors: Cursors | None = None,
    columns: Sequence[str] = (),
) -> Page[M]:
    """Return the page of those of `rows` that are `sought`, which no index finds: some rows are looked through for them.

    A page that is short for that reason says that there are more, and where to go on. Only the first MOST_COUNTED rows are looked
    through to count them. Otherwise as `paginate`.
    """
    cursors = cursors or ColumnCursors(rows.model, order)
    within, directed, limit = _within(rows, arguments, order, cursors), _directed(order, arguments), arguments.size + 1
    sought, ends = Unindexed(sought), await _end(within, directed, MOST_LOOKED_THROUGH)

    async def count() -> int:
        first = await _end(rows, order, MOST_COUNTED)
        return await count_up_to(_up_to(rows, order, first).filter(sought), MOST_COUNTED, order=order)

    some = _up_to(within, directed, ends).filter(sought)
    found = await read_first(some, order=directed, most=limit, columns=_with(columns, order), is_rare=True)
    page: Page[M] = PageOf(order, cursors, arguments)(found, count=count)
    if ends is None or len(found) > arguments.size:
        return page
    resume = cursors.write(ends)
    return (
        replace(page, has_previous=True, resume=resume) if arguments.is_backward else replace(page, has_next=True, resume=resume)
    )


async def paginate_each(
    rows: AnyRows[M],
    keys: Sequence[tuple[K, Arguments]],
    *,
    by: str,
    order: Sequence[str] = NEWEST_FIRST,
    cursors: Cursors | None = None,
    columns: Sequence[str] = (),
    with_cursors: bool = True,
    among: tuple[str, Collection[Any]] | None = None,
) -> Sequence[Page[M]]:
    """Return a page for each (parent, arguments), in the order of the keys: one query for all parents with the same arguments.

    `by` names the column that holds the parent's key; an index holds the rows by it, in that order. Only `columns` are read,
    where given, with the parent's key and, `with_cursors`, those of the order: a moment takes as long to read as all else of a
    row. For use in batch functions, whose keys are exactly these pairs. Totals are counted together too, once one of them is
    asked for. Of what is `among` others only the rows with one of these values in that column: an index holds them by `by` and
    that, and each value is a query.
    """
    cursors = cursors or ColumnCursors(rows.model, order)
    whole = rows if among is None else rows.filter(**{f"{among[0]}__in": list(among[1])})
    total = _Totals(whole, by, keys, order)
    asked: dict[Arguments, dict[K, None]] = {}
    for arguments, same in groupby(keys, key=itemgetter(1)):
        asked.setdefault(arguments, {}).update(dict.fromkeys(parent for parent, _ in same))
    read: dict[Arguments, Mapping[K, Records[M]]] = {}
    for arguments, parents in asked.items():
        some, directed = _within(rows, arguments, order, cursors), _directed(order, arguments)
        parts = [some] if among is None else [some.filter(**{among[0]: value}) for value in among[1]] or [nothing_of(some)]
        most, shown = arguments.size + 1, _with(columns, (by, *order) if with_cursors or among is not None else (by,))
        parts_read = [
            await read_first_of_each(part, [*parents], by=by, order=directed, most=most, columns=shown) for part in parts
        ]
        read[arguments] = grouped(_merged(parts_read, directed), by, parents)
    pages: list[Sequence[Page[M]]] = []
    for arguments, same in groupby(keys, key=itemgetter(1)):
        here, of_parents = [parent for parent, _ in same], read[arguments]
        page_of = PageOf(order, cursors, arguments)
        pages.append(PagesOf(page_of, here, [of_parents[parent] for parent in here], total.count))
    return pages[0] if len(pages) == 1 else [page for some in pages for page in some]


def _within(rows: AnyRows[M], arguments: Arguments, order: Sequence[str], cursors: Cursors) -> AnyRows[M]:
    if arguments.after is not None:
        rows = rows.filter(_beyond(rows.model, order, cursors.read(arguments.after), forward=True))
    if arguments.before is not None:
        rows = rows.filter(_beyond(rows.model, order, cursors.read(arguments.before), forward=False))
    return rows


def _beyond(
    model: type[Model], order: Sequence[str], position: Sequence[Any], *, forward: bool, inclusive: bool = False
) -> RowComparison:
    columns = _columns(order)
    if len({name.startswith("-") for name in order}) > 1:
        raise ValueError(f"A list goes one way in all of its columns, or has no cursors: {', '.join(order)}.")
    is_later = forward is not order[0].startswith("-")
    comparison: Comparison = (">=" if inclusive else ">") if is_later else ("<=" if inclusive else "<")
    return RowComparison(columns, comparison, stored(model, columns, position))


async def _end(rows: AnyRows[M], order: Sequence[str], number: int) -> Sequence[Any] | None:
    """Return the position of the row of that number in a list; None where it is not there, or is the last."""
    columns = _columns(order)
    found = await read_first(rows, order=order, behind=number - 1, most=2, columns=columns)
    return [getattr(found[0], name) for name in columns] if len(found) > 1 else None


def _up_to(rows: AnyRows[M], order: Sequence[str], position: Sequence[Any] | None) -> AnyRows[M]:
    """Return the rows up to that position and with it; all of them where it is None."""
    return rows if position is None else rows.filter(_beyond(rows.model, order, position, forward=False, inclusive=True))


def _with(columns: Sequence[str], order: Sequence[str]) -> Sequence[str]:
    """Return the columns with those that a page itself looks at; none, which stands for all, where there are none."""
    return [*dict.fromkeys((*columns, *_columns(order)))] if columns else ()


def _columns(order: Sequence[str]) -> list[str]:
    return [name.lstrip("-") for name in order]


def _directed(order: Sequence[str], arguments: Arguments) -> list[str]:
    if not arguments.is_backward:
        return list(order)
    return [name[1:] if name.startswith("-") else f"-{name}" for name in order]


def _merged(parts: Sequence[Records[M]], order: Sequence[str]) -> Records[M]:
    """Return the rows of all parts in that order, in which those of each are."""
    if len(parts) == 1:
        return parts[0]
    rows: Any = [*joined(parts)]
    for name in reversed(order):
        rows.sort(key=attrgetter(name.lstrip("-")), reverse=name.startswith("-"))
    return Records(parts[0].kind, [row.values for row in rows])


class _Totals:
    """How many each parent has: counted for all of them, once, when the first is asked for."""

    def __init__(self, rows: AnyRows[Any], by: str, keys: Sequence[tuple[Any, Arguments]], order: Sequence[str]) -> None:
        self._rows = rows
        self._by = by
        self._keys = keys
        self._order = order
        self._found: Awaitable[dict[Any, int]] | None = None

    async def count(self, parent: Any) -> int:
        if self._found is None:
            self._found = asyncio.ensure_future(self._count())
        return (await asyncio.shield(self._found))[parent]

    async def _count(self) -> dict[Any, int]:
        parents = [*dict.fromkeys(parent for parent, _ in self._keys)]
        groups = Groups((self._by,), [(parent,) for parent in parents])
        counts = await count_each(queryset_of(self._rows), groups, order=self._order, most=MOST_COUNTED)
        return dict(zip(parents, counts, strict=True))
