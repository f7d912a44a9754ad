"""Reading deliveries that tell of the log for many asks at once. Those of an integration that was deleted are gone with it."""

from collections.abc import Sequence
from uuid import UUID

from app.deliveries.activity.models import ActivityAttempt, ActivityDelivery, read_numbers
from app.deliveries.loaders import LIVING, MOST_TOLD, NEWEST_FIRST
from app.graphql.connections import Arguments, Page
from app.graphql.context import Context
from app.graphql.pages import paginate_each
from app.graphql.rows import of_team, rows_by
from app.log.events import Event

deliveries = rows_by(ActivityDelivery, **LIVING)


async def attempts(keys: Sequence[UUID], *, context: Context) -> list[Sequence[ActivityAttempt]]:
    """Return the last attempts of each delivery, MOST_TOLD at most, the first of them first."""
    last = Arguments(last=MOST_TOLD)
    asked = [(key, last) for key in keys]
    pages = await paginate_each(of_team(ActivityAttempt, context), asked, by="delivery_id", order=("number",))
    return [page.rows for page in pages]


async def deliveries_of(keys: Sequence[tuple[UUID, Arguments]], *, context: Context) -> Sequence[Page[ActivityDelivery]]:
    """Return a page of the deliveries of each integration, newest first."""
    return await paginate_each(of_team(ActivityDelivery, context), keys, by="integration_id", order=NEWEST_FIRST)


async def forgotten(keys: Sequence[str], *, context: Context) -> list[bool]:
    """Return of each `sequences` of a delivery whether retention has removed all of its events, as `read_report` then finds."""
    numbers = [read_numbers(key) for key in keys]
    asked = sorted({number for each in numbers for number in each})
    there = set(await of_team(Event, context).filter(sequence__in=asked).values_list("sequence", flat=True))
    return [there.isdisjoint(each) for each in numbers]
