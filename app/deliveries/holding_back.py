"""An integration's deliveries that wait for one another: the first of them is due, the others are kept out of the way.

However long an integration's backlog is, a worker that looks for what is due meets one delivery of it. The others are marked as
`held_back`. Whatever takes the first one out of their way lets the next one go, in the same change.
"""

from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient

from app.deliveries.models import HELD_BACK_BY, WAITING, Delivery
from app.storage import database

_STATUSES = ", ".join(f"'{status.value}'" for status in WAITING)

_LET_GO_OF_NOTHING = f"""UPDATE "delivery" SET "held_back" = false
WHERE "held_back" = true AND ("integration_id", "position") IN (
    SELECT "integration_id", MIN("position") FROM "delivery" WHERE "held_back" = true GROUP BY "integration_id"
) AND NOT EXISTS (
    SELECT 1 FROM "delivery" AS "ahead"
    WHERE "ahead"."integration_id" = "delivery"."integration_id" AND "ahead"."status" IN ({_STATUSES})
    AND "ahead"."position" < "delivery"."position" AND "ahead"."attempt_count" < {HELD_BACK_BY}
)"""  # noqa: S608 - no value from outside is in it


async def is_held_back(integration_id: UUID) -> bool:
    """Return whether the integration's newest delivery has to wait for another. Within a change of its team."""
    return await Delivery.filter(integration_id=integration_id, status__in=WAITING, attempt_count__lt=HELD_BACK_BY).exists()


async def let_go(integration_id: UUID) -> None:
    """Let the first go that is held back in the integration. Within a change of its team."""
    held = Delivery.filter(integration_id=integration_id, status__in=WAITING, held_back=True)
    first = await held.order_by("position").first()
    if first is not None:
        await Delivery.filter(id=first.id).update(held_back=False)


async def let_go_of_nothing() -> int:
    """Let go what is held back though nothing of its integration goes before; return how many that were."""
    if not await Delivery.exists(held_back=True):
        return 0

    async def run(connection: BaseDBAsyncClient) -> int:
        number, _ = await connection.execute_query(_LET_GO_OF_NOTHING)
        return number

    return await database.write(run)
