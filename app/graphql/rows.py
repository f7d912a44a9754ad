"""Rows of the caller's team, read together. The team's filter is put on here: no loader can leave it out."""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from tortoise.models import Model
from tortoise.queryset import QuerySet

from app.graphql.context import Context
from app.graphql.joins import Join
from app.storage.records import found
from app.storage.statements import PlainRows, read_rows

M = TypeVar("M", bound=Model)

_IS_NULL, _KEY = "__isnull", "_id"

MOST_NARROWED = 64
"""Selections of columns for which a batch function of their own is kept: two that are the same read together."""


def of_team(model: type[M], context: Context, **conditions: Any) -> QuerySet[M]:
    """Return the rows of the model that belong to the caller's team, by their own column or by a row that they need.

    Of these only what meets the conditions, as `filter` takes them. Raises TypeError for a model whose rows belong to no team.
    """
    return plain_rows_of_team(model, context, **conditions).queryset


def plain_rows_of_team(model: type[M], context: Context, **conditions: Any) -> PlainRows[M]:
    """Return the same for what is paged without more ado: no QuerySet is made. No condition names several values."""
    return PlainRows(model, {**conditions, _way_to_team(model): context.viewer.team_id})


async def find_rows(
    model: type[M], keys: Sequence[Any], *, context: Context, by: str = "id", columns: Sequence[str] = (), **conditions: Any
) -> list[M | None]:
    """Return for each key the row of the caller's team whose unique column `by` holds it; None where the team has none.

    Of `columns` alone, where given. For use in batch functions.
    """
    own = {_way_to_team(model): context.viewer.team_id, **conditions}
    return found(await read_rows(model, keys, by=by, conditions=own, columns=columns), by, keys)


def rows_by(model: type[M], by: str = "id", *, columns: Sequence[str] = (), **conditions: Any) -> "Rows[M]":
    """Return the batch function that finds the rows of the caller's team by such a key: as `find_rows` does."""
    return Rows(model, by, columns, conditions)


class Rows(Generic[M]):
    """A batch function that finds rows by a unique column."""

    def __init__(self, model: type[M], by: str, columns: Sequence[str], conditions: Mapping[str, Any]) -> None:
        self.model = model
        self._by = by
        self._columns = columns
        self._conditions = conditions
        self.of_columns = lru_cache(MOST_NARROWED)(self._of_columns)

    def join_by(self, column: str) -> Join | None:
        """Return how the same is read with the rows that have the keys in that column; None where that cannot be told."""
        null = [name.removesuffix(_IS_NULL) for name, value in self._conditions.items() if name.endswith(_IS_NULL) and value]
        if self._by != "id" or not column.endswith(_KEY) or len(null) < len(self._conditions):
            return None
        return Join(column.removesuffix(_KEY), self.model, _way_to_team(self.model), tuple(null))

    async def __call__(self, keys: Sequence[UUID], /, *, context: Context) -> list[M | None]:
        return await find_rows(self.model, keys, context=context, by=self._by, columns=self._columns, **self._conditions)

    def _of_columns(self, columns: Sequence[str]) -> "Rows[M]":
        """Return the same for these columns alone; itself where there are none."""
        return Rows(self.model, self._by, [*dict.fromkeys((self._by, *columns))], self._conditions) if columns else self


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
