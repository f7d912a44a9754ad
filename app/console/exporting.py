"""`events export`: the activity log on standard output."""

import os
import sys
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime

from app.activity.export import Wanted, lines
from app.errors import CursorInvalid, StatedProblem
from app.teams import console as teams


async def export(*, team: str | None, after: str | None, since: datetime | None, say: Callable[[str], None]) -> None:
    """Say each event of the team's log, or every team's, as `app.activity.export` has it, until nobody reads any more.

    Raises StatedProblem for a team or cursor that is none, and where standard output takes no more.
    """
    team_id = (await teams.find_team(team)).id if team is not None else None
    try:
        async with aclosing(lines(Wanted(team_id=team_id, after=after, since=since))) as told:
            async for line in told:
                say(line)
    except CursorInvalid:
        raise StatedProblem("--after takes the `cursor` of a line that was exported, or one of the API's.") from None
    except BrokenPipeError:  # as `head` does; what is left in the buffer has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        raise StatedProblem(f"Standard output cannot be written: {error.strerror}.") from error
