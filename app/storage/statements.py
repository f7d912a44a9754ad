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
from app.storage.conditions import Comparison, RowComparison
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
    return await _ask(model, _Asked(conditions, keys=keys), by=by, columns=columns)


async def read_first_of_each(
    rows: AnyRows[M], keys: Sequence[Any], *, by: str, order: Sequence[str], most: int, columns: Sequence[str] = ()
) -> Records[M]:
    """Return of the rows so many of each key at most: the first ones in the order ("-": descending), in that order."""
    asked = _taken_apart(rows)._replace(keys=keys, most=most)
    return await _ask(rows.model, asked, by=by, columns=columns, order=order)


async def read_first(
    rows: AnyRows[M], *, order: Sequence[str], most: int, columns: Sequence[str] = (), behind: int = 0, is_rare: bool = False
) -> Records[M]:
    """Return the first of the rows in the order, so many at most, `behind` the first so many. Of `columns` alone, where given.

    `is_rare`: many are looked at for each that is found.
    """
    asked = _taken_apart(rows)._replace(most=most, behind=behind)
    return await _ask(rows.model, asked, columns=columns, order=order, is_rare=is_rare)


class _Asked(NamedTuple):
    """What is asked of rows. A statement is kept for what has no `others`; `bounds` are where the rows of a list stand."""

    conditions: Mapping[str, Any]
    bounds: Sequence[RowComparison] = ()
    others: Sequence[Q] = ()
    keys: Sequence[Any] = ()
    most: int = 1
    behind: int = 0


def _taken_apart(rows: AnyRows[Any]) -> _Asked:
    if isinstance(rows, PlainRows):
        return _Asked(rows.conditions)
    conditions: dict[str, Any] = {}
    bounds: list[RowComparison] = []
    others: list[Q] = []
    for asked in rows._q_objects:  # noqa: SLF001 - Tortoise tells them nowhere else
        if isinstance(asked, RowComparison):
            bounds.append(asked)
        elif _is_plain(asked) and not conditions.keys() & asked.filters.keys():
            conditions.update(asked.filters)
        else:
            others.append(asked)
    return _Asked(conditions, bounds, others)


def _is_plain(asked: Q) -> bool:
    is_one = type(asked) is Q and not (asked.children or asked._is_negated)  # noqa: SLF001 - as above
    return is_one and not any(isinstance(value, list) for value in asked.filters.values())


class _Shape(NamedTuple):
    """What a statement is written for. `by` is empty where there are no keys. UUID stands for ids, which are no part of it."""

    model: type[Model]
    by: str
    conditions: tuple[tuple[str, Any], ...]
    bounds: tuple[tuple[tuple[str, ...], Comparison], ...]
    columns: tuple[str, ...]
    order: tuple[str, ...]
    is_rare: bool


class _Statement(NamedTuple):
    """`values` are the statement's own, or the places of what is given with each question."""

    sql: str
    values: Sequence[Any]
    record: type[Record]


class _Place(NamedTuple):
    name: str


_KEYS, _MOST, _BEHIND = _Place("KEYS"), _Place("LIMIT"), _Place("OFFSET")  # no column is called so
_KEYS_OF_FILE = f'(SELECT "value" AS "key_of" FROM json_each(?)) AS "{_OF_KEY}"'  # noqa: S608 - no value in it


async def _ask(
    model: type[Model],
    asked: _Asked,
    *,
    by: str = "",
    columns: Sequence[str] = (),
    order: Sequence[str] = (),
    is_rare: bool = False,
) -> Records[Any]:
    conditions = tuple((name, UUID if isinstance(value, UUID) else value) for name, value in asked.conditions.items())
    bounds = tuple((bound.columns, bound.comparison) for bound in asked.bounds)
    shape = _Shape(model, by, conditions, bounds, tuple(columns), tuple(order), is_rare)
    connection = database.current()
    embedded = connection.capabilities.dialect == "sqlite"
    statement = _write(shape, asked.others, embedded=embedded) if asked.others else _written(shape, embedded=embedded)
    given = _given(asked, embedded=embedded)
    values = [given[value] if isinstance(value, _Place) else value for value in statement.values]
    is_short = max(len(asked.keys), 1) * asked.most <= _FEW
    rows = await database.read(connection, statement.sql, values, is_short=is_short)
    return Records(statement.record, rows)


def _given(asked: _Asked, *, embedded: bool) -> Mapping[_Place, Any]:
    keys = orjson.dumps([str(key) for key in asked.keys]).decode() if embedded else list(asked.keys)
    given: dict[_Place, Any] = {_KEYS: keys, _MOST: asked.most, _BEHIND: asked.behind}
    for name, value in asked.conditions.items():
        given[_Place(name)] = str(value) if embedded else value
    for number, bound in enumerate(asked.bounds):
        given.update(zip(_places_of(number, bound.columns), bound.values, strict=True))
    return given


def _places_of(number: int, columns: Sequence[str]) -> Sequence[_Place]:
    """Return the places of a bound's values."""
    return [_Place(f"{number} {column}") for column in columns]


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
    bounds = [RowComparison(*bound, _places_of(number, bound[0])) for number, bound in enumerate(shape.bounds)]
    queryset = model.filter(*others, *bounds, **{**dict(shape.conditions), **marks}).values_list(*columns)
    queryset.sql()
    sql, given = queryset.query.get_parameterized_sql()
    values = [places.get(str(value), value) for value in given]
    if shape.by:
        number = values.index(_KEYS) + 1
        here = f'"{_column(shape)}" IN ({"?" if embedded else f"${number}"})'
        key = f'"{_OF_KEY}"."key_of"' if shape.order or embedded else f"ANY(${number})"
        sql = sql.replace(here, f'"{_column(shape)}" = {key}', 1)
    if shape.order:
        values += [_MOST] if shape.by else [_MOST, _BEHIND]
        sql = f"{sql} ORDER BY {_order(shape)} {_limit(len(values), embedded=embedded, behind=not shape.by)}"
    if shape.is_rare and embedded:
        sql = _by_found(sql, shape)
    if shape.by and embedded:
        values = [_KEYS, *(value for value in values if value is not _KEYS)]
        sql = _by_place(sql, shape) if shape.order else _by_key(sql)
    elif shape.by and shape.order:
        sql = _by_lateral(sql, shape, number=values.index(_KEYS) + 1)
    return _Statement(sql, values, record_of(model, columns, embedded=embedded))


def _limit(number: int, *, embedded: bool, behind: bool) -> str:
    """Return LIMIT, and OFFSET, of which the values are the last: of this number is the very last."""
    if not behind:
        return "LIMIT ?" if embedded else f"LIMIT ${number}"
    return "LIMIT ? OFFSET ?" if embedded else f"LIMIT ${number - 1} OFFSET ${number}"


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
    return f"{found}{_joined(within, shape)} ORDER BY {_order(shape, sign='+')}"


def _by_found(first: str, shape: _Shape) -> str:
    """Have SQLite read whole rows only of what it has found: an index that holds all it looks at is all that it looks through."""
    table = _table(shape)
    shown, _, within = first.partition(" FROM ")
    found = f'SELECT "{table}"."rowid" FROM {within}'  # noqa: S608 - as above
    return (
        f'{shown} FROM "{table}"{_joined(within, shape)} WHERE "{table}"."rowid" IN ({found}) ORDER BY {_order(shape, sign="+")}'
    )


def _joined(within: str, shape: _Shape) -> str:
    """Return the joins of a statement, which begins with its table."""
    joins = any(WITHIN in name for name in shape.columns)
    return within.partition(" WHERE ")[0].removeprefix(f'"{_table(shape)}"') if joins else ""


def _order(shape: _Shape, *, sign: str = "") -> str:
    table = _table(shape)
    return ",".join(f'{sign}"{table}"."{name.lstrip("-")}"{" DESC" if name.startswith("-") else ""}' for name in shape.order)


def _table(shape: _Shape) -> str:
    return str(shape.model._meta.db_table)  # noqa: SLF001 - as above


def _column(shape: _Shape) -> str:
    return str(shape.model._meta.fields_db_projection[shape.by])  # noqa: SLF001 - as above
