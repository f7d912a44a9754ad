"""API objects made of what they show: a row, or what a provider has answered."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache, cached_property, partial
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import strawberry

from app.graphql.context import Batch, Context
from app.graphql.execution.levels.objects import Objects
from app.graphql.execution.levels.sources import READ_TOGETHER
from app.graphql.ids import encode_id, encode_ids
from app.storage.records import keys_of, values_of

T = TypeVar("T")
R = TypeVar("R")

ROW = "row"
"""The attribute of an object that has what it shows."""

_OF_ROW = f"{ROW}."


def object_of(cls: type[T], source: Any, **given: object) -> T:
    """Return the object whose fields are those `given`, and for the rest what `source` has under the same names.

    `row` is the source itself, and `id` is made of the type's name and the row's key. What the source calls otherwise can stand
    in the type's `__called__`: its own name, and the source's. Each is taken when it is looked at.
    """
    kind: Any = cls
    made: Any = object.__new__(_shown(kind, *given))
    made.row = source
    if given:
        made.__dict__.update(given)
    shown: T = made
    return shown


def objects_by_id(of: Callable[[R], T], load: Batch[UUID, R | None]) -> Batch[UUID, T | None]:
    """Return the batch function that makes an object `of` each row that `load` finds; None where it finds none."""

    async def batch(keys: Sequence[UUID], /, *, context: Context) -> list[T | None]:
        return [of(row) if row is not None else None for row in await load(keys, context=context)]

    return batch


class Showing(Generic[R, T]):
    """Makes the object of a type that shows a row as it is: `object_of` with nothing given."""

    def __init__(self, cls: type[T]) -> None:
        self._cls = cls

    def __call__(self, row: R) -> T:
        return object_of(self._cls, row)

    def each(self, rows: Sequence[R]) -> "Shown[T]":
        """Return the objects of many rows of one kind."""
        return Shown(self._cls, rows)


class ShowsRow(Generic[R]):
    """Stands in a type for its function `of`, which is Showing of that type."""

    def __get__(self, _: object, cls: type[T]) -> Showing[R, T]:
        return Showing(cls)


class Shown(Objects, Generic[T]):
    """Objects of a type that show rows of one kind as these are."""

    def __init__(self, cls: type[T], rows: Sequence[Any]) -> None:
        kind: Any = cls
        self.kind: Any = _shown(kind)
        self._cls = cls
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: Any) -> Any:
        return Shown(self._cls, self._rows[place]) if isinstance(place, slice) else self._made[place]

    def __iter__(self) -> Iterator[T]:
        return iter(self._made)

    def read(self, name: str) -> Sequence[Any]:
        if name == ROW:
            return self._rows
        if name.startswith(_OF_ROW):
            return values_of(self._rows, name.removeprefix(_OF_ROW))
        way: _Way | None = self.kind.__ways__.get(name)
        return way.many(self._rows) if way is not None else [*map(attrgetter(name), self)]

    @cached_property
    def _made(self) -> list[T]:
        return [object_of(self._cls, row) for row in self._rows]


@cache
def _shown(cls: Any, *given: str) -> type:
    """Return the same type, whose objects take from their row what they were not given."""
    called: Mapping[str, str] = getattr(cls, "__called__", {})
    names = [field.name for field in fields(cls) if field.init and field.name not in {"row", *given}]
    ways = {name: _Id(cls.__name__) if name == "id" else _Named(called.get(name, name)) for name in names}
    taken: dict[str, Any] = {name: _Taken(name, way.one) for name, way in ways.items()}
    together = staticmethod(partial(_read_together, ways))
    return type(cls.__name__, (cls,), {**taken, "__ways__": ways, READ_TOGETHER: together})


def _read_together(ways: Mapping[str, "_Way"], shown: Sequence[Any]) -> Callable[[str], Sequence[Any]]:
    """Return what reads an attribute of all these objects of one type: of rows of one kind at once."""
    rows = [each.row for each in shown]
    are_alike = len(set(map(type, rows))) == 1

    def read(name: str) -> Sequence[Any]:
        way = ways.get(name) if are_alike else None
        return way.many(rows) if way is not None else [*map(attrgetter(name), shown)]

    return read


class _Way(Protocol):
    """A way from a row to what stands in a field: for one row, and for many of one kind at once."""

    def one(self, row: Any, /) -> Any: ...

    def many(self, rows: Sequence[Any], /) -> Sequence[Any]: ...


class _Id:
    """The id of the row's key, for that type."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def one(self, row: Any) -> strawberry.ID:
        return strawberry.ID(encode_id(self._kind, row.id))

    def many(self, rows: Sequence[Any]) -> Sequence[str]:
        return encode_ids(self._kind, keys_of(rows, "id"))


class _Named:
    """What the row has under a name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.one: Callable[[Any], Any] = attrgetter(name)

    def many(self, rows: Sequence[Any]) -> Sequence[Any]:
        return values_of(rows, self._name)


class _Taken:
    """A field that is taken from the object's row, once."""

    def __init__(self, name: str, take: Callable[[Any], Any]) -> None:
        self._name = name
        self._take = take

    def __get__(self, shown: Any, _: type) -> Any:
        if shown is None:
            return self
        own = shown.__dict__
        value = own[self._name] = self._take(own["row"])
        return value
