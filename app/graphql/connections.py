"""Lists of the contract: `edges`, `nodes`, `pageInfo`, and `totalCount` where a list does not only grow.

A resolver takes `page: Arguments` (or `page: ForwardArguments`), and the decorators of `fields` make `first`, `after`, `last` and
`before` of it. It asks `pages.paginate` for a Page of rows and returns `Connection.of(page, wrap)`.
"""

import inspect
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, Self, TypeVar

import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes, declared
from app.errors import BadUserInput
from app.graphql.execution.levels.objects import Lists, Objects
from app.graphql.execution.levels.sources import TOGETHER
from app.graphql.objects import Showing, Shown, object_of
from app.storage.records import Columns, Records

Row = TypeVar("Row")
NodeType = TypeVar("NodeType")

DEFAULT_SIZE = 20
LARGEST_SIZE = 100

MOST_COUNTED = 10_000
"""Rows of a list whose total is not kept: nobody is told how many more there are, nor has to wait until they are counted."""

MOST_LOOKED_THROUGH = 2_000
"""Rows in which a page looks for what no index finds. As many integrations as a team has, where nothing else is set."""


class Arguments(NamedTuple):
    """Which part of a list: `first` after `after`, or `last` before `before`. It is part of the keys of loaders."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @classmethod
    def check(
        cls,
        *,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Self:
        """Return the arguments with `first: 20` where no size is given. Raises BadUserInput where they make no sense."""
        if first is not None and last is not None:
            raise BadUserInput("`first` and `last` exclude each other.")
        for name, size in (("first", first), ("last", last)):
            if size is not None and not 1 <= size <= LARGEST_SIZE:
                raise BadUserInput(f"`{name}` has to be 1 to {LARGEST_SIZE}.")
        return cls(first=DEFAULT_SIZE if first is None and last is None else first, after=after, last=last, before=before)

    @property
    def size(self) -> int:
        return self.first or self.last or DEFAULT_SIZE

    @property
    def is_backward(self) -> bool:
        return self.last is not None


@dataclass(frozen=True)
class ForwardArguments:
    """Which part of a list that a provider pages: `first` after `after`."""

    first: int = DEFAULT_SIZE
    after: str | None = None

    @classmethod
    def check(cls, *, first: int | None = None, after: str | None = None) -> Self:
        """Return the arguments with `first: 20` where no size is given. Raises BadUserInput where they make no sense."""
        checked = Arguments.check(first=first, after=after)
        return cls(first=checked.size, after=after)


async def _nothing() -> int:
    return 0


@dataclass(slots=True)
class Page(Generic[Row]):
    """Some rows of a list with their cursors; `count` counts the whole list, only when asked.

    `resume` is where to go on from a page without rows that is not the last (it was searched for some, and none was found yet).
    """

    rows: Sequence[Row]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool
    count: Callable[[], Awaitable[int]] = _nothing
    resume: str | None = None

    @property
    def start(self) -> str | None:
        return self.cursors[0] if self.cursors else self.resume

    @property
    def end(self) -> str | None:
        return self.cursors[-1] if self.cursors else self.resume


@strawberry.type(description="Where a page lies in its list.")
@attributes(PUBLIC_ATTRIBUTE)
class PageInfo:
    __called__ = MappingProxyType(
        {"has_next_page": "has_next", "has_previous_page": "has_previous", "start_cursor": "start", "end_cursor": "end"}
    )

    has_next_page: bool = strawberry.field(description="Whether the list goes on behind `endCursor`.")
    has_previous_page: bool = strawberry.field(description="Whether the list has something before `startCursor`.")
    start_cursor: str | None = strawberry.field(description="The first edge's cursor: pass it as `before` to page backward.")
    end_cursor: str | None = strawberry.field(description="The last edge's cursor: pass it as `after` to go on.")


@strawberry.type(description="One entry of a list.")
@attributes(PUBLIC_ATTRIBUTE)
class Edge(Generic[NodeType]):
    cursor: str = strawberry.field(description="Opaque: where in the list this is.")
    node: NodeType = strawberry.field(description="What stands there.")


def _edges(root: "UncountedConnection[Any] | Connection[Any]") -> list[Edge[Any]]:
    return [Edge(cursor=cursor, node=node) for cursor, node in zip(root.page.cursors, root.nodes, strict=True)]


def _page_info(root: "UncountedConnection[Any] | Connection[Any]") -> PageInfo:
    return object_of(PageInfo, root.page)


def _page_infos(roots: Sequence["UncountedConnection[Any] | Connection[Any]"]) -> Sequence[PageInfo]:
    return Shown(PageInfo, roots.pages) if isinstance(roots, ConnectionsOf) else list(map(_page_info, roots))


async def _count(root: "Connection[Any]") -> int:
    return await root.page.count()


def _made(resolver: Callable[..., Any], *, description: str, each: Callable[..., Any] | None = None) -> Any:
    """Return the field of what is only made where it is asked for; `each` makes it of many connections, where that is quicker."""

    def together(roots: Sequence[Any], _info: Any, _arguments: Any) -> Sequence[Any]:
        return each(roots) if each is not None else list(map(resolver, roots))

    at_once = {} if inspect.iscoroutinefunction(resolver) else {TOGETHER: together}
    return strawberry.field(resolver=resolver, description=description, metadata={**declared(PUBLIC_ATTRIBUTE), **at_once})


@strawberry.type(name="Connection", description="A page of a list that only ever grows: its total is not counted.")
@attributes(PUBLIC_ATTRIBUTE)
class UncountedConnection(Generic[NodeType]):
    page: strawberry.Private[Page[Any]]
    edges: list[Edge[NodeType]] = _made(_edges, description="The page's entries with their cursors.")
    nodes: list[NodeType] = strawberry.field(description="The page's entries without their cursors.")
    page_info: PageInfo = _made(_page_info, each=_page_infos, description="How to go on.")

    @classmethod
    def of(cls, page: Page[Row], wrap: Callable[[Row], NodeType]) -> Self:
        """Make the connection of a page; `wrap` makes a node of a row."""
        return cls(page=page, nodes=_nodes(page.rows, wrap))


@strawberry.type(name="Connection", description="A page of a list.")
@attributes(PUBLIC_ATTRIBUTE)
class Connection(Generic[NodeType]):
    page: strawberry.Private[Page[Any]]
    edges: list[Edge[NodeType]] = _made(_edges, description="The page's entries with their cursors.")
    nodes: list[NodeType] = strawberry.field(description="The page's entries without their cursors.")
    page_info: PageInfo = _made(_page_info, each=_page_infos, description="How to go on.")
    total_count: int = _made(
        _count,
        description=(
            f"How many the whole list has, on all pages; {MOST_COUNTED:,} stands for that many or more, but where the list says "
            "that all are counted."
        ),
    )

    @classmethod
    def of(cls, page: Page[Row], wrap: Callable[[Row], NodeType]) -> Self:
        """Make the connection of a page; `wrap` makes a node of a row."""
        return cls(page=page, nodes=_nodes(page.rows, wrap))


def _nodes(rows: Sequence[Row], wrap: Callable[[Row], NodeType]) -> Any:
    return wrap.each(rows) if isinstance(wrap, Showing) else [wrap(row) for row in rows]


class Pages(Columns[Page[Row]]):
    """Pages of many parents, each made where it is looked at. Their rows are of one kind."""

    @property
    @abstractmethod
    def rows(self) -> Records[Row]:
        """The rows of all pages, in their order."""

    @property
    @abstractmethod
    def sizes(self) -> Sequence[int]:
        """How many of them each page has."""


class ConnectionsOf(Objects):
    """The connections of pages, each made where it is looked at."""

    def __init__(
        self, kind: type["Connection[Any] | UncountedConnection[Any]"], pages: Pages[Any], wrap: Showing[Any, Any]
    ) -> None:
        self.kind = kind
        self.pages = pages
        self._of: Any = kind.of
        self._wrap = wrap

    def __len__(self) -> int:
        return len(self.pages)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            some: Any = self.pages[place]
            return ConnectionsOf(self.kind, some, self._wrap)
        return self._made[place]

    def read(self, name: str) -> Sequence[Any]:
        if name == "nodes":
            return Lists(self._wrap.each(self.pages.rows), self.pages.sizes)
        return [*map(attrgetter(name), self._made)]

    @cached_property
    def _made(self) -> list[Any]:
        return [self._of(page, self._wrap) for page in self.pages]


def connections_of(kind: type[Any], pages: Any, wrap: Callable[[Any], Any]) -> Sequence[Any]:
    """Return the connection of each page: the same as `kind.of`."""
    if isinstance(wrap, Showing) and isinstance(pages, Pages):
        return ConnectionsOf(kind, pages, wrap)
    return [kind.of(page, wrap) for page in pages]
