"""What the database holds of each team, row by row, whichever way a row belongs to it."""

from collections.abc import Iterator, Mapping
from typing import Any, cast
from uuid import UUID

from tortoise import Tortoise
from tortoise.models import Model

NOTED = {
    "grant": frozenset({"last_used_at", "last_checked_at", "next_check_at", "quiet_until"}),
    "access_token": frozenset({"last_used_at"}),
    "delivery": frozenset({"message_url"}),
    "counter": frozenset({"sequence", "used"}),
}
"""What asking leaves behind, whatever is answered: when a token, or what it stands for, was last put to use,
and a message's address.

And the log's length and what of the day's refusals is used, since the log tells who was refused something: so its new entries may
be of that type.
"""

Row = tuple[tuple[str, Any], ...]
Rows = dict[str, dict[Any, Row]]
"""By table and key."""

Kept = dict[UUID | None, Rows]
"""By the team that they belong to; None: what belongs to none."""


async def rows_by_team() -> Kept:
    """Return every row of every table."""
    tables = {model: await model.all().values() for model in _models()}
    owners = _owners(tables)
    found: Kept = {}
    for model, values in tables.items():
        table, key = _table(model), model._meta.pk_attr  # noqa: SLF001 - Tortoise's own way
        for row in values:
            owner = owners[table].get(row[key])
            found.setdefault(owner, {}).setdefault(table, {})[row[key]] = tuple(row.items())
    return found


def changes(before: Rows, after: Rows, *, passing: Mapping[str, frozenset[str]] | None = None) -> list[str]:
    """Return a line for each row that is new, gone or another.

    `passing` names columns that may change; where it is given, the log may also have new entries of the type REFUSED.
    """
    found = []
    for table in sorted(before.keys() | after.keys()):
        old, new, columns = before.get(table, {}), after.get(table, {}), (passing or {}).get(table, frozenset())
        for key in old.keys() | new.keys():
            was, now = _without(old.get(key), columns), _without(new.get(key), columns)
            if was != now and not (passing and was is None and _tells_of_refusal(now)):
                found.append(f"{table} {key}: {_difference(was, now)}")
    return found


async def strangers() -> list[str]:
    """Return a line for each row of one team that refers to a row of another."""
    tables = {model: await model.all().values() for model in _models()}
    owners = _owners(tables)
    return [
        f"{_table(model)} {row[model._meta.pk_attr]} refers to another team's {table}"  # noqa: SLF001 - Tortoise's own way
        for model, values in tables.items()
        for row in values
        for table, key in _references(model, row)
        if owners[table].get(key) != owners[_table(model)].get(row[model._meta.pk_attr])  # noqa: SLF001 - as above
    ]


def _references(model: type[Model], row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in sorted(model._meta.fk_fields | model._meta.o2o_fields):  # noqa: SLF001 - Tortoise's own way
        relation: Any = model._meta.fields_map[name]  # noqa: SLF001 - as above
        if row.get(relation.source_field) is not None:
            yield _table(relation.related_model), row[relation.source_field]


def _models() -> list[type[Model]]:
    return list(Tortoise.apps["models"].values()) if Tortoise.apps is not None else []


def _table(model: type[Model]) -> str:
    return str(model._meta.db_table)  # noqa: SLF001 - Tortoise's own way


def _owners(tables: Mapping[type[Model], list[dict[str, Any]]]) -> dict[str, dict[Any, UUID]]:
    """Return each row's team by table and key: its own column says it, or a row that it needs."""
    owners: dict[str, dict[Any, UUID]] = {_table(model): {} for model in tables}
    open_rows = [(model, row) for model, values in tables.items() for row in values]
    left = len(open_rows) + 1
    while len(open_rows) < left:  # a row that needs one that needs one …
        left, still_open = len(open_rows), []
        for model, row in open_rows:
            owner = _owner(model, row, owners)
            if owner is None:
                still_open.append((model, row))
            else:
                owners[_table(model)][row[model._meta.pk_attr]] = owner  # noqa: SLF001 - Tortoise's own way
        open_rows = still_open
    return owners


def _owner(model: type[Model], row: Mapping[str, Any], owners: Mapping[str, Mapping[Any, UUID]]) -> UUID | None:
    if _table(model) == "team":
        return cast(UUID, row["id"])
    if row.get("team_id") is not None:
        return cast(UUID, row["team_id"])
    found = (owners[table].get(key) for table, key in _references(model, row))
    return next((owner for owner in found if owner is not None), None)


def _tells_of_refusal(row: Row | None) -> bool:
    return row is not None and dict(row).get("type") == "REFUSED"


def _without(row: Row | None, columns: frozenset[str]) -> Row | None:
    return tuple((name, value) for name, value in row if name not in columns) if row is not None else None


def _difference(was: Row | None, now: Row | None) -> str:
    if was is None or now is None:
        return "is new" if was is None else "is gone"
    return ", ".join(name for (name, old), (_, new) in zip(was, now, strict=True) if old != new)
