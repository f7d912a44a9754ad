"""The first rows of several groups, and how many each has: read off an index as far as is needed, however large a group is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from pypika_tortoise.queries import QueryBuilder
from pypika_tortoise.terms import PseudoColumn
from tortoise.expressions import RawSQL
from tortoise.models import Model
from tortoise.queryset import QuerySet

from app.storage import database

M = TypeVar("M", bound=Model)

_KEYS = "keys"


@dataclass(frozen=True)
class Groups:
    """Groups of a table's rows: those of one have one of the `keys` in their `columns`.

    An index holds the rows by what the query fixes, the columns, and then in the list's order. No key stands there twice.
    """

    columns: tuple[str, ...]
    keys: Sequence[tuple[Any, ...]]


async def first_of_all(rows: QuerySet[M], groups: Groups, *, order: Sequence[str], limit: int) -> list[M]:
    """Return the first `limit` rows of all groups together, in the order."""
    if not groups.keys:
        return []
    statement = _by_lateral if _is_server() else _by_place
    sql, values = statement(rows.order_by(*order).limit(limit), groups)
    sql += f" ORDER BY {_order(rows.model, order)} LIMIT {limit}"
    _, found = await database.current().execute_query(sql, values)
    return [rows.model._init_from_db(**row) for row in found]  # noqa: SLF001 - as Tortoise's own reading does


async def count_each(rows: QuerySet[Any], groups: Groups, *, order: Sequence[str], most: int) -> list[int]:
    """Return how many rows each group has, in the order of the keys; `most` stands for that many or more."""
    if not groups.keys:
        return []
    some, values = _of_group(rows.annotate(one=RawSQL("1")).order_by(*order).limit(most).values("one"), groups)
    keys, key_values = _keys(rows.model, groups, behind=len(values))
    sql = f'SELECT "{_KEYS}".*, (SELECT COUNT(*) FROM ({some}) AS "some") AS "count" FROM {keys}'  # noqa: S608 - no value in it
    _, answer = await database.current().execute_query(sql, [*values, *key_values])
    counts = {tuple(map(str, tuple(row)[:-1])): row["count"] for row in answer}
    return [counts.get(tuple(map(str, key)), 0) for key in _stored(rows.model, groups)]


async def count_up_to(rows: QuerySet[Any], most: int, *, order: Sequence[str]) -> int:
    """Return how many rows there are; `most` stands for that many or more. They are looked at in an order that an index has."""
    some = rows.annotate(one=RawSQL("1")).order_by(*order).limit(most).values("one")
    some.sql()
    sql, values = some.query.get_parameterized_sql()
    counted = f'SELECT COUNT(*) AS "count" FROM ({sql}) AS "some"'  # noqa: S608 - no value in it
    [row] = await database.current().execute_query_dict(counted, values)
    count: int = row["count"]
    return count


def _by_lateral(first: QuerySet[M], groups: Groups) -> tuple[str, list[Any]]:
    some, values = _of_group(first, groups)
    keys, key_values = _keys(first.model, groups, behind=len(values))
    table = first.model._meta.db_table  # noqa: SLF001 - Tortoise's own way
    return f'SELECT "{table}".* FROM {keys} CROSS JOIN LATERAL ({some}) AS "{table}"', [*values, *key_values]  # noqa: S608 - no value in it


def _by_place(first: QuerySet[M], groups: Groups) -> tuple[str, list[Any]]:
    """SQLite knows no LATERAL: it is asked where the rows of each group are, and then reads them there.

    By CROSS JOIN it does so in that order. By JOIN it goes through a table that it thinks small, and asks for each of its rows.
    """
    meta = first.model._meta  # noqa: SLF001 - Tortoise's own way
    table, names = meta.db_table, meta.fields_db_projection
    some, values = _of_group(first.annotate(place=RawSQL(f'"{table}"."rowid"')).values("place"), groups)
    keys, key_values = _keys(first.model, groups, behind=0)
    read = ", ".join(f'"{table}"."{names[name]}"' for name in names)
    return f'SELECT {read} FROM {keys} CROSS JOIN "{table}" ON "{table}"."rowid" IN ({some})', [*key_values, *values]  # noqa: S608 - no value in it


def _of_group(rows: Any, groups: Groups) -> tuple[str, list[Any]]:
    """Return the query for the rows of one group, that of the key in whose row it stands."""
    rows.sql()
    query: QueryBuilder = rows.query
    meta = rows.model._meta  # noqa: SLF001 - Tortoise's own way
    for place, column in enumerate(groups.columns):
        query = query.where(meta.basetable[meta.fields_db_projection[column]] == PseudoColumn(f'"{_KEYS}"."k{place}"'))
    sql, values = query.get_parameterized_sql()
    return sql, list(values)


def _keys(model: type[Model], groups: Groups, *, behind: int) -> tuple[str, list[Any]]:
    """Return the keys as rows of a table with a column for each of theirs; `behind` is how many values stand before them."""
    keys = _stored(model, groups)
    if not _is_server():
        columns = ", ".join(f'json_extract("value", \'$[{place}]\') AS "k{place}"' for place in range(len(groups.columns)))
        return f'(SELECT {columns} FROM json_each(?)) AS "{_KEYS}"', [orjson.dumps(keys).decode()]  # noqa: S608 - no value in it
    types = [model._meta.fields_map[name].get_for_dialect("postgres", "SQL_TYPE") for name in groups.columns]  # noqa: SLF001 - as above
    names = ", ".join(f'"k{place}"' for place in range(len(types)))
    arrays = ", ".join(f"${behind + place}::{kind}[]" for place, kind in enumerate(types, start=1))
    return f'unnest({arrays}) AS "{_KEYS}"({names})', [list(column) for column in zip(*keys, strict=True)]


def _stored(model: type[Model], groups: Groups) -> list[tuple[Any, ...]]:
    """Return the keys as the database has them."""
    columns = [model._meta.fields_map[name] for name in groups.columns]  # noqa: SLF001 - as above
    return [
        tuple(
            value if isinstance(value, int) else str(column.to_db_value(value, model))
            for column, value in zip(columns, key, strict=True)
        )
        for key in groups.keys
    ]


def _order(model: type[Model], order: Sequence[str]) -> str:
    meta = model._meta  # noqa: SLF001 - as above
    names = [(meta.fields_db_projection[name.lstrip("-")], name.startswith("-")) for name in order]
    return ", ".join(f'"{meta.db_table}"."{name}" {"DESC" if descending else "ASC"}' for name, descending in names)


def _is_server() -> bool:
    return database.current().capabilities.dialect == "postgres"
