"""Writing several rows in one trip: to a server by one statement, to a file without leaving the thread that has it open."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, TypeAlias

from tortoise.models import Model
from tortoise.queryset import UpdateQuery

from app.storage import database
from app.storage.joined import Statement


@dataclass(frozen=True)
class Insertion:
    """A row that is to be there."""

    row: Model


@dataclass(frozen=True)
class Saving:
    """A row that is there, and the columns of it that are to be as they are in it."""

    row: Model
    columns: Sequence[str]


Write: TypeAlias = Insertion | Saving | UpdateQuery


async def write_together(writes: Iterable[Write]) -> None:
    """Write all of it, inside a write. None of it sees what the others have written.

    What belongs to a row that is among them stands behind that. Raises ValueError where a row is among them twice: a server would
    write one of the two. Raises what the database raises.
    """
    given = list(writes)
    _check_once(given)
    connection: Any = database.current()
    statements = [_statement(write, connection) for write in given]
    if statements:
        together = groupby(statements, lambda each: each.sql)
        await connection.write_together([Statement(sql, [run for each in same for run in each.runs]) for sql, same in together])
    for write in given:
        if isinstance(write, Insertion):
            write.row._saved_in_db = True  # noqa: SLF001 - as Tortoise's own `create`: what is saved of it later is an UPDATE


def _check_once(writes: Sequence[Write]) -> None:
    rows = Counter((type(write.row), write.row.pk) for write in writes if not isinstance(write, UpdateQuery))
    twice = [model.__name__ for (model, _), times in rows.items() if times > 1]
    if twice:
        raise ValueError(f"A row is written twice at once: {', '.join(twice)}.")


def _statement(write: Write, connection: Any) -> Statement:
    if isinstance(write, UpdateQuery):
        write._db = connection  # noqa: SLF001 - as Tortoise itself does where it is awaited
        write._make_query()  # noqa: SLF001 - as above
        sql, values = write.query.get_parameterized_sql()
        return Statement(sql, [values])
    row, columns = write.row, tuple(write.columns) if isinstance(write, Saving) else None
    sql, convert = _written(type(row), columns, connection.capabilities.dialect)
    return Statement(sql, [[to_database(getattr(row, name), row) for name, to_database in convert]])


_Known: TypeAlias = tuple[str, Sequence[tuple[str, Callable[[Any, Model], Any]]]]
"""A statement, and for each of its values the attribute and what makes of it what the database takes."""


@cache
def _written(model: type[Model], columns: tuple[str, ...] | None, _dialect: str) -> _Known:
    """Write the statement that inserts a row, or saves these columns of one, as the database here has it."""
    connection: Any = database.current()
    executor = connection.executor_class(model=model, db=connection)
    fields = model._meta.fields_map  # noqa: SLF001 - Tortoise's own way to a model's fields
    if columns is None:
        names, sql = executor.regular_columns_all, executor.insert_query_all
    else:
        names, sql = [*columns, model._meta.pk_attr], executor.get_update_sql(columns, None)  # noqa: SLF001 - as above
    return sql, [(name, fields[name].to_db_value) for name in names]
