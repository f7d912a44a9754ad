"""Rows that other rows refer to, read with these by a join: a question fewer than to ask for them by their keys.

The team's filter is put on here, as for whatever is read by a key: a row that is joined and another team's is not there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.models import Model

from app.storage.records import WITHIN, Records, columns_among


@dataclass(frozen=True)
class Join:
    """A way from rows to the row of `model` that each refers to by `relation`.

    What is read has the team's id in the column `team`, and is there where all columns that are `null` are null.
    """

    relation: str
    model: type[Model]
    team: str
    null: tuple[str, ...] = ()

    def leads_from(self, model: type[Model]) -> bool:
        """Whether the rows of the model have that relation."""
        relation = model._meta.fields_map.get(self.relation)  # noqa: SLF001 - Tortoise's own way to a model's fields
        return getattr(relation, "related_model", None) is self.model

    def columns(self, names: Iterable[str]) -> set[str]:
        """Return what to read with the rows, so that the joined ones show the columns of these names."""
        return {f"{self.relation}{WITHIN}{name}" for name in ("id", self.team, *self.null, *names)}

    def find(self, rows: Sequence[Any], *, team_id: UUID) -> tuple[Records[Any], Sequence[int]] | None:
        """Return what was joined to the rows, and the places among these of those that refer to one that is there.

        None where nothing was joined to them.
        """
        columns = columns_among(rows)
        joined = columns.joined(self.relation) if isinstance(columns, Records) else None
        if joined is None:
            return None
        column = joined.kind.columns[self.team]
        team, own = column.place, column.stored(team_id)
        places = [place for place, row in enumerate(joined.stored) if row[team] == own]
        for name in self.null:
            gone = joined.kind.columns[name].place
            places = [place for place in places if joined.stored[place][gone] is None]
        return joined.among(places), places
