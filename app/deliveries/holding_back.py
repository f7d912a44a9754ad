"""An integration's deliveries that wait for one another: the first of them is due, the others are kept out of the way.

However long an integration's backlog is, a worker that looks for what is due meets one delivery of it. The others are marked as
`held_back`. Whatever takes the first one out of their way lets the next one go, in the same change.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import RawSQL

from app.deliveries.models import HELD_BACK_BY, WAITING, Delivery
from app.storage import database
from app.storage.written import Written

_STATUSES = ", ".join(f"'{status.value}'" for status in WAITING)

_LET_GO_OF_NOTHING = f"""UPDATE "delivery" SET "held_back" = false
WHERE "held_back" = true AND ("integration_id", "position") IN (
    SELECT "integration_id", MIN("position") FROM "delivery" WHERE "held_back" = true GROUP BY "integration_id"
) AND NOT EXISTS (
    SELECT 1 FROM "delivery" AS "ahead"
    WHERE "ahead"."integration_id" = "delivery"."integration_id" AND "ahead"."status" IN ({_STATUSES})
    AND "ahead"."position" < "delivery"."position" AND "ahead"."attempt_count" < {HELD_BACK_BY}
)"""  # noqa: S608 - no value from outside is in it


FIRST_HELD_BACK = RawSQL(f"""(
    SELECT "next"."id" FROM "delivery" AS "next" WHERE "next"."integration_id" = "delivery"."integration_id"
    AND "next"."status" IN ({_STATUSES}) AND "next"."held_back" = true ORDER BY "next"."position" LIMIT 1
)""")  # noqa: S608 - no value from outside is in it
"""The one that goes next in the integration of a delivery that is read, if any is held back."""

_WAITS = RawSQL(f"""(
    SELECT "ahead"."id" FROM "delivery" AS "ahead" WHERE "ahead"."integration_id" = "delivery"."integration_id"
    AND "ahead"."status" IN ({_STATUSES}) AND "ahead"."attempt_count" < {HELD_BACK_BY} LIMIT 1
)""")  # noqa: S608 - as above


_LAST = Written(lambda key: Delivery.filter(integration_id=key).annotate(ahead=_WAITS).order_by("-position").limit(1))


@dataclass(frozen=True)
class Queue:
    """Where an integration's next delivery stands: behind that position, and held back by another or not."""

    last: int
    is_held_back: bool


async def find_queue(integration_id: UUID) -> Queue:
    """Return where the next one stands. Within a change of its team."""
    last: Any = await _LAST.ask_one(integration_id)
    return Queue(last.position, last.ahead is not None) if last is not None else Queue(0, is_held_back=False)


async def let_go(delivery_id: UUID | str) -> None:
    """Have it looked at again: what it waited for is out of its way. Within a change of its team."""
    await Delivery.filter(id=delivery_id).update(held_back=False)


async def let_go_of_nothing() -> int:
    """Let go what is held back though nothing of its integration goes before; return how many that were."""
    if not await Delivery.exists(held_back=True):
        return 0

    async def run(connection: BaseDBAsyncClient) -> int:
        number, _ = await connection.execute_query(_LET_GO_OF_NOTHING)
        return number

    return await database.write(run)
