"""Rows of the caller's team, read together. The team's filter is put on here: no loader can leave it out."""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from tortoise.models import Model
from tortoise.queryset import QuerySet

from app.graphql.context import Batch, Context
from app.storage.statements import read_rows

M = TypeVar("M", bound=Model)


def of_team(model: type[M], context: Context) -> QuerySet[M]:
    """Return the rows of the model that belong to the caller's team, by their own column or by a row that they need.

    Raises TypeError for a model whose rows belong to no team.
    """
    return model.filter(**{_way_to_team(model): context.viewer.team_id})


async def find_rows(
    model: type[M], keys: Sequence[Any], *, context: Context, by: str = "id", columns: Sequence[str] = (), **conditions: Any
) -> list[M | None]:
    """Return for each key the row of the caller's team whose unique column `by` holds it; None where the team has none.

    Of `columns` alone, where given. For use in batch functions.
    """
    own = {_way_to_team(model): context.viewer.team_id, **conditions}
    found = {getattr(row, by): row for row in await read_rows(model, keys, by=by, conditions=own, columns=columns)}
    return [found.get(key) for key in keys]


def rows_by(model: type[M], by: str = "id", *, columns: Sequence[str] = (), **conditions: Any) -> Batch[UUID, M | None]:
    """Return the batch function that finds the rows of the caller's team by such a key: as `find_rows` does."""

    async def batch(keys: Sequence[UUID], /, *, context: Context) -> list[M | None]:
        return await find_rows(model, keys, context=context, by=by, columns=columns, **conditions)

    return batch


@cache
def _way_to_team(model: type[Model]) -> str:
    meta = model._meta  # noqa: SLF001 - Tortoise's own way to a model's fields
    if "team_id" in meta.fields_map:
        return "team_id"
    for name in sorted(meta.fk_fields | meta.o2o_fields):
        relation: Any = meta.fields_map[name]
        if not relation.null:
            return f"{name}__{_way_to_team(relation.related_model)}"
    raise TypeError(f"Rows of {model.__name__} belong to no team.")
