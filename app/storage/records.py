"""Rows as the driver gives them, with a model's own words: nothing of a row is made into anything before it is asked for."""

from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import lru_cache
from itertools import groupby
from operator import attrgetter, itemgetter
from types import FunctionType, MappingProxyType
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

from asyncpg.pgproto.pgproto import UUID  # what ids on a server are, and made ten times as fast as Python's own
from tortoise import fields
from tortoise.models import Model

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")

_MOST_KINDS = 1_000
"""Classes of Records: clients choose what columns are read."""

WITHIN = "__"
"""Between the name of a relation and that of a column of the row it leads to, as Tortoise has it."""

Convert: TypeAlias = Callable[[Any], Any]


class Record:
    """A row that was read to be shown: it has the columns that were read, and what its model makes of them. It is not saved."""

    __slots__ = ("values",)
    columns: Mapping[str, "Column"] = MappingProxyType({})
    joined: Mapping[str, type["Record"]] = MappingProxyType({})
    """The kinds of the rows that were read with it, each by the name of the relation that leads there."""

    def __init__(self, values: Any) -> None:
        self.values = values


class Columns(Sequence[R]):
    """Things of one kind, which are read by columns. Each is made where it is looked at, and no sooner."""

    __slots__ = ()

    @abstractmethod
    def column(self, name: str) -> Sequence[Any]:
        """Return that attribute of all of them, in their order."""


class Records(Columns[R]):
    """Rows of one kind as the driver gives them, each a Record where it is looked at."""

    __slots__ = ("kind", "stored")

    def __init__(self, kind: type[Record], stored: Sequence[Any]) -> None:
        self.kind = kind
        self.stored = stored

    def __len__(self) -> int:
        return len(self.stored)

    def __getitem__(self, place: Any) -> Any:
        return Records(self.kind, self.stored[place]) if isinstance(place, slice) else self.kind(self.stored[place])

    def __iter__(self) -> Iterator[R]:
        return map(cast(Any, self.kind), self.stored)

    def __eq__(self, other: object) -> bool:
        return [*self] == [*other] if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as lists have none

    def among(self, places: Sequence[int]) -> "Records[R]":
        """Return those at these places, in their order."""
        is_whole = len(places) == len(self.stored)
        return self if is_whole else Records(self.kind, [self.stored[place] for place in places])

    def joined(self, relation: str) -> "Records[Any] | None":
        """Return the rows that were read with these by that relation; None where it was not joined."""
        kind = self.kind.joined.get(relation)
        return Records(kind, self.stored) if kind is not None else None

    def column(self, name: str) -> Sequence[Any]:
        column = self.kind.columns.get(name)
        return column.of(self.stored) if column is not None else list(map(attrgetter(name), self))


class Column(NamedTuple):
    """A column of Records: where its values stand, and what makes them of what the driver gives; None: they are that."""

    place: int
    convert: Convert | None

    def of(self, stored: Iterable[Any]) -> list[Any]:
        """Return the column's values of rows as the driver gives them."""
        place, convert = self.place, self.convert
        values = [row[place] for row in stored]
        return values if convert is None else [None if value is None else convert(value) for value in values]

    def stored(self, value: Any) -> Any:
        """Return the value as the driver gives it, where it is an id or the driver's own."""
        return str(value) if self.convert is UUID else value


def joined_to(record: Any, relation: str) -> Any:
    """Return the Record of the row that was read with this one by that relation. Raises KeyError where it was not joined."""
    return record.joined[relation](record.values)


def grouped(rows: Records[R], by: str, keys: Iterable[K]) -> dict[K, Records[R]]:
    """Return for each key the rows that have it in that column, in their order."""
    column = rows.kind.columns[by]
    place = column.place
    groups: dict[K, list[Any]] = {key: [] for key in keys}
    of_stored = {column.stored(key): group for key, group in groups.items()}
    for stored, some in groupby(rows.stored, key=itemgetter(place)):  # they mostly come one key after the other
        of_stored[stored] += some
    return {key: Records(rows.kind, group) for key, group in groups.items()}


def found(rows: Records[R], by: str, keys: Iterable[K]) -> list[R | None]:
    """Return for each key the row that has it in that column; None where there is none."""
    column = rows.kind.columns[by]
    place, stored = column.place, rows.stored
    of_stored = {row[place]: record for row, record in zip(stored, rows, strict=True)}
    return [of_stored.get(column.stored(key)) for key in keys]


def joined(parts: Sequence[Records[R]]) -> Records[R]:
    """Return the rows of all these, which are of one kind and one at least, in their order."""
    [first, *others] = parts
    return Records(first.kind, [row for part in parts for row in part.stored]) if others else first


def columns_among(rows: Sequence[R]) -> Columns[R] | None:
    """Return the same rows, which are of one kind, to be read by columns; None where they know no quick way."""
    if isinstance(rows, Columns):
        return rows
    return Records(type(rows[0]), [row.values for row in rows]) if rows and isinstance(rows[0], Record) else None  # type: ignore[attr-defined]


def keys_of(rows: Sequence[Any], name: str) -> list[bytes]:
    """Return the sixteen bytes of the ids in that column, which is never null, of rows of one kind."""
    return [key.bytes for key in values_of(rows, name)]


def values_of(rows: Sequence[Any], name: str) -> Sequence[Any]:
    """Return that attribute of rows of one kind."""
    columns = columns_among(rows)
    return columns.column(name) if columns is not None else list(map(attrgetter(name), rows))


@lru_cache(_MOST_KINDS)
def record_of(model: type[Model], columns: tuple[str, ...], *, embedded: bool) -> type[Record]:
    """Return the class of such rows of the model; `embedded`: as SQLite gives them, which knows text and numbers alone."""
    return _record(
        model, {name: Column(place, _conversion(_column(model, name), embedded=embedded)) for place, name in enumerate(columns)}
    )


def columns_of(model: type[Model]) -> tuple[str, ...]:
    """Return the names of all columns of the model, as its rows call them."""
    return tuple(model._meta.fields_db_projection)  # noqa: SLF001 - Tortoise's own way


def _record(model: type[Model], placed: Mapping[str, Column]) -> type[Record]:
    own = {name: value for name, value in vars(model).items() if _is_own(value, model)}
    read = {name: property(_reading(column)) for name, column in placed.items()}
    return type(model.__name__, (Record,), {"__slots__": (), **own, **read, "columns": placed, "joined": _joined(model, placed)})


def _joined(model: type[Model], placed: Mapping[str, Column]) -> Mapping[str, type[Record]]:
    """Return the kinds of the rows to which `__` leads in the names of columns."""
    within: dict[str, dict[str, Column]] = {}
    for name, column in placed.items():
        relation, _, rest = name.partition(WITHIN)
        if rest:
            within.setdefault(relation, {})[rest] = column
    related: Mapping[str, Any] = model._meta.fields_map  # noqa: SLF001 - as above
    return {relation: _record(related[relation].related_model, columns) for relation, columns in within.items()}


def _is_own(value: object, model: type[Model]) -> bool:
    made = value.fget if isinstance(value, property) else value
    return isinstance(made, FunctionType) and made.__module__ == model.__module__


def _reading(column: Column) -> Callable[[Record], Any]:
    place, convert = column
    if convert is None:
        return lambda record: record.values[place]

    def read(record: Record) -> Any:
        value = record.values[place]
        return None if value is None else convert(value)

    return read


def _column(model: Any, name: str) -> fields.Field[Any]:
    """Return the column of that name; `__` leads on to that of a related row."""
    first, _, rest = name.partition(WITHIN)
    column: Any = model._meta.fields_map[first]  # noqa: SLF001 - as above
    return _column(column.related_model, rest) if rest else column


def _conversion(column: fields.Field[Any], *, embedded: bool) -> Convert | None:
    """Return what makes a value of what the driver gives; None where that is the value."""
    kind: Any = getattr(column, "enum_type", None)
    if kind is not None:
        members: dict[Any, Enum] = {member.value: member for member in kind}
        return members.__getitem__
    if not embedded:
        return None
    match column:
        case fields.UUIDField():
            return UUID
        case fields.DatetimeField():
            return datetime.fromisoformat
        case fields.BooleanField():
            return bool
    return None
