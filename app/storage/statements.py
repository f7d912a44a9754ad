"""Statements that read rows by keys, or the first ones of a list: an index leads there.

Each is written once for its shape: to write one takes longer than to ask it.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar
from uuid import UUID, uuid4

import orjson
from tortoise.expressions import Q
from tortoise.fields import UUIDField
from tortoise.models import Model
from tortoise.queryset import QuerySet

from app.storage import database
from app.storage.records import WITHIN, Record, Records, columns_of, record_of

M = TypeVar("M", bound=Model)

_OF_KEY = "of_key"

_FEW = 1_000
"""Rows that are read in some milliseconds."""

_MOST_WRITTEN = 1_000
"""Statements that are kept: clients choose what columns are read."""


class PlainRows(Generic[M]):
    """The rows of a model that meet conditions, as `filter` takes them: a QuerySet of them is made where one is needed."""

    def __init__(self, model: type[M], conditions: Mapping[str, Any]) -> None:
        self.model = model
        self.conditions = conditions

    @cached_property
    def queryset(self) -> QuerySet[M]:
        return self.model.filter(**self.conditions)

    def filter(self, *others: Q, **conditions: Any) -> QuerySet[M]:
        """Return those of the rows that meet these too."""
        return self.queryset.filter(*others, **conditions)


AnyRows: TypeAlias = QuerySet[M] | PlainRows[M]


def queryset_of(rows: AnyRows[M]) -> QuerySet[M]:
    return rows.queryset if isinstance(rows, PlainRows) else rows


async def read_rows(
    model: type[M], keys: Sequence[Any], *, by: str, conditions: Mapping[str, Any], columns: Sequence[str] = ()
) -> Records[M]:
    """Return the rows whose column `by` holds one of the keys, and which meet the conditions, as `filter` takes them.

    Of `columns` alone, where given. They are Records of the model, to be looked at.
    """
    return await _ask(_shape(model, by, conditions, columns, order=()), keys, conditions)


async def read_first_of_each(
    rows: AnyRows[M], keys: Sequence[Any], *, by: str, order: Sequence[str], most: int, columns: Sequence[str] = ()
) -> Records[M]:
    """Return of the rows so many of each key at most: the first ones in the order ("-": descending), in that order."""
    conditions, others = _taken_apart(rows)
    return await _ask(_shape(rows.model, by, conditions, columns, order=tuple(order)), keys, conditions, others, most)


async def read_first(rows: AnyRows[M], *, order: Sequence[str], most: int, columns: Sequence[str] = ()) -> Records[M]:
    """Return the first of the rows in the order, so many at most. Of `columns` alone, where given."""
    conditions, others = _taken_apart(rows)
    return await _ask(_shape(rows.model, "", conditions, columns, order=tuple(order)), (), conditions, others, most)


def _taken_apart(rows: AnyRows[Any]) -> tuple[Mapping[str, Any], Sequence[Q]]:
    """Return the plain conditions of the rows, and whatever else is asked of them."""
    if isinstance(rows, PlainRows):
        return rows.conditions, ()
    conditions: dict[str, Any] = {}
    others: list[Q] = []
    for asked in rows._q_objects:  # noqa: SLF001 - Tortoise tells them nowhere else
        is_plain = not (asked.children or asked._is_negated or conditions.keys() & asked.filters.keys())  # noqa: SLF001
        if not is_plain or any(isinstance(value, list) for value in asked.filters.values()):
            others.append(asked)
        else:
            conditions.update(asked.filters)
    return conditions, others


class _Shape(NamedTuple):
    """What a statement is written for. `by` is empty where there are no keys. UUID stands for ids, which are no part of it."""

    model: type[Model]
    by: str
    conditions: tuple[tuple[str, Any], ...]
    columns: tuple[str, ...]
    order: tuple[str, ...]


class _Statement(NamedTuple):
    """`values` are the statement's own, or the names of the conditions whose values stand there; `_KEYS` for the keys."""

    sql: str
    values: Sequence[Any]
    record: type[Record]


class _Place(NamedTuple):
    name: str


_KEYS = _Place("")
_MOST = _Place("most")
_KEYS_OF_FILE = f'(SELECT "value" AS "key_of" FROM json_each(?)) AS "{_OF_KEY}"'  # noqa: S608 - no value in it


async def _ask(
    shape: _Shape, keys: Sequence[Any], conditions: Mapping[str, Any], others: Sequence[Q] = (), most: int = 0
) -> Records[Any]:
    connection = database.current()
    embedded = connection.capabilities.dialect == "sqlite"
    statement = _write(shape, others, embedded=embedded) if others else _written(shape, embedded=embedded)
    values = [_given(value, keys, conditions, most, embedded=embedded) for value in statement.values]
    is_short = max(len(keys), 1) * max(most, 1) <= _FEW
    rows = await database.read(connection, statement.sql, values, is_short=is_short)
    return Records(statement.record, rows)


def _given(value: Any, keys: Sequence[Any], conditions: Mapping[str, Any], most: int, *, embedded: bool) -> Any:
    if not isinstance(value, _Place):
        return value
    if value is _MOST:
        return most
    if value is _KEYS:
        return orjson.dumps([str(key) for key in keys]).decode() if embedded else list(keys)
    return str(conditions[value.name]) if embedded else conditions[value.name]


def _shape(
    model: type[Model], by: str, conditions: Mapping[str, Any], columns: Sequence[str], *, order: tuple[str, ...]
) -> _Shape:
    asked = tuple((name, UUID if isinstance(value, UUID) else value) for name, value in conditions.items())
    return _Shape(model, by, asked, tuple(columns), order)


@lru_cache(_MOST_WRITTEN)
def _written(shape: _Shape, *, embedded: bool) -> _Statement:
    return _write(shape, (), embedded=embedded)


def _write(shape: _Shape, others: Sequence[Q], *, embedded: bool) -> _Statement:
    """Write the statement with marks in the place of values, by which these are found again."""
    model = shape.model
    marks: dict[str, Any] = {name: uuid4() for name, value in shape.conditions if value is UUID}
    places: dict[str, Any] = {str(each): _Place(name) for name, each in marks.items()}
    if shape.by:
        is_id = isinstance(model._meta.fields_map[shape.by], UUIDField)  # noqa: SLF001 - Tortoise's own way to a model's fields
        mark: Any = uuid4() if is_id else uuid4().hex
        marks[f"{shape.by}__in"], places[str(mark)] = [mark], _KEYS
    columns = shape.columns or columns_of(model)
    queryset = model.filter(*others, **{**dict(shape.conditions), **marks}).values_list(*columns)
    queryset.sql()
    sql, given = queryset.query.get_parameterized_sql()
    values = [places.get(str(value), value) for value in given]
    if shape.by:
        number = values.index(_KEYS) + 1
        here = f'"{_column(shape)}" IN ({"?" if embedded else f"${number}"})'
        key = f'"{_OF_KEY}"."key_of"' if shape.order or embedded else f"ANY(${number})"
        sql = sql.replace(here, f'"{_column(shape)}" = {key}', 1)
    if shape.order:
        values.append(_MOST)
        sql = f"{sql} ORDER BY {_order(shape)} LIMIT {'?' if embedded else f'${len(values)}'}"
    if shape.by and embedded:
        values = [_KEYS, *(value for value in values if value is not _KEYS)]
        sql = _by_place(sql, shape) if shape.order else _by_key(sql)
    elif shape.by and shape.order:
        sql = _by_lateral(sql, shape, number=values.index(_KEYS) + 1)
    return _Statement(sql, values, record_of(model, columns, embedded=embedded))


def _by_lateral(first: str, shape: _Shape, *, number: int) -> str:
    """Return the statement that reads the first rows of each key off an index, however many rows a key has."""
    table, column = _table(shape), shape.model._meta.fields_map[shape.by]  # noqa: SLF001 - as above
    kind = column.get_for_dialect("postgres", "SQL_TYPE")
    keys = f'unnest(${number}::{kind}[]) AS "{_OF_KEY}"("key_of")'
    return f'SELECT "{table}".* FROM {keys} CROSS JOIN LATERAL ({first}) AS "{table}"'  # noqa: S608 - no value in it


def _by_key(found: str) -> str:
    """Have SQLite look up each key: where it does not know how many rows there are, it may go through all of a team's else."""
    shown, _, within = found.partition(" FROM ")
    return f"{shown} FROM {_KEYS_OF_FILE} CROSS JOIN {within}"


def _by_place(first: str, shape: _Shape) -> str:
    """Return the same for SQLite, which knows no LATERAL: it finds where the rows of each key are, and then reads them there.

    By CROSS JOIN it does so in that order. By JOIN it goes through a table that it thinks small, and asks for each of its rows;
    without a `+` before what the few that are found are sorted by, it does that in the order of an index.
    """
    table = _table(shape)
    shown, _, within = first.partition(" FROM ")
    places = f'SELECT "{table}"."rowid" FROM {within}'  # noqa: S608 - as above
    found = f'{shown} FROM {_KEYS_OF_FILE} CROSS JOIN "{table}" ON "{table}"."rowid" IN ({places})'
    joined = within.partition(" WHERE ")[0].removeprefix(f'"{table}"') if _joins(shape) else ""
    return f"{found}{joined} ORDER BY {_order(shape, sign='+')}"


def _joins(shape: _Shape) -> bool:
    return any(WITHIN in name for name in shape.columns)


def _order(shape: _Shape, *, sign: str = "") -> str:
    table = _table(shape)
    return ",".join(f'{sign}"{table}"."{name.lstrip("-")}"{" DESC" if name.startswith("-") else ""}' for name in shape.order)


def _table(shape: _Shape) -> str:
    return str(shape.model._meta.db_table)  # noqa: SLF001 - as above


def _column(shape: _Shape) -> str:
    return str(shape.model._meta.fields_db_projection[shape.by])  # noqa: SLF001 - as above
