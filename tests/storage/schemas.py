"""What a database has, as it says itself: tables, columns, constraints and indexes; and rows of any such shape."""

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg

from app.storage import database

Row = dict[str, Any]

ROWS_OF_EACH = 2


@dataclass(frozen=True)
class Column:
    type: str
    is_required: bool
    default: str | None


@dataclass(frozen=True)
class Reference:
    """A foreign key: the column here, table and column there, and what becomes of a row whose other one goes."""

    column: str
    table: str
    target: str
    on_delete: str


@dataclass(frozen=True)
class Index:
    """`definition` is the database's own words for it, where it has some."""

    name: str
    columns: tuple[str, ...]
    is_unique: bool
    definition: str | None


@dataclass(frozen=True)
class Table:
    columns: Mapping[str, Column]
    references: frozenset[Reference]
    indexes: frozenset[Index]

    @property
    def uniques(self) -> set[tuple[str, ...]]:
        return {index.columns for index in self.indexes if index.is_unique}


Schema = dict[str, Table]


async def schema_of(url: str) -> Schema:
    """Return every table, but for the one that says which migrations were applied."""
    return _schema_of_file(url) if database.is_embedded(url) else await _schema_of_server(url)


def taken_away(old: Schema, new: Schema) -> list[str]:
    """Return what a service that knows only the old schema would miss in the new one, or stumble over."""
    return [
        *(f"the table {name} is gone" for name in old.keys() - new.keys()),
        *(f"{name}: {finding}" for name in old.keys() & new.keys() for finding in _taken_away_from_table(old[name], new[name])),
    ]


def _taken_away_from_table(old: Table, new: Table) -> Iterator[str]:
    for name, column in old.columns.items():
        if new.columns.get(name) != column:
            yield f"the column {name} was {column} and is {new.columns.get(name)}"
    for name in new.columns.keys() - old.columns.keys():
        if new.columns[name].is_required and new.columns[name].default is None:
            yield f"the new column {name} is required, without a default in the database"
    yield from (f"{reference} is gone" for reference in old.references - new.references)
    yield from (f"{reference} is new" for reference in new.references - old.references if reference.column in old.columns)
    yield from (f"{index} is gone" for index in old.indexes - new.indexes if not _is_held(index, new))
    yield from (f"{columns} have become unique" for columns in new.uniques - old.uniques if old.columns.keys() & {*columns})


def _is_held(gone: Index, table: Table) -> bool:
    """Whether another index has what one had that made nothing unique: begins as it did, and has or fixes its other columns."""
    return not gone.is_unique and any(
        index.columns[:1] == gone.columns[:1] and all(column in str((index.columns, index.definition)) for column in gone.columns)
        for index in table.indexes
    )


async def rows_of(url: str) -> dict[str, list[Row]]:
    """Return every row of every table."""
    return {
        table: sorted(await ask(url, f'SELECT * FROM "{table}"'), key=lambda row: str(list(row.values())))  # noqa: S608 - our own tables
        for table in await schema_of(url)
    }


async def fill(url: str, shape: Schema, *, batch: int) -> None:
    """Put rows into every table of the shape, into its columns alone: as a version does that knows no others.

    Every batch has values of its own.
    """
    numbers = count(batch * 1_000 + 1)
    filled: dict[str, list[Row]] = {}
    for name in _parents_first(shape):
        filled[name] = [_make_row(shape[name], next(numbers), at, filled, url=url) for at in range(ROWS_OF_EACH)]
        for row in filled[name]:
            await _insert(url, name, row)


def _make_row(table: Table, number: int, at: int, filled: Mapping[str, Sequence[Row]], *, url: str) -> Row:
    """Return a row that refers to the `at`-th row of each table that it has to refer to."""
    texts = database.is_embedded(url)
    row = {name: _value(column.type, number, is_text_only=texts) for name, column in table.columns.items()}
    return row | {each.column: filled[each.table][at][each.target] for each in table.references}


async def _insert(url: str, table: str, row: Row) -> None:
    columns = ", ".join(f'"{name}"' for name in row)
    places = ", ".join("?" if database.is_embedded(url) else f"${place}" for place in range(1, len(row) + 1))
    await ask(url, f'INSERT INTO "{table}" ({columns}) VALUES ({places})', *row.values())  # noqa: S608 - our own tables


def _parents_first(shape: Schema) -> Iterator[str]:
    waiting = dict(shape)
    while waiting:
        ready = [name for name, table in waiting.items() if not {each.table for each in table.references} & waiting.keys()]
        assert ready, f"tables that refer to each other: {sorted(waiting)}"
        yield from ready
        waiting = {name: table for name, table in waiting.items() if name not in ready}


def _value(kind: str, number: int, *, is_text_only: bool) -> object:
    """Return a value of a column's type that no other number has. Fails for a type that no column has had so far."""
    base, _, size = kind.lower().removesuffix(")").partition("(")
    text, moment = f"value {number}", datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number)
    values: dict[str, object] = {
        **dict.fromkeys(("varchar", "character varying"), text[-int(size or 1) :]),
        **dict.fromkeys(("int", "integer", "bigint", "smallint"), number),
        **dict.fromkeys(("timestamp", "timestamp with time zone"), str(moment) if is_text_only else moment),
        **dict.fromkeys(("blob", "bytea"), text.encode()),
        "text": text,
        "char": str(UUID(int=number)),
        "uuid": UUID(int=number),
        "boolean": number % 2 == 0,
    }
    return values[base]


def _schema_of_file(url: str) -> Schema:
    with contextlib.closing(sqlite3.connect(database.embedded_path(url))) as connection:
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('tortoise_migrations', 'sqlite_sequence')"
        return {name: _table_of_file(connection, name) for (name,) in connection.execute(names).fetchall()}


def _table_of_file(connection: sqlite3.Connection, name: str) -> Table:
    definitions = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'").fetchall())
    columns = connection.execute('SELECT name, type, "notnull", dflt_value FROM pragma_table_info(?)', [name]).fetchall()
    references = connection.execute('SELECT "from", "table", "to", on_delete FROM pragma_foreign_key_list(?)', [name]).fetchall()
    indexes = connection.execute('SELECT name, "unique" FROM pragma_index_list(?)', [name]).fetchall()
    of_index = "SELECT name FROM pragma_index_info(?) ORDER BY seqno"
    return Table(
        columns={column: Column(kind, bool(required), default) for column, kind, required, default in columns},
        references=frozenset(Reference(*reference) for reference in references),
        indexes=frozenset(
            Index(index, tuple(part for (part,) in connection.execute(of_index, [index])), bool(unique), definitions[index])
            for index, unique in indexes
        ),
    )


_COLUMNS = """
SELECT c.relname AS "table", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required,
  pg_get_expr(d.adbin, d.adrelid) AS "default"
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (c.oid, a.attnum)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relname <> 'tortoise_migrations'
ORDER BY c.relname, a.attnum"""
_REFERENCES = """
SELECT c.relname AS "table", a.attname AS "column", p.relname AS parent, b.attname AS target, k.confdeltype::text AS on_delete
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
  JOIN pg_attribute a ON (a.attrelid, a.attnum) = (c.oid, k.conkey[1])
  JOIN pg_attribute b ON (b.attrelid, b.attnum) = (p.oid, k.confkey[1])
WHERE k.contype = 'f'"""
_INDEXES = """
SELECT c.relname AS "table", i.relname AS name, x.indisunique AS is_unique, pg_get_indexdef(i.oid) AS definition,
  array(SELECT a.attname::text FROM unnest(x.indkey) WITH ORDINALITY AS k (number, place)
    JOIN pg_attribute a ON (a.attrelid, a.attnum) = (c.oid, k.number) ORDER BY k.place) AS columns
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
WHERE c.relnamespace = 'public'::regnamespace"""


async def _schema_of_server(url: str) -> Schema:
    columns, references, indexes = [await ask(url, query) for query in (_COLUMNS, _REFERENCES, _INDEXES)]
    return {
        name: Table(
            columns={
                row["name"]: Column(row["type"], row["required"], row["default"]) for row in columns if row["table"] == name
            },
            references=frozenset(
                Reference(row["column"], row["parent"], row["target"], row["on_delete"])
                for row in references
                if row["table"] == name
            ),
            indexes=frozenset(
                Index(row["name"], tuple(row["columns"]), row["is_unique"], row["definition"])
                for row in indexes
                if row["table"] == name
            ),
        )
        for name in dict.fromkeys(row["table"] for row in columns)
    }


async def put_members(url: str, emails: Sequence[str], *, team_id: UUID, moment: datetime) -> list[str]:
    """Put a team there with a member for each address as it stands, whatever any version makes of it; return their ids."""
    ids = [UUID(int=number) for number in range(1, len(emails) + 1)]
    await _insert(url, "team", _fitting(url, {"id": team_id, "name": "Orbit", "created_at": moment}))
    for id_, email in zip(ids, emails, strict=True):
        row = {"id": id_, "team_id": team_id, "name": "A", "email": email, "role": "MEMBER", "joined_at": moment}
        await _insert(url, "member", _fitting(url, row))
    return [str(id_) for id_ in ids]


def _fitting(url: str, row: Row) -> Row:
    """Return the row as the database takes it: SQLite has ids and moments as texts."""
    if not database.is_embedded(url):
        return row
    return {name: str(value) for name, value in row.items()}


async def ask(url: str, statement: str, *values: object) -> list[Row]:
    """Run a statement on a connection of its own; `values` stand where it says ? (SQLite) or $1 (PostgreSQL)."""
    if not database.is_embedded(url):
        server = await asyncpg.connect(url)
        try:
            return [dict(row) for row in await server.fetch(statement, *values)]
        finally:
            await server.close()
    with contextlib.closing(sqlite3.connect(database.embedded_path(url))) as file, file:
        file.row_factory = sqlite3.Row
        file.execute("PRAGMA foreign_keys = ON")
        return [dict(row) for row in file.execute(statement, values)]
