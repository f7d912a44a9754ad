"""Who hears of a monitor's runs: the integrations of every kind that hands runs over, by one statement."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

from tortoise.models import Model

from app.integrations.kinds.contract import Listener
from app.integrations.kinds.table import ALL, kind_of
from app.integrations.models import Integration
from app.integrations.sources import GRANT_JOINED
from app.sign_ins.models import Grant
from app.storage import database
from app.storage.records import columns_of

M = TypeVar("M", bound=Model)

_NOTHING: Mapping[str, str] = MappingProxyType({})


async def listeners_of(
    monitor_id: UUID, *, besides: Mapping[str, str] = _NOTHING, with_grants: bool = False
) -> Sequence[Listener[Any]]:
    """Return the integrations that hear of the monitor's runs, without deleted ones, the oldest first.

    `besides`: what else is found of each, by its name, as SQL in which `"integration"` is the integration. `with_grants`: each
    comes with the grant that it speaks with.
    """
    connection = database.current()
    embedded = connection.capabilities.dialect == "sqlite"
    statement = _write(tuple(besides.items()), embedded=embedded, with_grants=with_grants)
    rows = await database.read(connection, statement, [str(monitor_id) if embedded else monitor_id])
    return [_listener(row, besides, with_grants=with_grants) for row in rows]


def _listener(row: Any, besides: Mapping[str, str], *, with_grants: bool) -> Listener[Any]:
    integration = _read(Integration, row)
    grant = _read(Grant, row) if with_grants and row[_shown(Grant, "id")] is not None else None
    return Listener(integration, _read(kind_of(integration).table, row), {name: row[name] for name in besides}, grant)


def _read(model: type[M], row: Any) -> M:
    columns = {name: row[_shown(model, name)] for name in columns_of(model)}
    return model._init_from_db(**columns)  # noqa: SLF001 - as Tortoise itself does with a row


@lru_cache
def _write(besides: tuple[tuple[str, str], ...], *, embedded: bool, with_grants: bool) -> str:
    tables = [kind.table for kind in ALL if kind.deliveries is not None]
    monitor = "?1" if embedded else "$1"
    of_kinds = [f'SELECT "integration_id" FROM {_named(each)} WHERE "monitor_id" = {monitor}' for each in tables]  # noqa: S608 - no value in it
    joined = [f'LEFT JOIN {_named(each)} ON {_named(each)}."integration_id" = "integration"."id"' for each in tables]
    shown = [*_columns(Integration), *(column for each in tables for column in _columns(each))]
    shown += [f'{sql} AS "{name}"' for name, sql in besides]
    if with_grants:
        joined.append(GRANT_JOINED)
        shown += _columns(Grant)
    return f"""
SELECT {", ".join(shown)} FROM ({" UNION ALL ".join(of_kinds)}) AS "heard"
CROSS JOIN "integration" {" ".join(joined)}
WHERE "integration"."id" = "heard"."integration_id" AND "integration"."deleted_at" IS NULL
ORDER BY "integration"."created_at", "integration"."id\""""  # noqa: S608 - as above


def _columns(model: type[Model]) -> Iterator[str]:
    return (f'{_named(model)}."{name}" AS "{_shown(model, name)}"' for name in columns_of(model))


def _shown(model: type[Model], name: str) -> str:
    return f"{_table(model)}.{name}"


def _named(model: type[Model]) -> str:
    return f'"{_table(model)}"'


def _table(model: type[Model]) -> str:
    name: str = model._meta.db_table  # noqa: SLF001 - Tortoise tells it nowhere else
    return name
