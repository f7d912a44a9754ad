"""Pages that are cut out of rows, which are one more than fit where the list goes on."""

from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property, partial
from operator import attrgetter
from typing import Any, TypeVar, overload

from app.graphql.connections import Arguments, Page, Pages
from app.graphql.cursors import Cursors
from app.storage.records import Records, joined

M = TypeVar("M")
R = TypeVar("R", bound=Sequence[Any])

_BEYOND = ("has_next", "has_previous")


class PageOf:
    """Makes pages of a list in that order, which the arguments ask for."""

    def __init__(self, order: Sequence[str], cursors: Cursors, arguments: Arguments) -> None:
        self._columns = [name.lstrip("-") for name in order]
        self._cursors = cursors
        self._size = arguments.size
        self._is_backward = arguments.is_backward
        self._beyond_page = {more: _more(arguments, more=more) for more in (False, True)}

    def __call__(self, rows: Sequence[M], *, count: Callable[[], Awaitable[int]]) -> Page[M]:
        has_next, has_previous = self.beyond(rows)
        shown = self.cut(rows)
        return Page(shown, _Positions(shown, self._write), has_next, has_previous, count)

    def cut(self, rows: R) -> R:
        """Return those of the rows, which are one more than fit where there are more, that stand on the page."""
        cut: Any = rows[: self._size] if len(rows) > self._size else rows
        return cut[::-1] if self._is_backward else cut  # type: ignore[no-any-return]  # a slice is of the same kind

    def beyond(self, rows: Sequence[Any]) -> tuple[bool, bool]:
        """Say whether there is a next and a previous page."""
        return self._beyond_page[len(rows) > self._size]

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


class PagesOf(Pages[M]):
    """The pages of many `parents`, of each of which there are `groups` of rows. `count` counts the whole list of a parent."""

    def __init__(
        self, page_of: PageOf, parents: Sequence[Any], groups: Sequence[Records[M]], count: Callable[[Any], Awaitable[int]]
    ) -> None:
        self._page_of = page_of
        self._parents = parents
        self._groups = groups
        self._count = count

    def __len__(self) -> int:
        return len(self._groups)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return PagesOf(self._page_of, self._parents[place], self._groups[place], self._count)
        return self._page_of(self._groups[place], count=partial(self._count, self._parents[place]))

    def column(self, name: str) -> Sequence[Any]:
        if name in _BEYOND:
            place = _BEYOND.index(name)
            return [self._page_of.beyond(rows)[place] for rows in self._groups]
        return [*map(attrgetter(name), self)]

    @property
    def rows(self) -> Records[M]:
        return joined(self._cut)

    @property
    def sizes(self) -> Sequence[int]:
        return [*map(len, self._cut)]

    @cached_property
    def _cut(self) -> Sequence[Records[M]]:
        return [self._page_of.cut(rows) for rows in self._groups]
