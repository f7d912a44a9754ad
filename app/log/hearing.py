"""Whether anybody reacts to whatever a team records: a mark in the row that each change locks anyway."""

from app.log.counters import Counter
from app.log.events import Change


async def begin_to_hear(change: Change) -> None:
    """Have the events of the team's changes told to whoever reacts to all of them, from the next change on."""
    await Counter.filter(team_id=change.team_id).update(is_heard=True)


async def hear_no_more(change: Change) -> None:
    """Have them told no more, since nobody reacts."""
    await Counter.filter(team_id=change.team_id).update(is_heard=False)
