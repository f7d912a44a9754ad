"""Reading deliveries for many asks at once. Those of an integration that was deleted are gone with it."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from tortoise.queryset import QuerySet

from app.deliveries.models import Delivery, DeliveryAttempt, DeliveryStatus, Queued
from app.deliveries.schedule import MOST_ATTEMPTS
from app.graphql.connections import LARGEST_SIZE, Arguments, Page
from app.graphql.context import Batch, Context
from app.graphql.pages import paginate_each
from app.graphql.pages_of_each import PagesOfEach
from app.graphql.rows import plain_rows_of_team, rows_by
from app.storage.written import Written

NEWEST_FIRST = ("-position",)
LIVING: dict[str, Any] = {"integration__deleted_at__isnull": True}

MOST_MADE = LARGEST_SIZE
"""Deliveries that are told as a run's."""

MOST_TOLD = 3 * MOST_ATTEMPTS
"""Attempts that are told of a delivery: a member may have it tried again for ever."""


deliveries = rows_by(Delivery, **LIVING)


async def attempts(keys: Sequence[UUID], *, context: Context) -> list[Sequence[DeliveryAttempt]]:
    """Return the last attempts of each delivery, MOST_TOLD at most, the first of them first."""
    last = Arguments(last=MOST_TOLD)
    asked = [(key, last) for key in keys]
    pages = await paginate_each(plain_rows_of_team(DeliveryAttempt, context), asked, by="delivery_id", order=("number",))
    return [page.rows for page in pages]


@cache
def tries(model: type[Queued]) -> Batch[UUID, int]:
    """Return the batch function that counts the attempts of each delivery, a row of that model: by the number of the last one."""

    async def batch(keys: Sequence[UUID], /, *, context: Context) -> list[int]:
        last = [(key, Arguments(last=1)) for key in keys]
        pages = await paginate_each(plain_rows_of_team(model.attempt_model, context), last, by="delivery_id", order=("number",))
        return [page.rows[-1].number if page.rows else 0 for page in pages]

    return batch


deliveries_of = PagesOfEach(Delivery, "integration_id", order=NEWEST_FIRST)
"""A page of the deliveries of each integration, newest first."""


@cache
def deliveries_in(statuses: frozenset[DeliveryStatus]) -> Batch[tuple[UUID, Arguments], Page[Delivery]]:
    """Return the batch function that does the same, of those in one of these statuses alone."""
    among = ("status", sorted(statuses))

    async def batch(keys: Sequence[tuple[UUID, Arguments]], /, *, context: Context) -> Sequence[Page[Delivery]]:
        return await paginate_each(
            plain_rows_of_team(Delivery, context), keys, by="integration_id", order=NEWEST_FIRST, among=among
        )

    return batch


async def deliveries_of_runs(keys: Sequence[tuple[UUID, Arguments]], *, context: Context) -> Sequence[Page[Delivery]]:
    """Return a page of what each run made: no more than integrations hear of one monitor, so that the order needs no index."""
    return await paginate_each(plain_rows_of_team(Delivery, context, **LIVING), keys, by="run_id")


async def made_by(run_id: UUID, *, context: Context) -> list[Delivery]:
    """Return what a run made, MOST_MADE at most, in the order in which it was made."""
    return await _MADE.ask(context.viewer.team_id, run_id)


def _made(team_id: UUID, run_id: UUID) -> QuerySet[Delivery]:
    of_run = Delivery.filter(team_id=team_id, run_id=run_id, **LIVING)
    return of_run.order_by("integration__created_at", "integration_id").limit(MOST_MADE)


_MADE = Written(_made)
