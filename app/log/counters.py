"""A team's counter: the row that each of its changes holds, and the numbers in it."""

from collections.abc import Collection
from typing import Literal
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from app.storage.statements import read_rows


class Counter(Model):
    """The number of the team's newest event, and what it used of its quotas; whoever changes the team holds this row.

    `is_heard`: somebody reacts to whatever is recorded. Where nobody does, that costs the team nothing. `integrations` and
    `monitors` are how many there are, of the former without those that were deleted: triggers of the database keep them
    (migration 0018), and nothing else may set them.
    """

    team_id = fields.UUIDField(primary_key=True)
    sequence = fields.BigIntField()
    used: str | None = fields.TextField(null=True)
    is_heard = fields.BooleanField(default=False, db_default=False)
    integrations = fields.BigIntField(default=0, db_default=0)
    monitors = fields.BigIntField(default=0, db_default=0)

    class Meta:
        table = "counter"


async def head(team_id: UUID) -> int:
    """Return the number of the team's newest event: 0 before the first."""
    return (await heads([team_id])).get(team_id, 0)


async def heads(team_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return the numbers of the teams' newest events; nothing for a team that has none."""
    found = await read_rows(Counter, list(team_ids), by="team_id", conditions={}, columns=("team_id", "sequence"))
    return {counter.team_id: counter.sequence for counter in found}


async def kept_total(team_id: UUID, of: Literal["integrations", "monitors"]) -> int:
    """Return how many of these the team has, however many: without a look at them."""
    [counter] = await read_rows(Counter, [team_id], by="team_id", conditions={}, columns=("team_id", of))
    total: int = getattr(counter, of)
    return total
