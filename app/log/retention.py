"""Removing what is old: a bounded batch a round, in short changes of one team each.

Whoever removes holds the team's counter, as every change does. So any number of processes may do so side by side, what was found
old is looked at again before it goes, and who is killed in the middle leaves the rest for the next round.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from uuid import UUID

from app.log.events import Change, Events

BATCH_SIZE = 200


async def remove_of_teams(
    found: Iterable[tuple[UUID, UUID]], remove: Callable[[Change, Sequence[UUID]], Awaitable[int]], *, events: Events
) -> int:
    """Have what was found (team, row) removed, team by team, and return how many rows went."""
    of_team: dict[UUID, list[UUID]] = defaultdict(list)
    for team_id, row_id in found:
        of_team[team_id].append(row_id)
    removed = 0
    for team_id, ids in of_team.items():

        async def go(change: Change, ids: Sequence[UUID] = ids) -> int:
            return await remove(change, ids)

        removed += await events.change(team_id, go)
    return removed
