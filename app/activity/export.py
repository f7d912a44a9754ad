"""The log as lines of JSON, for what keeps logs elsewhere."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from app.errors import CursorExpired, StatedProblem
from app.graphql.event_types import EventType
from app.graphql.ids import encode_id
from app.graphql.scalars import format_moment
from app.graphql.streams import cursor_of, position_of
from app.log.counters import head
from app.log.events import Event
from app.log.horizon import horizons, refuse_behind
from app.teams.models import Team

PAGE_SIZE = 500


@dataclass(frozen=True)
class Wanted:
    """The events to export. `team_id` None: every team's log, one team after the other, in the order of their ids.

    `after` is a cursor: only what its team's log has behind it, and with `team_id` None also the teams behind that one; `since`
    the earliest moment.
    """

    team_id: UUID | None = None
    after: str | None = None
    since: datetime | None = None


async def lines(wanted: Wanted) -> AsyncGenerator[str, None]:
    """Yield each event as an object of JSON, in the order of the log, up to what it holds when its team's turn comes.

    Reads page by page, however long the log is. Raises CursorInvalid, StatedProblem for a cursor of another team, CursorExpired
    where events behind it were removed.
    """
    begins_in, after = position_of(wanted.after) if wanted.after is not None else (None, 0)
    if None not in {begins_in, wanted.team_id} and begins_in != wanted.team_id:
        raise StatedProblem("This cursor is of another team's log.")
    if begins_in is not None:
        await _refuse_gap(begins_in, after)
    teams = Team.all() if wanted.team_id is None else Team.filter(id=wanted.team_id)
    if begins_in is not None:
        teams = teams.filter(id__gte=begins_in)
    for team in await teams.order_by("id"):
        async for event in _events(team.id, after=after if team.id == begins_in else 0, since=wanted.since):
            yield line_of(event)


def line_of(event: Event) -> str:
    """Return all that the log has of an event, with ids, moments and the cursor as the API gives them."""
    origin, type_name = event.origin, EventType(event.type).subject_type
    told = {
        "cursor": cursor_of(event),
        "id": encode_id("Event", event.id),
        "teamId": encode_id("Team", event.team_id),
        "sequence": event.sequence,
        "type": event.type,
        "occurredAt": format_moment(event.occurred_at),
        "actorId": encode_id("TeamMember", event.actor_id) if event.actor_id is not None else None,
        "subjectId": encode_id(type_name, event.subject_id),
        "integrationId": encode_id("Integration", event.parent_id) if event.parent_id is not None else None,
        "summary": event.summary,
        "status": event.status,
        "previousStatus": event.previous_status,
        "reason": event.reason,
        "message": event.message,
        "action": event.action,
        "times": event.times,
        "origin": None
        if origin is None
        else {"address": origin.address, "userAgent": origin.user_agent, "tokenLastFour": origin.token_last_four},
    }
    return orjson.dumps(told).decode()


async def _events(team_id: UUID, *, after: int, since: datetime | None) -> AsyncGenerator[Event, None]:
    end = await head(team_id)
    while True:
        behind = Event.filter(team_id=team_id, sequence__gt=after, sequence__lte=end)
        if since is not None:
            behind = behind.filter(occurred_at__gte=since)
        page = await behind.order_by("sequence").limit(PAGE_SIZE)
        for event in page:
            yield event
        if len(page) < PAGE_SIZE:
            return
        after = page[-1].sequence


async def _refuse_gap(team_id: UUID, after: int) -> None:
    try:
        refuse_behind((await horizons([team_id])).get(team_id, {}), after=after, types=None)
    except CursorExpired:
        message = "Events behind this cursor were removed, being old: export with --since to go on with what is left."
        raise StatedProblem(message) from None
