"""A team's counter: the row that each of its changes holds, and the numbers in it."""

from collections.abc import Collection
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from app.storage.statements import read_rows


class Counter(Model):
    """The number of the team's newest event, and what it used of its quotas; whoever changes the team holds this row.

    `is_heard`: somebody reacts to whatever is recorded. Where nobody does, that costs the team nothing.
    """

    team_id = fields.UUIDField(primary_key=True)
    sequence = fields.BigIntField()
    used: str | None = fields.TextField(null=True)
    is_heard = fields.BooleanField(default=False, db_default=False)

    class Meta:
        table = "counter"


async def head(team_id: UUID) -> int:
    """Return the number of the team's newest event: 0 before the first."""
    return (await heads([team_id])).get(team_id, 0)


async def heads(team_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return the numbers of the teams' newest events; nothing for a team that has none."""
    found = await read_rows(Counter, list(team_ids), by="team_id", conditions={}, columns=("team_id", "sequence"))
    return {counter.team_id: counter.sequence for counter in found}
