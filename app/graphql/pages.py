"""Pages of rows: by keyset, never by offset, so that what is added or deleted meanwhile shifts nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, TypeVar, overload

from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.queryset import QuerySet

from app.errors import BadUserInput, Refusal, UserErrorCode
from app.graphql.connections import MOST_COUNTED, MOST_LOOKED_THROUGH, Arguments, ForwardArguments, Page
from app.graphql.cursors import NO_CURSOR, ColumnCursors, Cursors, read_position, write_position
from app.graphql.groups import Groups, count_each, count_up_to, first_of_all
from app.storage.records import grouped
from app.storage.statements import read_first, read_first_of_each

M = TypeVar("M", bound=Model)
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

NEWEST_FIRST = ("-created_at", "-id")
PROVIDER_PAGE = 100
_MOST_FETCHES = 10
_PASSING = frozenset({UserErrorCode.PROVIDER_BUSY, UserErrorCode.PROVIDER_UNREACHABLE})
_MADE_AT_ONCE = 500
"""Rows; others go on before the next are made of what the database has answered."""


async def paginate(
    queryset: QuerySet[M],
    arguments: Arguments,
    *,
    order: Sequence[str] = NEWEST_FIRST,
    cursors: Cursors | None = None,
    groups: Groups | None = None,
    columns: Sequence[str] = (),
) -> Page[M]:
    """Return the page of `queryset` (filtered, not ordered) that `arguments` ask for: of the rows in `groups`, where given.

    Without groups, only `columns` are read, where given, and those of the order.
    `order` names columns that are never null, "-" for descending, and ends with a unique one; an index holds the rows in that
    order. Raises BadUserInput for a cursor of another list.
    """
    cursors = cursors or ColumnCursors(queryset.model, order)
    within, directed, limit = _within(queryset, arguments, order, cursors), _directed(order, arguments), arguments.size + 1

    async def count() -> int:
        if groups is None:
            return await count_up_to(queryset, MOST_COUNTED, order=order)
        return min(sum(await count_each(queryset, groups, order=order, most=MOST_COUNTED)), MOST_COUNTED)

    if groups is None:
        rows: Sequence[M] = await read_first(within, order=directed, most=limit, columns=_with(columns, order))
    else:
        rows = await first_of_all(within, groups, order=directed, limit=limit)
    return _PageOf(order, cursors, arguments)(rows, count=count)


async def look_through(
    queryset: QuerySet[M],
    arguments: Arguments,
    sought: Q,
    *,
    order: Sequence[str] = NEWEST_FIRST,
    cursors: Cursors | None = None,
) -> Page[M]:
    """Return the page of those of `queryset` that are `sought`, which no index finds: some rows are looked through for them.

    A page that is short for that reason says that there are more, and where to go on. Only the first MOST_COUNTED rows are looked
    through to count them. Otherwise as `paginate`.
    """
    cursors = cursors or ColumnCursors(queryset.model, order)
    within, directed = _within(queryset, arguments, order, cursors), _directed(order, arguments)
    ends = await _end(within, directed, MOST_LOOKED_THROUGH)

    async def count() -> int:
        first = await _end(queryset, order, MOST_COUNTED)
        return await count_up_to(_up_to(queryset, order, first).filter(sought), MOST_COUNTED, order=order)

    rows = await _up_to(within, directed, ends).filter(sought).order_by(*directed).limit(arguments.size + 1)
    page: Page[M] = _PageOf(order, cursors, arguments)(rows, count=count)
    if ends is None or len(rows) > arguments.size:
        return page
    resume = cursors.write(ends)
    return (
        replace(page, has_previous=True, resume=resume) if arguments.is_backward else replace(page, has_next=True, resume=resume)
    )


async def paginate_each(
    queryset: QuerySet[M],
    keys: Sequence[tuple[K, Arguments]],
    *,
    by: str,
    order: Sequence[str] = NEWEST_FIRST,
    cursors: Cursors | None = None,
    columns: Sequence[str] = (),
    among: tuple[str, Collection[Any]] | None = None,
) -> list[Page[M]]:
    """Return a page for each (parent, arguments), in the order of the keys: one query for all parents with the same arguments.

    `by` names the column that holds the parent's key; an index holds the rows by it, in that order. Only `columns` are read,
    where given, with those of the order and the parent's key. For use in batch functions, whose keys are exactly these pairs.
    Totals are counted together too, once one of them is asked for. Of what is `among` others only the rows with one of these
    values in that column: an index holds them by `by` and that, and each value is a query.
    """
    cursors = cursors or ColumnCursors(queryset.model, order)
    whole = queryset if among is None else queryset.filter(**{f"{among[0]}__in": list(among[1])})
    total = _Totals(whole, by, keys, order)
    asked: dict[Arguments, dict[K, None]] = {}
    for arguments, same in groupby(keys, key=itemgetter(1)):
        asked.setdefault(arguments, {}).update(dict.fromkeys(parent for parent, _ in same))
    rows: dict[Arguments, Mapping[K, Sequence[M]]] = {}
    for arguments, parents in asked.items():
        some, directed = _within(queryset, arguments, order, cursors), _directed(order, arguments)
        parts = [some] if among is None else [some.filter(**{among[0]: value}) for value in among[1]]
        most, shown = arguments.size + 1, _with(columns, (by, *order))
        read = [
            row
            for part in parts
            for row in await read_first_of_each(part, [*parents], by=by, order=directed, most=most, columns=shown)
        ]
        if len(parts) > 1:
            _sort(read, directed)
        rows[arguments] = grouped(read, by, parents)
    pages: list[Page[M]] = []
    made = 0
    for arguments, same in groupby(keys, key=itemgetter(1)):
        of_parents, page_of = rows[arguments], _PageOf(order, cursors, arguments)
        for parent, _ in same:
            found = of_parents[parent]
            pages.append(page_of(found, count=partial(total.count, parent)))
            made += len(found)
            if made >= _MADE_AT_ONCE:
                await asyncio.sleep(0)
                made = 0
    return pages


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


def _within(queryset: QuerySet[M], arguments: Arguments, order: Sequence[str], cursors: Cursors) -> QuerySet[M]:
    if arguments.after is not None:
        queryset = queryset.filter(_beyond(order, cursors.read(arguments.after), forward=True))
    if arguments.before is not None:
        queryset = queryset.filter(_beyond(order, cursors.read(arguments.before), forward=False))
    return queryset


def _beyond(order: Sequence[str], position: Sequence[Any], *, forward: bool, inclusive: bool = False) -> Q:
    """(a, b) > (x, y) is a >= x, and a > x or b > y; each column in its own direction. An index goes on where the first says."""
    [name, *names], [value, *values] = order, position
    column = name.lstrip("-")
    comparison = "gt" if name.startswith("-") is not forward else "lt"
    if not names:
        return Q(**{f"{column}__{comparison}{'e' if inclusive else ''}": value})
    rest = _beyond(names, values, forward=forward, inclusive=inclusive)
    return Q(**{f"{column}__{comparison}e": value}) & (Q(**{f"{column}__{comparison}": value}) | rest)


async def _end(queryset: QuerySet[M], order: Sequence[str], number: int) -> Sequence[Any] | None:
    """Return the position of the row of that number in a list; None where it is not there, or is the last."""
    columns = [name.lstrip("-") for name in order]
    found = await queryset.order_by(*order).offset(number - 1).limit(2).values_list(*columns)
    return found[0] if len(found) > 1 else None


def _up_to(queryset: QuerySet[M], order: Sequence[str], position: Sequence[Any] | None) -> QuerySet[M]:
    """Return the rows up to that position and with it; all of them where it is None."""
    return queryset if position is None else queryset.filter(_beyond(order, position, forward=False, inclusive=True))


def _with(columns: Sequence[str], order: Sequence[str]) -> Sequence[str]:
    """Return the columns with those that a page itself looks at; none, which stands for all, where there are none."""
    return [*dict.fromkeys((*columns, *(name.lstrip("-") for name in order)))] if columns else ()


def _directed(order: Sequence[str], arguments: Arguments) -> list[str]:
    if not arguments.is_backward:
        return list(order)
    return [name[1:] if name.startswith("-") else f"-{name}" for name in order]


def _sort(rows: list[Any], order: Sequence[str]) -> None:
    for name in reversed(order):
        rows.sort(key=attrgetter(name.lstrip("-")), reverse=name.startswith("-"))


class _PageOf:
    """Makes pages of a list in that order, which the arguments ask for."""

    def __init__(self, order: Sequence[str], cursors: Cursors, arguments: Arguments) -> None:
        self._columns = [name.lstrip("-") for name in order]
        self._cursors = cursors
        self._size = arguments.size
        self._is_backward = arguments.is_backward
        self._beyond_page = {more: _more(arguments, more=more) for more in (False, True)}

    def __call__(self, rows: Sequence[M], *, count: Callable[[], Awaitable[int]]) -> Page[M]:
        has_more = len(rows) > self._size
        rows = rows[: self._size] if has_more else rows
        if self._is_backward:
            rows = rows[::-1]
        has_next, has_previous = self._beyond_page[has_more]
        return Page(rows, _Positions(rows, self._write), has_next, has_previous, count)

    def _write(self, row: Any) -> str:
        return self._cursors.write([getattr(row, column) for column in self._columns])


class _Positions(Sequence[str]):
    """The cursors of some rows, each written when it is looked at: most pages are asked for without them."""

    def __init__(self, rows: Sequence[Any], write: Callable[[Any], str]) -> None:
        self._rows = rows
        self._write = write

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> list[str]: ...

    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self._write(row) for row in self._rows[place]]
        return self._write(self._rows[place])

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as lists have none


def _more(arguments: Arguments, *, more: bool) -> tuple[bool, bool]:
    """Say whether there is a next and a previous page (GraphQL Cursor Connections, section 5.1)."""
    return (arguments.before is not None, more) if arguments.is_backward else (more, arguments.after is not None)


class _Totals:
    """How many each parent has: counted for all of them, once, when the first is asked for."""

    def __init__(self, rows: QuerySet[Any], by: str, keys: Sequence[tuple[Any, Arguments]], order: Sequence[str]) -> None:
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
        counts = await count_each(self._rows, groups, order=self._order, most=MOST_COUNTED)
        return dict(zip(parents, counts, strict=True))
