"""Reading deliveries that tell of the log for many asks at once. Those of an integration that was deleted are gone with it."""

from collections.abc import Sequence
from uuid import UUID

from app.deliveries.activity.models import ActivityAttempt, ActivityDelivery
from app.deliveries.loaders import LIVING, MOST_TOLD, NEWEST_FIRST
from app.graphql.connections import Arguments, Page
from app.graphql.context import Context
from app.graphql.pages import paginate_each
from app.graphql.rows import of_team, plain_rows_of_team, rows_by
from app.log.events import Event

deliveries = rows_by(ActivityDelivery, **LIVING)


async def attempts(keys: Sequence[UUID], *, context: Context) -> list[Sequence[ActivityAttempt]]:
    """Return the last attempts of each delivery, MOST_TOLD at most, the first of them first."""
    last = Arguments(last=MOST_TOLD)
    asked = [(key, last) for key in keys]
    pages = await paginate_each(plain_rows_of_team(ActivityAttempt, context), asked, by="delivery_id", order=("number",))
    return [page.rows for page in pages]


async def deliveries_of(keys: Sequence[tuple[UUID, Arguments]], *, context: Context) -> Sequence[Page[ActivityDelivery]]:
    """Return a page of the deliveries of each integration, newest first."""
    return await paginate_each(plain_rows_of_team(ActivityDelivery, context), keys, by="integration_id", order=NEWEST_FIRST)


async def forgotten(keys: Sequence[UUID], *, context: Context) -> list[bool | None]:
    """Return whether retention has removed all events of each delivery, as `read_report` then finds; None where there is none."""
    rows = await deliveries(keys, context=context)
    asked = sorted({number for row in rows if row is not None for number in row.numbers})
    there = set(await of_team(Event, context).filter(sequence__in=asked).values_list("sequence", flat=True))
    return [there.isdisjoint(row.numbers) if row is not None else None for row in rows]
