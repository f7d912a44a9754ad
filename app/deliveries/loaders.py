"""Reading deliveries for many asks at once. Those of an integration that was deleted are gone with it."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from tortoise.queryset import QuerySet

from app.deliveries.models import Delivery, DeliveryAttempt
from app.graphql.connections import LARGEST_SIZE, Arguments, Page
from app.graphql.context import Context
from app.graphql.pages import paginate_each

NEWEST_FIRST = ("-position",)


async def deliveries(keys: Sequence[UUID], *, context: Context) -> list[Delivery | None]:
    rows = {row.id: row for row in await _of_team(context).filter(id__in=list(keys))}
    return [rows.get(key) for key in keys]


async def attempts(keys: Sequence[UUID], *, context: Context) -> list[list[DeliveryAttempt]]:
    """Return the attempts of each delivery, the first one first."""
    rows: dict[UUID, list[DeliveryAttempt]] = defaultdict(list)
    of_team = DeliveryAttempt.filter(delivery__team_id=context.viewer.team_id, delivery_id__in=list(keys))
    for row in await of_team.order_by("number"):
        rows[row.delivery_id].append(row)
    return [rows[key] for key in keys]


async def deliveries_of(keys: Sequence[tuple[UUID, Arguments]], *, context: Context) -> list[Page[Delivery]]:
    """Return a page of the deliveries of each integration, newest first."""
    of_team = Delivery.filter(team_id=context.viewer.team_id)
    return await paginate_each(of_team, keys, by="integration_id", order=NEWEST_FIRST)


async def made_by(run_id: UUID, *, context: Context) -> list[Delivery]:
    """Return what a run made, at most 100, in the order in which it was made."""
    of_run = _of_team(context).filter(run_id=run_id)
    return await of_run.order_by("integration__created_at", "integration_id").limit(LARGEST_SIZE)


def _of_team(context: Context) -> QuerySet[Delivery]:
    return Delivery.filter(team_id=context.viewer.team_id, integration__deleted_at__isnull=True)
