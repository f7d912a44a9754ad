"""Writing several rows in one trip: to a server by one statement, to a file without leaving the thread that has it open."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
    match write:
        case Insertion(row):
            executor = connection.executor_class(model=type(row), db=connection)
            return Statement(executor.insert_query_all, [_values(row, executor.regular_columns_all)])
        case Saving(row, columns):
            executor = connection.executor_class(model=type(row), db=connection)
            return Statement(executor.get_update_sql(columns, None), [_values(row, [*columns, row._meta.pk_attr])])  # noqa: SLF001 - Tortoise's own way
        case UpdateQuery():
            write._db = connection  # noqa: SLF001 - as Tortoise itself does where it is awaited
            write._make_query()  # noqa: SLF001 - as above
            sql, values = write.query.get_parameterized_sql()
            return Statement(sql, [values])


def _values(row: Model, columns: Sequence[str]) -> list[Any]:
    fields = row._meta.fields_map  # noqa: SLF001 - as above
    return [fields[name].to_db_value(getattr(row, name), row) for name in columns]
